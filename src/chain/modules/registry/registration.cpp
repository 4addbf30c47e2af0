/// Registering a work: its record is checked, its licences are used up, its ancestors' shares are fixed for good.
#include "chain/modules/registry/keeper.h"

#include "chain/modules/events.h"

#include <algorithm>
#include <set>

namespace assay::chain::registry {
namespace {

constexpr std::uint64_t kGasPerShare = 100; ///< of one ancestor through one parent, to be added up

bool is_derivative(std::string_view relation) {
    return std::ranges::find(kDerivativeRelations, relation) != kDerivativeRelations.end();
}

Result<void> check_description(const RegisterAsset& message) {
    if (std::ranges::find(kAssetKinds, message.kind) == kAssetKinds.end())
        return refuse("kind '" + message.kind + "' is none of model, adapter, dataset, agent, output");
    if (message.content.empty()) return refuse("content: the CID is missing");
    if (message.uris.size() > kUrisMax) return refuse("uris: more than " + std::to_string(kUrisMax));
    for (const std::string& uri : message.uris)
        if (uri.empty() || uri.size() > kUriBytesMax)
            return refuse("uris: one is empty or longer than " + std::to_string(kUriBytesMax) + " bytes");
    return {};
}

Result<void> check_creators(const std::vector<Creator>& creators) {
    if (creators.size() > kCreatorsMax) return refuse("creators: more than " + std::to_string(kCreatorsMax));
    std::uint64_t sum = 0;
    std::set<Address> seen;
    for (const Creator& creator : creators) {
        sum += creator.ppm;
        if (creator.ppm == 0 || !seen.insert(creator.address).second)
            return refuse("creators: " + crypto::to_string(creator.address) + " comes twice or with 0 ppm");
    }
    if (!creators.empty() && sum != kPpm)
        return refuse("creators: parts come to " + std::to_string(sum) + " ppm, not " + std::to_string(kPpm));
    return {};
}

Result<void> check_parent_links(const RegisterAsset& message) {
    if (message.parents.size() > kParentsMax)
        return fail(ErrorCode::resource_exhausted, "parents: " + std::to_string(message.parents.size()) +
                                                       ", above the limit of " + std::to_string(kParentsMax));
    std::uint64_t weights = 0;
    std::set<Digest> seen{message.previous};
    for (const ParentLink& parent : message.parents) {
        const bool reference = std::ranges::find(kReferenceRelations, parent.relation) != kReferenceRelations.end();
        if (!reference && !is_derivative(parent.relation))
            return refuse("parents: unknown relation '" + parent.relation + "'");
        if (reference != (parent.licence == 0))
            return refuse("parents: relation '" + parent.relation + "' " +
                          (reference ? "takes no licence" : "needs a licence token"));
        if (parent.asset == Digest{} || !seen.insert(parent.asset).second)
            return refuse("parents: " + event_text(parent.asset) + " is zero, comes twice, or is the version before");
        weights += parent.weight_ppm;
    }
    if (weights > kPpm) return refuse("parents: weights come to " + std::to_string(weights) + " ppm");
    return {};
}

/// What a registration gathers before it changes anything.
struct Draft {
    AssetState asset;
    AssetRecord record;
    std::vector<EdgeWithShares> edges;
    std::vector<UsedLicence> licences; ///< to be used up
};

void bound_expiry(AssetState& asset, std::uint64_t expires_ms) {
    if (expires_ms != 0 && (asset.expires_ms == 0 || expires_ms < asset.expires_ms)) asset.expires_ms = expires_ms;
}

/// All licences a work is made under agree on commercial use and on reciprocity.
Result<void> bound_by(AssetState& asset, std::string_view bound, const Digest& reciprocal_terms) {
    if (asset.bound != kBoundNone) {
        if (asset.bound != bound) return refuse("parents: licences disagree on commercial use");
        if (asset.bound_terms != reciprocal_terms)
            return refuse("parents: licences disagree on reciprocity, or are reciprocal under different terms");
    }
    asset.bound = bound;
    asset.bound_terms = reciprocal_terms;
    return {};
}

Bytes shares_of(const StateReader& state, const Digest& asset) {
    auto lineage = load<Lineage>(state, asset);
    return lineage ? std::move(lineage->shares) : Bytes{};
}

Result<void> check_usable(const AssetState& asset, std::int64_t time_ms) {
    const std::string_view status = status_at(asset, time_ms);
    if (status == kStatusDisputed || status == kStatusExpired)
        return refuse("parents: asset " + event_text(asset.asset) + " is " + std::string(status));
    return {};
}

Result<void> follow_previous(Context& context, const Address& signer, const RegisterAsset& message, Draft& draft) {
    if (message.previous == Digest{}) return {};
    const AssetState before = TRY(require_owned(context.state(), message.previous, signer));
    TRY_VOID(check_usable(before, context.block().time_ms));
    const auto record = load_asset_record(context.state(), message.previous);
    if (record->kind != message.kind) return refuse("kind: the version before is of kind '" + record->kind + "'");
    draft.record.version = record->version + 1;
    if (before.bound != kBoundNone) TRY_VOID(bound_by(draft.asset, before.bound, before.bound_terms));
    bound_expiry(draft.asset, before.expires_ms);
    const Edge edge{.parent = message.previous, .policy = {}, .share = 0, .licence = 0, .version = true};
    draft.edges.push_back({edge, shares_of(context.state(), message.previous)});
    return {};
}

Result<void> check_licence_use(const Licence& licence, const ParentLink& parent, const Address& signer,
                               std::int64_t time_ms) {
    TRY_VOID(check_free(licence, signer));
    if (licence.asset != parent.asset)
        return refuse("licence " + std::to_string(licence.id) + " is not for asset " + event_text(parent.asset));
    return check_unexpired(licence, time_ms);
}

Result<void> follow_parent(const Ports& ports, Context& context, const Address& signer, const ParentLink& link,
                           Draft& draft) {
    const StateReader& state = context.state();
    const std::int64_t now_ms = context.block().time_ms;
    const AssetState parent = TRY(require_asset(state, link.asset));
    if (!is_derivative(link.relation)) return {};
    TRY_VOID(check_usable(parent, now_ms));
    Licence licence = TRY(require_licence(state, link.licence));
    TRY_VOID(check_licence_use(licence, link, signer, now_ms));
    LicenceTerms terms = TRY(require_terms(state, licence.terms));
    if (!terms.derivatives_allowed) return refuse("licence " + std::to_string(licence.id) + " allows no derivatives");
    if (terms.derivatives_approval && parent.owner != signer && !load<Approval>(state, link.asset, draft.asset.asset))
        return refuse("the owner of " + event_text(link.asset) + " has not approved " + event_text(draft.asset.asset));
    TRY_VOID(check_licensee(ports, state, terms, signer));
    TRY_VOID(bound_by(draft.asset, terms.commercial_use ? kBoundCommercial : kBoundNonCommercial,
                      terms.derivatives_reciprocal ? licence.terms : Digest{}));
    bound_expiry(draft.asset, licence.expires_ms);
    bound_expiry(draft.asset, parent.expires_ms);
    const Edge edge{.parent = link.asset,
                    .policy = terms.royalty_policy,
                    .share = terms.commercial_rev_share,
                    .licence = licence.id,
                    .version = false};
    draft.edges.push_back({edge, shares_of(state, link.asset)});
    draft.licences.push_back({std::move(licence), std::move(terms)});
    return {};
}

Result<void> fix_shares(Context& context, Draft& draft) {
    if (draft.edges.empty()) return {};
    for (const EdgeWithShares& tie : draft.edges)
        context.gas().charge(kGasPerShare * (1 + tie.shares.size() / kShareBytes));
    const Shares shares = TRY(combine_shares(draft.edges));
    const Stacks stacks = stacks_of(shares);
    draft.asset.lap_stack = stacks.lap;
    draft.asset.lrp_stack = stacks.lrp;
    draft.asset.ancestors = static_cast<std::uint32_t>(shares.size());
    Lineage lineage{.asset = draft.asset.asset, .edges = {}, .shares = pack_shares(shares)};
    for (const EdgeWithShares& tie : draft.edges) lineage.edges.push_back(tie.edge);
    store(context.state(), lineage);
    return {};
}

/// Reciprocal parents bring their terms along; others leave the choice.
Result<void> offer_first_terms(Context& context, Draft& draft) {
    const StateReader& state = context.state();
    if (draft.asset.bound_terms != Digest{}) {
        const LicenceTerms terms = TRY(require_terms(state, draft.asset.bound_terms));
        TRY_VOID(attach_terms(context, draft.asset, draft.asset.bound_terms, terms));
    }
    const Digest& wanted = draft.record.terms;
    if (wanted != Digest{} && wanted != draft.asset.bound_terms) {
        const LicenceTerms terms = TRY(require_terms(state, wanted));
        TRY_VOID(attach_terms(context, draft.asset, wanted, terms));
    }
    return {};
}

void use_up_licences(Context& context, const Draft& draft) {
    for (const auto& [licence, terms] : draft.licences) {
        burn_licence(context, licence);
        erase(context.state(), Approval{.parent = licence.asset, .child = draft.asset.asset});
    }
}

AssetRecord record_of(const RegisterAsset& message, const Address& signer) {
    return {.kind = message.kind,
            .content = message.content,
            .size_bytes = message.size_bytes,
            .uris = message.uris,
            .metadata = message.metadata,
            .creator = signer,
            .creators = message.creators,
            .parents = message.parents,
            .terms = message.terms,
            .version = 1,
            .previous = message.previous};
}

/// The id covers the version, which follows from the record before.
Result<Digest> name_draft(const StateReader& state, const RegisterAsset& message, AssetRecord& record) {
    if (message.previous != Digest{}) {
        const auto before = load_asset_record(state, message.previous);
        if (!before) return fail(ErrorCode::not_found, "no asset " + event_text(message.previous));
        record.version = before->version + 1;
    }
    const Bytes canonical = TRY(canonical_bytes(record));
    const Digest id = asset_id(canonical);
    if (state.get(ModuleId::registry, AssetRecord::key_of(id)))
        return refuse("asset " + event_text(id) + " is registered already");
    return id;
}

} // namespace

Result<void> apply(const Ports& ports, Context& context, const Address& signer, const RegisterAsset& message) {
    TRY_VOID(check_description(message));
    TRY_VOID(check_creators(message.creators));
    TRY_VOID(check_parent_links(message));
    StateWriter& state = context.state();
    Draft draft;
    draft.record = record_of(message, signer);
    draft.asset.asset = TRY(name_draft(state, message, draft.record));
    draft.asset.owner = signer;
    draft.asset.height = context.block().height;
    draft.asset.registered_ms = static_cast<std::uint64_t>(context.block().time_ms);
    draft.asset.tokens = {kNativeToken};
    TRY_VOID(follow_previous(context, signer, message, draft));
    for (const ParentLink& link : message.parents) TRY_VOID(follow_parent(ports, context, signer, link, draft));
    TRY_VOID(fix_shares(context, draft));
    TRY_VOID(set_ceilings(context, draft.asset, draft.edges, draft.licences));
    TRY_VOID(offer_first_terms(context, draft));
    use_up_licences(context, draft);

    Counters counters = load<Counters>(state).value_or(Counters{});
    draft.asset.sequence = ++counters.assets;
    store(state, counters);
    state.put(ModuleId::registry, AssetRecord::key_of(draft.asset.asset), TRY(canonical_bytes(draft.record)));
    store(state, draft.asset);
    store(state, Holding{.asset = draft.asset.asset, .holder = signer, .units = kWhole});
    index_asset(state, draft.record, draft.asset);
    emit(context, "asset_registered",
         {{"asset", event_text(draft.asset.asset)},
          {"kind", message.kind},
          {"owner", event_text(signer)},
          {"content", message.content},
          {"version", event_text(std::uint64_t{draft.record.version})}});
    return {};
}

} // namespace assay::chain::registry
