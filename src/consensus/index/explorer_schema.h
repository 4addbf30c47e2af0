#pragma once
/// The tables of the explorer's index, and writing a block into them. Internal to the folder. Used by one thread at a time.
#include "consensus/index/explorer_index.h"
#include "storage/sqlite.h"

#include <set>
#include <tuple>

namespace assay::consensus {

/// Raise kVersion with each change of a table: the file is then built again.
storage::SqliteIndex::Schema explorer_schema();

/// Addresses that an event names: attribute values of the form 0x and 40 digits.
void collect_accounts(const chain::Event& event, std::set<crypto::Address>& accounts);

/// Statements kept for the life of a connection, which they must not outlive.
class BlockWriter {
public:
    static Result<BlockWriter> create(storage::SqliteIndex& index);
    /// Inside a transaction of the caller's. A block that is there already is an error (invalid_argument).
    Result<void> write(const CommittedBlock& block);
    /// Writes the ways to find transactions by hash and account, which write() gathers: sorted, so that a page of a large
    /// table is visited once for all its new rows. Before the caller's transaction commits.
    Result<void> finish();

private:
    BlockWriter(storage::SqliteStatement block, storage::SqliteStatement transaction, storage::SqliteStatement hash,
                storage::SqliteStatement account, storage::SqliteStatement type)
        : block_(std::move(block)), transaction_(std::move(transaction)), hash_(std::move(hash)),
          account_(std::move(account)), type_(std::move(type)) {}
    Result<void> write_transaction(const CommittedBlock& block, std::uint32_t position, std::set<std::string>& types);
    void note_accounts(const std::vector<chain::Event>& events, std::uint64_t height, std::int64_t position,
                       std::set<std::string>& types);

    storage::SqliteStatement block_, transaction_, hash_, account_, type_;
    std::vector<std::tuple<crypto::Digest, std::uint64_t, std::uint32_t>> hashes_; ///< height, position
    std::vector<std::tuple<crypto::Address, std::uint64_t, std::int64_t>> accounts_;
};

} // namespace assay::consensus
