#pragma once
/// Threads that check handed-in transactions, one call's batch at a time, so that signatures of several callers are
/// recovered side by side. The queue is bounded: a caller beyond it is told that the mempool is full.
/// Thread-safe. The destructor runs what is queued, then joins.
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace assay::consensus {

class CheckPool {
public:
    explicit CheckPool(std::uint32_t threads, std::size_t jobs_max = 4096);
    ~CheckPool();

    /// False when the queue is full or closed; `job` is then not kept.
    bool post(std::function<void()> job);
    /// Takes no more jobs and waits for those it has. Idempotent.
    void close();

private:
    void work();

    std::mutex mutex_;
    std::condition_variable changed_;
    std::deque<std::function<void()>> jobs_;
    std::size_t jobs_max_;
    bool closed_ = false;
    std::vector<std::jthread> threads_;
};

} // namespace assay::consensus
