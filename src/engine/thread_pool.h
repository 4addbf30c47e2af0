#pragma once
/// Threads that run one function together and meet at barriers inside it, as a forward pass does a few hundred times.
/// A thread that waits spins first, longer at a barrier than between runs, then sleeps. run() is called by one thread at a
/// time, which takes part.
/// Local class: nothing computed may depend on the number of threads.
#include <atomic>
#include <cstdint>
#include <functional>
#include <thread>
#include <utility>
#include <vector>

namespace assay::engine {

class ThreadPool;

/// One thread's place among those that run a function together.
class Team {
public:
    std::uint32_t index() const { return index_; }
    std::uint32_t count() const { return count_; }
    /// Returns when every thread of the team has called it; what was written before is seen after.
    void barrier();
    /// This thread's part [first, second) of `items`, in whole multiples of `unit` except at the end.
    std::pair<std::size_t, std::size_t> share(std::size_t items, std::size_t unit = 1) const;

private:
    friend class ThreadPool;
    Team(ThreadPool& pool, std::uint32_t index, std::uint32_t count) : pool_(pool), index_(index), count_(count) {}
    ThreadPool& pool_;
    std::uint32_t index_;
    std::uint32_t count_;
};

class ThreadPool {
public:
    /// `threads` >= 1, the caller of run() included.
    explicit ThreadPool(std::uint32_t threads);
    ThreadPool(const ThreadPool&) = delete;
    ThreadPool& operator=(const ThreadPool&) = delete;
    ~ThreadPool();

    std::uint32_t threads() const { return count_; }
    /// Calls `work` once on every thread and returns when all have finished. It must not throw.
    void run(const std::function<void(Team&)>& work);

private:
    friend class Team;
    void worker(std::uint32_t index);
    void arrive();

    std::uint32_t count_;
    int barrier_spins_;
    const std::function<void(Team&)>* work_ = nullptr;
    bool stopping_ = false;
    alignas(64) std::atomic<std::uint32_t> arrived_{0};
    alignas(64) std::atomic<std::uint32_t> generation_{0};
    alignas(64) std::atomic<std::uint32_t> runs_{0};
    std::vector<std::jthread> workers_;
};

} // namespace assay::engine
