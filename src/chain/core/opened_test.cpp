#include "chain/core/opened.h"

#include "chain/core/transaction_test_messages.h"
#include "chain/gas.h"
#include "crypto/secp256k1.h"

#include <atomic>
#include <gtest/gtest.h>
#include <thread>

namespace assay::chain {
namespace {

TEST(Workers, RunEveryItemOnceForSeveralCallers) {
    for (const unsigned threads : {0U, 1U, 3U}) {
        Workers workers(threads);
        std::vector<std::jthread> callers;
        std::atomic<int> wrong = 0;
        for (int caller = 0; caller < 4; ++caller) {
            callers.emplace_back([&workers, &wrong] {
                for (std::size_t count = 0; count < 120; ++count) {
                    std::vector<std::atomic<int>> runs(count);
                    workers.for_each(count, [&](std::size_t i) { ++runs[i]; });
                    for (const auto& times : runs) wrong += times == 1 ? 0 : 1;
                }
            });
        }
        callers.clear(); // joins
        EXPECT_EQ(wrong, 0) << threads;
    }
}

std::shared_ptr<const Transaction> transaction(std::uint8_t number, std::size_t size_bytes = 100) {
    Transaction made;
    made.hash[0] = number;
    made.size_bytes = size_bytes;
    return std::make_shared<const Transaction>(std::move(made));
}

Digest hash_of(std::uint8_t number) { return transaction(number)->hash; }

TEST(OpenedCache, DropsTheOldestBeyondItsLimits) {
    OpenedCache cache(3, 1000);
    for (std::uint8_t i = 0; i < 5; ++i) cache.keep(transaction(i));
    EXPECT_EQ(cache.size(), 3u);
    EXPECT_EQ(cache.find(hash_of(1)), nullptr);
    EXPECT_NE(cache.find(hash_of(2)), nullptr);
    cache.keep(transaction(9, 950));
    EXPECT_EQ(cache.size(), 1u);
    EXPECT_NE(cache.find(hash_of(9)), nullptr);
}

TEST(OpenedCache, StaysSmallWhenEverythingIsDroppedInTime) {
    OpenedCache cache(4, 1 << 20);
    for (int round = 0; round < 1000; ++round) {
        const auto number = static_cast<std::uint8_t>(round);
        cache.keep(transaction(number));
        cache.keep(transaction(number)); // twice is once
        const Digest hash = hash_of(number);
        cache.drop({&hash, 1});
        ASSERT_EQ(cache.size(), 0u);
    }
}

/// A block of strangers: opened side by side, each refusal in its place, good ones kept for the next look.
TEST(OpenAll, OpensInOrderAndKeepsWhatIsGood) {
    const MessageRegistry registry = testing::make_registry();
    const auto key = crypto::SecretKey::from_bytes(Bytes(32, 5)).value();
    std::vector<Bytes> wires;
    for (std::uint64_t nonce = 0; nonce < 50; ++nonce) {
        TransactionBody body;
        body.chain = nonce % 7 == 3 ? 2 : 1;
        body.from = key.address();
        body.nonce = nonce;
        body.messages = {make_message(testing::Empty{})};
        crypto::Signature signature = key.sign(signing_digest(body));
        if (nonce % 11 == 4) signature[5] ^= 1;
        wires.push_back(encode_transaction(body, signature));
    }
    wires[20] = {1, 2};
    OpenedCache cache(100, 1 << 20);
    Workers workers(2);
    for (int time = 0; time < 2; ++time) {
        const std::vector<Opened> opened = open_all(wires, 1, registry, MemoryState{}, cache, workers);
        std::size_t good = 0;
        for (std::uint64_t i = 0; i < wires.size(); ++i) {
            const TxCode expected = i == 20       ? TxCode::malformed
                                    : i % 7 == 3  ? TxCode::wrong_chain
                                    : i % 11 == 4 ? TxCode::bad_signature
                                                  : TxCode::ok;
            EXPECT_EQ(opened[i].refusal.code, expected) << i;
            EXPECT_EQ(opened[i].transaction != nullptr, expected == TxCode::ok) << i;
            if (expected != TxCode::ok) continue;
            EXPECT_EQ(opened[i].transaction->body.nonce, i);
            ++good;
        }
        EXPECT_EQ(cache.size(), good);
    }
}

/// Signatures within messages are recovered with the transaction's own, once, and only as far as its gas pays for them.
TEST(OpenAll, PreparesMessagesWithinTheirGas) {
    std::atomic<int> prepared = 0;
    MessageRegistry registry;
    registry.add<testing::Empty>(
        1'000, [](Context&, const Address&, const testing::Empty&) -> Result<void> { return {}; },
        [&prepared](const StateReader&, const testing::Empty&) { ++prepared; });
    const auto key = crypto::SecretKey::from_bytes(Bytes(32, 5)).value();
    TransactionBody body;
    body.chain = 1;
    body.from = key.address();
    for (int i = 0; i < 10; ++i) body.messages.push_back(make_message(testing::Empty{}));
    Workers workers(2);
    for (const std::uint64_t messages_paid : {10U, 3U, 0U}) {
        OpenedCache cache(100, 1 << 20);
        body.gas = 100'000;
        const std::size_t size = encode_transaction(body, key.sign(signing_digest(body))).size();
        body.gas = intrinsic_gas(size) + 1'000 * messages_paid;
        const std::vector<Bytes> wires = {encode_transaction(body, key.sign(signing_digest(body)))};
        prepared = 0;
        ASSERT_NE(open_all(wires, 1, registry, MemoryState{}, cache, workers)[0].transaction, nullptr);
        EXPECT_EQ(prepared, static_cast<int>(messages_paid));
        open_all(wires, 1, registry, MemoryState{}, cache, workers); // known by now
        EXPECT_EQ(prepared, static_cast<int>(messages_paid));
    }
}

} // namespace
} // namespace assay::chain
