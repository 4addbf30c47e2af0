#pragma once
/// Versioned entries of a MemoryDatabase. Internal to the room.
/// Thread-safe: each member takes the lock it needs, except those that say otherwise.
#include "base/bytes.h"
#include "storage/database.h"
#include "storage/memory_database.h"

#include <algorithm>
#include <atomic>
#include <cstring>
#include <map>
#include <mutex>
#include <shared_mutex>
#include <thread>

namespace assay::storage {

struct BytesLess {
    using is_transparent = void;
    bool operator()(ByteView a, ByteView b) const {
        const std::size_t common = std::min(a.size(), b.size());
        const int order = common == 0 ? 0 : std::memcmp(a.data(), b.data(), common);
        return order != 0 ? order < 0 : a.size() < b.size();
    }
};

/// The values of one key, oldest first. Views of them hold until the version is dropped, whatever is added.
struct MemoryEntry {
    struct Version {
        std::uint64_t number;
        std::unique_ptr<Bytes> value; ///< nothing: erased in this version
    };
    std::vector<Version> versions;
    bool waits = false; ///< is in MemoryState::waiting

    /// What a reader of `number` sees, or null.
    const Bytes* seen_at(std::uint64_t number) const;
};

using MemoryTable = std::map<Bytes, MemoryEntry, BytesLess>;

struct MemoryState {
    struct Place {
        std::size_t table;
        MemoryTable::iterator entry;
    };

    MemoryDatabase::Options options;
    std::mutex writer; ///< held by the write transaction
    std::atomic<std::thread::id> writer_thread;
    bool failed = false; ///< a commit failed; guarded by writer

    std::shared_mutex mutex; ///< guards everything below
    std::vector<std::string> names;
    std::vector<MemoryTable> tables;
    std::vector<std::uint64_t> entries; ///< of each table, as committed
    std::uint64_t committed = 0;
    std::map<std::uint64_t, std::size_t> readers; ///< version -> open transactions
    std::vector<Place> waiting;                   ///< entries with versions that only a reader keeps

    /// Call with `mutex` held alone.
    std::uint64_t oldest_seen() const {
        return readers.empty() ? committed : std::min(committed, readers.begin()->first);
    }
    void drop_unseen(std::vector<Place> places);
};

} // namespace assay::storage
