#pragma once
/// What has happened on the chain, to be looked up: blocks, transactions, events, accounts. An SQLite file that can be
/// thrown away and built again from blocks; nothing in it is agreed upon.
///
/// A BlockObserver: on_block() queues, a thread of its own writes, in one transaction for whatever has come, so a slow disk
/// delays the index and never the chain. After a crash the index may lag; height() says where it stands and the caller
/// hands it the blocks that it missed (blocks at or below height() are ignored).
/// Thread-safe. Local class.
#include "consensus/consensus.h"

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace assay::consensus {

struct IndexedBlock {
    std::uint64_t height = 0;
    std::int64_t time_ms = 0;
    crypto::Digest hash{};
    crypto::Digest app_hash{};
    crypto::Address proposer;
    std::uint64_t transactions = 0;
    std::uint64_t bytes = 0;
    std::uint64_t gas_used = 0;
};

struct IndexedTransaction {
    crypto::Digest hash{};
    std::uint64_t height = 0;
    std::uint32_t index = 0; ///< in its block
    std::int64_t time_ms = 0;
    chain::TxResult result; ///< without events
    Bytes wire;
    std::vector<chain::Event> events;
};

struct IndexedEvent {
    std::uint64_t height = 0;
    std::int64_t time_ms = 0;
    std::optional<crypto::Digest> transaction; ///< absent: the block's own
    std::uint32_t index = 0; ///< in its block, transactions' first
    chain::Event event;
};

class ExplorerIndex : public BlockObserver {
public:
    /// Opens or creates. A file of another schema version is started afresh. Errors: io, malformed (damaged file).
    static Result<std::unique_ptr<ExplorerIndex>> open(const std::filesystem::path& path);

    /// The last block that can be found. 0 = none.
    virtual std::uint64_t height() const = 0;
    /// Waits until every block told so far can be found (or the index has failed; see trouble()).
    virtual void flush() = 0;
    virtual std::string trouble() const = 0;
    /// Drops blocks above `height`, or everything with 0: before a rollback, or to build it again.
    virtual Result<void> truncate_after(std::uint64_t height) = 0;

    virtual Result<std::optional<IndexedBlock>> block(std::uint64_t height) const = 0;
    virtual Result<std::optional<IndexedBlock>> block(const crypto::Digest& hash) const = 0;
    /// Newest first, below `before` (absent = from the newest).
    virtual Result<std::vector<IndexedBlock>> blocks(std::optional<std::uint64_t> before,
                                                     std::uint32_t limit) const = 0;
    virtual Result<std::optional<IndexedTransaction>> transaction(const crypto::Digest& hash) const = 0;
    virtual Result<std::vector<IndexedTransaction>> block_transactions(std::uint64_t height) const = 0;
    /// Transactions whose events or sender name the account, newest first, below position `before` (height, index).
    virtual Result<std::vector<IndexedTransaction>>
    account_transactions(const crypto::Address& account, std::optional<std::pair<std::uint64_t, std::uint32_t>> before,
                         std::uint32_t limit) const = 0;
    /// Oldest first from `from_height`. `type` empty = all; a type that ends in ".*" = all of that module.
    virtual Result<std::vector<IndexedEvent>> events(std::string_view type,
                                                     const std::optional<crypto::Address>& account,
                                                     std::uint64_t from_height, std::uint32_t limit) const = 0;
};

} // namespace assay::consensus
