#pragma once
/// How staking works, itself under governance. Shares are parts per million. Plain value; committed class.
/// Source of the defaults: cosmos/cosmos-sdk x/staking, x/distribution and x/slashing, amounts scaled to nine decimals.
#include "chain/amount.h"
#include "chain/message.h"

namespace assay::chain {

struct StakingParams {
    static constexpr std::string_view kModule = "staking";
    static constexpr std::string_view kStruct = "StakingParams";

    std::uint32_t validators_max = 100; ///< bonded at one time
    std::uint64_t power_reduction = 1'000'000'000; ///< units of stake for one unit of voting power: 1 ASSAY
    std::uint64_t unbonding_ms = 1'814'400'000; ///< 21 days
    std::uint32_t entries_max = 7; ///< unbondings, and redelegations, under way at one time between the same accounts
    std::uint32_t commission_min_ppm = 0;
    std::uint32_t community_tax_ppm = 20'000; ///< of all fees, to the treasury
    Amount block_reward; ///< minted into each block's fees; zero: no inflation
    std::uint32_t signed_blocks_window = 100; ///< blocks over which absence is counted
    std::uint32_t signed_min_ppm = 500'000; ///< of the window; fewer is downtime
    std::uint32_t slash_downtime_ppm = 10'000;
    std::uint64_t downtime_jail_ms = 600'000; ///< 10 minutes
    std::uint32_t slash_double_sign_ppm = 50'000;
    std::uint64_t evidence_age_blocks_max = 100'000; ///< evidence is too old when it exceeds both ages
    std::uint64_t evidence_age_ms_max = 1'814'400'000; ///< not above unbonding_ms
    std::uint32_t key_rotations_max = 1; ///< new consensus keys of one validator within unbonding_ms
    Amount key_rotation_fee{1'000'000'000}; ///< for each, to the treasury: 1 ASSAY

    static void fields(auto&& self, auto&& visit) {
        visit("validators_max", self.validators_max);
        visit("power_reduction", self.power_reduction);
        visit("unbonding_ms", self.unbonding_ms);
        visit("entries_max", self.entries_max);
        visit("commission_min_ppm", self.commission_min_ppm);
        visit("community_tax_ppm", self.community_tax_ppm);
        visit("block_reward", self.block_reward);
        visit("signed_blocks_window", self.signed_blocks_window);
        visit("signed_min_ppm", self.signed_min_ppm);
        visit("slash_downtime_ppm", self.slash_downtime_ppm);
        visit("downtime_jail_ms", self.downtime_jail_ms);
        visit("slash_double_sign_ppm", self.slash_double_sign_ppm);
        visit("evidence_age_blocks_max", self.evidence_age_blocks_max);
        visit("evidence_age_ms_max", self.evidence_age_ms_max);
        visit("key_rotations_max", self.key_rotations_max);
        visit("key_rotation_fee", self.key_rotation_fee);
    }
    bool operator==(const StakingParams&) const = default;

    /// Errors: invalid_argument, naming the field.
    Result<void> validate() const;
};

} // namespace assay::chain
