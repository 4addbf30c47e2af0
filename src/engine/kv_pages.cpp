#include "engine/kv_pages.h"

#include "base/assert.h"

#include <algorithm>
#include <cstring>
#include <functional>
#include <numeric>
#include <string>

#include <sys/mman.h>

namespace assay::engine {
namespace {

/// Values are kept in whole vectors of 16 elements.
std::size_t half_elements(const formats::ModelConfig& config) {
    const std::size_t padded = (config.head_size + kernels::kLanes - 1) / kernels::kLanes * kernels::kLanes;
    return KvPages::kPositions * padded;
}

} // namespace

std::uint64_t KvPages::page_bytes(const formats::ModelConfig& config) {
    return std::uint64_t{config.layers} * config.kv_heads * 2 * half_elements(config) * sizeof(std::uint16_t);
}

Result<std::unique_ptr<KvPages>> KvPages::create(const formats::ModelConfig& config, std::uint32_t count) {
    ASSAY_ASSERT(count > 0);
    const std::uint64_t size = page_bytes(config) * count;
    // Reserved, not yet given: memory is spent on pages that sequences have reached.
    void* memory = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED) {
        return fail(ErrorCode::resource_exhausted,
                    "no room for a key-value cache of " + std::to_string(size) + " bytes");
    }
    std::unique_ptr<KvPages> pages(new KvPages);
    pages->base_ = static_cast<std::uint16_t*>(memory);
    pages->count_ = count;
    pages->kv_heads_ = config.kv_heads;
    pages->half_elements_ = half_elements(config);
    pages->page_elements_ = page_bytes(config) / sizeof(std::uint16_t);
    return pages;
}

KvPages::~KvPages() { munmap(base_, std::size_t{count_} * page_elements_ * sizeof(std::uint16_t)); }

void KvPages::copy(PageId from, PageId to) const {
    ASSAY_ASSERT(from < count_ && to < count_ && from != to);
    std::memcpy(base_ + to * page_elements_, base_ + from * page_elements_, page_elements_ * sizeof(std::uint16_t));
}

PageAllocator::PageAllocator(std::uint32_t count) : free_(count), users_(count, 0) {
    std::iota(free_.begin(), free_.end(), PageId{0}); // ascending is a heap already
}

PageId PageAllocator::take() {
    ASSAY_ASSERT(!free_.empty());
    std::pop_heap(free_.begin(), free_.end(), std::greater<>());
    const PageId page = free_.back();
    free_.pop_back();
    users_[page] = 1;
    return page;
}

void PageAllocator::share(PageId page) {
    ASSAY_ASSERT(users_[page] > 0);
    ++users_[page];
}

bool PageAllocator::release(PageId page) {
    ASSAY_ASSERT(users_[page] > 0);
    if (--users_[page] != 0) return false;
    free_.push_back(page);
    std::push_heap(free_.begin(), free_.end(), std::greater<>());
    return true;
}

} // namespace assay::engine
