#include "consensus/index/explorer_index.h"

#include "crypto/keccak.h"
#include "crypto/sha256.h"

#include <gtest/gtest.h>

#include <fstream>
#include <unistd.h>

namespace assay::consensus {
namespace {

crypto::Address account(std::uint8_t number) {
    crypto::Address address;
    address.bytes[19] = number;
    return address;
}
std::string text(const crypto::Address& address) { return "0x" + to_hex(address.bytes); }

/// Block `height` with two transfers: account 1 → 2, and 1 → `height`.
std::shared_ptr<const CommittedBlock> block(std::uint64_t height) {
    auto made = std::make_shared<CommittedBlock>();
    made->info.height = height;
    made->info.time_ms = static_cast<std::int64_t>(1000 * height);
    made->hash = crypto::sha256(Bytes{static_cast<std::uint8_t>(height)});
    made->result.app_hash[0] = static_cast<std::uint8_t>(height);
    for (std::uint8_t i = 0; i < 2; ++i) {
        made->transactions.push_back({0x82, static_cast<std::uint8_t>(height), i});
        const auto to = account(i == 0 ? 2 : static_cast<std::uint8_t>(height));
        made->result.transactions.push_back(
            {.code = i == 0 ? chain::TxCode::ok : chain::TxCode::message_failed,
             .log = i == 0 ? "" : "message 1: no",
             .gas_wanted = 100,
             .gas_used = 50,
             .events = {{"bank.transfer", {{"from", text(account(1))}, {"to", text(to)}, {"amount", "7"}}}}});
    }
    if (height % 3 == 0) made->result.events.push_back({"staking.rewards", {{"validator", text(account(9))}}});
    return made;
}

class ExplorerIndexTest : public testing::Test {
protected:
    void SetUp() override {
        path_ =
            std::filesystem::temp_directory_path() / ("assay_index_" + std::to_string(::getpid()) + "_" +
                                                      testing::UnitTest::GetInstance()->current_test_info()->name());
        std::filesystem::remove_all(path_);
        std::filesystem::create_directories(path_);
    }
    void TearDown() override { std::filesystem::remove_all(path_); }

    std::unique_ptr<ExplorerIndex> open(ExplorerIndex::Options options = {}) {
        auto index = ExplorerIndex::open(path_ / "index.sqlite", std::move(options));
        EXPECT_TRUE(index) << index.error().message;
        return std::move(*index);
    }
    std::filesystem::path path_;
};

TEST_F(ExplorerIndexTest, FindsBlocksAndTransactions) {
    const auto index = open();
    for (std::uint64_t height = 1; height <= 12; ++height) index->on_block(block(height));
    index->flush();
    EXPECT_EQ(index->height(), 12u);
    const auto seventh = index->block(7).value();
    ASSERT_TRUE(seventh);
    EXPECT_EQ(seventh->hash, block(7)->hash);
    EXPECT_EQ(seventh->time_ms, 7000);
    EXPECT_EQ(seventh->transactions, 2u);
    EXPECT_EQ(seventh->bytes, 6u);
    EXPECT_EQ(seventh->gas_used, 100u);
    EXPECT_EQ(index->block(block(7)->hash).value()->height, 7u);
    EXPECT_FALSE(index->block(13).value());
    const auto page = index->blocks(10, 3).value();
    ASSERT_EQ(page.size(), 3u);
    EXPECT_EQ(page[0].height, 9u);
    EXPECT_EQ(page[2].height, 7u);

    const auto found = index->transaction(crypto::sha256(block(7)->transactions[1])).value();
    ASSERT_TRUE(found);
    EXPECT_EQ(found->height, 7u);
    EXPECT_EQ(found->index, 1u);
    EXPECT_EQ(found->result.code, chain::TxCode::message_failed);
    EXPECT_EQ(found->result.log, "message 1: no");
    EXPECT_EQ(found->wire, block(7)->transactions[1]);
    EXPECT_EQ(found->time_ms, 7000);
    EXPECT_EQ(found->events.at(0).attributes.at(2).second, "7");
    EXPECT_EQ(index->block_transactions(7).value().size(), 2u);
    EXPECT_FALSE(index->transaction(crypto::Digest{}).value());
}

TEST_F(ExplorerIndexTest, FindsAnAccountsTransactionsPageByPage) {
    const auto index = open();
    for (std::uint64_t height = 1; height <= 5; ++height) index->on_block(block(height));
    index->flush();
    std::vector<std::pair<std::uint64_t, std::uint32_t>> seen;
    std::optional<std::pair<std::uint64_t, std::uint32_t>> before;
    for (;;) {
        const auto page = index->account_transactions(account(2), before, 2).value();
        if (page.empty()) break;
        for (const auto& transaction : page) seen.emplace_back(transaction.height, transaction.index);
        before = seen.back();
    }
    // Account 2 gets the first transfer of each block, and both of block 2.
    EXPECT_EQ(seen,
              (std::vector<std::pair<std::uint64_t, std::uint32_t>>{{5, 0}, {4, 0}, {3, 0}, {2, 1}, {2, 0}, {1, 0}}));
    EXPECT_TRUE(index->account_transactions(account(77), {}, 5).value().empty());
}

TEST_F(ExplorerIndexTest, FindsEventsByTypeAndAccount) {
    const auto index = open();
    for (std::uint64_t height = 1; height <= 7; ++height) index->on_block(block(height));
    index->flush();
    const auto rewards = index->events({.types = {"staking.*"}}, 1, 100).value();
    ASSERT_EQ(rewards.size(), 2u);
    EXPECT_EQ(rewards[0].height, 3u);
    EXPECT_FALSE(rewards[0].transaction);
    EXPECT_EQ(index->events({.types = {"bank.transfer"}}, 6, 100).value().size(), 4u);
    EXPECT_EQ(index->events({.types = {"bank.issue"}}, 1, 100).value().size(), 0u);
    const auto to_five = index->events({.account = account(5)}, 1, 100).value();
    ASSERT_EQ(to_five.size(), 1u);
    EXPECT_EQ(to_five[0].height, 5u);
    EXPECT_EQ(to_five[0].transaction, 1u);
    EXPECT_EQ(index->events({}, 1, 100).value().size(), 16u);
    EXPECT_EQ(index->events({}, 1, 3).value().size(), 4u) << "whole blocks";
}

TEST_F(ExplorerIndexTest, ReadsWhatItMissedFromItsSource) {
    std::uint64_t asked = 0;
    const auto source = [&](std::uint64_t height) -> Result<std::shared_ptr<const CommittedBlock>> {
        ++asked;
        if (height == 4) return fail(ErrorCode::not_found, "lost");
        return block(height);
    };
    {
        const auto index = open();
        index->on_block(block(1));
        index->on_block(block(2));
        index->flush();
    }
    const auto index = open({.source = source, .tip = 200});
    index->on_block(block(200));
    index->on_block(block(201));
    index->flush();
    EXPECT_EQ(index->height(), 201u);
    EXPECT_TRUE(index->block(3).value());
    EXPECT_FALSE(index->block(4).value());
    EXPECT_TRUE(index->block(199).value());
    EXPECT_GE(asked, 197u);
}

TEST_F(ExplorerIndexTest, AFullQueueIsReadFromTheSource) {
    const auto index = open(
        {.queued_bytes_max = 0, .source = [](std::uint64_t height) -> Result<std::shared_ptr<const CommittedBlock>> {
             return block(height);
         }});
    for (std::uint64_t height = 1; height <= 100; ++height) index->on_block(block(height));
    index->flush();
    EXPECT_EQ(index->height(), 100u);
    for (std::uint64_t height = 1; height <= 100; ++height) EXPECT_TRUE(index->block(height).value()) << height;
}

TEST_F(ExplorerIndexTest, ForgetsBlocksThatWereRolledBack) {
    {
        const auto index = open();
        for (std::uint64_t height = 1; height <= 9; ++height) index->on_block(block(height));
        index->flush();
    }
    const auto index = open({.tip = 6});
    EXPECT_EQ(index->height(), 6u);
    EXPECT_FALSE(index->block(7).value());
    EXPECT_FALSE(index->transaction(crypto::sha256(block(7)->transactions[0])).value());
    EXPECT_TRUE(index->block(6).value());
}

TEST_F(ExplorerIndexTest, IsBuiltAgainWhenTheFileIsDamaged) {
    std::ofstream(path_ / "index.sqlite")
        << "not a database, but long enough to look like one: " << std::string(4096, 'x');
    const auto index = open(
        {.source = [](std::uint64_t height) -> Result<std::shared_ptr<const CommittedBlock>> { return block(height); },
         .tip = 5});
    index->flush();
    EXPECT_EQ(index->height(), 5u);
    EXPECT_TRUE(index->block(5).value());
}

TEST_F(ExplorerIndexTest, FindsAWalletsTransactionByItsOwnHash) {
    auto made = std::make_shared<CommittedBlock>(*block(1));
    made->transactions[0] = {0x02, 1, 2, 3};
    const auto index = open();
    index->on_block(made);
    index->flush();
    EXPECT_EQ(index->transaction(crypto::keccak256(made->transactions[0])).value()->index, 0u);
    EXPECT_EQ(index->transaction(crypto::sha256(made->transactions[0])).value()->index, 0u);
}

/// A page ends after `limit` blocks, matching or not: it says where to go on, so that nothing behind them is lost.
TEST_F(ExplorerIndexTest, PagesOfEventsSayWhereToGoOn) {
    const auto index = open();
    for (std::uint64_t height = 1; height <= 30; ++height) {
        const auto made = std::make_shared<CommittedBlock>(*block(height));
        if (height < 30) {
            made->result.events.clear();
            for (auto& result : made->result.transactions) result.events.clear();
        }
        index->on_block(made);
    }
    index->flush();
    std::vector<std::uint64_t> starts;
    std::size_t events = 0;
    for (std::uint64_t next = 1; next <= 30;) {
        const auto page = index->event_page({}, next, 10).value();
        events += page.events.size();
        ASSERT_GT(page.next_height, next);
        starts.push_back(next = page.next_height);
    }
    EXPECT_EQ(starts, (std::vector<std::uint64_t>{11, 21, 31}));
    EXPECT_EQ(events, 3u);
    EXPECT_EQ(index->event_page({}, 31, 10).value().next_height, 31u);
}

} // namespace
} // namespace assay::consensus
