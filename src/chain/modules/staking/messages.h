#pragma once
/// What accounts ask of staking. Amounts are units of the native coin; a validator is named by its operator's account.
/// Plain values; committed class.
#include "chain/message.h"

namespace assay::chain::staking {

/// The signer becomes a validator's operator and its first delegator.
struct CreateValidator {
    static constexpr std::string_view kType = "staking/create_validator";
    static constexpr std::string_view kStruct = "StakingCreateValidator";
    Digest consensus_key{}; ///< Ed25519
    std::string moniker;
    std::string website;
    std::string details;
    std::uint32_t commission_ppm = 0;
    std::uint32_t commission_max_ppm = 0;        ///< for ever
    std::uint32_t commission_change_max_ppm = 0; ///< upwards, once a day; for ever
    Amount min_self_stake = Amount(1);           ///< below it the validator is jailed
    Amount stake;
    static void fields(auto&& self, auto&& visit) {
        visit("consensus_key", self.consensus_key);
        visit("moniker", self.moniker);
        visit("website", self.website);
        visit("details", self.details);
        visit("commission_ppm", self.commission_ppm);
        visit("commission_max_ppm", self.commission_max_ppm);
        visit("commission_change_max_ppm", self.commission_change_max_ppm);
        visit("min_self_stake", self.min_self_stake);
        visit("stake", self.stake);
    }
};

struct EditValidator {
    static constexpr std::string_view kType = "staking/edit_validator";
    static constexpr std::string_view kStruct = "StakingEditValidator";
    std::string moniker;
    std::string website;
    std::string details;
    static void fields(auto&& self, auto&& visit) {
        visit("moniker", self.moniker);
        visit("website", self.website);
        visit("details", self.details);
    }
};

struct SetCommission {
    static constexpr std::string_view kType = "staking/set_commission";
    static constexpr std::string_view kStruct = "StakingSetCommission";
    std::uint32_t commission_ppm = 0;
    static void fields(auto&& self, auto&& visit) { visit("commission_ppm", self.commission_ppm); }
};

/// It may only rise.
struct SetMinSelfStake {
    static constexpr std::string_view kType = "staking/set_min_self_stake";
    static constexpr std::string_view kStruct = "StakingSetMinSelfStake";
    Amount min_self_stake;
    static void fields(auto&& self, auto&& visit) { visit("min_self_stake", self.min_self_stake); }
};

struct Delegate {
    static constexpr std::string_view kType = "staking/delegate";
    static constexpr std::string_view kStruct = "StakingDelegate";
    Address validator;
    Amount amount;
    static void fields(auto&& self, auto&& visit) {
        visit("validator", self.validator);
        visit("amount", self.amount);
    }
};

struct Undelegate {
    static constexpr std::string_view kType = "staking/undelegate";
    static constexpr std::string_view kStruct = "StakingUndelegate";
    Address validator;
    Amount amount;
    static void fields(auto&& self, auto&& visit) {
        visit("validator", self.validator);
        visit("amount", self.amount);
    }
};

/// Takes back, in part or whole, what the signer undelegated at `height`: it is delegated to the same validator again.
struct CancelUnbonding {
    static constexpr std::string_view kType = "staking/cancel_unbonding";
    static constexpr std::string_view kStruct = "StakingCancelUnbonding";
    Address validator;
    Amount amount;
    std::uint64_t height = 0; ///< of the block in which it was undelegated
    static void fields(auto&& self, auto&& visit) {
        visit("validator", self.validator);
        visit("amount", self.amount);
        visit("height", self.height);
    }
};

/// By the operator, for a fee: another key for consensus from two blocks on.
struct RotateKey {
    static constexpr std::string_view kType = "staking/rotate_key";
    static constexpr std::string_view kStruct = "StakingRotateKey";
    Digest consensus_key{}; ///< Ed25519
    static void fields(auto&& self, auto&& visit) { visit("consensus_key", self.consensus_key); }
};

struct Redelegate {
    static constexpr std::string_view kType = "staking/redelegate";
    static constexpr std::string_view kStruct = "StakingRedelegate";
    Address source;
    Address destination;
    Amount amount;
    static void fields(auto&& self, auto&& visit) {
        visit("source", self.source);
        visit("destination", self.destination);
        visit("amount", self.amount);
    }
};

struct WithdrawRewards {
    static constexpr std::string_view kType = "staking/withdraw_rewards";
    static constexpr std::string_view kStruct = "StakingWithdrawRewards";
    Address validator;
    static void fields(auto&& self, auto&& visit) { visit("validator", self.validator); }
};

/// By the operator. `validator` is the signer: a message needs a field, and a wallet shows what it is about.
struct WithdrawCommission {
    static constexpr std::string_view kType = "staking/withdraw_commission";
    static constexpr std::string_view kStruct = "StakingWithdrawCommission";
    Address validator;
    static void fields(auto&& self, auto&& visit) { visit("validator", self.validator); }
};

/// Where the signer's rewards and commission go from now on.
struct SetWithdrawAddress {
    static constexpr std::string_view kType = "staking/set_withdraw_address";
    static constexpr std::string_view kStruct = "StakingSetWithdrawAddress";
    Address address;
    static void fields(auto&& self, auto&& visit) { visit("address", self.address); }
};

/// By the operator, once the jail time has passed.
struct Unjail {
    static constexpr std::string_view kType = "staking/unjail";
    static constexpr std::string_view kStruct = "StakingUnjail";
    Address validator;
    static void fields(auto&& self, auto&& visit) { visit("validator", self.validator); }
};

} // namespace assay::chain::staking
