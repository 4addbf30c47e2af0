#include "engine/hash_jobs.h"

#include <algorithm>
#include <atomic>
#include <thread>

namespace assay::engine {

void HashJobs::add(std::uint64_t size, std::function<void()> work) {
    jobs_.push_back({size, std::move(work)});
    size_all_ += size;
}

void HashJobs::run(std::uint32_t threads, const Progress& progress) {
    constexpr std::uint32_t kThreadsMax = 32; // beyond this memory is the limit
    if (threads == 0) threads = std::max(1U, std::thread::hardware_concurrency());
    threads = std::min(threads, kThreadsMax);
    std::atomic<std::size_t> next{0};
    std::atomic<std::uint64_t> done{0};
    const auto run_one = [&] {
        const std::size_t index = next.fetch_add(1);
        if (index >= jobs_.size()) return false;
        jobs_[index].work();
        done.fetch_add(jobs_[index].size);
        return true;
    };
    {
        std::vector<std::jthread> helpers;
        for (std::uint32_t i = 1; i < threads; ++i)
            helpers.emplace_back([&] {
                while (run_one()) {}
            });
        while (run_one()) {
            if (progress) progress(std::min(done.load(), size_all_ - 1), size_all_);
        }
    } // joins: the last pieces are a few milliseconds
    if (progress) progress(size_all_, size_all_);
}

} // namespace assay::engine
