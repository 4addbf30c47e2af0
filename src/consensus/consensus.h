#pragma once
/// The common face of both ways to order transactions: embedded (one node) and CometBFT (many).
/// Thread-safe. Blocks are told to observers one by one, in order, after they are durable.
#include "chain/application.h"
#include "consensus/light/light_block.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace assay::consensus {

/// A block that has committed. Immutable and shared.
struct CommittedBlock {
    chain::BlockInfo info;
    crypto::Digest hash{};            ///< of its header
    std::vector<Bytes> transactions;  ///< wire bytes
    chain::BlockResult result;        ///< result.app_hash is the state's after this block
};

/// Called from the thread that commits, in order of height, and also for blocks that are replayed after a crash (so a
/// height may be told again to an observer that had seen it before the crash). Must not block for long.
class BlockObserver {
public:
    virtual ~BlockObserver() = default;
    virtual void on_block(const std::shared_ptr<const CommittedBlock>& block) = 0;
};

/// What became of a transaction that was handed in: accepted into the mempool, or refused with a code and a line.
struct Submission {
    crypto::Digest hash{};
    chain::TxResult result;
};

struct ConsensusStatus {
    std::string mode; ///< "embedded" or "cometbft"
    std::uint64_t height = 0;
    std::int64_t time_ms = 0; ///< of the last block
    crypto::Digest hash{}; ///< of its header; zeros where it is not known (yet)
    std::uint64_t waiting_transactions = 0;
    std::string trouble; ///< why no more blocks come; empty while they do
};

class Consensus {
public:
    virtual ~Consensus() = default; ///< stops

    /// Checks the transactions and queues those that pass. `done` is called exactly once, from any thread, also from
    /// within this call, with one entry for each transaction in order.
    virtual void submit(std::vector<Bytes> transactions, std::function<void(std::vector<Submission>)> done) = 0;
    virtual ConsensusStatus status() const = 0;
    /// A block's header with the signatures over it. Errors: not_found (not yet, or no longer), io, malformed.
    virtual Result<LightBlock> light_block(std::uint64_t height) const = 0;
    /// The newest height whose state a header that exists, or is about to, names: what is answered from there can be
    /// proven. It holds everything that has committed before the call.
    virtual Result<std::uint64_t> provable_height() = 0;
    /// No more blocks; what was accepted but not yet in a block is dropped. Idempotent.
    virtual void stop() = 0;
};

} // namespace assay::consensus
