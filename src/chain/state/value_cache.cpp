#include "chain/state/value_cache.h"

namespace assay::chain {
namespace {

constexpr std::size_t kEntryOverheadBytes = 160; // list node, table node, allocator

/// The module's number and the key, without an allocation.
class CacheKey {
public:
    CacheKey(ModuleId module, ByteView key) : size_(1 + key.size()) {
        bytes_[0] = static_cast<char>(module);
        as_string_view(key).copy(bytes_.data() + 1, kStateKeyBytesMax);
    }
    operator std::string_view() const { return {bytes_.data(), size_}; } // NOLINT(google-explicit-constructor)

private:
    std::array<char, 1 + kStateKeyBytesMax> bytes_;
    std::size_t size_;
};

} // namespace

std::size_t ValueCache::Entry::bytes() const { return kEntryOverheadBytes + key.size() + (value ? value->size() : 0); }

std::optional<std::optional<Bytes>> ValueCache::find(ModuleId module, ByteView key, std::uint64_t version) {
    const CacheKey cache_key(module, key);
    Shard& shard = shard_of(cache_key);
    const std::lock_guard lock(shard.mutex);
    const auto it = shard.by_key.find(cache_key);
    if (it == shard.by_key.end() || it->second->since > version) return std::nullopt;
    shard.entries.splice(shard.entries.begin(), shard.entries, it->second);
    return it->second->value;
}

void ValueCache::insert(ModuleId module, ByteView key, std::uint64_t version, const std::optional<Bytes>& value) {
    const CacheKey cache_key(module, key);
    Shard& shard = shard_of(cache_key);
    Entry entry{std::string(std::string_view(cache_key)), value, version};
    if (entry.bytes() > shard_bytes_max_) return;
    const std::lock_guard lock(shard.mutex);
    if (version_.load() != version || shard.by_key.contains(entry.key)) return;
    shard.bytes += entry.bytes();
    shard.entries.push_front(std::move(entry));
    shard.by_key.emplace(shard.entries.front().key, shard.entries.begin());
    while (shard.bytes > shard_bytes_max_) remove_last(shard);
}

void ValueCache::replace(ModuleId module, ByteView key, std::optional<ByteView> value) {
    const CacheKey cache_key(module, key);
    Shard& shard = shard_of(cache_key);
    const std::lock_guard lock(shard.mutex);
    const auto it = shard.by_key.find(cache_key);
    if (it == shard.by_key.end()) return;
    Entry& entry = *it->second;
    shard.bytes -= entry.bytes();
    entry.since = version_.load();
    entry.value.reset();
    if (value) entry.value.emplace(value->begin(), value->end());
    shard.bytes += entry.bytes();
    while (shard.bytes > shard_bytes_max_) remove_last(shard);
}

void ValueCache::clear(std::uint64_t version) {
    version_.store(version);
    for (Shard& shard : shards_) {
        const std::lock_guard lock(shard.mutex);
        shard.by_key.clear();
        shard.entries.clear();
        shard.bytes = 0;
    }
}

void ValueCache::remove_last(Shard& shard) {
    Entry& entry = shard.entries.back();
    shard.bytes -= entry.bytes();
    shard.by_key.erase(entry.key);
    shard.entries.pop_back();
}

} // namespace assay::chain
