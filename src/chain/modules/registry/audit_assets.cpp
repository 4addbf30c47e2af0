#include "chain/modules/registry/audit.h"

#include "chain/modules/events.h"
#include "chain/modules/registry/keeper.h"

#include <algorithm>
#include <set>

namespace assay::chain::registry {
namespace {

std::string name_of_asset(const Digest& asset) { return "asset " + event_text(asset); }

/// Records name themselves and come after everything they refer to: that is why there can be no cycle.
Result<void> audit_record(const StateReader& state, const Digest& key, ByteView canonical, const AssetState& asset) {
    if (asset_id(canonical) != key) return broken(name_of_asset(key) + ": its record hashes to another id");
    const auto record = record_from_canonical(canonical);
    if (!record) return broken(name_of_asset(key) + ": " + record.error().message);
    const auto earlier = [&](const Digest& other) -> Result<void> {
        const auto found = load<AssetState>(state, other);
        if (!found) return broken(name_of_asset(key) + " refers to an unknown one, " + event_text(other));
        if (found->sequence >= asset.sequence)
            return broken(name_of_asset(key) + ", number " + std::to_string(asset.sequence) + ", refers to number " +
                          std::to_string(found->sequence));
        return {};
    };
    for (const ParentLink& parent : record->parents) TRY_VOID(earlier(parent.asset));
    if (record->previous == Digest{}) return {};
    TRY_VOID(earlier(record->previous));
    const auto before = load_asset_record(state, record->previous);
    if (before->version + 1 != record->version)
        return broken(name_of_asset(key) + ": version " + std::to_string(record->version) + " follows version " +
                      std::to_string(before->version));
    return {};
}

/// The ties a record must have: one for each licensed parent and one for the version before.
Result<void> audit_edges(const StateReader& state, const AssetState& asset, const std::vector<Edge>& edges) {
    const auto record = load_asset_record(state, asset.asset);
    std::set<Digest> tied;
    if (record->previous != Digest{}) tied.insert(record->previous);
    for (const ParentLink& parent : record->parents)
        if (parent.licence != 0) tied.insert(parent.asset);
    std::set<Digest> found;
    for (const Edge& edge : edges) found.insert(edge.parent);
    if (tied != found || found.size() != edges.size())
        return broken(name_of_asset(asset.asset) + ": " + std::to_string(edges.size()) +
                      " ties do not match its record's " + std::to_string(tied.size()));
    return {};
}

Result<void> audit_lineage(const StateReader& state, const AssetState& asset) {
    const Lineage lineage =
        load<Lineage>(state, asset.asset).value_or(Lineage{.asset = asset.asset, .edges = {}, .shares = {}});
    TRY_VOID(audit_edges(state, asset, lineage.edges));
    std::vector<EdgeWithShares> ties;
    for (const Edge& edge : lineage.edges) {
        auto above = load<Lineage>(state, edge.parent);
        ties.push_back({edge, above ? std::move(above->shares) : Bytes{}});
    }
    const auto shares = combine_shares(ties);
    if (!shares) return broken(name_of_asset(asset.asset) + ": " + shares.error().message);
    if (pack_shares(*shares) != lineage.shares)
        return broken(name_of_asset(asset.asset) + ": stored shares differ from those of its graph");
    const Stacks stacks = stacks_of(*shares);
    if (stacks.lap != asset.lap_stack || stacks.lrp != asset.lrp_stack || shares->size() != asset.ancestors)
        return broken(name_of_asset(asset.asset) + ": stacks " + std::to_string(asset.lap_stack) + " and " +
                      std::to_string(asset.lrp_stack) + ", by its graph " + std::to_string(stacks.lap) + " and " +
                      std::to_string(stacks.lrp));
    return {};
}

} // namespace

Result<void> audit_assets(const StateReader& state) {
    std::uint64_t records = 0;
    Result<void> outcome;
    scan_prefix(state, ModuleId::registry, StateKey(AssetRecord::kCollection), [&](ByteView key, ByteView value) {
        ++records;
        Digest id{};
        std::ranges::copy(key.subspan(1), id.begin());
        const auto asset = load<AssetState>(state, id);
        outcome =
            asset ? audit_record(state, id, value, *asset) : Result<void>(broken(name_of_asset(id) + " has no state"));
        if (outcome) outcome = audit_lineage(state, *asset);
        return outcome.has_value();
    });
    TRY_VOID(outcome);
    std::set<std::uint64_t> sequences;
    TRY_VOID(for_each_record<AssetState>(state, [&](const AssetState& asset) -> Result<void> {
        if (!sequences.insert(asset.sequence).second)
            return broken("number " + std::to_string(asset.sequence) + " is given to two assets");
        return {};
    }));
    const std::uint64_t counted = load<Counters>(state).value_or(Counters{}).assets;
    if (records != counted || sequences.size() != records ||
        (records != 0 && (*sequences.begin() != 1 || *sequences.rbegin() != records)))
        return broken(std::to_string(records) + " asset records and " + std::to_string(sequences.size()) +
                      " states, counter " + std::to_string(counted));
    return {};
}

} // namespace assay::chain::registry
