#include "consensus/embedded/check_pool.h"

#include <algorithm>

namespace assay::consensus {

CheckPool::CheckPool(std::uint32_t threads, std::size_t jobs_max) : jobs_max_(jobs_max) {
    const std::uint32_t count = threads == 0 ? std::max(1u, std::thread::hardware_concurrency()) : threads;
    for (std::uint32_t i = 0; i < count; ++i) threads_.emplace_back([this] { work(); });
}

CheckPool::~CheckPool() { close(); }

bool CheckPool::post(std::function<void()> job) {
    {
        const std::lock_guard lock(mutex_);
        if (closed_ || jobs_.size() >= jobs_max_) return false;
        jobs_.push_back(std::move(job));
    }
    changed_.notify_one();
    return true;
}

void CheckPool::close() {
    {
        const std::lock_guard lock(mutex_);
        closed_ = true;
    }
    changed_.notify_all();
    threads_.clear(); // joins
}

void CheckPool::work() {
    std::unique_lock lock(mutex_);
    for (;;) {
        changed_.wait(lock, [this] { return closed_ || !jobs_.empty(); });
        if (jobs_.empty()) return;
        const std::function<void()> job = std::move(jobs_.front());
        jobs_.pop_front();
        lock.unlock();
        job();
        lock.lock();
    }
}

} // namespace assay::consensus
