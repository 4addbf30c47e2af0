#include "chain/core/test_chain.h"

#include "chain/state/proof.h"
#include "chain/state/state_load.h"

#include <algorithm>
#include <chrono>
#include <gtest/gtest.h>
#include <random>
#include <thread>

namespace assay::chain {
namespace {

using testing::Act;
using testing::must;
using testing::TestChain;

std::vector<TxCode> codes(const BlockResult& result) {
    std::vector<TxCode> codes;
    for (const TxResult& transaction : result.transactions) codes.push_back(transaction.code);
    return codes;
}

TEST(Application, MovesMoneyAndKeepsTheFee) {
    TestChain chain;
    const BlockResult result = chain.block({chain.transfer(0, 0), chain.transfer(0, 1)});
    EXPECT_EQ(codes(result), (std::vector{TxCode::ok, TxCode::ok}));
    EXPECT_EQ(chain.account(0).nonce, 2u);
    EXPECT_EQ(chain.account(0).balance, Amount(TestChain::kBalance - 400'002));
    EXPECT_EQ(chain.account(1).balance, Amount(TestChain::kBalance + 2));
    EXPECT_EQ(chain.bank->collected_fees(*must(chain.store->latest())), Amount(400'000));
    EXPECT_EQ(chain.application->info().height, 1u);
    EXPECT_EQ(chain.application->info().app_hash, result.app_hash);
    EXPECT_EQ(result.validator_updates.size(), 1u);
    EXPECT_GT(result.transactions[0].gas_used, intrinsic_gas(chain.transfer(0, 0).size()));
    EXPECT_LT(result.transactions[0].gas_used, 100'000u);
}

TEST(Application, DropsAllOfATransactionsMessagesWhenOneFails) {
    TestChain chain;
    const BlockResult result = chain.block({
        chain.act(0, 0, {{.write = "a"}, {.write = "b", .fail = "no"}}),
        chain.act(0, 1, {{.write = "c"}, {.write = "d", .burn = 1'000'000}}),
        chain.act(0, 2, {{.write = "e"}, {.write = "f"}}),
    });
    EXPECT_EQ(codes(result), (std::vector{TxCode::message_failed, TxCode::out_of_gas, TxCode::ok}));
    EXPECT_EQ(result.transactions[0].log, "message 2 (test/act): no");
    EXPECT_EQ(result.transactions[1].log, "message 2 (test/act): the gas limit 200000 is used up");
    EXPECT_EQ(result.transactions[1].gas_used, 200'000u);
    EXPECT_TRUE(result.transactions[0].events.empty());
    EXPECT_EQ(result.transactions[2].events.size(), 2u);
    for (const char* dropped : {"a", "b", "c", "d"}) EXPECT_FALSE(chain.has_written(dropped)) << dropped;
    EXPECT_TRUE(chain.has_written("e") && chain.has_written("f"));
    EXPECT_EQ(chain.account(0).nonce, 3u);
    EXPECT_EQ(chain.account(0).balance, Amount(TestChain::kBalance - 600'000));
}

/// Every refusal by its code, the same when checked and in a block, and nothing paid for it.
TEST(Application, RefusesByName) {
    TestChain chain(
        4, codec::Value(codec::Value::Map{{"chain", codec::Value(codec::Value::Map{{"block_gas_max", 10'000'000}})}}));
    chain.block({});
    const auto expect = [&](TxCode code, const Bytes& wire, std::string_view log) {
        const CheckResult checked = chain.application->check_transaction(wire, false);
        EXPECT_EQ(to_string(checked.result.code), to_string(code));
        EXPECT_NE(checked.result.log.find(log), std::string::npos) << checked.result.log;
        const TxResult applied = must(chain.application->finalize_block(chain.next_block(), {wire})).transactions[0];
        EXPECT_EQ(to_string(applied.code), to_string(code));
        EXPECT_EQ(applied.gas_wanted, 0u);
        EXPECT_FALSE(chain.application->process_proposal(chain.next_block(), {wire}));
        EXPECT_TRUE(chain.application->prepare_proposal(chain.next_block(), {wire}, 1 << 20).empty());
    };
    const auto with = [&](auto change) {
        TransactionBody body = chain.body(0, 0);
        change(body);
        return chain.sign(0, body);
    };
    expect(TxCode::malformed, Bytes{1, 2, 3}, "");
    expect(TxCode::malformed, {}, "not a list");
    expect(TxCode::too_large, Bytes(kTransactionBytesMax + 1, 0x82), "above the limit");
    expect(TxCode::wrong_chain, with([](auto& body) { body.chain = 1; }),
           "transaction is of chain 1, this is chain 677281");
    expect(TxCode::bad_signature, chain.sign(1, chain.body(0, 0)), "not by " + to_string(chain.address(0)));
    expect(TxCode::bad_nonce, chain.transfer(0, 1), "is ahead; the next is 0");
    expect(TxCode::expired, with([](auto& body) { body.expiry = 1; }), "expired at height 1, this is 2");
    expect(TxCode::expired, with([](auto& body) { body.expiry = 2'000'000; }), "more than 100000 blocks above");
    expect(TxCode::fee_too_low, with([](auto& body) { body.fee = Amount(199'999); }), "below 200000");
    expect(TxCode::insufficient_funds, with([](auto& body) { body.fee = Amount(TestChain::kBalance + 1); }),
           "has 1000000000, the fee is 1000000001");
    expect(TxCode::out_of_gas, with([](auto& body) { body.gas = 40'000, body.fee = Amount(40'000); }), "below the 44");
    expect(TxCode::block_full, with([](auto& body) { body.gas = 10'000'001, body.fee = Amount(10'000'001); }),
           "above a block's 10000000");
    Bytes unknown = chain.transfer(0, 0);
    const std::string_view name = "bank/transfer";
    const auto at = std::search(unknown.begin(), unknown.end(), name.begin(), name.end());
    *at = 'x';
    expect(TxCode::unknown_message, unknown, "message type 'xank/transfer' is unknown");
    EXPECT_EQ(chain.account(0).balance, Amount(TestChain::kBalance));
}

TEST(Application, RefusesAReplay) {
    TestChain chain;
    const Bytes wire = chain.transfer(0, 0);
    EXPECT_EQ(chain.check(wire), TxCode::ok);
    EXPECT_EQ(chain.check(wire), TxCode::bad_nonce);
    EXPECT_EQ(codes(chain.block({wire, wire})), (std::vector{TxCode::ok, TxCode::bad_nonce}));
    const CheckResult again = chain.application->check_transaction(wire, false);
    EXPECT_EQ(again.result.code, TxCode::bad_nonce);
    EXPECT_NE(again.result.log.find("was used: replayed"), std::string::npos);
    EXPECT_EQ(codes(chain.block({wire})), std::vector{TxCode::bad_nonce});
}

TEST(Application, PromisesABlocksGasOnce) {
    TestChain chain(
        2, codec::Value(codec::Value::Map{{"chain", codec::Value(codec::Value::Map{{"block_gas_max", 10'000'000}})}}));
    std::vector<Bytes> wires;
    for (std::uint64_t nonce = 0; nonce < 60; ++nonce) wires.push_back(chain.transfer(0, nonce));
    EXPECT_FALSE(chain.application->process_proposal(chain.next_block(), wires));
    const auto chosen = chain.application->prepare_proposal(chain.next_block(), wires, 1 << 20);
    EXPECT_EQ(chosen.size(), 50u); // of 200,000 each
    const auto result = codes(chain.block(wires));
    EXPECT_EQ(std::ranges::count(result, TxCode::ok), 50);
    EXPECT_EQ(result[50], TxCode::block_full);
}

TEST(CheckTx, CountsWaitingTransactionsUntilTheNextCommit) {
    TestChain chain;
    EXPECT_EQ(chain.check(chain.transfer(0, 0)), TxCode::ok);
    EXPECT_EQ(chain.check(chain.transfer(0, 2)), TxCode::bad_nonce);
    EXPECT_EQ(chain.check(chain.transfer(0, 1)), TxCode::ok);
    EXPECT_EQ(chain.check(chain.transfer(0, 2)), TxCode::ok);
    EXPECT_EQ(chain.application->next_nonce(chain.address(0)), 3u);
    EXPECT_EQ(chain.application->next_nonce(chain.address(1)), 0u);
    chain.block({chain.transfer(0, 0)});
    EXPECT_EQ(chain.application->next_nonce(chain.address(0)), 1u);
    EXPECT_EQ(chain.application->check_transaction(chain.transfer(0, 0), true).result.code, TxCode::bad_nonce);
    EXPECT_EQ(chain.application->check_transaction(chain.transfer(0, 1), true).result.code, TxCode::ok);
    EXPECT_EQ(chain.application->check_transaction(chain.transfer(0, 2), true).result.code, TxCode::ok);
    EXPECT_EQ(chain.check(chain.transfer(0, 3)), TxCode::ok);
}

TEST(CheckTx, CountsTheFeesOfWaitingTransactions) {
    TestChain chain;
    TransactionBody body = chain.body(0, 0);
    body.fee = Amount(TestChain::kBalance - 100'000);
    EXPECT_EQ(chain.check(chain.sign(0, body)), TxCode::ok);
    const CheckResult second = chain.application->check_transaction(chain.transfer(0, 1), false);
    EXPECT_EQ(second.result.code, TxCode::insufficient_funds);
    EXPECT_NE(second.result.log.find("after 999900000 for transactions before it"), std::string::npos);
}

TEST(CheckTx, ChecksABatchAsCallsOneAfterTheOther) {
    TestChain one, other;
    std::vector<Bytes> wires;
    for (std::uint64_t nonce = 0; nonce < 40; ++nonce) {
        wires.push_back(one.transfer(nonce % 4, nonce / 4 + (nonce == 17 ? 9 : 0)));
        if (nonce == 21 || nonce == 22) wires.back()[wires.back().size() - 10] ^= 1;
    }
    const std::vector<ByteView> views(wires.begin(), wires.end());
    const auto batch = one.application->check_transactions(views, false);
    std::size_t accepted = 0;
    for (std::size_t i = 0; i < wires.size(); ++i) {
        const CheckResult single = other.application->check_transaction(wires[i], false);
        EXPECT_EQ(batch[i].result.code, single.result.code) << i << ' ' << batch[i].result.log;
        EXPECT_EQ(batch[i].result.log, single.result.log);
        EXPECT_EQ(batch[i].nonce, single.nonce);
        accepted += single.result.code == TxCode::ok ? 1 : 0;
    }
    EXPECT_EQ(accepted, 29u); // of the senders: 10, 4 before a gap, 5 before a bad signature, 10
}

TEST(CheckTx, LimitsWhatOneSenderMayKeepWaiting) {
    ApplicationOptions options;
    options.pending_per_sender_max = 3;
    TestChain chain(2, codec::Value(codec::Value::Map{}), options);
    for (std::uint64_t nonce = 0; nonce < 3; ++nonce) EXPECT_EQ(chain.check(chain.transfer(0, nonce)), TxCode::ok);
    EXPECT_EQ(chain.check(chain.transfer(0, 3)), TxCode::mempool_full);
    EXPECT_EQ(chain.check(chain.transfer(1, 0)), TxCode::ok);
}

/// An engine with a full mempool drops what its application let in: so this never lets in more.
TEST(CheckTx, LimitsWhatAllMayKeepWaiting) {
    ApplicationOptions options;
    options.pending_max = 3;
    TestChain chain(3, codec::Value(codec::Value::Map{}), options);
    const Bytes first = chain.transfer(0, 0), second = chain.transfer(1, 0), third = chain.transfer(1, 1);
    for (const Bytes& wire : {first, second, third}) EXPECT_EQ(chain.check(wire), TxCode::ok);
    const CheckResult full = chain.application->check_transaction(chain.transfer(2, 0), false);
    EXPECT_EQ(full.result.code, TxCode::mempool_full);
    EXPECT_EQ(full.result.log, "3 transactions wait, the most that this node keeps; try again later");
    chain.block({first}); // the two that wait are checked again, and never refused for want of room
    EXPECT_EQ(chain.check(chain.transfer(0, 1)), TxCode::ok);
    for (const Bytes& wire : {second, third})
        EXPECT_EQ(chain.application->check_transaction(wire, true).result.code, TxCode::ok);
    EXPECT_EQ(chain.check(chain.transfer(2, 0)), TxCode::mempool_full);
}

TEST(Proposal, OrdersByPriceAndEachSenderByNonce) {
    TestChain chain;
    const auto priced = [&](std::size_t key, std::uint64_t nonce, std::uint64_t fee) {
        TransactionBody body = chain.body(key, nonce);
        body.fee = Amount(fee);
        return chain.sign(key, body);
    };
    const Bytes a0 = priced(0, 0, 200'000), a1 = priced(0, 1, 900'000), b0 = priced(1, 0, 500'000),
                c1 = priced(2, 1, 999'999), b0_cheap = priced(1, 0, 400'000);
    EXPECT_EQ(chain.application->prepare_proposal(chain.next_block(), {a1, b0_cheap, c1, a0, b0, Bytes{7}}, 1 << 20),
              (std::vector<Bytes>{b0, a0, a1}));
}

TEST(Proposal, AFloodFromOneKeyDoesNotStarveOthers) {
    TestChain chain(6);
    std::vector<Bytes> wires;
    for (std::uint64_t nonce = 0; nonce < 400; ++nonce) {
        TransactionBody body = chain.body(0, nonce);
        body.fee = Amount(300'000); // pays more than anybody else
        wires.push_back(chain.sign(0, body));
    }
    for (std::size_t key = 1; key < 6; ++key) wires.push_back(chain.transfer(key, 0));
    const std::size_t room = 100 * (wires[0].size() + 6);
    const auto chosen = chain.application->prepare_proposal(chain.next_block(), wires, room);
    std::size_t others = 0, bytes = 0;
    for (const Bytes& wire : chosen) {
        const auto transaction = must(decode_transaction(wire, chain.application->messages()));
        others += transaction.body.from == chain.address(0) ? 0 : 1;
        bytes += wire.size();
    }
    EXPECT_EQ(others, 5u);
    EXPECT_GT(chosen.size(), 95u); // what is left goes to the one who pays
    EXPECT_LE(bytes, room);
    EXPECT_TRUE(chain.application->process_proposal(chain.next_block(), chosen));
}

/// Random transactions, good and bad: what prepare_proposal makes of them, process_proposal takes, here and on a node that
/// has never seen them; and in the block each of them pays.
TEST(Proposal, HonestOnesAreAccepted) {
    std::mt19937_64 random(5);
    for (int round = 0; round < 25; ++round) {
        const codec::Value params(codec::Value::Map{
            {"chain", codec::Value(codec::Value::Map{{"block_gas_max", 10'000'000 + random() % 20'000'000}})}});
        TestChain chain(5, params), other(5, params);
        std::vector<Bytes> candidates;
        for (int i = 0; i < 120; ++i) {
            const std::size_t key = random() % 5;
            TransactionBody body = chain.body(key, random() % 12);
            body.gas += random() % 1'000'000;
            body.fee = Amount(body.gas + random() % 100'000'000 * (random() % 3));
            if (random() % 10 == 0) body.expiry = random() % 3;
            if (random() % 10 == 0) body.chain += 1;
            candidates.push_back(chain.sign(random() % 20 == 0 ? (key + 1) % 5 : key, body));
        }
        const auto chosen =
            chain.application->prepare_proposal(chain.next_block(), candidates, 2000 + random() % 20000);
        ASSERT_TRUE(chain.application->process_proposal(chain.next_block(), chosen));
        ASSERT_TRUE(other.application->process_proposal(chain.next_block(), chosen));
        const BlockResult here = chain.block(chosen), there = other.block(chosen);
        EXPECT_EQ(here.app_hash, there.app_hash);
        for (const TxResult& result : here.transactions) ASSERT_GT(result.gas_wanted, 0u) << result.log;
        if (chosen.empty()) continue;
        std::vector<Bytes> swapped = chosen;
        std::ranges::reverse(swapped);
        swapped.push_back(swapped.front());
        EXPECT_FALSE(chain.application->process_proposal(chain.next_block(), swapped));
    }
}

TEST(Application, WritesNothingBeforeCommit) {
    TestChain chain;
    chain.block({chain.transfer(0, 0)});
    const Digest before = chain.store->app_hash();
    must(chain.application->finalize_block(chain.next_block(), {chain.transfer(0, 1)}));
    EXPECT_EQ(chain.store->app_hash(), before);
    chain.open(); // as after a crash
    EXPECT_EQ(chain.application->info().height, 1u);
    EXPECT_EQ(chain.application->info().app_hash, before);
    EXPECT_EQ(chain.application->info().chain_id, "test");
    EXPECT_EQ(codes(chain.block({chain.transfer(0, 1)})), std::vector{TxCode::ok});
}

TEST(Application, IsAtHeightZeroUntilTheFirstCommit) {
    TestChain chain;
    EXPECT_EQ(chain.application->info().height, 0u);
    EXPECT_EQ(chain.application->info().chain_id, "test");
    EXPECT_EQ(chain.store->version(), 0u);
    EXPECT_FALSE(chain.application->query({.path = "/bank/balance", .arguments = {}}));
    chain.block({});
    EXPECT_EQ(chain.account(0).balance, Amount(TestChain::kBalance));
    GenesisRequest again;
    again.chain_id = "test";
    EXPECT_FALSE(chain.application->init_chain(again));
}

TEST(Application, AnswersBeforeThereIsAGenesis) {
    TestChain chain;
    storage::MemoryDatabase database;
    const auto empty = must(ChainApplication::create(database, chain.application->modules(), {}));
    EXPECT_EQ(empty->info().chain_id, "");
    EXPECT_EQ(empty->check_transaction(chain.transfer(0, 0), false).result.code, TxCode::wrong_chain);
    EXPECT_EQ(empty->next_nonce(chain.address(0)), 0u);
    EXPECT_TRUE(empty->prepare_proposal(chain.next_block(), {chain.transfer(0, 0)}, 1 << 20).empty());
    EXPECT_FALSE(empty->finalize_block(chain.next_block(), {}));
    EXPECT_FALSE(empty->query({.path = "/registry/height", .arguments = {}}));
}

TEST(Application, RefusesBlocksOutOfTurn) {
    TestChain chain;
    BlockInfo block = chain.next_block();
    block.height = 3;
    EXPECT_EQ(chain.application->finalize_block(block, {}).error().message,
              "block 3 cannot follow height 0; the next is 1");
    block = chain.next_block();
    block.chain_id = "other";
    EXPECT_FALSE(chain.application->finalize_block(block, {}));
    EXPECT_FALSE(chain.application->commit());
}

TEST(Application, StopsBeforeAnUpgradeItIsTooOldFor) {
    TestChain chain;
    chain.acts->upgrade_height = 3;
    chain.block({});
    EXPECT_EQ(chain.application->info().halt, "");
    EXPECT_TRUE(chain.application->process_proposal(chain.next_block(), {}));
    chain.block({});
    const auto stopped = chain.application->finalize_block(chain.next_block(), {});
    ASSERT_FALSE(stopped);
    EXPECT_EQ(stopped.error().message,
              "upgrade 'two' is due at height 3: blocks from there on need application version 2, this program is "
              "version 1; install the new version and start again");
    EXPECT_EQ(chain.application->info().halt, stopped.error().message);
    EXPECT_FALSE(chain.application->process_proposal(chain.next_block(), {})) << "or it would vote for such a block";
    EXPECT_EQ(chain.application->info().height, 2u);
}

/// A program that is newer than the chain may be started before the upgrade, and after it no older one.
TEST(Application, GoesOverToNewRulesAtThePlansHeight) {
    ApplicationOptions newer;
    newer.app_version = 2;
    TestChain chain;
    chain.acts->upgrade_height = 3;
    chain.block({});
    const auto upgraded = must(ChainApplication::create(chain.database, chain.application->modules(), newer));
    const auto block = [&](std::uint64_t height) {
        BlockInfo info = chain.next_block();
        info.height = height;
        const BlockResult result = must(upgraded->finalize_block(info, {}));
        must(upgraded->commit());
        EXPECT_FALSE(result.consensus) << "there is no engine to tell";
        return upgraded->info();
    };
    EXPECT_EQ(upgraded->info().app_version, 1u);
    EXPECT_EQ(block(2).app_version, 1u);
    EXPECT_TRUE(ChainApplication::create(chain.database, chain.application->modules(), {})) << "the way back is open";
    EXPECT_EQ(block(3).app_version, 2u);
    EXPECT_EQ(block(4).app_version, 2u);
    EXPECT_EQ(ChainApplication::create(chain.database, chain.application->modules(), {}).error().message,
              "the state was made by application version 2, this program is version 1");
}

TEST(Application, RefusesAStateOfALaterVersion) {
    ApplicationOptions options;
    options.app_version = 2;
    TestChain chain(2, codec::Value(codec::Value::Map{}), options);
    chain.block({});
    EXPECT_EQ(ChainApplication::create(chain.database, chain.application->modules(), {}).error().message,
              "the state was made by application version 2, this program is version 1");
}

TEST(Query, AnswersByModuleHeightAndKey) {
    TestChain chain;
    chain.block({chain.act(0, 0, {{.write = "a"}})});
    chain.block({chain.act(0, 1, {{.write = "b"}})});
    const auto ask = [&](QueryRequest request) { return chain.application->query(request); };
    EXPECT_EQ(must(ask({.path = "/registry/height", .arguments = {}})).value, codec::Value(2));
    EXPECT_EQ(must(ask({.path = "/registry/height", .arguments = {}, .height = 1})).value, codec::Value(1));
    EXPECT_EQ(ask({.path = "/nothing/here", .arguments = {}}).error().code, ErrorCode::not_found);
    EXPECT_EQ(ask({.path = "/registry/height", .arguments = {}, .height = 9}).error().code, ErrorCode::not_found);
    EXPECT_EQ(ask({.path = "/registry/height", .arguments = {}, .prove = true}).error().code,
              ErrorCode::invalid_argument);
    const Bytes key = {testing::kActs, 'b'};
    const codec::Value arguments(codec::Value::Map{{"key", key}});
    const QueryResponse found = must(ask({.path = "/store/registry/key", .arguments = arguments, .prove = true}));
    EXPECT_EQ(found.value, codec::Value(Bytes{1}));
    EXPECT_FALSE(found.proof.empty());
    EXPECT_TRUE(must(ask({.path = "/store/registry/key", .arguments = arguments, .height = 1})).value.is_null());
    EXPECT_FALSE(ask({.path = "/store/registry/key", .arguments = {}}));
    EXPECT_FALSE(ask({.path = "/store/registry/other", .arguments = arguments}));
}

class Snapshots : public ::testing::Test {
protected:
    static ApplicationOptions every_second_height() {
        ApplicationOptions options;
        options.snapshot_folder = ::testing::TempDir() + "/application_test_snapshots";
        std::filesystem::remove_all(options.snapshot_folder);
        options.snapshot_interval_blocks = 2;
        options.retain_blocks = 1;
        return options;
    }
    /// Snapshots are made beside the chain.
    static std::vector<SnapshotDescription> wait_for(const Application& application, std::uint64_t height) {
        for (int i = 0; i < 1000; ++i) {
            auto all = application.list_snapshots();
            if (!all.empty() && all.front().height == height) return all;
            std::this_thread::sleep_for(std::chrono::milliseconds(10));
        }
        return {};
    }
};

TEST_F(Snapshots, GiveAFreshNodeTheSameStateAndAPoisonedChunkDoesNot) {
    TestChain chain(4, codec::Value(codec::Value::Map{}), every_second_height());
    chain.block({chain.transfer(0, 0)});
    const Digest app_hash = chain.block({chain.act(1, 0, {{.write = "kept"}})}).app_hash;
    const auto all = wait_for(*chain.application, 2);
    ASSERT_EQ(all.size(), 1u);

    storage::MemoryDatabase database;
    auto fresh = must(ChainApplication::create(database, chain.application->modules(), {}));
    EXPECT_EQ(fresh->offer_snapshot(all[0], Digest{}), OfferResult::reject);
    SnapshotDescription future = all[0];
    future.format = 9;
    EXPECT_EQ(fresh->offer_snapshot(future, app_hash), OfferResult::reject_format);
    ASSERT_EQ(fresh->offer_snapshot(all[0], app_hash), OfferResult::accept);
    for (std::uint32_t i = 0; i < all[0].chunks; ++i) {
        const Bytes chunk = must(chain.application->load_snapshot_chunk(2, all[0].format, i));
        Bytes poisoned = chunk;
        poisoned[poisoned.size() / 2] ^= 1;
        EXPECT_EQ(fresh->apply_snapshot_chunk(i, poisoned), ChunkResult::retry);
        EXPECT_EQ(fresh->apply_snapshot_chunk(i, chunk), ChunkResult::accept);
    }
    EXPECT_EQ(fresh->info().height, 2u);
    EXPECT_EQ(fresh->info().app_hash, app_hash);
    EXPECT_EQ(fresh->info().chain_id, "test");
    EXPECT_EQ(fresh->offer_snapshot(all[0], app_hash), OfferResult::reject);
    const auto next = chain.next_block();
    const auto here = must(chain.application->finalize_block(next, {chain.transfer(0, 1)}));
    EXPECT_EQ(must(fresh->finalize_block(next, {chain.transfer(0, 1)})).app_hash, here.app_hash);
}

TEST_F(Snapshots, KeepBlocksThatANodeWouldNeedAndOutliveARestart) {
    TestChain chain(2, codec::Value(codec::Value::Map{}), every_second_height());
    chain.block({});
    chain.block({});
    ASSERT_FALSE(wait_for(*chain.application, 2).empty());
    must(chain.application->finalize_block(chain.next_block(), {}));
    EXPECT_EQ(must(chain.application->commit()), 2u);
    chain.open();
    ASSERT_EQ(chain.application->list_snapshots().size(), 1u);
    EXPECT_FALSE(chain.application->load_snapshot_chunk(2, 1, 99));
    EXPECT_FALSE(chain.application->load_snapshot_chunk(1, 1, 0));
}

TEST(Genesis, NamesWhatIsWrong) {
    TestChain chain;
    const ModuleSet& modules = chain.application->modules();
    const auto error_of = [&](std::string chain_id, codec::Value::Map parts) {
        const GenesisDocument document{std::move(chain_id), 0, 1, codec::Value(std::move(parts))};
        const auto valid = validate_genesis(modules, document);
        return valid ? "" : valid.error().message;
    };
    EXPECT_EQ(error_of("test", {}), "");
    EXPECT_EQ(error_of("test", {{"nobody", codec::Value()}}), "genesis: no module 'nobody'");
    EXPECT_EQ(error_of("test", {{"bank", codec::Value(1)}}).substr(0, 13), "genesis: bank");
    EXPECT_EQ(error_of("a b", {}).substr(0, 17), "genesis: chain_id");
    EXPECT_EQ(genesis_from_value(codec::Value(codec::Value::Map{{"chain_id", "x"}, {"extra", 1}})).error().message,
              "genesis: extra is unknown");
}

TEST(Genesis, DevelopmentDocumentComesBackFromItsValue) {
    TestChain chain;
    DevelopmentGenesis choice;
    choice.accounts = {chain.address(0), chain.address(1)};
    choice.time_ms = 5;
    const GenesisDocument document = make_development_genesis(choice);
    const auto read = genesis_from_value(to_value(document));
    ASSERT_TRUE(read) << read.error().message;
    EXPECT_EQ(read->modules, document.modules);
    EXPECT_EQ(read->time_ms, 5);
    EXPECT_TRUE(validate_genesis(chain.application->modules(), document));
}

TEST(Genesis, ExportGivesTheSameStateBack) {
    TestChain chain;
    chain.block({chain.transfer(0, 0), chain.transfer(2, 0)});
    const ModuleSet& modules = chain.application->modules();
    const GenesisDocument document = must(export_document(*chain.store, modules, 1));
    EXPECT_EQ(document.chain_id, "test");
    EXPECT_EQ(document.initial_height, 2u);
    EXPECT_TRUE(validate_genesis(modules, document));
    EXPECT_TRUE(check_invariants(*chain.store, modules, 1));
    EXPECT_EQ(export_document(*chain.store, modules, 9).error().code, ErrorCode::not_found);
    MemoryState restored;
    must(apply_genesis(modules, chain.next_block(), document.modules, restored));
    EXPECT_EQ(restored.entries(ModuleId::bank), must(load_state(*chain.store, 1))->entries(ModuleId::bank));
}

/// Evidence must not outlive the stake that answers for it.
TEST(Genesis, RefusesAnEngineThatKeepsEvidenceTooLong) {
    DevelopmentGenesis choice;
    choice.chain_id = "test";
    choice.time_ms = 1'700'000'000'000;
    const Address validator = TestChain().address(0);
    choice.accounts = {validator};
    choice.validators = {{validator, Digest{7}, "one"}};
    constexpr std::int64_t kUnbondingMs = 21LL * 24 * 3600 * 1000;
    for (const std::int64_t age_ms : {kUnbondingMs + 1, kUnbondingMs}) {
        GenesisRequest genesis;
        genesis.chain_id = choice.chain_id;
        genesis.time_ms = choice.time_ms;
        genesis.app_state = make_development_genesis(choice).modules;
        genesis.consensus.emplace();
        genesis.consensus->evidence_age_ms = age_ms;
        storage::MemoryDatabase database;
        const auto application = must(ChainApplication::create(database, make_modules(), {}));
        const auto made = application->init_chain(genesis);
        EXPECT_EQ(made.has_value(), age_ms == kUnbondingMs);
        if (made) continue;
        EXPECT_EQ(made.error().message,
                  "genesis: the engine takes evidence of up to 1814400001 ms (evidence.max_age_duration), staking's "
                  "unbonding_ms is 1814400000: the stake that answers for it has left by then");
    }
}

codec::Value simulate(const TestChain& chain, const Bytes& wire) {
    QueryRequest request;
    request.path = "/simulate";
    request.arguments = codec::Value(codec::Value::Map{{"transaction", codec::Value(wire)}});
    return must(chain.application->query(request)).value;
}

/// The same gas, code and events as in a block, without a signature and without a trace.
TEST(Simulation, SaysWhatABlockWouldDo) {
    TestChain chain;
    chain.block({});
    TransactionBody body = chain.body(0, 0);
    body.messages = {make_message(Act{.write = "a", .burn = 500}), TestChain::transfer_to(chain.address(1), 5)};
    crypto::Signature none{};
    none.back() = 27;
    const Bytes unsigned_wire = encode_transaction(body, none);
    const Digest before = chain.application->info().app_hash;
    const codec::Value said = simulate(chain, unsigned_wire);
    EXPECT_FALSE(chain.has_written("a"));
    EXPECT_EQ(chain.application->info().app_hash, before);
    EXPECT_EQ(chain.application->next_nonce(chain.address(0)), 0U);
    EXPECT_EQ(*said.find("code_name")->text(), "ok");
    const TxResult result = chain.block({chain.sign(0, body)}).transactions[0];
    EXPECT_EQ(said.find("gas_used")->integer()->to_uint64(), result.gas_used);
    EXPECT_EQ(said.find("gas_wanted")->integer()->to_uint64(), result.gas_wanted);
    const auto& events = *said.find("events")->list();
    ASSERT_EQ(events.size(), result.events.size());
    for (std::size_t i = 0; i < events.size(); ++i) EXPECT_EQ(*events[i].find("type")->text(), result.events[i].type);
    EXPECT_EQ(*simulate(chain, unsigned_wire).find("code_name")->text(), "ok"); // whatever its nonce by now
}

TEST(Simulation, NamesWhatIsWrong) {
    TestChain chain;
    QueryRequest request;
    request.path = "/simulate";
    request.arguments = codec::Value(codec::Value::Map{{"transaction", codec::Value(Bytes{1})}});
    EXPECT_EQ(chain.application->query(request).error().message, "nothing is committed yet");
    chain.block({});
    const auto outcome = [&](auto change) {
        TransactionBody body = chain.body(0, 0);
        change(body);
        const codec::Value said = simulate(chain, chain.sign(1, body)); // somebody else's signature
        return *said.find("code_name")->text() + ": " + *said.find("log")->text();
    };
    EXPECT_EQ(outcome([](auto&) {}), "ok: ");
    EXPECT_EQ(outcome([](auto& body) { body.messages = {make_message(Act{.fail = "no luck"})}; }),
              "message_failed: message 1 (test/act): no luck");
    EXPECT_TRUE(outcome([](auto& body) { body.chain = 9; }).starts_with("wrong_chain: "));
    EXPECT_TRUE(outcome([](auto& body) { body.fee = Amount(~Uint128{0}); }).starts_with("insufficient_funds: "));
    EXPECT_TRUE(outcome([](auto& body) { body.gas = 50'000; }).starts_with("out_of_gas: message 1"));
    EXPECT_TRUE(outcome([](auto& body) {
                    body.gas = ~std::uint64_t{0};
                    body.fee = Amount();
                    body.messages = {make_message(Act{.burn = 1'000'000'000})};
                }).starts_with("out_of_gas: message 1 (test/act): the gas limit 100000000 is used up"));
    EXPECT_EQ(*simulate(chain, {1, 2, 3}).find("code_name")->text(), "malformed");
    request.arguments = codec::Value(codec::Value::Map{});
    EXPECT_FALSE(chain.application->query(request));
    request.arguments = codec::Value(codec::Value::Map{{"transaction", codec::Value(Bytes{1})}});
    request.height = 1;
    EXPECT_FALSE(chain.application->query(request));
}

} // namespace
} // namespace assay::chain
