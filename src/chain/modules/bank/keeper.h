#pragma once
/// Bank's rules: moving money, issuing tokens, escrows. Internal to the module; others use BankPort and EscrowPort.
/// Each function changes everything or, with an error, leaves what its caller then drops. Thread-safe; committed class.
#include "chain/modules/bank/messages.h"
#include "chain/modules/bank/state.h"

namespace assay::chain::bank {

/// Errors: invalid_argument (zero address, unknown token, insufficient balance).
Result<void> move_funds(Context& context, const Address& from, const Address& to, const Address& token, Amount amount);
Result<void> mint_funds(Context& context, const Address& to, const Address& token, Amount amount);
Result<void> burn_funds(Context& context, const Address& from, const Address& token, Amount amount);

/// Last 20 bytes of Keccak-256("assay/token/" ‖ creator ‖ number as 8 bytes, big-endian): `number` counts the tokens that
/// `creator` issued before.
Address token_address(const Address& creator, std::uint64_t number);
/// What every token keeps to, whoever made it. Errors: invalid_argument, naming the field.
Result<void> check_token(const Token& token);

Result<void> issue_token(Context& context, const Address& creator, const IssueToken& message);
Result<void> mint_token(Context& context, const Address& signer, const Mint& message);
/// An authority of zeros renounces. Errors: invalid_argument (no such token, fixed supply, another authority).
Result<void> set_mint_authority(Context& context, const Address& signer, const Address& address,
                                const Address& authority);

Result<std::uint64_t> open_escrow(Context& context, const Escrow& terms);
std::optional<Escrow> read_escrow(const StateReader& state, std::uint64_t id);
Result<void> release_escrow(Context& context, std::uint64_t id, const Address& by, Amount amount);
Result<void> refund_escrow(Context& context, std::uint64_t id, const Address& by);

} // namespace assay::chain::bank
