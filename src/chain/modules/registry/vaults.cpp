/// Vaults: 10^8 units an asset, each of which earns the same part of all that comes in while it is held. Earnings are kept
/// in 10^-8 of the token's unit, so that moving units about rounds nothing.
#include "chain/modules/registry/keeper.h"

#include "base/assert.h"
#include "chain/modules/events.h"

namespace assay::chain::registry {
namespace {

Amount vault_in(const StateReader& state, const Digest& asset, const Address& token) {
    const auto account = load<RevenueAccount>(state, asset, token);
    return account ? account->vault_in : Amount{};
}

std::uint32_t units_of(const StateReader& state, const Digest& asset, const Address& holder) {
    const auto holding = load<Holding>(state, asset, holder);
    return holding ? holding->units : 0;
}

Earnings earnings_of(const StateReader& state, const Digest& asset, const Address& holder, const Address& token) {
    return load<Earnings>(state, asset, holder, token)
        .value_or(Earnings{.asset = asset, .holder = holder, .token = token});
}

/// owed + units × (in − settled). Fits: units ≤ 10^8 and in ≤ 2^100, over all holders together.
Amount owed_by(const Earnings& earnings, std::uint32_t units, Amount in) {
    const auto since = checked_subtract(in, earnings.settled);
    ASSAY_ASSERT(since.has_value() && in <= kVaultMax);
    return Amount(earnings.owed_fine.units() + since->units() * units);
}

void store_earnings(StateWriter& state, const Earnings& earnings, std::uint32_t units_after) {
    if (units_after == 0 && earnings.owed_fine.is_zero()) erase(state, earnings);
    else store(state, earnings);
}

/// Reckons what `holder` earned with `units` up to now, before they become `units_after`.
void reckon(StateWriter& state, const AssetState& asset, const Address& holder, std::uint32_t units,
            std::uint32_t units_after) {
    for (const Address& token : asset.tokens) {
        const Amount in = vault_in(state, asset.asset, token);
        if (in.is_zero()) continue;
        Earnings earnings = earnings_of(state, asset.asset, holder, token);
        earnings.owed_fine = owed_by(earnings, units, in);
        earnings.settled = in;
        store_earnings(state, earnings, units_after);
    }
}

void set_units(StateWriter& state, const AssetState& asset, const Address& holder, std::uint32_t before,
               std::uint32_t after) {
    reckon(state, asset, holder, before, after);
    const Holding holding{.asset = asset.asset, .holder = holder, .units = after};
    if (after == 0) erase(state, holding);
    else store(state, holding);
}

} // namespace

Amount owed_fine(const StateReader& state, const Digest& asset, const Address& holder, const Address& token) {
    return owed_by(earnings_of(state, asset, holder, token), units_of(state, asset, holder),
                   vault_in(state, asset, token));
}

Result<void> move_units(Context& context, const AssetState& asset, const Address& from, const Address& to,
                        std::uint32_t units) {
    StateWriter& state = context.state();
    const std::uint32_t held = units_of(state, asset.asset, from);
    if (units == 0 || units > held)
        return refuse("units: " + std::to_string(units) + ", where " + std::to_string(held) + " are held");
    if (to == Address{} || to == from) return refuse("to: zero or the holder itself");
    const std::uint32_t had = units_of(state, asset.asset, to);
    set_units(state, asset, from, held, held - units);
    set_units(state, asset, to, had, had + units);
    emit(context, "units_moved",
         {{"asset", event_text(asset.asset)},
          {"from", event_text(from)},
          {"to", event_text(to)},
          {"units", event_text(std::uint64_t{units})}});
    return {};
}

Result<void> apply(const Ports& ports, Context& context, const Address& signer, const ClaimRevenue& message) {
    StateWriter& state = context.state();
    auto account = load<RevenueAccount>(state, message.asset, message.token);
    if (!account) return refuse("asset " + event_text(message.asset) + " never earned anything in this token");
    const Amount owed = owed_fine(state, message.asset, signer, message.token);
    const Amount paid(owed.units() / kWhole);
    if (paid.is_zero()) return refuse("nothing to claim");
    Earnings earnings = earnings_of(state, message.asset, signer, message.token);
    earnings.owed_fine = Amount(owed.units() % kWhole);
    earnings.settled = account->vault_in;
    store_earnings(state, earnings, units_of(state, message.asset, signer));
    const auto out = checked_add(account->vault_out, paid);
    ASSAY_ASSERT(out.has_value() && *out <= account->vault_in);
    account->vault_out = *out;
    store(state, *account);
    TRY_VOID(ports.bank.transfer(context, registry_account(), signer, message.token, paid));
    emit(context, "revenue_claimed",
         {{"asset", event_text(message.asset)},
          {"holder", event_text(signer)},
          {"token", event_text(message.token)},
          {"amount", event_text(paid)}});
    return {};
}

Result<void> apply(const Ports&, Context& context, const Address& signer, const TransferUnits& message) {
    return move_units(context, TRY(require_asset(context.state(), message.asset)), signer, message.to, message.units);
}

} // namespace assay::chain::registry
