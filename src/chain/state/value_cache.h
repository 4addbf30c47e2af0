#pragma once
/// Values that point reads found, so that hot accounts do not walk the tree each time. Internal to the room.
///
/// Entries are what the last version says: one is good for a reader of version v when it was stored for v or an earlier
/// version. A commit announces its version first, then replaces what it changes, then becomes readable; so a reader of the
/// version before can neither see a new value nor leave an old one behind. Thread-safe.
#include "chain/state/state.h"

#include <array>
#include <atomic>
#include <cstdint>
#include <list>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

namespace assay::chain {

class ValueCache {
public:
    explicit ValueCache(std::size_t bytes_max) : shard_bytes_max_(bytes_max / kShards) {}

    /// Absent: not known. Otherwise what get() returns: a value or nothing.
    std::optional<std::optional<Bytes>> find(ModuleId module, ByteView key, std::uint64_t version);
    /// Does nothing unless `version` is the last announced one.
    void insert(ModuleId module, ByteView key, std::uint64_t version, const std::optional<Bytes>& value);

    void announce(std::uint64_t version) { version_.store(version); }
    /// Of the announced version; only keys that are here are stored.
    void replace(ModuleId module, ByteView key, std::optional<ByteView> value);
    void clear(std::uint64_t version);

private:
    struct Entry {
        std::string key;
        std::optional<Bytes> value;
        std::uint64_t since = 0;
        std::size_t bytes() const;
    };
    using Entries = std::list<Entry>;
    struct Shard {
        std::mutex mutex;
        Entries entries; ///< last used first
        std::unordered_map<std::string_view, Entries::iterator> by_key; ///< never walked
        std::size_t bytes = 0;
    };
    static constexpr std::size_t kShards = 16;

    Shard& shard_of(std::string_view key) { return shards_[std::hash<std::string_view>{}(key) % kShards]; }
    void remove_last(Shard& shard);

    std::size_t shard_bytes_max_;
    std::atomic<std::uint64_t> version_{0};
    std::array<Shard, kShards> shards_;
};

} // namespace assay::chain
