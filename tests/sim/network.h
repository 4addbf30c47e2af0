#pragma once
/// What a consensus engine would tell the chain: who signed, who signed twice, and the time. For tests only.
#include "chain/context.h"
#include "world.h"

#include <map>
#include <string>

namespace assay::sim {

class Network {
public:
    explicit Network(const std::vector<chain::ValidatorUpdate>& genesis);

    /// The next block's frame. Uses world.height and world.time_ms.
    chain::BlockInfo next_block(World& world);
    /// As CometBFT: what block `height` decides votes from height + 2 on. Errors: internal (an update that cannot be).
    Result<void> follow(std::uint64_t height, const std::vector<chain::ValidatorUpdate>& updates);

    std::uint64_t evidence_given = 0;

private:
    using Set = std::map<std::array<std::uint8_t, 32>, std::uint64_t>; ///< power by key
    const Set& set_of(std::uint64_t height) const { return std::prev(sets_.upper_bound(height))->second; }

    std::map<std::uint64_t, Set> sets_; ///< by the first height at which it votes
};

} // namespace assay::sim
