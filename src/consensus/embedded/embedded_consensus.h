#pragma once
/// Consensus of one node: it orders what it is sent and commits in groups. As many transactions as have come while the
/// block before was being made durable form the next one, so throughput does not wait for the disk and a lone transaction
/// does not wait for company.
///
/// A block is signed, appended to the log, executed while the log is being synced, and committed; only then are observers
/// told, and only then does its signature leave the process: no two signed blocks of one height can be seen, whatever
/// crashes. After a crash, blocks that the log has and the state lacks are checked and executed again. What executing gave is
/// kept in a second log, for the explorer; only a power cut can lose its last entries. Any failure to write ends block making
/// for good (status().trouble): nothing is told to have succeeded that might be lost.
///
/// The state after a block is named by the next header. provable_height() makes an empty block for that where the last one is
/// not empty itself, so there is at most one for each block that somebody paid for.
#include "consensus/blocks/block_log.h"
#include "consensus/consensus.h"
#include "consensus/embedded/block.h"
#include "consensus/embedded/mempool.h"

#include <cstdint>
#include <filesystem>
#include <memory>
#include <vector>

namespace assay::consensus {

struct EmbeddedOptions {
    std::filesystem::path blocks_folder;
    std::filesystem::path results_folder; ///< empty: results are not kept
    std::shared_ptr<const crypto::Ed25519SecretKey> validator; ///< this node's key, the one signer of every block
    /// 0: a block as soon as there is a transaction, and none without. Otherwise a block every so often, empty or not.
    std::uint32_t block_interval_ms = 0;
    /// Of the first block: the genesis document's. That block is empty and made at once, so that the state of genesis can be
    /// asked.
    std::uint64_t initial_height = 1;
    std::size_t block_bytes_max = std::size_t{8} << 20;
    std::uint32_t check_threads = 0; ///< 0 = one a core
    MempoolLimits mempool;
    /// Milliseconds since 1970; block times are this, but always rise. For tests; the system's clock when empty.
    std::function<std::int64_t()> clock_ms;
};

class EmbeddedConsensus : public Consensus {
public:
    /// Borrows `application` (past init_chain or with a genesis given) and the observers, which must outlive it. Replays first.
    /// Errors: malformed (the log and the state do not belong together, another key, or damage, named), unsupported (a log
    /// from before blocks were signed), io, and what replay meets.
    static Result<std::unique_ptr<EmbeddedConsensus>>
    start(chain::Application& application, std::vector<BlockObserver*> observers, EmbeddedOptions options);

    /// A block as it was ordered. Errors: not_found, malformed (damage), io.
    virtual Result<EmbeddedBlock> stored_block(std::uint64_t height) const = 0;
    virtual std::uint64_t first_stored_height() const = 0;
    /// With its result, for the explorer. Errors: not_found (also when its result was lost or is not kept), malformed, io.
    virtual Result<std::shared_ptr<const CommittedBlock>> committed_block(std::uint64_t height) const = 0;
    /// Waits until the mempool has been empty and every block committed once. For tests and orderly ends.
    virtual void wait_until_idle() = 0;
};

} // namespace assay::consensus
