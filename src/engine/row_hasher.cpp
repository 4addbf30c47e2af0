#include "engine/row_hasher.h"

#include <bit>
#include <utility>

namespace assay::engine {

static_assert(std::endian::native == std::endian::little, "rows are hashed as they lie in memory");

RowHasher::~RowHasher() { wait(); }

void RowHasher::add(crypto::Sha256& hash, std::span<const float> row) {
    if (!thread_.joinable()) thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
    {
        const std::lock_guard lock(mutex_);
        jobs_.push_back({&hash, row});
    }
    changed_.notify_all();
}

void RowHasher::wait() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return jobs_.empty() && !busy_; });
}

bool RowHasher::idle() {
    const std::lock_guard lock(mutex_);
    return jobs_.empty() && !busy_;
}

void RowHasher::run(const std::stop_token& stop) {
    std::vector<Job> jobs;
    std::unique_lock lock(mutex_);
    while (changed_.wait(lock, stop, [this] { return !jobs_.empty(); })) {
        std::swap(jobs, jobs_);
        busy_ = true;
        lock.unlock();
        for (const Job& job : jobs) {
            job.hash->update(ByteView(reinterpret_cast<const std::uint8_t*>(job.row.data()), job.row.size_bytes()));
        }
        jobs.clear();
        lock.lock();
        busy_ = false;
        changed_.notify_all();
    }
}

} // namespace assay::engine
