#pragma once
/// What the parts of StateStore share. Internal to the room.
#include "chain/state/node_reader.h"
#include "chain/state/state_store.h"
#include "chain/state/state_tables.h"
#include "chain/state/sweep.h"
#include "chain/state/value_cache.h"

#include <deque>
#include <memory>
#include <mutex>
#include <vector>

namespace assay::chain {

/// Everything one commit writes, in the order in which it is appended. Views point into `arenas`.
struct PendingState {
    struct NodeRecord {
        NodeKey key;
        ByteView bytes;
    };
    struct ChangeRecord {
        Location location;
        ByteView bytes; ///< of encode_value
    };
    struct CachedNode {
        std::size_t module;
        NodePath path;
        std::shared_ptr<const InnerNode> node;
    };
    std::uint64_t base_version = 0;
    VersionRecord record;
    std::vector<NodeRecord> nodes;
    std::vector<ChangeRecord> changes;
    std::vector<CachedNode> cached;
    StaleList stale;
    std::deque<Bytes> arenas;
};

struct StateStore::Impl {
    Impl(storage::Database& to, const Options& with, const StateTables& in)
        : database(to), options(with), tables(in), nodes(with.node_cache_bytes), values(with.value_cache_bytes) {}

    storage::Database& database;
    Options options;
    StateTables tables;
    mutable NodeCache nodes;
    mutable ValueCache values;
    Sweep sweep;

    std::shared_ptr<const VersionRecord> head() const {
        const std::lock_guard lock(mutex);
        return head_;
    }
    void publish(VersionRecord record, std::uint64_t oldest_version) {
        auto next = std::make_shared<const VersionRecord>(std::move(record));
        const std::lock_guard lock(mutex);
        head_ = std::move(next);
        oldest = oldest_version;
    }

    mutable std::mutex mutex;
    std::shared_ptr<const VersionRecord> head_; ///< guarded by mutex
    std::uint64_t oldest = 0;                   ///< guarded by mutex
    bool has_failed = false;                    ///< a commit did; used by the writing thread
};

Result<std::unique_ptr<PendingState>> prepare_state(StateStore::Options options, storage::Database& database,
                                                    const StateTables& tables, NodeCache& cache,
                                                    const VersionRecord& base, std::uint64_t version,
                                                    const Overlay& changes);
/// Writes all of `pending` but its version's record.
void write_pending(storage::WriteTransaction& transaction, const StateTables& tables, const PendingState& pending);
Result<void> rollback_state(storage::WriteTransaction& transaction, const StateTables& tables, std::uint64_t version);
std::shared_ptr<const StateView> make_view(std::unique_ptr<storage::ReadTransaction> transaction,
                                           const StateTables& tables, NodeCache& nodes, ValueCache& values,
                                           VersionRecord record, std::uint64_t last_version);

/// Prints one line and ends the process: a state that cannot be read right must neither answer nor commit.
[[noreturn]] void stop_for_damaged_state(const Error& error);

} // namespace assay::chain
