#pragma once
/// How modules meet: narrow ports, implemented by the module named, handed to the others when they are made.
/// Thread-safe; committed class.
#include "chain/amount.h"
#include "chain/context.h"
#include "chain/message.h"

#include <functional>
#include <string_view>
#include <vector>

namespace assay::chain {

/// The native coin as a token address; other tokens get addresses of their own when they are issued.
inline constexpr Address kNativeToken{
    {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x0a, 0x55, 0xa1}};

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

/// Implemented by params. A module's parameters are one struct: `static constexpr std::string_view kModule`, kStruct, fields(), defaults in
/// its initialisers, and `Result<void> validate() const`.
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

} // namespace assay::chain
