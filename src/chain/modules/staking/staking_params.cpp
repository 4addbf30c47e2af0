#include "chain/modules/staking/staking_params.h"

#include "chain/modules/staking/math.h"

#include <initializer_list>
#include <string>

namespace assay::chain {
namespace {

struct Range {
    std::string_view name;
    std::uint64_t value;
    std::uint64_t min;
    std::uint64_t max;
};

constexpr std::uint64_t kYearMs = 31'536'000'000;

} // namespace

Result<void> StakingParams::validate() const {
    const std::uint64_t ppm = staking::kPpm;
    for (const Range& range : std::initializer_list<Range>{
             {"validators_max", validators_max, 1, 1'000},
             {"power_reduction", power_reduction, 1, 1'000'000'000'000'000'000},
             {"unbonding_ms", unbonding_ms, 1, 10 * kYearMs},
             {"entries_max", entries_max, 1, 100},
             {"commission_min_ppm", commission_min_ppm, 0, ppm},
             {"community_tax_ppm", community_tax_ppm, 0, ppm},
             {"signed_blocks_window", signed_blocks_window, 1, 100'000},
             {"signed_min_ppm", signed_min_ppm, 0, ppm},
             {"slash_downtime_ppm", slash_downtime_ppm, 0, ppm},
             {"downtime_jail_ms", downtime_jail_ms, 0, 10 * kYearMs},
             {"slash_double_sign_ppm", slash_double_sign_ppm, 0, ppm},
             {"evidence_age_blocks_max", evidence_age_blocks_max, 1, UINT64_MAX},
             {"evidence_age_ms_max", evidence_age_ms_max, 1, 10 * kYearMs},
             {"key_rotations_max", key_rotations_max, 0, 100},
         }) {
        if (range.value >= range.min && range.value <= range.max) continue;
        return fail(ErrorCode::invalid_argument, std::string(range.name) + " " + std::to_string(range.value) +
                                                     " is outside " + std::to_string(range.min) + " … " +
                                                     std::to_string(range.max));
    }
    if (evidence_age_ms_max > unbonding_ms) {
        return fail(ErrorCode::invalid_argument, "evidence_age_ms_max " + std::to_string(evidence_age_ms_max) +
                                                     " is above unbonding_ms " + std::to_string(unbonding_ms) +
                                                     ": the stake that answers for it has left by then");
    }
    if (block_reward > staking::kAllocationMax) {
        return fail(ErrorCode::invalid_argument,
                    "block_reward " + to_string(block_reward) + " is above " + to_string(staking::kAllocationMax));
    }
    return {};
}

} // namespace assay::chain
