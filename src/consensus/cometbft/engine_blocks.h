#pragma once
/// Committed blocks as the engine keeps them, for an index that missed some.
/// Stateless functions. Local class. Source: CometBFT 0.38, rpc/core (block, block_results, status).
#include "consensus/cometbft/rpc_client.h"
#include "consensus/consensus.h"

#include <cstdint>
#include <memory>

namespace assay::consensus {

/// The answers of `block` and `block_results` for one height as a block. Without who signed the block before, evidence and
/// new validators: no index asks for them. Errors: malformed, naming the member.
Result<CommittedBlock> committed_block_from(const codec::Json& block, const codec::Json& results);

/// A block from the engine. Errors: io (the engine does not answer), not_found (it does not have that height, or no longer),
/// malformed, resource_exhausted (larger than an answer can be).
Result<std::shared_ptr<const CommittedBlock>> fetch_committed_block(const RpcClient& engine, std::uint64_t height);

/// The first height that the engine still has; 0 while it has none. Errors: io, malformed.
Result<std::uint64_t> first_height(const RpcClient& engine);

} // namespace assay::consensus
