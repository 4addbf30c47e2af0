#include "chain/modules/bank/bank_module.h"

#include "base/assert.h"
#include "chain/chain_params.h"
#include "chain/modules/bank/authorization.h"
#include "chain/modules/bank/bank_params.h"
#include "chain/modules/bank/keeper.h"
#include "chain/modules/bank/ledger.h"

namespace assay::chain {
namespace {

constexpr std::uint64_t kTransferGas = 400;
constexpr std::uint64_t kSupplyGas = 600;
constexpr std::uint64_t kIssueGas = 3'000;
constexpr std::uint64_t kSignatureGas = 1'500; ///< one recovery and its hashes
constexpr std::uint64_t kEscrowGas = 1'000;

/// Asked for by every block: hashed once.
const Address& fees_account() {
    static const Address account = module_account("fees");
    return account;
}

void register_transfers(MessageRegistry& registry) {
    registry.add<bank::Transfer>(kTransferGas, [](Context& context, const Address& signer, const bank::Transfer& m) {
        return bank::move_funds(context, signer, m.to, m.token, m.amount);
    });
    registry.add<bank::Burn>(kSupplyGas, [](Context& context, const Address& signer, const bank::Burn& m) {
        return bank::burn_funds(context, signer, m.token, m.amount);
    });
}

void register_tokens(MessageRegistry& registry) {
    registry.add<bank::IssueToken>(kIssueGas, bank::issue_token);
    registry.add<bank::Mint>(kSupplyGas, bank::mint_token);
    registry.add<bank::TransferAuthority>(
        kSupplyGas, [](Context& context, const Address& signer, const bank::TransferAuthority& m) -> Result<void> {
            TRY_VOID(bank::require_account(m.authority, "authority goes to"));
            return bank::set_mint_authority(context, signer, m.token, m.authority);
        });
    registry.add<bank::RenounceAuthority>(
        kSupplyGas, [](Context& context, const Address& signer, const bank::RenounceAuthority& m) {
            return bank::set_mint_authority(context, signer, m.token, Address{});
        });
}

void register_authorizations(MessageRegistry& registry, const ParamsPort& params) {
    const auto chain_id = [&params](const StateReader& state) { return params.get<ChainParams>(state).evm_chain_id; };
    const auto rules = [&params, chain_id](Context& context) {
        return bank::AuthorizationRules{chain_id(context.state()),
                                        params.get<BankParams>(context.state()).authorization_keep_s};
    };
    const auto ahead = [chain_id](const StateReader& state, const auto& message) {
        bank::prepare(state, chain_id(state), message);
    };
    registry.add<bank::TransferWithAuthorization>(
        kTransferGas + kSignatureGas,
        [rules](Context& context, const Address&, const bank::TransferWithAuthorization& m) {
            return bank::transfer_with_authorization(context, rules(context), m);
        },
        ahead);
    registry.add<bank::ReceiveWithAuthorization>(
        kTransferGas + kSignatureGas,
        [rules](Context& context, const Address& signer, const bank::ReceiveWithAuthorization& m) {
            return bank::receive_with_authorization(context, rules(context), signer, m);
        },
        ahead);
    registry.add<bank::CancelAuthorization>(
        kSignatureGas,
        [rules](Context& context, const Address&, const bank::CancelAuthorization& m) {
            return bank::cancel_authorization(context, rules(context), m);
        },
        ahead);
}

void register_escrows(MessageRegistry& registry) {
    registry.add<bank::OpenEscrow>(
        kEscrowGas, [](Context& context, const Address& signer, const bank::OpenEscrow& m) -> Result<void> {
            TRY(bank::open_escrow(context, Escrow{.payer = signer,
                                                  .payee = m.payee,
                                                  .arbiter = m.arbiter,
                                                  .token = m.token,
                                                  .amount = m.amount,
                                                  .deadline_ms = m.deadline_ms,
                                                  .arbiter_only = false,
                                                  .purpose = m.purpose}));
            return {};
        });
    registry.add<bank::ReleaseEscrow>(kEscrowGas,
                                      [](Context& context, const Address& signer, const bank::ReleaseEscrow& m) {
                                          return bank::release_escrow(context, m.id, signer, m.amount);
                                      });
    registry.add<bank::RefundEscrow>(kEscrowGas,
                                     [](Context& context, const Address& signer, const bank::RefundEscrow& m) {
                                         return bank::refund_escrow(context, m.id, signer);
                                     });
}

} // namespace

void BankModule::register_messages(MessageRegistry& registry) const {
    register_transfers(registry);
    register_tokens(registry);
    register_authorizations(registry, params_);
    register_escrows(registry);
}

void BankModule::end_block(Context& context, std::vector<ValidatorUpdate>&) const {
    bank::forget_authorizations(context);
}

Amount BankModule::balance(const StateReader& state, const Address& account, const Address& token) const {
    return bank::read_balance(state, account, token);
}
Amount BankModule::supply(const StateReader& state, const Address& token) const {
    return bank::read_supply(state, token);
}
bool BankModule::token_exists(const StateReader& state, const Address& token) const {
    return bank::token_known(state, token);
}
Result<void> BankModule::transfer(Context& context, const Address& from, const Address& to, const Address& token,
                                  Amount amount) const {
    return bank::move_funds(context, from, to, token, amount);
}
Result<void> BankModule::mint(Context& context, const Address& to, const Address& token, Amount amount) const {
    return bank::mint_funds(context, to, token, amount);
}
Result<void> BankModule::burn(Context& context, const Address& from, const Address& token, Amount amount) const {
    return bank::burn_funds(context, from, token, amount);
}
Amount BankModule::collected_fees(const StateReader& state) const {
    return bank::read_account(state, fees_account()).balance;
}

AccountsPort::Account BankModule::account(const StateReader& state, const Address& address) const {
    return bank::read_account(state, address);
}

Result<void> BankModule::take_fee(StateWriter& state, const Address& from, Amount fee) const {
    Account account = bank::read_account(state, from);
    const auto left = checked_subtract(account.balance, fee);
    if (!left)
        return fail(ErrorCode::invalid_argument, "insufficient balance: fee " + to_string(fee) + " exceeds balance " +
                                                     to_string(account.balance) + " of " + crypto::to_string(from));
    account.balance = *left;
    ASSAY_ASSERT(account.nonce < ~std::uint64_t{0});
    ++account.nonce;
    bank::write_account(state, from, account);
    return {};
}

void BankModule::add_fees(StateWriter& state, Amount total) const {
    if (!total.is_zero()) bank::credit(state, fees_account(), kNativeToken, total);
}

Result<std::uint64_t> BankModule::open_escrow(Context& context, const Escrow& terms) const {
    return bank::open_escrow(context, terms);
}
std::optional<Escrow> BankModule::escrow(const StateReader& state, std::uint64_t id) const {
    return bank::read_escrow(state, id);
}
Result<void> BankModule::release_escrow(Context& context, std::uint64_t id, const Address& by, Amount amount) const {
    return bank::release_escrow(context, id, by, amount);
}
Result<void> BankModule::refund_escrow(Context& context, std::uint64_t id, const Address& by) const {
    return bank::refund_escrow(context, id, by);
}

} // namespace assay::chain
