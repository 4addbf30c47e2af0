#include "engine/thread_pool.h"

#include <gtest/gtest.h>

#include <numeric>

namespace assay::engine {
namespace {

// More threads than cores too: a sleeping thread must be woken at every barrier.
class Threads : public testing::TestWithParam<std::uint32_t> {};

TEST_P(Threads, SeeBehindABarrierWhatOthersWroteBeforeIt) {
    ThreadPool pool(GetParam());
    std::vector<std::uint64_t> values(pool.threads(), 1);
    std::vector<std::uint64_t> sums(pool.threads());
    constexpr int kRounds = 300;
    for (int run = 0; run < 5; ++run) {
        std::ranges::fill(values, 1);
        pool.run([&](Team& team) {
            for (int round = 0; round < kRounds; ++round) {
                sums[team.index()] = std::accumulate(values.begin(), values.end(), std::uint64_t{0});
                team.barrier();
                values[team.index()] = sums[team.index()] % 1000003 + team.index();
                team.barrier();
            }
        });
        std::vector<std::uint64_t> expected(pool.threads(), 1);
        for (int round = 0; round < kRounds; ++round) {
            const std::uint64_t sum = std::accumulate(expected.begin(), expected.end(), std::uint64_t{0});
            for (std::size_t i = 0; i < expected.size(); ++i) expected[i] = sum % 1000003 + i;
        }
        EXPECT_EQ(values, expected);
    }
}

TEST_P(Threads, ShareEveryItemOnce) {
    ThreadPool pool(GetParam());
    for (const std::size_t items : {0U, 1U, 2U, 7U, 8U, 9U, 100U}) {
        for (const std::size_t unit : {1U, 2U, 8U}) {
            std::vector<std::atomic<int>> seen(items);
            std::atomic<bool> aligned{true};
            pool.run([&](Team& team) {
                const auto [begin, end] = team.share(items, unit);
                if (begin % unit != 0 && begin != items) aligned = false;
                for (std::size_t i = begin; i < end; ++i) ++seen[i];
            });
            for (const auto& count : seen) EXPECT_EQ(count, 1);
            EXPECT_TRUE(aligned);
        }
    }
}

INSTANTIATE_TEST_SUITE_P(Counts, Threads, testing::Values(1U, 2U, 3U, 5U));

} // namespace
} // namespace assay::engine
