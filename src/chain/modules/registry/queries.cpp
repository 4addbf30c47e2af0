/// What can be asked of the registry. Listings answer {"items": […], "next": cursor}: the cursor goes into "after" of the
/// next question and is absent at the end.
#include "chain/modules/registry/registry_module.h"

#include "chain/modules/arguments.h"
#include "chain/modules/events.h"
#include "chain/modules/registry/keeper.h"

#include "base/assert.h"

#include <algorithm>

namespace assay::chain {
namespace {

using namespace registry;
using codec::Value;

/// One page of the keys under `prefix`. `describe` makes an item of an entry.
Result<Value> page(const StateReader& state, const Value& arguments, const StateKey& prefix, auto&& describe) {
    const std::size_t limit = TRY(limit_argument(arguments));
    const Bytes after = TRY(argument_or<Bytes>(arguments, "after", Bytes{}));
    const ByteView start = prefix;
    if (start.size() + after.size() > kStateKeyBytesMax)
        return fail(ErrorCode::invalid_argument, "argument 'after' is too long");
    StateKey from = prefix;
    from.add(after);
    const ByteView begin = from;
    Value::Map answer;
    Value::List items;
    Bytes last;
    state.scan(ModuleId::registry, begin, {}, [&](ByteView key, ByteView value) {
        if (key.size() < start.size() || !std::ranges::equal(key.first(start.size()), start)) return false;
        if (!after.empty() && std::ranges::equal(key, begin)) return true;
        if (items.size() == limit) {
            answer.insert_or_assign("next", Value("0x" + to_hex(last)));
            return false;
        }
        items.push_back(describe(key, value));
        const ByteView rest = key.subspan(start.size());
        last.assign(rest.begin(), rest.end());
        return true;
    });
    answer.insert_or_assign("items", Value(std::move(items)));
    return Value(std::move(answer));
}

template <Record R>
Value describe(ByteView, ByteView value) {
    return readable(decode_record<R>(value));
}

Digest digest_at(ByteView bytes, std::size_t offset) {
    Digest digest{};
    std::ranges::copy(bytes.subspan(offset, crypto::kDigestBytes), digest.begin());
    return digest;
}

struct Question {
    const RegistryModule::Ports& ports;
    const BlockInfo& block;
    const StateReader& state;
    const Value& arguments;

    Result<Digest> asset() const { return argument<Digest>(arguments, "asset"); }
    Result<Address> token() const { return argument_or<Address>(arguments, "token", kNativeToken); }
    Result<std::uint64_t> id() const { return argument<std::uint64_t>(arguments, "id"); }
};

Value describe_asset(const Question& q, const Digest& id) {
    const auto record = load_asset_record(q.state, id);
    const auto asset = load<AssetState>(q.state, id);
    ASSAY_ASSERT(record.has_value() && asset.has_value());
    const Value whole = readable(*record);
    Value::Map fields = *whole.map();
    fields.insert_or_assign("status_now", Value(status_at(*asset, q.block.time_ms)));
    return readable_with(std::move(fields), *asset);
}

Result<Value> query_asset(const Question& q) {
    const Digest id = TRY(q.asset());
    TRY_VOID(require_asset(q.state, id));
    return describe_asset(q, id);
}

/// All by registration; or an owner's; or those with some content.
Result<Value> query_assets(const Question& q) {
    if (q.arguments.find("owner") != nullptr) {
        const auto owner = TRY(argument<Address>(q.arguments, "owner"));
        return page(q.state, q.arguments, StateKey(kAssetsByOwner).add(owner.bytes),
                    [&](ByteView key, ByteView) { return describe_asset(q, digest_at(key, 21)); });
    }
    if (q.arguments.find("content") != nullptr) {
        const auto content = content_key(TRY(argument<std::string>(q.arguments, "content")));
        if (!content) return fail(ErrorCode::invalid_argument, "argument 'content' is not a CID");
        return page(q.state, q.arguments, StateKey(kAssetsByContent).add(*content),
                    [&](ByteView key, ByteView) { return describe_asset(q, digest_at(key, 33)); });
    }
    return page(q.state, q.arguments, StateKey(kAssetsBySequence),
                [&](ByteView, ByteView value) { return describe_asset(q, digest_at(value, 0)); });
}

Result<Value> query_children(const Question& q) {
    return page(q.state, q.arguments, StateKey(kChildren).add(TRY(q.asset())),
                [&](ByteView key, ByteView) { return describe_asset(q, digest_at(key, 33)); });
}

/// The ties and the shares of everything above an asset.
Result<Value> query_lineage(const Question& q) {
    const Digest id = TRY(q.asset());
    TRY_VOID(require_asset(q.state, id));
    const auto lineage = load<Lineage>(q.state, id);
    Value::List edges;
    Value::List ancestors;
    if (lineage) {
        for (const Edge& edge : lineage->edges) edges.push_back(readable(edge));
        const auto shares = unpack_shares(lineage->shares);
        ASSAY_ASSERT(shares.has_value());
        for (const AncestorShare& share : *shares)
            ancestors.push_back(
                Value(Value::Map{{"ancestor", readable(share.ancestor)}, {"lap", share.lap}, {"lrp", share.lrp}}));
    }
    return Value(Value::Map{{"edges", Value(std::move(edges))}, {"ancestors", Value(std::move(ancestors))}});
}

Result<Value> query_terms(const Question& q) {
    if (q.arguments.find("terms") != nullptr) {
        const auto id = TRY(argument<Digest>(q.arguments, "terms"));
        return readable(TRY(require_terms(q.state, id)));
    }
    return page(q.state, q.arguments, StateKey(kTermsCollection), [](ByteView key, ByteView value) {
        return readable_with({{"id", readable(digest_at(key, 1))}}, decode_record<LicenceTerms>(value));
    });
}

Result<Value> query_licences(const Question& q) {
    const auto holder = TRY(argument<Address>(q.arguments, "holder"));
    return page(q.state, q.arguments, StateKey(kLicencesByHolder).add(holder.bytes), [&](ByteView key, ByteView) {
        const auto licence = load<Licence>(q.state, read_u64(key, 21));
        ASSAY_ASSERT(licence.has_value());
        return readable(*licence);
    });
}

Result<Value> query_allowed(const Question& q) {
    const auto manager = TRY(argument<Address>(q.arguments, "manager"));
    const auto list = TRY(argument<std::string>(q.arguments, "list"));
    if (list.empty() || list.size() > kListNameBytesMax) // a key of the state, as in SetAllowList
        return fail(ErrorCode::invalid_argument,
                    "argument 'list' has not 1 … " + std::to_string(kListNameBytesMax) + " bytes");
    const auto member = TRY(argument<Address>(q.arguments, "member"));
    return Value(Value::Map{{"allowed", Value(load<AllowListMember>(q.state, manager, list, member).has_value())}});
}

Result<Value> query_collectable(const Question& q) {
    const Digest id = TRY(q.asset());
    const auto ancestor = TRY(argument<Digest>(q.arguments, "ancestor"));
    const Address token = TRY(q.token());
    const AssetState asset = TRY(require_asset(q.state, id));
    const auto lineage = load<Lineage>(q.state, id);
    const auto share = lineage ? find_share(lineage->shares, ancestor) : std::nullopt;
    if (!share) return fail(ErrorCode::not_found, "asset " + event_text(ancestor) + " is no ancestor");
    const Due due = due_to(asset, *share, load<RevenueAccount>(q.state, id, token).value_or(RevenueAccount{}),
                           load<Collected>(q.state, id, ancestor, token).value_or(Collected{}));
    return Value(Value::Map{{"lap", readable(due.lap)}, {"lrp", readable(due.lrp)}});
}

Result<Value> query_claimable(const Question& q) {
    const Digest id = TRY(q.asset());
    const auto holder = TRY(argument<Address>(q.arguments, "holder"));
    const Amount owed = owed_fine(q.state, id, holder, TRY(q.token()));
    return Value(Value::Map{{"amount", readable(Amount(owed.units() / kWhole))},
                            {"fraction", Value(static_cast<std::uint64_t>(owed.units() % kWhole))}});
}

/// The ceilings that an asset's revenue counts towards, at most kCeilingsMax: no pages.
Result<Value> query_ceilings(const Question& q) {
    const Digest id = TRY(q.asset());
    const AssetState asset = TRY(require_asset(q.state, id));
    Value::List items;
    for (const std::uint64_t licence : asset.ceilings) {
        const auto ceiling = load<RevenueCeiling>(q.state, licence);
        ASSAY_ASSERT(ceiling.has_value());
        const Amount left(ceiling->lowest().amount.units() - ceiling->earned.units());
        items.push_back(readable_with({{"left", readable(left)}}, *ceiling));
    }
    return Value(Value::Map{{"items", Value(std::move(items))}});
}

template <Record R>
Result<Value> query_one(const Question& q, std::string_view what) {
    const std::uint64_t id = TRY(q.id());
    const auto record = load<R>(q.state, id);
    if (!record) return fail(ErrorCode::not_found, "no " + std::string(what) + " " + std::to_string(id));
    return readable(*record);
}

Result<Value> query_listings(const Question& q) {
    if (q.arguments.find("asset") == nullptr)
        return page(q.state, q.arguments, StateKey(Listing::kCollection), describe<Listing>);
    return page(q.state, q.arguments, StateKey(kListingsByAsset).add(TRY(q.asset())), [&](ByteView key, ByteView) {
        const auto listing = load<Listing>(q.state, read_u64(key, 33));
        ASSAY_ASSERT(listing.has_value());
        return readable(*listing);
    });
}

Result<Value> query_orders(const Question& q) {
    const auto party = TRY(argument<Address>(q.arguments, "party"));
    return page(q.state, q.arguments, StateKey(kOrdersByParty).add(party.bytes), [&](ByteView key, ByteView) {
        const auto order = load<Order>(q.state, read_u64(key, 21));
        ASSAY_ASSERT(order.has_value());
        return readable(*order);
    });
}

/// Records of one collection under an asset.
template <Record R>
Result<Value> query_of_asset(const Question& q) {
    return page(q.state, q.arguments, StateKey(R::kCollection).add(TRY(q.asset())), describe<R>);
}

using Answer = Result<Value> (*)(const Question&);
struct Path {
    std::string_view name;
    Answer answer;
};
constexpr std::array kPaths = {
    Path{"asset", query_asset},
    Path{"assets", query_assets},
    Path{"attestations", query_of_asset<Attestation>},
    Path{"children", query_children},
    Path{"lineage", query_lineage},
    Path{"terms", query_terms},
    Path{"offers", query_of_asset<Offer>},
    Path{"licence", [](const Question& q) { return query_one<Licence>(q, "licence"); }},
    Path{"licences", query_licences},
    Path{"allowed", query_allowed},
    Path{"approvals", [](const Question& q) { return query_of_asset<Approval>(q); }},
    Path{"holders", query_of_asset<Holding>},
    Path{"revenue", query_of_asset<RevenueAccount>},
    Path{"ceiling", [](const Question& q) { return query_one<RevenueCeiling>(q, "ceiling"); }},
    Path{"ceilings", query_ceilings},
    Path{"collectable", query_collectable},
    Path{"claimable", query_claimable},
    Path{"listing", [](const Question& q) { return query_one<Listing>(q, "listing"); }},
    Path{"listings", query_listings},
    Path{"quote", [](const Question& q) { return query_one<Quote>(q, "quote"); }},
    Path{"quotes",
         [](const Question& q) { return page(q.state, q.arguments, StateKey(Quote::kCollection), describe<Quote>); }},
    Path{"order", [](const Question& q) { return query_one<Order>(q, "order"); }},
    Path{"orders", query_orders},
    Path{"params",
         [](const Question& q) -> Result<Value> { return readable(q.ports.params.get<RegistryParams>(q.state)); }},
};

} // namespace

Result<Value> RegistryModule::query(const BlockInfo& block, const StateReader& state, std::string_view path,
                                    const Value& arguments) const {
    const auto it = std::ranges::find(kPaths, path, &Path::name);
    if (it == kPaths.end()) return unknown_query("registry", path);
    return it->answer({ports_, block, state, arguments});
}

} // namespace assay::chain
