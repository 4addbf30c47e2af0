#include "chain/modules/staking/staking_test_chain.h"

namespace assay::chain::staking::test {
namespace {

constexpr std::int64_t kDayMs = 86'400'000;

std::uint64_t power_in_set(const TestChain& chain, std::uint8_t n) {
    const auto entry = chain.set.find(key_number(n));
    return entry == chain.set.end() ? 0 : entry->second;
}

TEST(StakingValidators, AreElectedByStakeAndTiesByAddress) {
    StakingParams params;
    params.validators_max = 3;
    TestChain chain(params);
    chain.begin_block();
    for (const std::uint8_t n : std::initializer_list<std::uint8_t>{9, 3, 5, 4})
        ASSERT_TRUE(chain.create(n, Amount(10 * kCoin)));
    ASSERT_TRUE(chain.create(8, Amount(11 * kCoin)));
    chain.end_block();
    EXPECT_EQ(chain.last_updates.size(), 3U);
    EXPECT_EQ(power_in_set(chain, 8), 11U);
    EXPECT_EQ(power_in_set(chain, 3), 10U);
    EXPECT_EQ(power_in_set(chain, 4), 10U);
    EXPECT_EQ(power_in_set(chain, 5), 0U);

    chain.next_block();
    EXPECT_TRUE(chain.last_updates.empty()); // nothing changed, nothing said

    chain.fund(account(77), Amount(5 * kCoin));
    ASSERT_TRUE(chain.run(account(77), Delegate{account(9), Amount(2 * kCoin)}));
    chain.next_block();
    ASSERT_EQ(chain.last_updates.size(), 2U); // 9 comes, 4 goes
    EXPECT_EQ(power_in_set(chain, 9), 12U);
    EXPECT_EQ(power_in_set(chain, 4), 0U);
    EXPECT_TRUE(chain.validator(4)->is(Status::unbonding));
}

TEST(StakingValidators, NeedAWholeUnitOfPower) {
    TestChain chain;
    chain.begin_block();
    ASSERT_TRUE(chain.create(1, Amount(kCoin - 1)));
    ASSERT_TRUE(chain.create(2, Amount(kCoin)));
    chain.end_block();
    EXPECT_EQ(power_in_set(chain, 1), 0U);
    EXPECT_EQ(power_in_set(chain, 2), 1U);
}

TEST(StakingValidators, PowerNeverPassesWhatConsensusAllows) {
    StakingParams params;
    params.power_reduction = 1;
    params.validators_max = 2;
    TestChain chain(params);
    chain.begin_block();
    for (const std::uint8_t n : std::initializer_list<std::uint8_t>{1, 2})
        ASSERT_TRUE(chain.create(n, Amount(Uint128{kCoin} * kCoin * kCoin / 4)));
    chain.end_block();
    EXPECT_EQ(power_in_set(chain, 1), kTotalPowerMax / 2);
    EXPECT_LE(power_in_set(chain, 1) + power_in_set(chain, 2), kTotalPowerMax);
    const auto refused = chain.create(3, Amount(Uint128{kCoin} * kCoin * kCoin / 2 + 1));
    ASSERT_FALSE(refused);
    EXPECT_NE(refused.error().message.find("all validators together"), std::string::npos);
}

TEST(StakingValidators, TheLastOneStays) {
    TestChain chain;
    chain.begin_block();
    ASSERT_TRUE(chain.create(1, Amount(5 * kCoin)));
    chain.end_block();
    ASSERT_TRUE(chain.run(account(1), Undelegate{account(1), Amount(5 * kCoin)}));
    chain.next_block();
    EXPECT_EQ(power_in_set(chain, 1), 5U); // consensus cannot be left without anybody
    ASSERT_TRUE(chain.create(2, Amount(kCoin)));
    chain.next_block();
    EXPECT_EQ(power_in_set(chain, 1), 0U);
    EXPECT_EQ(power_in_set(chain, 2), 1U);
    chain.next_block(static_cast<std::int64_t>(chain.params.staking.unbonding_ms) + 1);
    EXPECT_FALSE(chain.validator(1)); // empty and unbonded
    EXPECT_EQ(chain.balance(account(1)), Amount(5 * kCoin));
}

TEST(StakingValidators, RefusesBadOnesByName) {
    TestChain chain;
    chain.begin_block();
    ASSERT_TRUE(chain.create(1, Amount(kCoin)));
    chain.fund(account(2), Amount(10 * kCoin));
    CreateValidator good;
    good.consensus_key = key_number(2);
    good.moniker = "two";
    good.commission_ppm = 100'000;
    good.commission_max_ppm = 200'000;
    good.commission_change_max_ppm = 10'000;
    good.stake = Amount(kCoin);
    const auto expect_refused = [&](auto change, std::string_view word) {
        CreateValidator message = good;
        change(message);
        const auto done = chain.run(account(2), message);
        ASSERT_FALSE(done) << word;
        EXPECT_NE(done.error().message.find(word), std::string::npos) << done.error().message;
    };
    expect_refused([](auto& m) { m.consensus_key = key_number(1); }, "another validator");
    expect_refused([](auto& m) { m.moniker.clear(); }, "moniker");
    expect_refused([](auto& m) { m.website = std::string(141, 'w'); }, "website");
    expect_refused([](auto& m) { m.commission_max_ppm = 1'000'001; }, "commission_max_ppm");
    expect_refused([](auto& m) { m.commission_ppm = 200'001; }, "commission_ppm");
    expect_refused([](auto& m) { m.commission_change_max_ppm = 200'001; }, "commission_change_max_ppm");
    expect_refused([](auto& m) { m.min_self_stake = Amount(); }, "min_self_stake is 0");
    expect_refused([](auto& m) { m.min_self_stake = Amount(kCoin + 1); }, "below min_self_stake");
    expect_refused([](auto& m) { m.stake = Amount(11 * kCoin); }, "balance");
    chain.params.staking.commission_min_ppm = 100'001;
    expect_refused([](auto&) {}, "least allowed");
    chain.params.staking.commission_min_ppm = 0;
    EXPECT_TRUE(chain.run(account(2), good));
    good.consensus_key = key_number(3);
    expect_refused([](auto&) {}, "exists already");
    chain.end_block();
}

TEST(StakingValidators, CommissionChangesOnceADayWithinItsBounds) {
    TestChain chain;
    chain.begin_block();
    ASSERT_TRUE(chain.create(1, Amount(kCoin), 50'000)); // at most 100,000 a day
    chain.end_block();
    EXPECT_FALSE(chain.run(account(1), SetCommission{60'000}));
    chain.next_block(kDayMs);
    EXPECT_FALSE(chain.run(account(1), SetCommission{150'001}));
    EXPECT_FALSE(chain.run(account(1), SetCommission{1'000'001}));
    EXPECT_FALSE(chain.run(account(2), SetCommission{60'000}));
    EXPECT_TRUE(chain.run(account(1), SetCommission{150'000}));
    EXPECT_EQ(chain.validator(1)->commission_ppm, 150'000U);
    chain.next_block(kDayMs - 1);
    EXPECT_FALSE(chain.run(account(1), SetCommission{0}));
    chain.next_block(1);
    EXPECT_TRUE(chain.run(account(1), SetCommission{0})); // down as far as one likes
}

TEST(StakingValidators, EditsTextsAndRaisesItsMinimum) {
    TestChain chain;
    chain.begin_block();
    ASSERT_TRUE(chain.create(1, Amount(kCoin)));
    EXPECT_TRUE(chain.run(account(1), EditValidator{"new", "https://example.org", "details"}));
    EXPECT_FALSE(chain.run(account(1), EditValidator{"", "", ""}));
    EXPECT_EQ(chain.validator(1)->moniker, "new");
    EXPECT_TRUE(chain.run(account(1), SetMinSelfStake{Amount(kCoin)}));
    EXPECT_FALSE(chain.run(account(1), SetMinSelfStake{Amount(kCoin)}));
    EXPECT_FALSE(chain.run(account(1), SetMinSelfStake{Amount(kCoin + 1)}));
    chain.end_block();
}

TEST(StakingValidators, BelowItsMinimumItIsJailedUntilItStakesAgain) {
    TestChain chain;
    chain.begin_block();
    ASSERT_TRUE(chain.create(1, Amount(10 * kCoin), 0, Amount(5 * kCoin)));
    ASSERT_TRUE(chain.create(2, Amount(kCoin)));
    chain.end_block();
    ASSERT_TRUE(chain.run(account(1), Undelegate{account(1), Amount(5 * kCoin)}));
    EXPECT_FALSE(chain.validator(1)->jailed);
    ASSERT_TRUE(chain.run(account(1), Undelegate{account(1), Amount(1)}));
    EXPECT_TRUE(chain.validator(1)->jailed);
    chain.next_block();
    EXPECT_EQ(power_in_set(chain, 1), 0U);
    EXPECT_FALSE(chain.run(account(1), Unjail{account(1)}));
    chain.fund(account(1), Amount(1));
    ASSERT_TRUE(chain.run(account(1), Delegate{account(1), Amount(1)}));
    EXPECT_FALSE(chain.run(account(2), Unjail{account(1)}));
    EXPECT_TRUE(chain.run(account(1), Unjail{account(1)}));
    EXPECT_FALSE(chain.run(account(1), Unjail{account(1)}));
    chain.next_block();
    EXPECT_EQ(power_in_set(chain, 1), 5U);
}

TEST(StakingValidators, QueriesPageAndName) {
    TestChain chain;
    chain.begin_block();
    for (std::uint8_t n = 1; n <= 5; ++n) ASSERT_TRUE(chain.create(n, Amount(n * kCoin)));
    chain.end_block();
    const auto first = chain.query("validators", {{"limit", 2}});
    ASSERT_EQ(first.find("validators")->list()->size(), 2U);
    const std::string last = *first.find("validators")->list()->at(1).find("address")->text();
    EXPECT_EQ(last, crypto::to_string(account(2)));
    const auto rest = chain.query("validators", {{"after", last}, {"status", "bonded"}});
    EXPECT_EQ(rest.find("validators")->list()->size(), 3U);
    EXPECT_EQ(*chain.query("validator", {{"validator", crypto::to_string(account(3))}}).find("tokens")->text(),
              "3000000000");
    EXPECT_EQ(chain.query("set").find("validators")->list()->size(), 5U);
    EXPECT_EQ(*chain.query("pool").find("bonded")->text(), "15000000000");
    EXPECT_EQ(chain.query("params").find("validators_max")->integer()->to_uint64(), 100U);
    EXPECT_FALSE(chain.query("signing", {{"validator", Bytes(20, 1)}}).find("jailed")->boolean() == nullptr);
    EXPECT_FALSE(chain.staking.query(chain.block, chain.state, "nonsense", codec::Value(codec::Value::Map{})));
    EXPECT_FALSE(chain.staking.query(chain.block, chain.state, "validator", codec::Value(codec::Value::Map{})));
}

TEST(StakingParams, AreCheckedByName) {
    EXPECT_TRUE(StakingParams{}.validate());
    StakingParams params;
    params.validators_max = 0;
    ASSERT_FALSE(params.validate());
    EXPECT_NE(params.validate().error().message.find("validators_max"), std::string::npos);
    params = {};
    params.slash_downtime_ppm = 1'000'001;
    EXPECT_FALSE(params.validate());
    params = {};
    params.block_reward = Amount::max();
    EXPECT_FALSE(params.validate());
}

} // namespace
} // namespace assay::chain::staking::test
