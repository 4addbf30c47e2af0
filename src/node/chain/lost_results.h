#pragma once
/// Results of embedded blocks that a power cut took: only the log of results is written without waiting for the disk.
/// They follow from the blocks, so the state is taken back to where the results end, and the node, starting, executes those
/// blocks again. One process at a time (the data folder is locked); before anything else has the state open. Local class.
#include "base/result.h"
#include "chain/state/state_store.h"
#include "node/chain/chain_home.h"

#include <cstdint>

namespace assay::node {

struct LostResults {
    std::uint64_t first = 0; ///< the first block whose result is gone; 0 = none is
    std::uint64_t last = 0;
};

/// What is gone and can be made again: the state of before is still kept, and the blocks are whole and signed.
/// Errors: those of opening the logs.
Result<LostResults> find_lost_results(const ChainHome& home, const chain::StateStore& store);
/// Takes the state back if there are such. Tells which blocks the node will execute again.
/// Errors: those of opening state and logs, and of taking back.
Result<LostResults> prepare_lost_results(const ChainHome& home);

} // namespace assay::node
