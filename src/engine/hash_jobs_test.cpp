#include "engine/hash_jobs.h"

#include <gtest/gtest.h>

#include <thread>

namespace assay::engine {
namespace {

TEST(HashJobs, RunsEachJobOnceWhateverTheThreads) {
    for (std::uint32_t threads = 0; threads <= 8; ++threads) {
        HashJobs jobs;
        std::vector<int> runs(100, 0);
        for (std::size_t i = 0; i < runs.size(); ++i) jobs.add(i, [&runs, i] { ++runs[i]; });
        jobs.run(threads, {});
        EXPECT_EQ(runs, std::vector<int>(100, 1)) << threads;
    }
}

TEST(HashJobs, ReportsOnTheCallersThreadAndEndsComplete) {
    HashJobs jobs;
    for (int i = 0; i < 50; ++i) jobs.add(10, [] {});
    const auto caller = std::this_thread::get_id();
    std::uint64_t last = 0;
    std::uint64_t complete = 0;
    jobs.run(4, [&](std::uint64_t done, std::uint64_t all) {
        EXPECT_EQ(std::this_thread::get_id(), caller);
        EXPECT_EQ(all, 500U);
        EXPECT_GE(done, last);
        last = done;
        complete += done == all;
    });
    EXPECT_EQ(last, 500U);
    EXPECT_EQ(complete, 1U);
}

TEST(HashJobs, NothingToDoIsComplete) {
    HashJobs jobs;
    int calls = 0;
    jobs.run(2, [&](std::uint64_t done, std::uint64_t all) {
        EXPECT_EQ(done, all);
        ++calls;
    });
    EXPECT_EQ(calls, 1);
}

} // namespace
} // namespace assay::engine
