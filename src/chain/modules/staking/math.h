#pragma once
/// Staking's arithmetic: amounts whose sums are bounded by the supply, so that an overflow is a bug and stops the process,
/// and fractions that always round to the pool's favour. Internal to the module. Thread-safe; committed class.
#include "base/assert.h"
#include "chain/amount.h"

namespace assay::chain::staking {

inline constexpr Uint128 kE9 = 1'000'000'000;
inline constexpr Uint128 kE18 = kE9 * kE9;
inline constexpr std::uint32_t kPpm = 1'000'000;

/// Stake of all validators together: 10^18 ASSAY. With 10^9 shares a unit this leaves a factor of 340 for the exchange
/// rate to fall by slashing before 128 bits run out, where delegation is refused.
inline constexpr Amount kStakeMax{kE18 * kE9};
/// What one block's fees may add, and a validator owe, in fixed point: leaves room for sums. 10^20 and 3·10^20 units.
inline constexpr Amount kAllocationMax{kE18 * 100};
inline constexpr Amount kOutstandingMax_e18{kE18 * kE18 * 300};

inline Amount plus(Amount a, Amount b) {
    const auto sum = checked_add(a, b);
    ASSAY_ASSERT(sum);
    return *sum;
}
inline Amount minus(Amount a, Amount b) {
    const auto difference = checked_subtract(a, b);
    ASSAY_ASSERT(difference);
    return *difference;
}
inline Amount minus_or_zero(Amount a, Amount b) { return checked_subtract(a, b).value_or(Amount()); }

/// floor(a × numerator / denominator), where the result is known to fit.
inline Amount scaled(Amount a, Uint128 numerator, Uint128 denominator) {
    const auto result = multiply_divide(a, numerator, denominator);
    ASSAY_ASSERT(result);
    return *result;
}
/// ceil(a × numerator / denominator), where the result is known to fit.
inline Amount scaled_up(Amount a, Uint128 numerator, Uint128 denominator) {
    const Amount floor = scaled(a, numerator, denominator);
    // The low 128 bits tell whether anything is left: a remainder is below the denominator.
    const bool exact = a.units() * numerator == floor.units() * denominator;
    return exact ? floor : plus(floor, Amount(1));
}
inline Amount ppm_of(Amount a, std::uint32_t ppm) { return scaled(a, ppm, kPpm); }

} // namespace assay::chain::staking
