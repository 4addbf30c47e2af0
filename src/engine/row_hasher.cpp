#include "engine/row_hasher.h"

#include <algorithm>
#include <bit>

namespace assay::engine {
namespace {

static_assert(std::endian::native == std::endian::little, "rows are hashed as they lie in memory");

void append(crypto::Sha256& hash, std::span<const float> row) {
    hash.update(ByteView(reinterpret_cast<const std::uint8_t*>(row.data()), row.size_bytes()));
}

} // namespace

void RowHasher::add(crypto::Sha256& hash, std::span<const float> row) {
    const auto found = std::ranges::find(hashes_, &hash);
    if (found == hashes_.end()) {
        hashes_.push_back(&hash);
        jobs_.emplace_back([&hash, row] { append(hash, row); });
        return;
    }
    auto& job = jobs_[static_cast<std::size_t>(found - hashes_.begin())]; // a hash takes its rows one after the other
    job = [before = std::move(job), &hash, row] {
        before();
        append(hash, row);
    };
}

void RowHasher::forget() {
    hashes_.clear();
    jobs_.clear();
}

void RowHasher::finish() {
    for (const auto& job : jobs_) job();
    forget();
}

} // namespace assay::engine
