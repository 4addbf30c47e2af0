#include "chain/modules/bank/bank_module.h"

#include "base/assert.h"
#include "chain/modules/arguments.h"
#include "chain/modules/bank/authorization.h"
#include "chain/modules/bank/keeper.h"
#include "chain/modules/bank/ledger.h"
#include "chain/modules/genesis.h"

#include <algorithm>

namespace assay::chain {
namespace {

using codec::Value;

struct GenesisAccount {
    static constexpr std::string_view kStruct = "GenesisAccount";
    Address address;
    Amount balance;
    std::uint64_t nonce = 0;
    static void fields(auto&& self, auto&& visit) {
        visit("address", self.address);
        visit("balance", self.balance);
        visit("nonce", self.nonce);
    }
};

struct GenesisToken {
    static constexpr std::string_view kStruct = "GenesisToken";
    Address address;
    bank::Token token{.name = "",
                      .symbol = "",
                      .decimals = 0,
                      .version = "1",
                      .uri = "",
                      .creator = {},
                      .mint_authority = {},
                      .issued_height = 0};
    static void fields(auto&& self, auto&& visit) {
        visit("address", self.address);
        bank::Token::fields(self.token, visit);
    }
};

struct GenesisBalance {
    static constexpr std::string_view kStruct = "GenesisBalance";
    Address token;
    Address account;
    Amount amount;
    static void fields(auto&& self, auto&& visit) {
        visit("token", self.token);
        visit("account", self.account);
        visit("amount", self.amount);
    }
};

/// How many tokens an account has issued: the number of its next one.
struct GenesisIssuer {
    static constexpr std::string_view kStruct = "GenesisIssuer";
    Address creator;
    std::uint64_t count = 0;
    static void fields(auto&& self, auto&& visit) {
        visit("creator", self.creator);
        visit("count", self.count);
    }
};

struct GenesisEscrow {
    static constexpr std::string_view kStruct = "GenesisEscrow";
    std::uint64_t id = 0;
    Escrow escrow;
    static void fields(auto&& self, auto&& visit) {
        visit("id", self.id);
        Escrow::fields(self.escrow, visit);
    }
};

struct GenesisAuthorization {
    static constexpr std::string_view kStruct = "GenesisAuthorization";
    Address token;
    Address authorizer;
    Digest nonce{};
    std::uint8_t state = 1;
    std::uint64_t forget_s = 0; ///< 0 = never
    static void fields(auto&& self, auto&& visit) {
        visit("token", self.token);
        visit("authorizer", self.authorizer);
        visit("nonce", self.nonce);
        visit("state", self.state);
        visit("forget_s", self.forget_s);
    }
};

std::unexpected<Error> twice(const std::string& what) { return fail(ErrorCode::malformed, what + " comes twice"); }

Result<void> add_account(StateWriter& state, const GenesisAccount& entry) {
    TRY_VOID(bank::require_account(entry.address, "account of"));
    if (bank::read_account(state, entry.address) != AccountsPort::Account{})
        return twice(crypto::to_string(entry.address));
    TRY_VOID(bank::raise_supply(state, kNativeToken, entry.balance));
    bank::write_account(state, entry.address, {entry.nonce, entry.balance});
    return {};
}

Result<void> add_token(StateWriter& state, const GenesisToken& entry) {
    TRY_VOID(bank::require_account(entry.address, "token at"));
    TRY_VOID(bank::check_token(entry.token));
    if (bank::token_known(state, entry.address)) return twice(crypto::to_string(entry.address));
    bank::write_token(state, entry.address, entry.token);
    return {};
}

Result<void> add_balance(StateWriter& state, const GenesisBalance& entry) {
    TRY_VOID(bank::require_account(entry.account, "balance of"));
    TRY_VOID(bank::require_token(state, entry.token));
    if (entry.token == kNativeToken) return fail(ErrorCode::malformed, "native balances belong in 'accounts'");
    if (!bank::read_balance(state, entry.account, entry.token).is_zero())
        return twice(crypto::to_string(entry.account));
    TRY_VOID(bank::raise_supply(state, entry.token, entry.amount));
    bank::credit(state, entry.account, entry.token, entry.amount);
    return {};
}

Result<void> add_issuer(StateWriter& state, const GenesisIssuer& entry) {
    bank::write_counter(state, bank::issued_key(entry.creator), entry.count);
    return {};
}

Result<void> add_escrow(StateWriter& state, const GenesisEscrow& entry, std::uint64_t next) {
    TRY_VOID(bank::require_token(state, entry.escrow.token));
    if (entry.escrow.amount.is_zero()) return fail(ErrorCode::malformed, "amount is zero");
    if (entry.id == 0 || entry.id >= next) return fail(ErrorCode::malformed, "id is not within 1 … next_escrow - 1");
    if (bank::read_escrow(state, entry.id)) return twice("escrow " + std::to_string(entry.id));
    TRY_VOID(bank::raise_supply(state, entry.escrow.token, entry.escrow.amount));
    state.put(ModuleId::bank, bank::escrow_key(entry.id), encode_record(entry.escrow));
    return {};
}

Result<void> add_authorization(StateWriter& state, const GenesisAuthorization& entry) {
    if (entry.state != 1 && entry.state != 2) return fail(ErrorCode::malformed, "state is neither 1 nor 2");
    if (entry.state == 2 && entry.forget_s != 0)
        return fail(ErrorCode::malformed, "forget_s: cancelled nonces are kept for ever");
    if (bank::authorization_record(state, entry.token, entry.authorizer, entry.nonce) != bank::AuthorizationRecord{})
        return twice("nonce " + to_hex(entry.nonce) + " of " + crypto::to_string(entry.authorizer));
    bank::write_authorization(state, entry.token, entry.authorizer, entry.nonce,
                              {static_cast<bank::AuthorizationState>(entry.state), entry.forget_s});
    return {};
}

/// One list of the exported document, with the keys that sort it.
class ExportList {
public:
    template <FieldStruct T>
    void add(ByteView key, const T& record) {
        entries_.emplace_back(Bytes(key.begin(), key.end()), readable(record));
    }
    Value finish() {
        std::ranges::sort(entries_, {}, [](const Entry& entry) { return as_string_view(entry.first); });
        Value::List list;
        list.reserve(entries_.size());
        for (Entry& entry : entries_) list.push_back(std::move(entry.second));
        return Value(std::move(list));
    }

private:
    using Entry = std::pair<Bytes, Value>;
    std::vector<Entry> entries_;
};

struct Export {
    ExportList accounts, tokens, balances, issued, escrows, authorizations;
    std::uint64_t next_escrow = 1;

    void add(ByteView key, ByteView value) {
        switch (key.front()) {
            case bank::kTokens:
                tokens.add(key, GenesisToken{bank::read_address(key, 1), decode_record<bank::Token>(value)});
                break;
            case bank::kSupplies: break; // follows from the balances
            case bank::kIssued: issued.add(key, GenesisIssuer{bank::read_address(key, 1), read_u64(value, 0)}); break;
            case bank::kNextEscrow: next_escrow = read_u64(value, 0); break;
            case bank::kEscrows: escrows.add(key, GenesisEscrow{read_u64(key, 1), decode_record<Escrow>(value)}); break;
            case bank::kForgotten: break; // follows from the authorisations
            case bank::kAccounts: add_account(key, value); break;
            case bank::kBalances:
                balances.add(key, GenesisBalance{bank::read_address(key, 1), bank::read_address(key, 21),
                                                 bank::decode_amount(value)});
                break;
            case bank::kAuthorizations: add_authorization(key, value); break;
            default: ASSAY_ASSERT(false && "a bank key of no collection");
        }
    }

private:
    void add_account(ByteView key, ByteView value) {
        const AccountsPort::Account account = bank::decode_account(value);
        accounts.add(key, GenesisAccount{bank::read_address(key, 1), account.balance, account.nonce});
    }
    void add_authorization(ByteView key, ByteView value) {
        const auto record = bank::decode_authorization(value);
        ASSAY_ASSERT(record.has_value());
        GenesisAuthorization entry{bank::read_address(key, 1),
                                   bank::read_address(key, 21),
                                   {},
                                   static_cast<std::uint8_t>(record->state),
                                   record->forget_s};
        std::ranges::copy(key.subspan(41, 32), entry.nonce.begin());
        authorizations.add(key, entry);
    }
};

} // namespace

Result<void> BankModule::init_genesis(Context& context, const Value& genesis) const {
    if (genesis.is_null()) return {};
    TRY_VOID(check_genesis_names(
        genesis, {"accounts", "tokens", "balances", "issued", "escrows", "next_escrow", "authorizations"}));
    StateWriter& state = context.state();
    const auto next = TRY(argument_or<std::uint64_t>(genesis, "next_escrow", 1));
    TRY_VOID(for_each_entry<GenesisAccount>(genesis, "accounts", [&](auto& e) { return add_account(state, e); }));
    TRY_VOID(for_each_entry<GenesisToken>(genesis, "tokens", [&](auto& e) { return add_token(state, e); }));
    TRY_VOID(for_each_entry<GenesisBalance>(genesis, "balances", [&](auto& e) { return add_balance(state, e); }));
    TRY_VOID(for_each_entry<GenesisIssuer>(genesis, "issued", [&](auto& e) { return add_issuer(state, e); }));
    TRY_VOID(for_each_entry<GenesisEscrow>(genesis, "escrows", [&](auto& e) { return add_escrow(state, e, next); }));
    TRY_VOID(for_each_entry<GenesisAuthorization>(genesis, "authorizations",
                                                  [&](auto& e) { return add_authorization(state, e); }));
    if (next > 1) bank::write_counter(state, StateKey(bank::kNextEscrow), next);
    return {};
}

Value BankModule::export_genesis(const StateReader&, const WalkAll& all_keys) const {
    Export out;
    all_keys(ModuleId::bank, [&](ByteView key, ByteView value) {
        out.add(key, value);
        return true;
    });
    Value::Map genesis;
    genesis.emplace("accounts", out.accounts.finish());
    genesis.emplace("tokens", out.tokens.finish());
    genesis.emplace("balances", out.balances.finish());
    genesis.emplace("issued", out.issued.finish());
    genesis.emplace("escrows", out.escrows.finish());
    genesis.emplace("next_escrow", out.next_escrow);
    genesis.emplace("authorizations", out.authorizations.finish());
    return Value(std::move(genesis));
}

} // namespace assay::chain
