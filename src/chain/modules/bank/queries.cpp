#include "chain/modules/bank/bank_module.h"

#include "chain/chain_params.h"
#include "chain/modules/arguments.h"
#include "chain/modules/bank/authorization.h"
#include "chain/modules/bank/keeper.h"
#include "chain/modules/bank/ledger.h"

namespace assay::chain {
namespace {

using codec::Value;

/// Queries name accounts "address" and tokens "token"; without a token they mean the native coin.
Result<Address> token_argument(const Value& arguments) {
    return argument_or<Address>(arguments, "token", kNativeToken);
}

std::unexpected<Error> no_token(const Address& token) {
    return fail(ErrorCode::not_found, "no token " + crypto::to_string(token));
}

Result<Value> query_account(const StateReader& state, const Value& arguments) {
    const auto address = TRY(argument<Address>(arguments, "address"));
    const AccountsPort::Account account = bank::read_account(state, address);
    return Value(
        Value::Map{{"address", readable(address)}, {"nonce", account.nonce}, {"balance", readable(account.balance)}});
}

Result<Value> query_balance(const StateReader& state, const Value& arguments) {
    const auto address = TRY(argument<Address>(arguments, "address"));
    const auto token = TRY(token_argument(arguments));
    if (!bank::token_known(state, token)) return no_token(token);
    return Value(Value::Map{{"address", readable(address)},
                            {"token", readable(token)},
                            {"balance", readable(bank::read_balance(state, address, token))}});
}

Value describe_token(const StateReader& state, const Address& address, const bank::Token& token) {
    return readable_with({{"address", readable(address)}, {"supply", readable(bank::read_supply(state, address))}},
                         token);
}

Result<Value> query_token(const StateReader& state, const Value& arguments) {
    const auto address = TRY(token_argument(arguments));
    const auto token = bank::read_token(state, address);
    if (!token) return no_token(address);
    return describe_token(state, address, *token);
}

/// Issued tokens by address, after "after"; the native coin is not among them.
Result<Value> query_tokens(const StateReader& state, const Value& arguments) {
    const auto limit = TRY(limit_argument(arguments));
    const auto after = TRY(argument_or<Address>(arguments, "after", Address{}));
    Value::List tokens;
    state.scan(ModuleId::bank, bank::token_key(after), {}, [&](ByteView key, ByteView value) {
        const Address address = bank::read_address(key, 1);
        if (address != after) tokens.push_back(describe_token(state, address, decode_record<bank::Token>(value)));
        return tokens.size() < limit;
    });
    return Value(Value::Map{{"tokens", Value(std::move(tokens))}});
}

Result<Value> query_supply(const StateReader& state, const Value& arguments) {
    const auto token = TRY(token_argument(arguments));
    if (!bank::token_known(state, token)) return no_token(token);
    return Value(Value::Map{{"token", readable(token)}, {"supply", readable(bank::read_supply(state, token))}});
}

/// What a payer needs to sign an authorisation.
Result<Value> query_domain(const StateReader& state, const Value& arguments, std::uint64_t chain_id) {
    const auto token = TRY(token_argument(arguments));
    const auto domain = bank::token_domain(state, token, chain_id);
    if (!domain) return no_token(token);
    return Value(Value::Map{{"name", domain->name},
                            {"version", domain->version},
                            {"chainId", domain->chain_id},
                            {"verifyingContract", readable(domain->contract)},
                            {"separator", readable(domain->separator())}});
}

Result<Value> query_authorization(const StateReader& state, const Value& arguments) {
    const auto token = TRY(token_argument(arguments));
    const auto authorizer = TRY(argument<Address>(arguments, "authorizer"));
    const auto nonce = TRY(argument<Digest>(arguments, "nonce"));
    constexpr std::array<const char*, 3> kNames = {"unused", "used", "canceled"};
    const auto record = bank::authorization_record(state, token, authorizer, nonce);
    Value::Map answer{{"state", kNames[static_cast<std::size_t>(record.state)]}};
    if (record.forget_s != 0) answer.emplace("kept_until_s", record.forget_s);
    return Value(std::move(answer));
}

Value describe_escrow(std::uint64_t id, const Escrow& escrow) { return readable_with({{"id", id}}, escrow); }

Result<Value> query_escrow(const StateReader& state, const Value& arguments) {
    const auto id = TRY(argument<std::uint64_t>(arguments, "id"));
    const auto escrow = bank::read_escrow(state, id);
    if (!escrow) return fail(ErrorCode::not_found, "no escrow " + std::to_string(id));
    return describe_escrow(id, *escrow);
}

Result<Value> query_escrows(const StateReader& state, const Value& arguments) {
    const auto limit = TRY(limit_argument(arguments));
    const auto after = TRY(argument_or<std::uint64_t>(arguments, "after", 0));
    Value::List escrows;
    state.scan(ModuleId::bank, bank::escrow_key(after), {}, [&](ByteView key, ByteView value) {
        const std::uint64_t id = read_u64(key, 1);
        if (id != after) escrows.push_back(describe_escrow(id, decode_record<Escrow>(value)));
        return escrows.size() < limit;
    });
    return Value(Value::Map{{"escrows", Value(std::move(escrows))}});
}

} // namespace

Result<Value> BankModule::query(const BlockInfo&, const StateReader& state, std::string_view path,
                                const Value& arguments) const {
    if (path == "account") return query_account(state, arguments);
    if (path == "balance") return query_balance(state, arguments);
    if (path == "token") return query_token(state, arguments);
    if (path == "tokens") return query_tokens(state, arguments);
    if (path == "supply") return query_supply(state, arguments);
    if (path == "domain") return query_domain(state, arguments, params_.get<ChainParams>(state).evm_chain_id);
    if (path == "authorization") return query_authorization(state, arguments);
    if (path == "escrow") return query_escrow(state, arguments);
    if (path == "escrows") return query_escrows(state, arguments);
    return unknown_query("bank", path);
}

} // namespace assay::chain
