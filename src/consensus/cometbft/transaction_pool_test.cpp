#include "consensus/cometbft/transaction_pool.h"

#include <gtest/gtest.h>

namespace assay::consensus {
namespace {

TEST(TransactionPool, IsBoundedInNumberAndBytes) {
    TransactionPool pool;
    EXPECT_TRUE(pool.insert(std::string(TransactionPool::kBytesMax - 1, 'x')));
    EXPECT_FALSE(pool.insert("ab"));
    EXPECT_TRUE(pool.insert("a"));
    pool.keep_if([](const std::string& transaction) { return transaction == "a"; });
    for (std::size_t i = 1; i < TransactionPool::kTransactionsMax; ++i)
        ASSERT_TRUE(pool.insert(std::to_string(i) + "!"));
    EXPECT_FALSE(pool.insert("one more"));
    EXPECT_TRUE(pool.insert("a")) << "what it has is no addition";
    EXPECT_EQ(pool.size(), TransactionPool::kTransactionsMax);
}

TEST(TransactionPool, ReapsInOrderUpToALimit) {
    TransactionPool pool;
    for (const char* transaction : {"first", "second", "third"}) pool.insert(transaction);
    EXPECT_EQ(pool.reap(11), (std::vector<std::string>{"first", "second"}));
    EXPECT_EQ(pool.reap(11), (std::vector<std::string>{"third"}));
    const Bytes second = {'s', 'e', 'c', 'o', 'n', 'd'};
    EXPECT_EQ(pool.candidates({second}).size(), 2U);
    pool.remove({second});
    EXPECT_EQ(pool.size(), 2U);
}

} // namespace
} // namespace assay::consensus
