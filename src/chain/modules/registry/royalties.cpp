/// Revenue of an asset and what its ancestors collect of it. A payment touches one record whatever the ancestry: parts are
/// set aside by policy, and each ancestor draws its own when it likes.
#include "chain/modules/registry/keeper.h"

#include "base/assert.h"
#include "chain/modules/events.h"

#include <algorithm>

namespace assay::chain::registry {
namespace {

constexpr std::size_t kReferenceBytesMax = 64;

Result<Amount> add(Amount total, Amount part) {
    const auto sum = checked_add(total, part);
    if (!sum || *sum > kVaultMax)
        return fail(ErrorCode::resource_exhausted, "revenue in this token would exceed " + to_string(kVaultMax));
    return *sum;
}

RevenueAccount account_of(const StateReader& state, const Digest& asset, const Address& token) {
    return load<RevenueAccount>(state, asset, token).value_or(RevenueAccount{.asset = asset, .token = token});
}

/// The native fee is shared among those who secure the chain; other tokens' goes to governance's treasury.
const Address& fee_account(const Address& token) {
    static const Address fees = module_account("fees");
    static const Address treasury = module_account("treasury");
    return token == kNativeToken ? fees : treasury;
}

Result<void> book(RevenueAccount& account, Amount amount, const Split& split) {
    account.received = TRY(add(account.received, amount));
    account.fees = TRY(add(account.fees, split.fee));
    account.lap_in = TRY(add(account.lap_in, split.lap));
    account.lrp_in = TRY(add(account.lrp_in, split.lrp));
    account.vault_in = TRY(add(account.vault_in, split.vault));
    return {};
}

Amount less(Amount whole, Amount taken) {
    const auto rest = checked_subtract(whole, taken);
    ASSAY_ASSERT(rest.has_value());
    return *rest;
}

} // namespace

Result<Split> pay_asset(const Ports& ports, Context& context, const Address& payer, const Digest& asset,
                        const Address& token, Amount amount) {
    if (amount.is_zero()) return refuse("amount: zero");
    StateWriter& state = context.state();
    const AssetState found = TRY(require_asset(state, asset));
    TRY_VOID(check_can_receive(state, found, token, context.block().time_ms));
    const std::uint32_t fee_share = ports.params.get<RegistryParams>(state).protocol_fee;
    const Split split = split_payment(amount, fee_share, {found.lap_stack, found.lrp_stack});
    RevenueAccount account = account_of(state, asset, token);
    TRY_VOID(book(account, amount, split));
    TRY_VOID(count_revenue(state, found, amount));

    if (!split.fee.is_zero()) TRY_VOID(ports.bank.transfer(context, payer, fee_account(token), token, split.fee));
    const Amount net = less(amount, split.fee);
    if (payer != registry_account() && !net.is_zero())
        TRY_VOID(ports.bank.transfer(context, payer, registry_account(), token, net));
    store(state, account);
    emit(context, "royalty_paid",
         {{"asset", event_text(asset)},
          {"payer", event_text(payer)},
          {"token", event_text(token)},
          {"amount", event_text(amount)},
          {"fee", event_text(split.fee)},
          {"lap", event_text(split.lap)},
          {"lrp", event_text(split.lrp)},
          {"vault", event_text(split.vault)}});
    return split;
}

Due due_to(const AssetState& asset, const AncestorShare& share, const RevenueAccount& account,
           const Collected& collected) {
    return {less(part_of(account.lap_in, share.lap, asset.lap_stack), collected.lap),
            less(part_of(account.lrp_in, share.lrp, asset.lrp_stack), collected.lrp)};
}

Result<void> apply(const Ports& ports, Context& context, const Address& signer, const OpenToken& message) {
    AssetState asset = TRY(require_owned(context.state(), message.asset, signer));
    if (!ports.bank.token_exists(context.state(), message.token))
        return refuse("token: no token " + crypto::to_string(message.token));
    if (std::ranges::find(asset.tokens, message.token) != asset.tokens.end())
        return refuse("the vault is open for this token already");
    TRY_VOID(check_ceiling_currency(context.state(), asset, message.token));
    TRY_VOID(open_vault(asset, message.token));
    store(context.state(), asset);
    emit(context, "token_opened", {{"asset", event_text(message.asset)}, {"token", event_text(message.token)}});
    return {};
}

Result<void> apply(const Ports& ports, Context& context, const Address& signer, const PayRoyalty& message) {
    if (message.reference.size() > kReferenceBytesMax)
        return refuse("reference: longer than " + std::to_string(kReferenceBytesMax) + " bytes");
    TRY_VOID(pay_asset(ports, context, signer, message.asset, message.token, message.amount));
    if (!message.reference.empty())
        emit(context, "royalty_reference",
             {{"asset", event_text(message.asset)}, {"reference", "0x" + to_hex(message.reference)}});
    return {};
}

Result<void> apply(const Ports&, Context& context, const Address&, const CollectRoyalty& message) {
    StateWriter& state = context.state();
    const AssetState asset = TRY(require_asset(state, message.asset));
    const AssetState ancestor = TRY(require_asset(state, message.ancestor));
    const auto lineage = load<Lineage>(state, message.asset);
    const auto share = lineage ? find_share(lineage->shares, message.ancestor) : std::nullopt;
    if (!share)
        return refuse("asset " + event_text(message.ancestor) + " is no ancestor of " + event_text(message.asset));
    TRY_VOID(check_can_receive(state, ancestor, message.token, context.block().time_ms));

    RevenueAccount from = account_of(state, message.asset, message.token);
    RevenueAccount to = account_of(state, message.ancestor, message.token);
    Collected collected =
        load<Collected>(state, message.asset, message.ancestor, message.token)
            .value_or(Collected{.asset = message.asset, .ancestor = message.ancestor, .token = message.token});
    const Due due = due_to(asset, *share, from, collected);
    const Amount sum = TRY(add(due.lap, due.lrp));
    if (sum.is_zero()) return refuse("nothing to collect");
    collected.lap = TRY(add(collected.lap, due.lap));
    collected.lrp = TRY(add(collected.lrp, due.lrp));
    from.lap_out = TRY(add(from.lap_out, due.lap));
    from.lrp_out = TRY(add(from.lrp_out, due.lrp));
    to.vault_in = TRY(add(to.vault_in, sum));
    store(state, collected);
    store(state, from);
    store(state, to);
    emit(context, "royalty_collected",
         {{"asset", event_text(message.asset)},
          {"ancestor", event_text(message.ancestor)},
          {"token", event_text(message.token)},
          {"lap", event_text(due.lap)},
          {"lrp", event_text(due.lrp)}});
    return {};
}

} // namespace assay::chain::registry
