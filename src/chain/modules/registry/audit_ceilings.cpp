#include "chain/modules/registry/audit.h"

#include "chain/modules/events.h"
#include "chain/modules/registry/keeper.h"

#include <map>
#include <set>

namespace assay::chain::registry {
namespace {

std::string name_of_ceiling(std::uint64_t licence) { return "revenue ceiling " + std::to_string(licence); }

/// A work stands under the ceilings of all it comes from, and under those of the licences it was made with.
Result<void> audit_inherited(const StateReader& state, const AssetState& asset) {
    std::set<std::uint64_t> expected;
    if (const auto lineage = load<Lineage>(state, asset.asset)) {
        for (const Edge& edge : lineage->edges) {
            const auto above = load<AssetState>(state, edge.parent);
            if (above) expected.insert(above->ceilings.begin(), above->ceilings.end());
            const auto own = load<RevenueCeiling>(state, edge.licence);
            if (own && own->asset == edge.parent) expected.insert(edge.licence);
        }
    }
    if (std::set(asset.ceilings.begin(), asset.ceilings.end()) != expected || asset.ceilings.size() != expected.size())
        return broken("asset " + event_text(asset.asset) + " is under " + std::to_string(asset.ceilings.size()) +
                      " revenue ceilings, by its parents under " + std::to_string(expected.size()));
    return {};
}

/// What each of the ceilings has let in, by what the works under it received; no work earned in a token that does not count.
Result<std::map<std::uint64_t, Uint128>> earned_by_ceiling(const StateReader& state) {
    std::map<std::uint64_t, Uint128> earned;
    TRY_VOID(for_each_record<RevenueAccount>(state, [&](const RevenueAccount& account) -> Result<void> {
        const auto asset = load<AssetState>(state, account.asset);
        if (!asset) return {};
        for (const std::uint64_t licence : asset->ceilings) {
            const auto ceiling = load<RevenueCeiling>(state, licence);
            if (!ceiling) return broken("asset " + event_text(asset->asset) + " names no " + name_of_ceiling(licence));
            if (ceiling->currency != account.token && !account.received.is_zero())
                return broken("asset " + event_text(asset->asset) + " earned in token " + event_text(account.token) +
                              ", which " + name_of_ceiling(licence) + " does not count");
            if (ceiling->currency == account.token) earned[licence] += account.received.units();
        }
        return {};
    }));
    return earned;
}

Result<void> audit_ceiling(const StateReader& state, const RevenueCeiling& ceiling, Uint128 earned) {
    const auto terms = load_terms(state, ceiling.terms);
    if (!terms || terms->currency != ceiling.currency)
        return broken(name_of_ceiling(ceiling.licence) + " under unknown terms, or in another token than theirs");
    const auto commercial = multiply_divide(terms->commercial_rev_ceiling, ceiling.licences, 1);
    const auto derivative = multiply_divide(terms->derivative_rev_ceiling, ceiling.licences, 1);
    if (commercial != ceiling.commercial || derivative != ceiling.derivative)
        return broken(name_of_ceiling(ceiling.licence) + " is not that of its terms, " +
                      std::to_string(ceiling.licences) + " times");
    if (ceiling.earned.units() != earned)
        return broken(name_of_ceiling(ceiling.licence) + " counted " + to_string(ceiling.earned) +
                      ", its works received " + to_string(Amount(earned)));
    if (ceiling.lowest().amount.is_zero() || ceiling.earned > ceiling.lowest().amount)
        return broken(name_of_ceiling(ceiling.licence) + " is " + to_string(ceiling.lowest().amount) + ", passed by " +
                      to_string(ceiling.earned));
    return {};
}

} // namespace

Result<void> audit_ceilings(const StateReader& state) {
    TRY_VOID(for_each_record<AssetState>(
        state, [&](const AssetState& asset) -> Result<void> { return audit_inherited(state, asset); }));
    auto earned = TRY(earned_by_ceiling(state));
    return for_each_record<RevenueCeiling>(state, [&](const RevenueCeiling& ceiling) -> Result<void> {
        return audit_ceiling(state, ceiling, earned[ceiling.licence]);
    });
}

} // namespace assay::chain::registry
