#include "consensus/embedded/mempool.h"

#include "crypto/sha256.h"

#include <gtest/gtest.h>

namespace assay::consensus {
namespace {

crypto::Address sender(std::uint8_t number) {
    crypto::Address address;
    address.bytes[19] = number;
    return address;
}

WaitingTransaction transaction(std::uint8_t from, std::uint64_t nonce, std::size_t size = 10) {
    Bytes wire(size);
    wire[0] = from;
    wire[1] = static_cast<std::uint8_t>(nonce);
    const auto hash = crypto::sha256(wire);
    return {.wire = std::move(wire), .hash = hash, .sender = sender(from), .nonce = nonce};
}

TEST(Mempool, SendersTakeTurnsAndKeepTheirOrder) {
    Mempool pool({});
    for (std::uint64_t nonce : {3u, 1u, 2u}) ASSERT_TRUE(pool.add(transaction(1, nonce)));
    ASSERT_TRUE(pool.add(transaction(2, 7)));
    ASSERT_TRUE(pool.add(transaction(3, 9)));
    std::vector<std::pair<int, int>> order;
    for (const Bytes& wire : pool.candidates(1000)) order.emplace_back(wire[0], wire[1]);
    EXPECT_EQ(order, (std::vector<std::pair<int, int>>{{1, 1}, {2, 7}, {3, 9}, {1, 2}, {1, 3}}));
}

TEST(Mempool, OneSenderCannotKeepOthersOut) {
    Mempool pool({.transactions_max = 100, .per_sender_max = 60});
    std::uint64_t nonce = 0;
    while (pool.add(transaction(1, nonce))) ++nonce;
    EXPECT_EQ(nonce, 60u);
    const auto refused = pool.add(transaction(1, nonce));
    EXPECT_EQ(refused.error().code, ErrorCode::resource_exhausted);
    EXPECT_NE(refused.error().message.find("the most of one sender"), std::string::npos);
    EXPECT_TRUE(pool.add(transaction(2, 0)));
    EXPECT_EQ(pool.candidates(25).size(), 2u);
    EXPECT_EQ(pool.candidates(25).at(1)[0], 2);
}

TEST(Mempool, KeepsItsLimits) {
    Mempool pool({.transactions_max = 3, .bytes_max = 25, .per_sender_max = 3});
    ASSERT_TRUE(pool.add(transaction(1, 0)));
    ASSERT_TRUE(pool.add(transaction(1, 1)));
    EXPECT_EQ(pool.add(transaction(1, 2)).error().code, ErrorCode::resource_exhausted);
    EXPECT_EQ(pool.bytes(), 20u);
}

TEST(Mempool, RefusesTheSameTwiceAndAnotherOfTheSameNonce) {
    Mempool pool({});
    ASSERT_TRUE(pool.add(transaction(1, 0)));
    EXPECT_EQ(pool.add(transaction(1, 0)).error().message, "transaction is already waiting");
    EXPECT_NE(pool.add(transaction(1, 0, 11)).error().message.find("nonce 0 waits"), std::string::npos);
}

TEST(Mempool, RemovesByHash) {
    Mempool pool({});
    const auto first = transaction(1, 0), second = transaction(1, 1);
    ASSERT_TRUE(pool.add(first));
    ASSERT_TRUE(pool.add(second));
    EXPECT_EQ(pool.remove({first.hash, crypto::sha256({})}), 1u);
    EXPECT_EQ(pool.size(), 1u);
    EXPECT_EQ(pool.candidates(1000), std::vector<Bytes>{second.wire});
    EXPECT_EQ(pool.remove({second.hash}), 1u);
    EXPECT_EQ(pool.bytes(), 0u);
}

} // namespace
} // namespace assay::consensus
