/// The registry's part of the genesis document: one list a collection, in the order of keys. Indexes are rebuilt, everything
/// else is taken over as it is and must hold together.
#include "chain/modules/registry/registry_module.h"

#include "chain/modules/arguments.h"
#include "chain/modules/events.h"
#include "chain/modules/genesis.h"
#include "chain/modules/registry/audit.h"
#include "chain/modules/registry/keeper.h"

#include "base/assert.h"

namespace assay::chain {
namespace {

using namespace registry;
using codec::Value;

void index(StateWriter&, const auto&) {}
void index(StateWriter& state, const Licence& licence) { index_licence(state, licence); }
void index(StateWriter& state, const Listing& listing) { index_listing(state, listing); }
void index(StateWriter& state, const Quote& quote) { index_quote(state, quote); }
void index(StateWriter& state, const Order& order) { index_order(state, order); }

/// Calls `each(name, record type)` for every collection of plain records.
void for_each_collection(auto&& each) {
    each.template operator()<AssetState>("asset_states");
    each.template operator()<Lineage>("lineages");
    each.template operator()<Attestation>("attestations");
    each.template operator()<Offer>("offers");
    each.template operator()<Licence>("licences");
    each.template operator()<Approval>("approvals");
    each.template operator()<AllowListMember>("allow_lists");
    each.template operator()<RevenueAccount>("revenue");
    each.template operator()<Collected>("collected");
    each.template operator()<Holding>("holdings");
    each.template operator()<Earnings>("earnings");
    each.template operator()<RevenueCeiling>("ceilings");
    each.template operator()<Listing>("listings");
    each.template operator()<Quote>("quotes");
    each.template operator()<Order>("orders");
}

Value export_collection(const StateReader& state, std::uint8_t collection, auto&& describe) {
    Value::List list;
    scan_prefix(state, ModuleId::registry, StateKey(collection), [&](ByteView, ByteView value) {
        list.push_back(describe(value));
        return true;
    });
    return Value(std::move(list));
}

Result<void> add_record(StateWriter& state, const AssetRecord& record) {
    const Bytes canonical = TRY(canonical_bytes(record));
    const StateKey key = AssetRecord::key_of(asset_id(canonical));
    if (state.get(ModuleId::registry, key)) return fail(ErrorCode::malformed, "the same record comes twice");
    state.put(ModuleId::registry, key, canonical);
    return {};
}

Result<void> add_terms(StateWriter& state, const LicenceTerms& terms) {
    TRY_VOID(check_terms(terms));
    state.put(ModuleId::registry, terms_key(terms_id(terms)), encode_record(terms));
    return {};
}

template <Record R>
Result<void> add_plain(StateWriter& state, const R& record) {
    const StateKey key = record.key();
    if (ByteView(key).size() > kStateKeyBytesMax) return fail(ErrorCode::malformed, "its name is too long");
    if (state.get(ModuleId::registry, key)) return fail(ErrorCode::malformed, "the same entry comes twice");
    store(state, record);
    index(state, record);
    if constexpr (std::same_as<R, AssetState>) {
        const auto described = load_asset_record(state, record.asset);
        if (!described) return fail(ErrorCode::malformed, "no record of asset " + event_text(record.asset));
        index_asset(state, *described, record);
    }
    return {};
}

} // namespace

Result<void> RegistryModule::init_genesis(Context& context, const Value& genesis) const {
    if (genesis.is_null()) return {};
    TRY_VOID(check_genesis_names(genesis, {"counters", "terms", "assets", "asset_states", "lineages", "attestations",
                                           "offers", "licences", "approvals", "allow_lists", "revenue", "collected",
                                           "holdings", "earnings", "ceilings", "listings", "quotes", "orders"}));
    StateWriter& state = context.state();
    if (const Value* counters = genesis.find("counters")) store(state, TRY(from_partial<Counters>(*counters)));
    TRY_VOID(for_each_entry<LicenceTerms>(genesis, "terms", [&](auto& terms) { return add_terms(state, terms); }));
    TRY_VOID(for_each_entry<AssetRecord>(genesis, "assets", [&](auto& record) { return add_record(state, record); }));
    Result<void> outcome;
    for_each_collection([&]<Record R>(std::string_view name) {
        if (!outcome) return;
        outcome = for_each_entry<R>(genesis, name, [&](const R& record) { return add_plain(state, record); });
    });
    TRY_VOID(outcome);
    return audit_records(state);
}

Value RegistryModule::export_genesis(const StateReader& state, const WalkAll&) const {
    Value::Map genesis;
    if (const auto counters = load<Counters>(state)) genesis.emplace("counters", readable(*counters));
    genesis.emplace("terms", export_collection(state, kTermsCollection, [](ByteView value) {
                        return readable(decode_record<LicenceTerms>(value));
                    }));
    genesis.emplace("assets", export_collection(state, AssetRecord::kCollection, [](ByteView value) {
                        auto record = record_from_canonical(value);
                        ASSAY_ASSERT(record.has_value());
                        return readable(*record);
                    }));
    for_each_collection([&]<Record R>(std::string_view name) {
        genesis.emplace(name, export_collection(state, R::kCollection,
                                                [](ByteView value) { return readable(decode_record<R>(value)); }));
    });
    return Value(std::move(genesis));
}

} // namespace assay::chain
