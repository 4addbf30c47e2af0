#include "chain/core/workers.h"

#include <algorithm>

namespace assay::chain {
namespace {

constexpr std::size_t kSliceItems = 8; ///< some 0.3 ms of recoveries: little to wait for at the end

} // namespace

Workers::Workers(unsigned threads) {
    for (unsigned i = 0; i < threads; ++i) threads_.emplace_back([this] { serve(); });
}

Workers::~Workers() {
    {
        const std::lock_guard lock(mutex_);
        closed_ = true;
    }
    changed_.notify_all();
}

void Workers::for_each(std::size_t count, const std::function<void(std::size_t)>& work) {
    if (threads_.empty() || count <= kSliceItems) {
        for (std::size_t i = 0; i < count; ++i) work(i);
        return;
    }
    const auto job = std::make_shared<Job>();
    job->work = &work;
    job->count = count;
    {
        const std::lock_guard lock(mutex_);
        jobs_.push_back(job);
    }
    changed_.notify_all();
    take_part(*job);
    std::unique_lock lock(mutex_);
    std::erase(jobs_, job);
    changed_.wait(lock, [&] { return job->done == count; });
}

void Workers::take_part(Job& job) {
    std::size_t done = 0;
    for (;;) {
        const std::size_t begin = job.next.fetch_add(kSliceItems);
        if (begin >= job.count) break;
        const std::size_t end = std::min(begin + kSliceItems, job.count);
        for (std::size_t i = begin; i < end; ++i) (*job.work)(i);
        done += end - begin;
    }
    if (done == 0) return;
    {
        const std::lock_guard lock(mutex_);
        job.done += done;
    }
    changed_.notify_all();
}

void Workers::serve() {
    std::unique_lock lock(mutex_);
    for (;;) {
        changed_.wait(lock, [&] { return closed_ || !jobs_.empty(); });
        if (closed_) return;
        const std::shared_ptr<Job> job = jobs_.front();
        if (job->next >= job->count) {
            jobs_.pop_front();
            continue;
        }
        lock.unlock();
        take_part(*job);
        lock.lock();
    }
}

} // namespace assay::chain
