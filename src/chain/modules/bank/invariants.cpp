#include "chain/modules/bank/bank_module.h"

#include "chain/modules/bank/ledger.h"
#include "chain/modules/events.h"

#include <map>
#include <set>

namespace assay::chain {
namespace {

std::unexpected<Error> broken(const std::string& what) { return fail(ErrorCode::internal, "bank: " + what); }

/// What is held and what is said to exist, by token.
class Audit {
public:
    Result<void> look_at(ByteView key, ByteView value) {
        if (key.empty()) return broken("an empty key");
        switch (key.front()) {
            case bank::kTokens: return sized(key, 21, "token");
            case bank::kIssued: return sized(key, 21, "issuer");
            case bank::kNextEscrow: return sized(key, 1, "escrow counter");
            case bank::kSupplies: return supply(key, value);
            case bank::kEscrows: return escrow(key, value);
            case bank::kForgotten: return forgotten(key);
            case bank::kAccounts: return account(key, value);
            case bank::kBalances: return balance(key, value);
            case bank::kAuthorizations: return authorization(key, value);
            default: return broken("key " + to_hex(key) + " belongs to no collection");
        }
    }

    Result<void> compare(const StateReader& state) const {
        for (const auto& [token, held] : held_) {
            if (!bank::token_known(state, token)) return broken("balances in unknown token " + event_text(token));
            if (!supplies_.contains(token) && !held.is_zero())
                return broken("token " + event_text(token) + ": held " + to_string(held) + ", supply 0");
        }
        for (const auto& [token, supply] : supplies_) {
            const auto held = held_.find(token);
            const Amount sum = held == held_.end() ? Amount() : held->second;
            if (sum != supply)
                return broken("token " + event_text(token) + ": balances and escrows hold " + to_string(sum) +
                              ", supply is " + to_string(supply));
        }
        if (to_forget_ != forgotten_)
            return broken("nonces that are to be forgotten: " + std::to_string(to_forget_.size()) +
                          ", found by time: " + std::to_string(forgotten_.size()) + ", or others");
        for (const std::uint64_t id : escrows_) {
            if (id == 0 || id >= bank::read_counter(state, StateKey(bank::kNextEscrow), 1))
                return broken("escrow " + std::to_string(id) + " is numbered beyond the counter");
        }
        return {};
    }

private:
    static Result<void> sized(ByteView key, std::size_t bytes, std::string_view what) {
        if (key.size() == bytes) return {};
        return broken(std::string(what) + " key " + to_hex(key) + " has " + std::to_string(key.size()) +
                      " bytes instead of " + std::to_string(bytes));
    }
    static Result<void> amount_record(ByteView key, ByteView value) {
        if (value.size() != bank::kAmountBytes) return broken("amount under " + to_hex(key) + " is not of 16 bytes");
        if (bank::decode_amount(value).is_zero()) return broken("zero amount kept under " + to_hex(key));
        return {};
    }
    Result<void> hold(const Address& token, Amount amount) {
        const auto sum = checked_add(held_[token], amount);
        if (!sum) return broken("token " + event_text(token) + ": holdings exceed 128 bits");
        held_[token] = *sum;
        return {};
    }

    Result<void> supply(ByteView key, ByteView value) {
        TRY_VOID(sized(key, 21, "supply"));
        TRY_VOID(amount_record(key, value));
        supplies_[bank::read_address(key, 1)] = bank::decode_amount(value);
        return {};
    }
    Result<void> escrow(ByteView key, ByteView value) {
        TRY_VOID(sized(key, 9, "escrow"));
        const auto escrow = decode_record<Escrow>(value);
        if (escrow.amount.is_zero()) return broken("empty escrow " + std::to_string(read_u64(key, 1)) + " kept");
        escrows_.push_back(read_u64(key, 1));
        return hold(escrow.token, escrow.amount);
    }
    Result<void> account(ByteView key, ByteView value) {
        TRY_VOID(sized(key, 21, "account"));
        if (value.size() != bank::kAccountBytes) return broken("account " + to_hex(key) + " is not of 24 bytes");
        const AccountsPort::Account account = bank::decode_account(value);
        if (account == AccountsPort::Account{}) return broken("empty account kept under " + to_hex(key));
        return hold(kNativeToken, account.balance);
    }
    Result<void> balance(ByteView key, ByteView value) {
        TRY_VOID(sized(key, 41, "balance"));
        TRY_VOID(amount_record(key, value));
        if (bank::read_address(key, 1) == kNativeToken) return broken("native balance outside its account");
        return hold(bank::read_address(key, 1), bank::decode_amount(value));
    }
    Result<void> authorization(ByteView key, ByteView value) {
        TRY_VOID(sized(key, 73, "authorisation"));
        const auto record = bank::decode_authorization(value);
        if (!record) return broken("authorisation " + to_hex(key) + " is neither used nor cancelled");
        if (record->forget_s == 0) return {};
        const StateKey found_by = bank::forgotten_key(record->forget_s, key);
        const ByteView bytes = found_by;
        to_forget_.emplace(bytes.begin(), bytes.end());
        return {};
    }
    Result<void> forgotten(ByteView key) {
        TRY_VOID(sized(key, 81, "forgetting"));
        forgotten_.emplace(key.begin(), key.end());
        return {};
    }

    std::map<Address, Amount> held_;
    std::map<Address, Amount> supplies_;
    std::vector<std::uint64_t> escrows_;
    std::set<Bytes> to_forget_; ///< entries that the authorisations call for
    std::set<Bytes> forgotten_; ///< those there are
};

} // namespace

Result<void> BankModule::check_invariants(const StateReader& state, const WalkAll& all_keys) const {
    Audit audit;
    Result<void> result;
    all_keys(ModuleId::bank, [&](ByteView key, ByteView value) {
        result = audit.look_at(key, value);
        return result.has_value();
    });
    TRY_VOID(result);
    return audit.compare(state);
}

} // namespace assay::chain
