#include "chain/modules/registry/audit.h"

#include "chain/modules/events.h"
#include "chain/modules/registry/keeper.h"

#include <map>
#include <set>

namespace assay::chain::registry {
namespace {

using AccountKey = std::pair<Digest, Address>; ///< asset, token

std::string name_of_account(const RevenueAccount& account) {
    return "revenue of asset " + event_text(account.asset) + " in token " + event_text(account.token);
}

struct Totals {
    Uint128 lap = 0; ///< taken by ancestors
    Uint128 lrp = 0;
    Uint128 gained = 0; ///< taken as an ancestor
};

/// No ancestor took more than its part, and totals of what was taken.
Result<std::map<AccountKey, Totals>> total_collected(const StateReader& state) {
    std::map<AccountKey, Totals> totals;
    TRY_VOID(for_each_record<Collected>(state, [&](const Collected& collected) -> Result<void> {
        const auto asset = load<AssetState>(state, collected.asset);
        const auto account = load<RevenueAccount>(state, collected.asset, collected.token);
        const auto lineage = load<Lineage>(state, collected.asset);
        const auto share = lineage ? find_share(lineage->shares, collected.ancestor) : std::nullopt;
        if (!asset || !account || !share)
            return broken("asset " + event_text(collected.ancestor) + " collected from " + event_text(collected.asset) +
                          ", where it has no share");
        if (collected.lap > part_of(account->lap_in, share->lap, asset->lap_stack) ||
            collected.lrp > part_of(account->lrp_in, share->lrp, asset->lrp_stack))
            return broken("asset " + event_text(collected.ancestor) + " collected more than its part of " +
                          event_text(collected.asset));
        Totals& from = totals[{collected.asset, collected.token}];
        from.lap += collected.lap.units();
        from.lrp += collected.lrp.units();
        totals[{collected.ancestor, collected.token}].gained += collected.lap.units() + collected.lrp.units();
        return {};
    }));
    return totals;
}

/// What came in is fee, ancestors' parts and vault, to the unit.
Result<void> audit_account(const RevenueAccount& account, const Totals& totals) {
    const Uint128 spread = account.fees.units() + account.lap_in.units() + account.lrp_in.units() +
                           account.vault_in.units() - totals.gained;
    if (totals.gained > account.vault_in.units() || spread != account.received.units())
        return broken(name_of_account(account) + ": received " + to_string(account.received) + ", spread " +
                      to_string(Amount(spread)));
    if (account.lap_out.units() != totals.lap || account.lrp_out.units() != totals.lrp)
        return broken(name_of_account(account) + ": ancestors took " + to_string(Amount(totals.lap + totals.lrp)) +
                      ", booked " + to_string(Amount(account.lap_out.units() + account.lrp_out.units())));
    if (account.lap_out > account.lap_in || account.lrp_out > account.lrp_in || account.vault_out > account.vault_in)
        return broken(name_of_account(account) + ": more went out than came in");
    return {};
}

Result<std::map<Digest, std::set<Address>>> holders_by_asset(const StateReader& state) {
    std::map<Digest, std::set<Address>> holders;
    std::map<Digest, std::uint64_t> units;
    TRY_VOID(for_each_record<Holding>(state, [&](const Holding& holding) -> Result<void> {
        holders[holding.asset].insert(holding.holder);
        units[holding.asset] += holding.units;
        return {};
    }));
    TRY_VOID(for_each_record<AssetState>(state, [&](const AssetState& asset) -> Result<void> {
        if (units[asset.asset] != kWhole)
            return broken("asset " + event_text(asset.asset) + " has " + std::to_string(units[asset.asset]) +
                          " royalty units, not " + std::to_string(kWhole));
        return {};
    }));
    TRY_VOID(for_each_record<Earnings>(state, [&](const Earnings& earnings) -> Result<void> {
        holders[earnings.asset].insert(earnings.holder);
        return {};
    }));
    return holders;
}

/// The vault owes its holders exactly what is in it.
Result<void> audit_vault(const StateReader& state, const RevenueAccount& account, const std::set<Address>& holders) {
    Uint128 owed = 0;
    for (const Address& holder : holders) owed += owed_fine(state, account.asset, holder, account.token).units();
    const Uint128 held = (account.vault_in.units() - account.vault_out.units()) * kWhole;
    if (owed != held)
        return broken(name_of_account(account) + ": its vault holds " + to_string(Amount(held)) +
                      " hundred-millionths, holders are owed " + to_string(Amount(owed)));
    return {};
}

} // namespace

Result<void> audit_money(const StateReader& state) {
    auto totals = TRY(total_collected(state));
    auto holders = TRY(holders_by_asset(state));
    return for_each_record<RevenueAccount>(state, [&](const RevenueAccount& account) -> Result<void> {
        TRY_VOID(audit_account(account, totals[{account.asset, account.token}]));
        return audit_vault(state, account, holders[account.asset]);
    });
}

Result<void> audit_balances(const RegistryModule::Ports& ports, const StateReader& state) {
    std::map<Address, Uint128> owed;
    TRY_VOID(for_each_record<RevenueAccount>(state, [&](const RevenueAccount& account) -> Result<void> {
        owed[account.token] += account.lap_in.units() - account.lap_out.units() + account.lrp_in.units() -
                               account.lrp_out.units() + account.vault_in.units() - account.vault_out.units();
        return {};
    }));
    for (const auto& [token, sum] : owed) {
        // Anybody may send the account money unasked; it then belongs to nobody, and more is no damage.
        const Amount held = ports.bank.balance(state, registry_account(), token);
        if (held < Amount(sum))
            return broken("token " + event_text(token) + ": vaults and ancestors are owed " + to_string(Amount(sum)) +
                          ", the registry's account holds " + to_string(held));
    }
    return {};
}

} // namespace assay::chain::registry
