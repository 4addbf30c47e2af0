#pragma once
/// Many byte ranges hashed by all cores. Internal to the room. One thread owns the object; run() uses helpers of its own.
/// Committed class: results do not depend on the number of threads.
#include "base/bytes.h"

#include <cstdint>
#include <functional>
#include <vector>

namespace assay::engine {

class HashJobs {
public:
    using Progress = std::function<void(std::uint64_t done, std::uint64_t all)>;

    /// `work` hashes `size` bytes and writes where no other job does. It must not throw.
    void add(std::uint64_t size, std::function<void()> work);

    /// Runs everything that was added, on `threads` threads (0 = one a core) of which the caller is one.
    /// `progress` is called on the caller's thread alone, its last call with done == all; may be empty.
    void run(std::uint32_t threads, const Progress& progress);

private:
    struct Job {
        std::uint64_t size;
        std::function<void()> work;
    };
    std::vector<Job> jobs_;
    std::uint64_t size_all_ = 0;
};

} // namespace assay::engine
