#pragma once
/// Staking's rules over one context: made for a message or a block, used once. Each subject has its file.
/// Internal to the module. Not thread-safe, as the context is not; committed class.
#include "chain/context.h"
#include "chain/modules/ports.h"
#include "chain/modules/staking/messages.h"
#include "chain/modules/staking/staking_params.h"
#include "chain/modules/staking/state.h"

#include <optional>
#include <vector>

namespace assay::chain::staking {

/// Total voting power that CometBFT allows: 2^63 / 8, less one.
inline constexpr std::uint64_t kTotalPowerMax = (std::uint64_t{1} << 60) - 1;
inline constexpr std::size_t kMonikerBytesMax = 70;
inline constexpr std::size_t kWebsiteBytesMax = 140;
inline constexpr std::size_t kDetailsBytesMax = 280;
/// Work of one end_block for each queue; what is left waits for the next block.
inline constexpr std::size_t kMaturingPerBlock = 1'000;
/// Blocks for which every height can be asked, pinned or not: a pin may name any of them.
inline constexpr std::uint64_t kHistoryTailBlocks = 8;
inline constexpr std::int64_t kNeverMs = INT64_MAX;

/// Where stake lies while it is bonded, while it is not, and rewards until they are paid.
const Address& bonded_account();
const Address& unbonded_account();
const Address& rewards_account();
const Address& fees_account();
const Address& treasury_account();

ConsensusAddress consensus_address(const Digest& consensus_key);

class Keeper {
public:
    /// Borrows both.
    Keeper(const BankPort& bank, const StakingParams& params, Context& context)
        : bank_(bank), params_(params), context_(context), state_(context.state()) {}

    // validators.cpp
    Result<void> create_validator(const Address& validator, const CreateValidator& message);
    Result<void> edit_validator(const Address& validator, const EditValidator& message);
    Result<void> set_commission(const Address& validator, const SetCommission& message);
    Result<void> set_min_self_stake(const Address& validator, const SetMinSelfStake& message);
    Result<void> unjail(const Address& validator, const Unjail& message);
    void jail(const Address& validator);

    // key_rotation.cpp
    Result<void> rotate_key(const Address& validator, const RotateKey& message);
    void complete_rotations();

    // validator_set.cpp
    void update_validator_set(std::vector<ValidatorUpdate>& updates);
    void complete_validator_unbondings();

    // delegation.cpp
    Result<void> delegate(const Address& delegator, const Delegate& message);
    Result<void> undelegate(const Address& delegator, const Undelegate& message);
    Result<void> cancel_unbonding(const Address& delegator, const CancelUnbonding& message);
    Result<void> redelegate(const Address& delegator, const Redelegate& message);
    void complete_unbondings();
    void complete_redelegations();

    // distribution.cpp
    void allocate_fees();
    Result<void> withdraw_rewards(const Address& delegator, const WithdrawRewards& message);
    Result<void> withdraw_commission(const Address& signer, const WithdrawCommission& message);
    Result<void> set_withdraw_address(const Address& delegator, const SetWithdrawAddress& message);
    /// What withdraw_rewards would pay now, before its fraction is cut off. Ends the validator's period.
    Amount pending_rewards_e18(const Address& delegator, const Address& validator);
    /// A delegation's worth after the slashes since its start, as F1 counts it.
    Amount slashed_stake_e9(const Address& validator, const Delegation& delegation) const;

    // slashing.cpp
    void count_signatures();
    void punish_misbehavior();
    void start_signing(const Validator& record);

    // history.cpp
    void prune_history();

private:
    struct Candidate {
        Address validator;
        Validator record;
    };
    struct Unstaked {
        Amount tokens;
        bool bonded = false; ///< which pool they lie in
    };

    // validators.cpp
    Result<Validator> find_validator(const Address& validator) const;
    /// The only way a validator's record changes: keeps the index by stake and the history right.
    void save_validator(const Address& validator, const Validator& after);
    void remove_validator(const Address& validator, const Validator& record);
    Result<void> check_new_validator(const Address& validator, const CreateValidator& message) const;

    // key_rotation.cpp
    /// Errors: invalid_argument (it is somebody's, or was within the unbonding time, or has signed twice).
    Result<void> check_new_key(const Address& validator, const Digest& consensus_key) const;
    /// What is counted about signatures goes on under the new key.
    void move_signing(const ConsensusAddress& from, const ConsensusAddress& to);
    void forget_rotations(const Address& validator);

    // validator_set.cpp
    std::uint64_t power_of(const Validator& record) const;
    std::vector<Candidate> elect() const;
    void bond(const Address& validator, Validator record);
    void begin_unbonding(const Address& validator, Validator record);
    /// Tells consensus the key and power that a member of the set has now, if it knows others.
    void update_member(const Address& validator, const Power& now, const Power* known,
                       std::vector<ValidatorUpdate>& updates);

    // delegation.cpp
    void save_delegation(const Address& delegator, const Address& validator, const std::optional<Delegation>& after);
    /// The shares that `amount` buys, which is already in the validator's pool.
    Result<Amount> add_stake(const Address& delegator, const Address& validator, Amount amount);
    Unstaked remove_stake(const Address& delegator, const Address& validator, Amount shares);
    /// The shares of `delegator` that are worth `amount`.
    Result<Amount> shares_for(const Address& delegator, const Address& validator, Amount amount) const;
    Result<void> check_stake_total(Amount amount) const;
    void add_unbonding(const Address& delegator, const Address& validator, Amount amount);
    void add_redelegation(const Redelegate& move, const Address& delegator, const RedelegationEntry& entry);
    void complete_unbonding(const Address& delegator, const Address& validator);
    /// Takes `amount` out of the entries made at `height`, and them out of the queue where nothing is left.
    void take_back(const Address& delegator, const CancelUnbonding& message, Unbonding unbonding);
    void complete_redelegation(const Address& delegator, const Address& source, const Address& destination);

    // distribution.cpp
    void start_rewards(const Address& validator);
    void close_rewards(const Address& validator);
    bool allocate_to(const Address& validator, Amount reward_e18);
    /// Ends the current period, in which the validator has had `tokens`; returns its number.
    std::uint64_t end_period(const Address& validator, Amount tokens);
    Amount rewards_between(const Address& validator, std::uint64_t begin, std::uint64_t end, Amount stake_e9) const;
    Amount rewards_until(const Address& validator, const Delegation& delegation, std::uint64_t period) const;
    /// Pays all until now; the delegation must then be started again or be gone.
    Amount pay_rewards(const Address& delegator, const Address& validator, const Delegation& delegation);
    void start_delegation(const Address& validator, Delegation& delegation);
    void record_slash(const Address& validator, Amount tokens, std::uint64_t fraction_e18);
    void retain_period(const Address& validator, std::uint64_t period);
    void release_period(const Address& validator, std::uint64_t period);
    void pay(const Address& account, Amount amount);
    void add_dust(Amount amount_e18);
    void sweep_dust();

    // slashing.cpp
    void count_signature(const CommitVote& vote);
    /// The operator and its present consensus address, by that or by a key it gave up.
    struct Accused {
        Address validator;
        Validator record;
        ConsensusAddress consensus;
    };
    std::optional<Accused> find_by_consensus(const ConsensusAddress& consensus) const;
    void punish_downtime(const ConsensusAddress& consensus, const Address& validator, Signing& signing,
                         std::uint64_t power);
    void punish(const Misbehavior& misbehavior);
    void slash(const Address& validator, std::uint64_t infraction_height, std::uint64_t power, std::uint32_t ppm);
    Amount slash_unbonding(const Address& delegator, const Address& validator, std::uint64_t infraction_height,
                           std::uint32_t ppm);
    Amount slash_redelegation(ByteView mark_key, std::uint64_t infraction_height, std::uint32_t ppm);
    void slash_moved(const Address& delegator, const Address& validator, const RedelegationEntry& entry,
                     std::uint32_t ppm);
    Amount take_from_unbonding(const Address& delegator, const Address& validator, std::uint64_t since_height,
                               Amount amount);
    void slash_validator(const Address& validator, Amount amount);
    void forget_missed(const ConsensusAddress& consensus, Signing& signing);

    // history.cpp
    void remember_validator(const Address& validator, const std::optional<Validator>& before, const Validator* after);
    void remember_delegation(const Address& delegator, const Address& validator, Amount shares_before);
    void remember(const StateKey& item, const Bytes& before);
    void prune_unpinned(std::uint64_t height);
    void prune_up_to(std::uint64_t height);

    void move(const Address& from, const Address& to, Amount amount);
    void burn(const Address& from, Amount amount);
    void emit(std::string_view type, std::vector<std::pair<std::string, std::string>> attributes);
    std::uint64_t height() const { return context_.block().height; }
    std::int64_t now_ms() const { return context_.block().time_ms; }
    std::int64_t unbonding_end_ms() const;

    const BankPort& bank_;
    const StakingParams& params_;
    Context& context_;
    StateWriter& state_;
};

/// What shares of a validator are worth, rounded down.
Amount tokens_of(const Validator& validator, Amount shares);

} // namespace assay::chain::staking
