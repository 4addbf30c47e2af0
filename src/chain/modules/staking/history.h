#pragma once
/// Stakes as they were: what a module reads through StakingPort. Internal to the module. Thread-safe; committed class.
#include "chain/modules/ports.h"
#include "chain/modules/staking/state.h"

#include <vector>

namespace assay::chain::staking {

using Share = StakingPort::Share;

/// All three answer for the end of block `height`, or for now where nothing has changed since.
std::vector<Share> validators_at(const StateReader& state, std::uint64_t height);
Amount bonded_at(const StateReader& state, std::uint64_t height);
std::vector<Share> delegations_at(const StateReader& state, const Address& delegator, std::uint64_t height);

void pin_history(Context& context, std::uint64_t height);
void unpin_history(Context& context, std::uint64_t height);

} // namespace assay::chain::staking
