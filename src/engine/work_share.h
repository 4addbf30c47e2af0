#pragma once
/// Deals the groups of one product after the other to the threads of a team: most of them in equal parts that are known
/// beforehand, the rest to whoever comes first, so that a thread that was held up does not hold up the others.
/// Internal to the room. Every thread must come to the same products in the same order. Local class: who computes a group
/// cannot change it.
#include "engine/thread_pool.h"

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace assay::engine {

class WorkShare {
public:
    /// Groups dealt together, whole blocks of the next layer's inputs: for few rows as many as a kernel takes side by side;
    /// for many, where a kernel takes one at a time, as few as there can be, so that threads end together.
    static constexpr std::size_t kUnitFewRows = 4;
    static constexpr std::size_t kUnitManyRows = 2;

    /// Before a pass of `products` products; not while threads are in each().
    void reset(std::uint32_t threads, std::size_t products) {
        products_ = std::vector<Counter>(products);
        arrived_.assign(threads, Arrived{});
    }

    /// Calls work(begin, end) for this thread's parts of [0, groups), multiples of `unit` but at the end.
    template <class Work>
    void each(const Team& team, std::size_t groups, std::size_t unit, const Work& work) {
        std::atomic<std::uint32_t>& taken = products_[arrived_[team.index()].product++].taken;
        const std::size_t units = (groups + unit - 1) / unit;
        const std::size_t dealt = team.count() == 1 ? units : units * 3 / 4 / team.count() * team.count();
        const auto range = [&](std::size_t begin, std::size_t end) {
            if (begin < end) work(begin * unit, std::min(end * unit, groups));
        };
        range(dealt * team.index() / team.count(), dealt * (team.index() + 1) / team.count());
        const std::size_t step = std::max<std::size_t>(1, (units - dealt) / (4 * team.count()));
        for (std::size_t begin; (begin = dealt + step * taken.fetch_add(1, std::memory_order_relaxed)) < units;) {
            range(begin, std::min(begin + step, units));
        }
    }

private:
    struct alignas(64) Counter {
        std::atomic<std::uint32_t> taken{0};
        Counter() = default;
        Counter(const Counter&) {} // for the vector; counters are never copied while in use
    };
    struct alignas(64) Arrived {
        std::size_t product = 0;
    };
    std::vector<Counter> products_;
    std::vector<Arrived> arrived_;
};

} // namespace assay::engine
