#include "consensus/blocks/result_record.h"

#include <gtest/gtest.h>

namespace assay::consensus {
namespace {

chain::BlockResult sample() {
    chain::BlockResult result;
    result.app_hash[5] = 7;
    result.transactions.push_back({.code = chain::TxCode::message_failed,
                                   .log = "message 1: no",
                                   .gas_wanted = 100,
                                   .gas_used = 99,
                                   .events = {{"bank.transfer", {{"from", "0x01"}, {"amount", "3"}}}, {"x", {}}}});
    result.transactions.emplace_back();
    result.events.push_back({"staking.rewards", {{"total", "5"}}});
    result.validator_updates.push_back({{1, 2, 3}, 44});
    return result;
}

TEST(ResultRecord, RoundTrips) {
    const chain::BlockResult result = sample();
    const auto again = decode_result(encode_result(result));
    ASSERT_TRUE(again) << again.error().message;
    EXPECT_EQ(again->app_hash, result.app_hash);
    ASSERT_EQ(again->transactions.size(), 2u);
    EXPECT_EQ(again->transactions[0].code, chain::TxCode::message_failed);
    EXPECT_EQ(again->transactions[0].log, "message 1: no");
    EXPECT_EQ(again->transactions[0].gas_used, 99u);
    EXPECT_EQ(again->transactions[0].events[0].attributes, result.transactions[0].events[0].attributes);
    EXPECT_EQ(again->events[0].type, "staking.rewards");
    EXPECT_EQ(again->validator_updates, result.validator_updates);
    EXPECT_EQ(encode_result(*again), encode_result(result));
}

TEST(ResultRecord, RefusesWhatIsCutOrLonger) {
    Bytes bytes = encode_result(sample());
    for (std::size_t size = 0; size < bytes.size(); ++size)
        EXPECT_FALSE(decode_result(ByteView(bytes).first(size))) << size;
    bytes.push_back(0);
    EXPECT_EQ(decode_result(bytes).error().message, "block result: bytes after it");
}

TEST(ResultRecord, ALengthCannotClaimMoreThanIsThere) {
    const auto refused = decode_events(Bytes{0x9b, 0x00, 0x00, 0x00, 0xff, 0xff, 0xff, 0xff, 0xff});
    EXPECT_FALSE(refused);
}

} // namespace
} // namespace assay::consensus
