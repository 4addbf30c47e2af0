#include "chain/modules/governance/governance_params.h"

#include <array>

namespace assay::chain {

Result<void> GovernanceParams::validate() const {
    constexpr std::uint32_t kWholePpm = 1'000'000;
    constexpr std::uint64_t kPeriodMsMax = 366ULL * 86'400'000;
    const auto outside = [](std::string_view name, std::string_view range) {
        return fail(ErrorCode::invalid_argument, std::string(name) + ": outside " + std::string(range));
    };
    struct Share {
        std::string_view name;
        std::uint32_t ppm;
    };
    for (const Share& share : std::array<Share, 6>{{{"initial_deposit_ppm", initial_deposit_ppm},
                                                    {"quorum_ppm", quorum_ppm},
                                                    {"expedited_threshold_ppm", expedited_threshold_ppm},
                                                    {"veto_ppm", veto_ppm},
                                                    {"cancel_burn_ppm", cancel_burn_ppm},
                                                    {"stake_ppm", stake_ppm}}}) {
        if (share.ppm > kWholePpm) return outside(share.name, "0 … 1000000");
    }
    if (threshold_ppm < kWholePpm / 2 || threshold_ppm > expedited_threshold_ppm)
        return outside("threshold_ppm", "500000 … expedited_threshold_ppm");
    if (weight_cap_ppm == 0 || weight_cap_ppm > kWholePpm) return outside("weight_cap_ppm", "1 … 1000000");
    if (deposit_min.is_zero() || deposit_min > expedited_deposit_min)
        return outside("deposit_min", "1 … expedited_deposit_min");
    if (deposit_period_ms == 0 || deposit_period_ms > kPeriodMsMax)
        return outside("deposit_period_ms", "1 ms … 366 days");
    if (voting_period_ms == 0 || voting_period_ms > kPeriodMsMax) return outside("voting_period_ms", "1 ms … 366 days");
    if (expedited_voting_period_ms == 0 || expedited_voting_period_ms > voting_period_ms)
        return outside("expedited_voting_period_ms", "1 ms … voting_period_ms");
    if (proposals_active_max == 0 || proposals_active_max > 1'000) return outside("proposals_active_max", "1 … 1000");
    if (deposits_max == 0 || deposits_max > 1'000) return outside("deposits_max", "1 … 1000");
    if (cleanup_per_block == 0 || cleanup_per_block > 100'000) return outside("cleanup_per_block", "1 … 100000");
    return {};
}

} // namespace assay::chain
