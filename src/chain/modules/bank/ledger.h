#pragma once
/// Balances and supplies, one at a time: the only code that writes them. A debit without its credit (or the reverse) breaks
/// conservation, so callers pair them. Internal to the module. Committed class.
#include "chain/modules/bank/state.h"

namespace assay::chain::bank {

AccountsPort::Account read_account(const StateReader& state, const Address& address);
/// Keeps no record that says nothing.
void write_account(StateWriter& state, const Address& address, const AccountsPort::Account& account);

Amount read_balance(const StateReader& state, const Address& account, const Address& token);
/// Errors: invalid_argument (insufficient balance with both numbers, or no such token).
Result<void> debit(StateWriter& state, const Address& address, const Address& token, Amount amount);
/// `amount` must be out of a debit or an increase of the supply, so that it cannot overflow.
void credit(StateWriter& state, const Address& address, const Address& token, Amount amount);

Amount read_supply(const StateReader& state, const Address& token);
/// Errors: invalid_argument (supply at or over 2^128).
Result<void> raise_supply(StateWriter& state, const Address& token, Amount amount);
/// `amount` must be out of a debit.
void lower_supply(StateWriter& state, const Address& token, Amount amount);

bool token_known(const StateReader& state, const Address& token);
/// The native coin's is fixed.
std::optional<Token> read_token(const StateReader& state, const Address& token);
void write_token(StateWriter& state, const Address& address, const Token& token);
/// Errors: invalid_argument, naming the token.
Result<void> require_token(const StateReader& state, const Address& token);
/// Errors: invalid_argument, saying whose `role` it is: "transfer to the zero address".
Result<void> require_account(const Address& account, std::string_view role);

} // namespace assay::chain::bank
