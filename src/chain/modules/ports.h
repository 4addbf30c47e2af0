#pragma once
/// How modules meet: narrow ports, implemented by the module named, handed to the others when they are made.
/// Thread-safe; committed class.
#include "chain/amount.h"
#include "chain/context.h"
#include "chain/message.h"

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace assay::chain {

/// The native coin as a token address; other tokens get addresses of their own when they are issued.
inline constexpr Address kNativeToken{{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x0a, 0x55, 0xa1}};

/// An account that no key controls: the last 20 bytes of Keccak-256("assay/module/" ‖ name).
Address module_account(std::string_view name);

/// Implemented by bank.
class BankPort {
public:
    virtual ~BankPort() = default;
    virtual Amount balance(const StateReader& state, const Address& account, const Address& token) const = 0;
    virtual Amount supply(const StateReader& state, const Address& token) const = 0;
    virtual bool token_exists(const StateReader& state, const Address& token) const = 0;
    /// Errors: invalid_argument (insufficient balance with both numbers; unknown or paused token; a result over 2^128).
    virtual Result<void> transfer(Context& context, const Address& from, const Address& to, const Address& token,
                                  Amount amount) const = 0;
    virtual Result<void> mint(Context& context, const Address& to, const Address& token, Amount amount) const = 0;
    virtual Result<void> burn(Context& context, const Address& from, const Address& token, Amount amount) const = 0;
    /// Native fees of this block so far, in module_account("fees"); staking takes them at the next begin_block.
    virtual Amount collected_fees(const StateReader& state) const = 0;
};

/// Money that two parties cannot both touch. It lies in the escrow's record, in nobody's account.
struct Escrow {
    static constexpr std::string_view kStruct = "Escrow";
    Address payer;
    Address payee;
    Address arbiter; ///< all zero: none
    Address token;
    Amount amount; ///< what is left in it
    std::int64_t deadline_ms = 0; ///< from this block time on it may be sent back to the payer
    bool arbiter_only = false; ///< a module's escrow: nobody but the arbiter, its account, may act on it
    std::string purpose; ///< up to 64 bytes, for people
    static void fields(auto&& self, auto&& visit) {
        visit("payer", self.payer);
        visit("payee", self.payee);
        visit("arbiter", self.arbiter);
        visit("token", self.token);
        visit("amount", self.amount);
        visit("deadline_ms", self.deadline_ms);
        visit("arbiter_only", self.arbiter_only);
        visit("purpose", self.purpose);
    }
};

/// Implemented by bank. Escrows are numbered from 1; an empty one is gone.
class EscrowPort {
public:
    virtual ~EscrowPort() = default;
    /// Moves terms.amount from the payer into a new escrow. Errors: invalid_argument (amount 0, deadline passed, purpose
    /// too long, arbiter_only without arbiter, insufficient balance).
    virtual Result<std::uint64_t> open_escrow(Context& context, const Escrow& terms) const = 0;
    virtual std::optional<Escrow> escrow(const StateReader& state, std::uint64_t id) const = 0;
    /// Pays `amount` of it to the payee; the rest stays. By the payer or the arbiter.
    /// Errors: not_found, invalid_argument (another account, 0, more than is left).
    virtual Result<void> release_escrow(Context& context, std::uint64_t id, const Address& by, Amount amount) const = 0;
    /// Sends all that is left back to the payer. By the payee or the arbiter; from the deadline on by anybody.
    /// Errors: not_found, invalid_argument (another account).
    virtual Result<void> refund_escrow(Context& context, std::uint64_t id, const Address& by) const = 0;
};

/// Implemented by bank, whose account record holds the nonce beside the native balance: paying a fee costs one read and one
/// write. Used by the application alone.
class AccountsPort {
public:
    struct Account {
        std::uint64_t nonce = 0; ///< the one its next transaction must have
        Amount balance; ///< of the native coin
        bool operator==(const Account&) const = default;
    };
    virtual ~AccountsPort() = default;
    /// Zeros for an address never seen.
    virtual Account account(const StateReader& state, const Address& address) const = 0;
    /// Takes `fee` out of the account and counts its nonce up. The fee is nobody's until add_fees().
    /// Errors: invalid_argument (insufficient balance with both numbers); nothing is changed then.
    virtual Result<void> take_fee(StateWriter& state, const Address& from, Amount fee) const = 0;
    /// Puts the sum of what take_fee() took into module_account("fees"): once a block, after its transactions.
    virtual void add_fees(StateWriter& state, Amount total) const = 0;
};

/// Implemented by staking. Validators are named by their operator's account.
class StakingPort {
public:
    struct Share {
        Address validator;
        Amount tokens;
    };
    virtual ~StakingPort() = default;
    /// Stake as it was at the end of block `height`; history is kept for heights >= the oldest pinned one.
    virtual Amount bonded_at(const StateReader& state, std::uint64_t height) const = 0;
    /// Bonded validators at that height with all their tokens, by address.
    virtual std::vector<Share> validators_at(const StateReader& state, std::uint64_t height) const = 0;
    /// What `delegator` had delegated to bonded validators at that height (a validator's own stake included).
    virtual std::vector<Share> delegations_at(const StateReader& state, const Address& delegator,
                                              std::uint64_t height) const = 0;
    /// While pinned, history back to `height` is kept. Counted: each pin needs one unpin.
    virtual void pin_history(Context& context, std::uint64_t height) const = 0;
    virtual void unpin_history(Context& context, std::uint64_t height) const = 0;
};

/// Decayed attribution earnings, the second part of a vote's weight. The source comes with attribution; until a source
/// is installed the port's answer is zero for everybody and governance falls back to stake alone.
class EarningsPort {
public:
    virtual ~EarningsPort() = default;
    virtual Amount earnings_at(const StateReader& state, const Address& account, std::uint64_t height) const = 0;
    virtual Amount total_earnings_at(const StateReader& state, std::uint64_t height) const = 0;
};

/// Implemented by params. A module's parameters are one struct: `static constexpr std::string_view kModule`, kStruct,
/// fields(), defaults in its initialisers, and `Result<void> validate() const`. See chain/chain_params.h for an example.
class ParamsPort {
public:
    virtual ~ParamsPort() = default;
    /// The stored bytes, or nothing when the defaults hold.
    virtual std::optional<Bytes> stored(const StateReader& state, std::string_view module) const = 0;

    template <class P>
    P get(const StateReader& state) const {
        const auto bytes = stored(state, P::kModule);
        return bytes ? decode_record<P>(*bytes) : P{};
    }
};

/// One change of one parameter.
struct ParamChange {
    static constexpr std::string_view kStruct = "ParamChange";
    std::string module; ///< "staking"
    std::string path; ///< field, and fields of nested structs after dots
    Bytes value; ///< DAG-CBOR, as the field's type is written in messages
    static void fields(auto&& self, auto&& visit) {
        visit("module", self.module);
        visit("path", self.path);
        visit("value", self.value);
    }
};

/// Implemented by params, for governance alone.
class ParamsAdminPort {
public:
    virtual ~ParamsAdminPort() = default;
    /// Whether all of `changes`, in order, would be valid now.
    /// Errors: malformed (value), not_found (module or field), invalid_argument (what the owner's validate says).
    virtual Result<void> check_changes(const StateReader& state, const std::vector<ParamChange>& changes) const = 0;
    /// All or nothing; writes the history. Errors: as check_changes.
    virtual Result<void> apply_changes(Context& context, const std::vector<ParamChange>& changes,
                                       std::uint64_t proposal) const = 0;
};

/// A change of the program at a height, decided by governance. Nodes whose app_version is lower stop before that block.
struct UpgradePlan {
    static constexpr std::string_view kStruct = "UpgradePlan";
    std::string name;
    std::uint64_t height = 0; ///< the first block that the new version makes
    std::uint64_t app_version = 0; ///< what that version calls itself
    static void fields(auto&& self, auto&& visit) {
        visit("name", self.name);
        visit("height", self.height);
        visit("app_version", self.app_version);
    }
};

/// Implemented by governance.
class UpgradePort {
public:
    virtual ~UpgradePort() = default;
    /// The plan decided last, also when its height has passed; nothing before the first.
    virtual std::optional<UpgradePlan> upgrade_plan(const StateReader& state) const = 0;
};

} // namespace assay::chain
