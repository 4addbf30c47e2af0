#pragma once
/// How votes weigh and what decides: integers only, and every rounding is named. Internal to the module.
/// Thread-safe; committed class. See docs/adr/0013-governance-weights.md.
#include "chain/modules/governance/governance_params.h"
#include "chain/modules/governance/state.h"

#include <span>

namespace assay::chain::governance {

inline constexpr std::uint32_t kPpm = 1'000'000;
/// All stake and all earnings together; one account's stake is floor(kWholeWeight × α × share).
inline constexpr std::uint64_t kWholeWeight = 1'000'000'000'000'000'000;

Amount stake_weight(const Snapshot& snapshot, Amount tokens);
Amount earnings_weight(const Snapshot& snapshot, Amount earned);
/// What one account may weigh at most.
Amount weight_cap(const Snapshot& snapshot);

/// 1 … 4 different options, none of weight 0, of kPpm in sum. Errors: invalid_argument.
Result<void> check_options(std::span<const WeightedOption> options);

/// Puts a voter of `weight` into the tally: at most the cap, the rest as cut. Each option but the first gets the floor of its
/// part, the first what is left.
void add_vote(Tally& tally, const Snapshot& snapshot, std::span<const WeightedOption> options, Amount weight);
/// The exact reverse.
void remove_vote(Tally& tally, const Snapshot& snapshot, std::span<const WeightedOption> options, Amount weight);

Amount counted(const Tally& tally);

struct Verdict {
    bool passed = false;
    bool burn_deposits = false;
    std::string reason; ///< "quorum", "veto", …: for people
};
/// Quorum of the weight that could have voted (the cut part of those who did is no weight at all), veto, threshold.
Verdict decide(const GovernanceParams& params, const Snapshot& snapshot, const Tally& tally, bool expedited);

} // namespace assay::chain::governance
