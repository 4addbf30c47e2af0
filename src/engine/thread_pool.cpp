#include "engine/thread_pool.h"

#include "base/assert.h"

#include <algorithm>

namespace assay::engine {
namespace {

/// About 100 microseconds: longer than the sampler works between two passes, too short to keep an idle machine busy.
constexpr int kSpins = 3000;
/// Some milliseconds, a time slice of the system's: where every thread has a core, one that sleeps at a barrier while other
/// programs compete would wait a whole slice for each of the few hundred barriers of a pass.
constexpr int kBarrierSpins = 400'000;

inline void pause_briefly() {
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    asm volatile("yield");
#endif
}

/// Returns when `value` is no longer `old`.
void await_change(std::atomic<std::uint32_t>& value, std::uint32_t old, int spins) {
    for (int spin = 0; spin < spins; ++spin) {
        if (value.load(std::memory_order_acquire) != old) return;
        pause_briefly();
    }
    while (value.load(std::memory_order_acquire) == old) value.wait(old, std::memory_order_acquire);
}

} // namespace

void Team::barrier() {
    if (count_ > 1) pool_.arrive();
}

std::pair<std::size_t, std::size_t> Team::share(std::size_t items, std::size_t unit) const {
    const std::size_t units = (items + unit - 1) / unit;
    const std::size_t begin = units * index_ / count_ * unit;
    const std::size_t end = units * (index_ + 1) / count_ * unit;
    return {std::min(begin, items), std::min(end, items)};
}

ThreadPool::ThreadPool(std::uint32_t threads)
    : count_(threads), barrier_spins_(threads <= std::thread::hardware_concurrency() ? kBarrierSpins : kSpins) {
    ASSAY_ASSERT(threads >= 1);
    for (std::uint32_t index = 1; index < threads; ++index) workers_.emplace_back([this, index] { worker(index); });
}

ThreadPool::~ThreadPool() {
    stopping_ = true;
    runs_.fetch_add(1, std::memory_order_release);
    runs_.notify_all();
}

void ThreadPool::run(const std::function<void(Team&)>& work) {
    work_ = &work;
    runs_.fetch_add(1, std::memory_order_release);
    runs_.notify_all();
    Team team(*this, 0, count_);
    work(team);
    team.barrier();
}

void ThreadPool::worker(std::uint32_t index) {
    for (std::uint32_t seen = 0;; ++seen) {
        await_change(runs_, seen, kSpins);
        if (stopping_) return;
        Team team(*this, index, count_);
        (*work_)(team);
        team.barrier();
    }
}

/// The last to arrive opens the next generation; the others wait for it.
void ThreadPool::arrive() {
    const std::uint32_t generation = generation_.load(std::memory_order_relaxed);
    if (arrived_.fetch_add(1, std::memory_order_acq_rel) + 1 == count_) {
        arrived_.store(0, std::memory_order_relaxed);
        generation_.fetch_add(1, std::memory_order_release);
        generation_.notify_all();
        return;
    }
    await_change(generation_, generation, barrier_spins_);
}

} // namespace assay::engine
