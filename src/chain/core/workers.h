#pragma once
/// Threads for the only work of a block that is worth sharing out: recovering signatures.
/// Thread-safe: several callers may share one pool, and each works on its own items too.
#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

namespace assay::chain {

class Workers {
public:
    /// `threads` besides the callers'; 0 makes every call run alone.
    explicit Workers(unsigned threads);
    ~Workers();
    Workers(const Workers&) = delete;
    Workers& operator=(const Workers&) = delete;

    /// Runs `work(i)` for every i below `count`, in any order and on any thread; returns when all are done.
    void for_each(std::size_t count, const std::function<void(std::size_t)>& work);

private:
    struct Job {
        const std::function<void(std::size_t)>* work = nullptr;
        std::size_t count = 0;
        std::atomic<std::size_t> next = 0;
        std::size_t done = 0; ///< guarded by mutex_
    };
    /// Takes slices of the job until none is left.
    void take_part(Job& job);
    void serve();

    std::mutex mutex_;
    std::condition_variable changed_;
    std::deque<std::shared_ptr<Job>> jobs_; ///< that may have items left
    bool closed_ = false;
    std::vector<std::jthread> threads_;
};

} // namespace assay::chain
