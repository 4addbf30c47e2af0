#pragma once
/// A few threads for one short piece of work. Internal to the room.
#include <thread>
#include <vector>

namespace assay::chain {

/// Calls `work(0)` … `work(threads - 1)` side by side, the first in the calling thread; returns when all have ended.
template <class Work>
void run_parallel(unsigned threads, const Work& work) {
    std::vector<std::jthread> others;
    for (unsigned thread = 1; thread < threads; ++thread) others.emplace_back([&work, thread] { work(thread); });
    work(0U);
}

} // namespace assay::chain
