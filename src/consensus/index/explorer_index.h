#pragma once
/// What has happened on the chain, to be looked up: blocks, transactions, events, accounts. An SQLite file that can be
/// thrown away and built again from blocks; nothing in it is agreed upon.
///
/// A BlockObserver: on_block() queues, a thread of its own writes, in one transaction for whatever has come, so a slow disk
/// delays the index and never the chain. What it missed (it was behind when the node stopped, or its queue was full) it reads
/// from its source.
/// Thread-safe. Local class.
#include "consensus/consensus.h"

#include <cstdint>
#include <filesystem>
#include <functional>
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
    std::optional<std::uint32_t> transaction; ///< its index in the block; absent: the block's own
    std::uint32_t index = 0; ///< among the transaction's, or the block's
    chain::Event event;
};

/// Which events: all that match both.
struct EventQuery {
    std::vector<std::string> types = {}; ///< one of these; "bank.*" = all of that module; empty = any
    std::optional<crypto::Address> account = {}; ///< named by one of the event's attributes
    bool matches(const chain::Event& event) const;
};

struct EventPage {
    std::vector<IndexedEvent> events;
    std::uint64_t next_height = 0; ///< where to go on: every matching event below it has been told
};

class ExplorerIndex : public BlockObserver {
public:
    /// Committed blocks by height. Called from the index's thread. Errors: cancelled (no more will come: the
    /// index ends and reads it after the next start), any other (gone, or its result was lost): skipped.
    using Source = std::function<Result<std::shared_ptr<const CommittedBlock>>(std::uint64_t height)>;
    struct Options {
        /// Of transactions, which take some five times as much memory with their events. Beyond it blocks are read from
        /// the source later.
        std::size_t queued_bytes_max = std::size_t{32} << 20;
        Source source = {}; ///< may be empty: then nothing that was missed is found
        std::uint64_t first = 1; ///< the first height that the source has
        std::uint64_t tip = 0; ///< the last committed height when this opens: blocks up to it come from the source
    };
    /// Opens or creates. A file of another schema version, or a damaged one, is started afresh. Errors: io.
    static Result<std::unique_ptr<ExplorerIndex>> open(const std::filesystem::path& path, Options options);

    /// The last block that can be found. 0 = none.
    virtual std::uint64_t height() const = 0;
    /// Waits until every block told so far can be found (or the index has failed; see trouble()).
    virtual void flush() = 0;
    virtual std::string trouble() const = 0;

    virtual Result<std::optional<IndexedBlock>> block(std::uint64_t height) const = 0;
    virtual Result<std::optional<IndexedBlock>> block(const crypto::Digest& hash) const = 0;
    /// Newest first, below `before` (absent = from the newest).
    virtual Result<std::vector<IndexedBlock>> blocks(std::optional<std::uint64_t> before,
                                                     std::uint32_t limit) const = 0;
    /// By SHA-256 of its bytes, or by the Keccak-256 that Ethereum's wallets use for theirs.
    virtual Result<std::optional<IndexedTransaction>> transaction(const crypto::Digest& hash) const = 0;
    virtual Result<std::vector<IndexedTransaction>> block_transactions(std::uint64_t height) const = 0;
    /// Transactions whose events name the account, newest first, below position `before` (height, index).
    virtual Result<std::vector<IndexedTransaction>>
    account_transactions(const crypto::Address& account, std::optional<std::pair<std::uint64_t, std::uint32_t>> before,
                         std::uint32_t limit) const = 0;
    /// Oldest first from `from_height`: whole blocks, until `limit` events are there or `limit` blocks have been looked at.
    virtual Result<EventPage> event_page(const EventQuery& query, std::uint64_t from_height,
                                         std::uint32_t limit) const = 0;
    Result<std::vector<IndexedEvent>> events(const EventQuery& query, std::uint64_t from_height,
                                             std::uint32_t limit) const {
        return std::move(TRY(event_page(query, from_height, limit)).events);
    }
};

} // namespace assay::consensus
