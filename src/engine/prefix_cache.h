#pragma once
/// Full pages of keys and values by the tokens they hold, so that a later prompt with the same beginning starts from them.
/// A page is found by its parent page and its 32 ids, all compared. Internal to the room.
/// Borrows the allocator; holds one use of every page it knows. Thread-compatible.
/// Committed class: what it finds changes time, never a bit.
#include "engine/kv_pages.h"
#include "tokenizer/tokenizer.h"

#include <array>
#include <cstdint>
#include <span>
#include <unordered_map>
#include <vector>

namespace assay::engine {

class PrefixCache {
public:
    using Entry = std::uint32_t;
    static constexpr Entry kNone = UINT32_MAX;
    using Ids = std::span<const tokenizer::TokenId, KvPages::kPositions>;

    explicit PrefixCache(PageAllocator& allocator) : allocator_(allocator) {}

    /// The page that holds `ids` after the pages of `parent` (kNone = at the start); kNone when unknown.
    Entry find(Entry parent, Ids ids) const;
    /// Remembers a page that find() does not know. The caller has one use of the page and keeps it, as of the entry.
    Entry insert(Entry parent, Ids ids, PageId page);
    PageId page(Entry entry) const { return entries_[entry].page; }

    /// One more user of an entry and its page. A user of an entry uses its parents too.
    void acquire(Entry entry);
    /// Drops one; children before their parents, so that the least recent idle entry never has children.
    void release(Entry entry);

    /// Pages that nobody but the cache uses: evict() frees them.
    std::uint32_t idle_count() const { return idle_count_; }
    /// Forgets the idle entry that was released first; its page is free. Asserts that there is one.
    void evict();

private:
    struct Node {
        std::array<tokenizer::TokenId, KvPages::kPositions> ids;
        Entry parent;
        PageId page;
        std::uint64_t hash;
        std::uint32_t users;
        Entry older, newer; ///< among idle entries
    };

    static std::uint64_t hash_of(Entry parent, Ids ids);
    void append_idle(Entry entry);
    void remove_idle(Entry entry);

    PageAllocator& allocator_;
    std::vector<Node> entries_;
    std::vector<Entry> unused_;
    std::unordered_multimap<std::uint64_t, Entry> by_hash_;
    Entry oldest_ = kNone, newest_ = kNone;
    std::uint32_t idle_count_ = 0;
};

} // namespace assay::engine
