#include "consensus/cometbft/engine_blocks.h"

#include "codec/base_text.h"

#include <gtest/gtest.h>

namespace assay::consensus {
namespace {

const std::string kHash(64, 'A');
const std::string kProposer(40, 'B');

std::string block_text(const std::string& transactions) {
    return R"({"block_id":{"hash":")" + kHash +
           R"("},"block":{"header":{"chain_id":"net","height":"7","time":"2026-01-02T03:04:05.678901234Z","proposer_address":")" +
           kProposer + R"("},"data":{"txs":)" + transactions + "}}}";
}

std::string results_text(const std::string& height, const std::string& transactions) {
    return R"({"height":")" + height + R"(","txs_results":)" + transactions +
           R"(,"finalize_block_events":[{"type":"staking.fees"}],"app_hash":"AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE="})";
}

Result<CommittedBlock> read(const std::string& block, const std::string& results) {
    return committed_block_from(*codec::parse_json(block), *codec::parse_json(results));
}

// As the engine writes them: zeros and empty members left out, one failed transaction, an event without attributes.
TEST(EngineBlocks, TransactionsCodesAndEvents) {
    const auto block = read(
        block_text(R"(["AQI=","Aw=="])"),
        results_text(
            "7", R"([{"code":0,"data":null,"log":"","gas_wanted":"9","gas_used":"8","events":[{"type":"bank.transfer",
            "attributes":[{"key":"from","value":"0x01","index":false},{"key":"memo","value":""}]}],"codespace":""},
            {"code":10,"log":"message 0: no","gas_wanted":"5","gas_used":"5","events":null}])"));
    ASSERT_TRUE(block) << block.error().message;
    EXPECT_EQ(block->info.chain_id, "net");
    EXPECT_EQ(block->info.height, 7u);
    EXPECT_EQ(block->info.time_ms, 1767323045678);
    EXPECT_EQ(block->info.proposer.bytes[0], 0xbb);
    EXPECT_EQ(block->hash[31], 0xaa);
    EXPECT_EQ(block->transactions, (std::vector<Bytes>{{1, 2}, {3}}));
    ASSERT_EQ(block->result.transactions.size(), 2u);
    EXPECT_EQ(block->result.transactions[0].gas_used, 8u);
    ASSERT_EQ(block->result.transactions[0].events.size(), 1u);
    EXPECT_EQ(block->result.transactions[0].events[0].type, "bank.transfer");
    EXPECT_EQ(block->result.transactions[0].events[0].attributes[0],
              std::pair(std::string("from"), std::string("0x01")));
    EXPECT_EQ(block->result.transactions[1].code, chain::TxCode::message_failed);
    EXPECT_EQ(block->result.transactions[1].log, "message 0: no");
    ASSERT_EQ(block->result.events.size(), 1u);
    EXPECT_EQ(block->result.app_hash[5], 1);
}

TEST(EngineBlocks, ABlockWithoutTransactions) {
    const auto block = read(block_text("[]"), results_text("7", "null"));
    ASSERT_TRUE(block) << block.error().message;
    EXPECT_TRUE(block->transactions.empty());
}

TEST(EngineBlocks, AnswersThatDoNotFitTogetherAreRefused) {
    EXPECT_EQ(read(block_text("[]"), results_text("8", "null")).error().message,
              "'height' of the results is another block's");
    EXPECT_EQ(read(block_text(R"(["AQI="])"), results_text("7", "null")).error().message,
              "'txs_results' has 0 entries for 1 transactions");
    EXPECT_EQ(read(R"({"block":{"header":{"chain_id":"net"}}})", results_text("7", "null")).error().message,
              "'block.header.height' is missing");
}

} // namespace
} // namespace assay::consensus
