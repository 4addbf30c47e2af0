#include "consensus/index/commit_waiters.h"

#include "crypto/sha256.h"

#include <gtest/gtest.h>

#include <future>

namespace assay::consensus {
namespace {

using namespace std::chrono_literals;

std::shared_ptr<CommittedBlock> block(std::uint64_t height, std::vector<Bytes> transactions) {
    auto made = std::make_shared<CommittedBlock>();
    made->info.height = height;
    made->result.transactions.resize(transactions.size());
    made->transactions = std::move(transactions);
    return made;
}

std::future<std::optional<CommittedTransaction>> wait(CommitWaiters& waiters, const Bytes& wire,
                                                      std::chrono::milliseconds timeout) {
    auto promise = std::make_shared<std::promise<std::optional<CommittedTransaction>>>();
    auto future = promise->get_future();
    waiters.wait(crypto::sha256(wire), timeout, [promise](auto result) { promise->set_value(std::move(result)); });
    return future;
}

TEST(CommitWaiters, CallsBackWhenTheTransactionCommits) {
    CommitWaiters waiters;
    auto first = wait(waiters, {1}, 1h), second = wait(waiters, {1}, 1h), other = wait(waiters, {3}, 1h);
    waiters.on_block(block(7, {{2}, {1}}));
    const auto result = first.get();
    ASSERT_TRUE(result);
    EXPECT_EQ(result->block->info.height, 7u);
    EXPECT_EQ(result->index, 1u);
    EXPECT_TRUE(second.get());
    EXPECT_EQ(other.wait_for(0s), std::future_status::timeout);
    waiters.on_block(block(8, {{3}}));
    EXPECT_EQ(other.get()->block->info.height, 8u);
}

TEST(CommitWaiters, FindsWhatCommittedBefore) {
    CommitWaiters waiters;
    waiters.on_block(block(7, {{1}}));
    EXPECT_EQ(wait(waiters, {1}, 0ms).get()->block->info.height, 7u);
}

TEST(CommitWaiters, ForgetsTheOldest) {
    CommitWaiters waiters({.remembered_transactions = 2});
    waiters.on_block(block(1, {{1}, {2}, {3}}));
    EXPECT_FALSE(waiters.find(crypto::sha256(Bytes{1})));
    EXPECT_TRUE(waiters.find(crypto::sha256(Bytes{2})));
    EXPECT_TRUE(waiters.find(crypto::sha256(Bytes{3})));
}

TEST(CommitWaiters, GivesUpAfterTheTimeout) {
    CommitWaiters waiters;
    auto late = wait(waiters, {1}, 1h), soon = wait(waiters, {2}, 1ms);
    EXPECT_FALSE(soon.get());
    waiters.on_block(block(1, {{1}, {2}}));
    EXPECT_TRUE(late.get());
}

TEST(CommitWaiters, TellsEverybodyAtItsEnd) {
    auto waiters = std::make_unique<CommitWaiters>();
    auto pending = wait(*waiters, {1}, 1h);
    waiters.reset();
    EXPECT_FALSE(pending.get());
}

TEST(CommitWaiters, RefusesMoreThanItsLimit) {
    CommitWaiters waiters({.waiting_max = 1});
    auto first = wait(waiters, {1}, 1h);
    EXPECT_FALSE(wait(waiters, {2}, 1h).get());
}

} // namespace
} // namespace assay::consensus
