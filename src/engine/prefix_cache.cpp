#include "engine/prefix_cache.h"

#include "base/assert.h"

#include <algorithm>

namespace assay::engine {

std::uint64_t PrefixCache::hash_of(Entry parent, Ids ids) {
    std::uint64_t hash = parent;
    for (const tokenizer::TokenId id : ids) {
        hash = (hash ^ static_cast<std::uint32_t>(id)) * 0x9E3779B97F4A7C15;
        hash ^= hash >> 29;
    }
    return hash;
}

PrefixCache::Entry PrefixCache::find(Entry parent, Ids ids) const {
    const auto [begin, end] = by_hash_.equal_range(hash_of(parent, ids));
    for (auto it = begin; it != end; ++it) {
        const Node& node = entries_[it->second];
        if (node.parent == parent && std::ranges::equal(node.ids, ids)) return it->second;
    }
    return kNone;
}

PrefixCache::Entry PrefixCache::insert(Entry parent, Ids ids, PageId page) {
    Entry entry = static_cast<Entry>(entries_.size());
    if (unused_.empty()) {
        entries_.emplace_back();
    } else {
        entry = unused_.back();
        unused_.pop_back();
    }
    Node& node = entries_[entry];
    std::ranges::copy(ids, node.ids.begin());
    node.parent = parent;
    node.page = page;
    node.hash = hash_of(parent, ids);
    node.users = 1;
    by_hash_.emplace(node.hash, entry);
    allocator_.share(page);
    return entry;
}

void PrefixCache::acquire(Entry entry) {
    Node& node = entries_[entry];
    if (node.users++ == 0) remove_idle(entry);
    allocator_.share(node.page);
}

void PrefixCache::release(Entry entry) {
    Node& node = entries_[entry];
    ASSAY_ASSERT(node.users > 0);
    const bool free = allocator_.release(node.page);
    ASSAY_ASSERT(!free);
    if (--node.users == 0) append_idle(entry);
}

void PrefixCache::evict() {
    ASSAY_ASSERT(oldest_ != kNone);
    const Entry entry = oldest_;
    remove_idle(entry);
    const auto [begin, end] = by_hash_.equal_range(entries_[entry].hash);
    by_hash_.erase(std::find_if(begin, end, [entry](const auto& item) { return item.second == entry; }));
    const bool free = allocator_.release(entries_[entry].page);
    ASSAY_ASSERT(free);
    unused_.push_back(entry);
}

void PrefixCache::append_idle(Entry entry) {
    entries_[entry].older = newest_;
    entries_[entry].newer = kNone;
    (newest_ == kNone ? oldest_ : entries_[newest_].newer) = entry;
    newest_ = entry;
    ++idle_count_;
}

void PrefixCache::remove_idle(Entry entry) {
    const Node& node = entries_[entry];
    (node.older == kNone ? oldest_ : entries_[node.older].newer) = node.newer;
    (node.newer == kNone ? newest_ : entries_[node.newer].older) = node.older;
    --idle_count_;
}

} // namespace assay::engine
