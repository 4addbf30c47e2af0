#pragma once
/// Whether a header follows from one that is already trusted. Source: CometBFT 0.38, light/verifier.go.
/// Thread-safe; committed class: a function of its arguments, the time included.
#include "consensus/light/light_block.h"

#include <cstdint>

namespace assay::consensus {

/// Where trust begins: a header that its user has from somewhere else.
struct TrustRoot {
    std::uint64_t height = 0;
    crypto::Digest hash{};
};

struct TrustOptions {
    std::int64_t trust_period_s = 14 * 86'400; ///< shorter than unbonding: who signed can still be punished
    std::int64_t clock_drift_s = 10;           ///< how far a header may lie in the future
    /// Share of the trusted set that must have signed a header further on.
    std::uint32_t trust_numerator = 1;
    std::uint32_t trust_denominator = 3;
};

/// That the block has the root's hash, and more than 2/3 of its own validators signed it.
/// Errors: invalid_argument, one line naming what does not hold.
Result<void> check_trust_root(const LightBlock& block, const TrustRoot& root);

/// `trusted` must have been verified. A block right after it needs its next validators; one further on, the trust share of
/// its validators; either, more than 2/3 of its own.
/// Errors: invalid_argument, one line naming what does not hold; not_found when only the trust share is too small, so that
/// a header between the two may help.
Result<void> verify_next(const LightBlock& trusted, const LightBlock& next, const TrustOptions& options, BlockTime now);

} // namespace assay::consensus
