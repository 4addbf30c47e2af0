#pragma once
/// Memory for keys and values in pages of 32 positions. One page holds those positions of every layer and head, so that a
/// sequence is a list of page numbers and sequences with a common beginning share pages.
/// Owns its memory, which the system gives out as pages are first written. Not thread-safe, except that disjoint parts may
/// be written at once. Errors: resource_exhausted (no address space).
#include "base/result.h"
#include "formats/model_file.h"
#include "kernels/kernels.h"

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

namespace assay::engine {

using PageId = std::uint32_t;

class KvPages {
public:
    static constexpr std::uint32_t kPositions = kernels::kPagePositions;

    static Result<std::unique_ptr<KvPages>> create(const formats::ModelConfig& config, std::uint32_t count);
    /// Bytes that one page of such a model takes.
    static std::uint64_t page_bytes(const formats::ModelConfig& config);
    /// Pages that `positions` positions need.
    static std::uint32_t pages_for(std::uint64_t positions) {
        return static_cast<std::uint32_t>((positions + kPositions - 1) / kPositions);
    }

    KvPages(const KvPages&) = delete;
    KvPages& operator=(const KvPages&) = delete;
    ~KvPages();

    std::uint32_t count() const { return count_; }
    /// [group of 16 positions][element of the head][16 positions], binary16.
    std::uint16_t* keys(PageId page, std::uint32_t layer, std::uint32_t kv_head) const {
        return base_ + page * page_elements_ + (std::size_t{layer} * kv_heads_ + kv_head) * 2 * half_elements_;
    }
    /// [position][element of the head], binary16.
    std::uint16_t* values(PageId page, std::uint32_t layer, std::uint32_t kv_head) const {
        return keys(page, layer, kv_head) + half_elements_;
    }
    /// Makes `to` equal to `from`, for a sequence that leaves a shared page in the middle.
    void copy(PageId from, PageId to) const;

private:
    KvPages() = default;
    std::uint16_t* base_ = nullptr;
    std::uint32_t count_ = 0;
    std::uint32_t kv_heads_ = 0;
    std::size_t half_elements_ = 0; ///< keys or values of one layer and head in one page
    std::size_t page_elements_ = 0;
};

/// Page numbers not in use, lowest first, with a count of users for each. Not thread-safe.
class PageAllocator {
public:
    explicit PageAllocator(std::uint32_t count);

    std::uint32_t free_count() const { return static_cast<std::uint32_t>(free_.size()); }
    std::uint32_t count() const { return static_cast<std::uint32_t>(users_.size()); }
    /// A page with one user. Asserts that one is free.
    PageId take();
    void share(PageId page);
    /// Drops one user; true when it was the last and the page is free again.
    bool release(PageId page);
    std::uint32_t users(PageId page) const { return users_[page]; }

private:
    std::vector<PageId> free_; ///< a heap, least on top
    std::vector<std::uint32_t> users_;
};

} // namespace assay::engine
