#include "chain/modules/bank/ledger.h"

#include "base/assert.h"
#include "chain/modules/events.h"

namespace assay::chain::bank {
namespace {

void write_amount(StateWriter& state, ByteView key, Amount amount) {
    if (amount.is_zero()) {
        state.erase(ModuleId::bank, key);
    } else {
        state.put(ModuleId::bank, key, encode_amount(amount));
    }
}

Amount read_amount(const StateReader& state, ByteView key) {
    const auto bytes = state.get(ModuleId::bank, key);
    return bytes ? decode_amount(*bytes) : Amount();
}

/// Why a debit fails. Only here is the token looked up: nobody has a balance in one that does not exist.
std::unexpected<Error> insufficient(const StateReader& state, const Address& account, const Address& token,
                                    Amount balance, Amount amount) {
    if (const auto known = require_token(state, token); !known) return std::unexpected(known.error());
    return fail(ErrorCode::invalid_argument, "insufficient balance: transfer amount " + to_string(amount) +
                                                 " exceeds balance " + to_string(balance) + " of " +
                                                 event_text(account) + " in token " + event_text(token));
}

} // namespace

AccountsPort::Account read_account(const StateReader& state, const Address& address) {
    const auto bytes = state.get(ModuleId::bank, account_key(address));
    return bytes ? decode_account(*bytes) : AccountsPort::Account{};
}

void write_account(StateWriter& state, const Address& address, const AccountsPort::Account& account) {
    if (account == AccountsPort::Account{}) {
        state.erase(ModuleId::bank, account_key(address));
    } else {
        state.put(ModuleId::bank, account_key(address), encode_account(account));
    }
}

Amount read_balance(const StateReader& state, const Address& account, const Address& token) {
    if (token == kNativeToken) return read_account(state, account).balance;
    return read_amount(state, balance_key(token, account));
}

Result<void> debit(StateWriter& state, const Address& address, const Address& token, Amount amount) {
    if (token == kNativeToken) {
        AccountsPort::Account account = read_account(state, address);
        const auto left = checked_subtract(account.balance, amount);
        if (!left) return insufficient(state, address, token, account.balance, amount);
        account.balance = *left;
        write_account(state, address, account);
        return {};
    }
    const StateKey key = balance_key(token, address);
    const Amount balance = read_amount(state, key);
    const auto left = checked_subtract(balance, amount);
    if (!left) return insufficient(state, address, token, balance, amount);
    write_amount(state, key, *left);
    return {};
}

void credit(StateWriter& state, const Address& address, const Address& token, Amount amount) {
    if (token == kNativeToken) {
        AccountsPort::Account account = read_account(state, address);
        const auto sum = checked_add(account.balance, amount);
        ASSAY_ASSERT(sum.has_value());
        account.balance = *sum;
        write_account(state, address, account);
        return;
    }
    const StateKey key = balance_key(token, address);
    const auto sum = checked_add(read_amount(state, key), amount);
    ASSAY_ASSERT(sum.has_value());
    write_amount(state, key, *sum);
}

Amount read_supply(const StateReader& state, const Address& token) { return read_amount(state, supply_key(token)); }

Result<void> raise_supply(StateWriter& state, const Address& token, Amount amount) {
    const Amount supply = read_supply(state, token);
    const auto sum = checked_add(supply, amount);
    if (!sum)
        return fail(ErrorCode::invalid_argument, "supply " + to_string(supply) + " of token " + event_text(token) +
                                                     " plus " + to_string(amount) + " does not fit 128 bits");
    write_amount(state, supply_key(token), *sum);
    return {};
}

void lower_supply(StateWriter& state, const Address& token, Amount amount) {
    const auto left = checked_subtract(read_supply(state, token), amount);
    ASSAY_ASSERT(left.has_value());
    write_amount(state, supply_key(token), *left);
}

bool token_known(const StateReader& state, const Address& token) {
    return token == kNativeToken || state.get(ModuleId::bank, token_key(token)).has_value();
}

std::optional<Token> read_token(const StateReader& state, const Address& token) {
    if (token == kNativeToken)
        return Token{.name = "Assay",
                     .symbol = "ASSAY",
                     .decimals = 9,
                     .version = "1",
                     .uri = "",
                     .creator = {},
                     .mint_authority = {},
                     .issued_height = 0};
    const auto bytes = state.get(ModuleId::bank, token_key(token));
    if (!bytes) return std::nullopt;
    return decode_record<Token>(*bytes);
}

void write_token(StateWriter& state, const Address& address, const Token& token) {
    state.put(ModuleId::bank, token_key(address), encode_record(token));
}

Result<void> require_token(const StateReader& state, const Address& token) {
    if (token_known(state, token)) return {};
    return fail(ErrorCode::invalid_argument, "unknown token " + event_text(token));
}

Result<void> require_account(const Address& account, std::string_view role) {
    if (account != Address{}) return {};
    return fail(ErrorCode::invalid_argument, std::string(role) + " the zero address");
}

} // namespace assay::chain::bank
