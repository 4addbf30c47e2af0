// Rewards worked by hand. The cases named after a test of cosmos/cosmos-sdk x/distribution (keeper/delegation_test.go,
// keeper/allocation_test.go) have its numbers.
#include "chain/modules/staking/staking_test_chain.h"

namespace assay::chain::staking::test {
namespace {

constexpr std::uint32_t kHalf = 500'000;

/// One unit of stake is one of power, and all fees go to validators.
StakingParams small_units() {
    StakingParams params;
    params.power_reduction = 1;
    params.community_tax_ppm = 0;
    return params;
}

/// A validator with a vote, so that all fees are its own.
TestChain chain_with_validator(Amount stake, std::uint32_t commission_ppm, StakingParams params = small_units()) {
    TestChain chain(params);
    chain.begin_block();
    EXPECT_TRUE(chain.create(1, stake, commission_ppm));
    chain.end_block();
    chain.skip_blocks(2);
    return chain;
}

void add_fees(TestChain& chain, std::uint64_t units) {
    chain.fund_fees(Amount(units));
    chain.next_block();
}

std::size_t count_periods(const TestChain& chain) { return keys_with_prefix(chain.state, key_of(kPeriods)).size(); }

/// A slash by half through evidence would tombstone; this goes to the rule itself.
void slash_half(TestChain& chain, std::uint64_t power) {
    StakingParams params = chain.params.staking;
    chain.params.staking.slash_double_sign_ppm = kHalf;
    chain.accuse(1, chain.block.height, power, chain.block.time_ms);
    chain.next_block();
    chain.params.staking = params;
    // Forgiven, so that it may be slashed again.
    const StateKey key = key_of(kSigning, consensus_address(key_number(1)));
    Signing signing = *load<Signing>(chain.state, key);
    signing.tombstoned = false;
    signing.jailed_until_ms = 0;
    store(chain.state, key, signing);
    ASSERT_TRUE(chain.run(account(1), Unjail{account(1)}));
    chain.skip_blocks(3);
}

TEST(StakingRewards, CalculateRewardsBasic) {
    TestChain chain = chain_with_validator(Amount(100), kHalf);
    EXPECT_EQ(chain.pending(account(1), 1), "0");
    add_fees(chain, 10);
    EXPECT_EQ(chain.pending(account(1), 1), "5");
    EXPECT_EQ(chain.commission(1), "5");
}

TEST(StakingRewards, CalculateRewardsAfterSlash) {
    TestChain chain = chain_with_validator(Amount(100'000'000), kHalf);
    slash_half(chain, 100'000'000);
    EXPECT_EQ(chain.validator(1)->tokens, Amount(50'000'000));
    add_fees(chain, 10'000'000);
    EXPECT_EQ(chain.pending(account(1), 1), "5000000");
    EXPECT_EQ(chain.commission(1), "5000000");
}

TEST(StakingRewards, CalculateRewardsAfterManySlashes) {
    TestChain chain = chain_with_validator(Amount(100'000'000), kHalf);
    slash_half(chain, 100'000'000);
    add_fees(chain, 10'000'000);
    slash_half(chain, 50'000'000);
    EXPECT_EQ(chain.validator(1)->tokens, Amount(25'000'000));
    add_fees(chain, 10'000'000);
    EXPECT_EQ(chain.pending(account(1), 1), "10000000");
    EXPECT_EQ(chain.commission(1), "10000000");
}

TEST(StakingRewards, CalculateRewardsMultiDelegator) {
    TestChain chain = chain_with_validator(Amount(100), kHalf);
    add_fees(chain, 20);
    chain.fund(account(9), Amount(100));
    ASSERT_TRUE(chain.run(account(9), Delegate{account(1), Amount(100)}));
    chain.skip_blocks(2);
    add_fees(chain, 20);
    EXPECT_EQ(chain.balance(account(9)), Amount());
    EXPECT_EQ(chain.pending(account(1), 1), "15");
    EXPECT_EQ(chain.pending(account(9), 1), "5");
    EXPECT_EQ(chain.commission(1), "20");
}

TEST(StakingRewards, CalculateRewardsMultiDelegatorMultiSlash) {
    TestChain chain = chain_with_validator(Amount(100'000'000), kHalf);
    add_fees(chain, 30'000'000);
    slash_half(chain, 100'000'000);
    chain.fund(account(9), Amount(100'000'000));
    ASSERT_TRUE(chain.run(account(9), Delegate{account(1), Amount(100'000'000)}));
    chain.skip_blocks(2);
    add_fees(chain, 30'000'000);
    slash_half(chain, 150'000'000);
    add_fees(chain, 30'000'000);
    // 1/2 of the first, and 1/3 of the half of the other two: 15 + 5 + 5; the second delegator has 10 + 10.
    EXPECT_EQ(chain.pending(account(1), 1), "25000000");
    EXPECT_EQ(chain.pending(account(9), 1), "20000000");
    EXPECT_EQ(chain.commission(1), "45000000");
}

TEST(StakingRewards, WithdrawDelegationRewardsBasic) {
    TestChain chain = chain_with_validator(Amount(100 * kCoin), kHalf);
    add_fees(chain, 10 * kCoin);
    EXPECT_EQ(count_periods(chain), 1U);
    ASSERT_TRUE(chain.run(account(1), WithdrawRewards{account(1)}));
    EXPECT_EQ(chain.balance(account(1)), Amount(5 * kCoin));
    EXPECT_EQ(count_periods(chain), 1U); // shared by the delegation and the current period
    ASSERT_TRUE(chain.run(account(1), WithdrawCommission{account(1)}));
    EXPECT_EQ(chain.balance(account(1)), Amount(10 * kCoin));
    EXPECT_FALSE(chain.run(account(1), WithdrawCommission{account(1)}));
    EXPECT_EQ(chain.balance(rewards_account()), Amount());
    chain.next_block();
}

TEST(StakingRewards, AllocateTokensToManyValidators) {
    StakingParams params;
    params.power_reduction = 1;
    TestChain chain(params);
    chain.begin_block();
    ASSERT_TRUE(chain.create(1, Amount(100), kHalf));
    ASSERT_TRUE(chain.create(2, Amount(100), 0));
    chain.end_block();
    chain.skip_blocks(2);
    add_fees(chain, 100);
    EXPECT_EQ(*chain.query("commission", {{"validator", Bytes(20, 1)}}).find("outstanding")->text(), "49");
    EXPECT_EQ(*chain.query("commission", {{"validator", Bytes(20, 2)}}).find("outstanding")->text(), "49");
    EXPECT_EQ(chain.balance(treasury_account()), Amount(2));
    EXPECT_EQ(chain.commission(1), "24.5");
    EXPECT_EQ(chain.commission(2), "0");
    EXPECT_EQ(chain.pending(account(1), 1), "24.5");
    EXPECT_EQ(chain.pending(account(2), 2), "49");
}

TEST(StakingRewards, FractionsAreKeptAndDustGoesToTheTreasury) {
    TestChain chain = chain_with_validator(Amount(3), 0);
    chain.fund(account(9), Amount(4));
    ASSERT_TRUE(chain.run(account(9), Delegate{account(1), Amount(4)}));
    chain.next_block();
    add_fees(chain, 10);
    EXPECT_EQ(chain.pending(account(1), 1), "4.285714285714285713"); // 3/7 of 10, by a ratio cut after 18 digits
    ASSERT_TRUE(chain.run(account(1), WithdrawRewards{account(1)}));
    EXPECT_EQ(chain.balance(account(1)), Amount(4));
    ASSERT_TRUE(chain.run(account(9), WithdrawRewards{account(1)}));
    EXPECT_EQ(chain.balance(account(9)), Amount(5));
    EXPECT_EQ(*chain.query("pool").find("dust")->text(), "0.999999999999999997");
    add_fees(chain, 70'000); // enough for another fraction to fill the unit
    ASSERT_TRUE(chain.run(account(1), WithdrawRewards{account(1)}));
    chain.next_block();
}

TEST(StakingRewards, WithoutVotesFeesAreTheCommunitys) {
    TestChain chain;
    add_fees(chain, 12'345);
    EXPECT_EQ(chain.balance(treasury_account()), Amount(12'345));
    EXPECT_EQ(chain.balance(rewards_account()), Amount());
}

TEST(StakingRewards, BlockRewardIsMintedForTheVoters) {
    StakingParams params = small_units();
    params.block_reward = Amount(100);
    TestChain chain = chain_with_validator(Amount(50), 0, params);
    const Amount supply = chain.bank.supply(chain.state, kNativeToken);
    chain.skip_blocks(3);
    EXPECT_EQ(chain.bank.supply(chain.state, kNativeToken).units() - supply.units(), 300U);
}

TEST(StakingRewards, GoToTheAddressChosen) {
    TestChain chain = chain_with_validator(Amount(100), kHalf);
    ASSERT_TRUE(chain.run(account(1), SetWithdrawAddress{account(7)}));
    EXPECT_FALSE(chain.run(account(1), SetWithdrawAddress{Address{}}));
    add_fees(chain, 10);
    ASSERT_TRUE(chain.run(account(1), WithdrawRewards{account(1)}));
    ASSERT_TRUE(chain.run(account(1), WithdrawCommission{account(1)}));
    EXPECT_EQ(chain.balance(account(7)), Amount(10));
    EXPECT_FALSE(chain.run(account(2), WithdrawCommission{account(1)}));
}

TEST(StakingRewards, AValidatorThatIsGoneLeavesNothingBehind) {
    TestChain chain = chain_with_validator(Amount(100), kHalf);
    ASSERT_TRUE(chain.create(2, Amount(300)));
    chain.skip_blocks(3);
    add_fees(chain, 41);
    ASSERT_TRUE(chain.run(account(1), Undelegate{account(1), Amount(100)}));
    chain.next_block();
    chain.next_block(static_cast<std::int64_t>(chain.params.staking.unbonding_ms) + 1);
    EXPECT_FALSE(chain.validator(1));
    EXPECT_TRUE(keys_with_prefix(chain.state, key_of(kPeriods, account(1))).empty());
    EXPECT_TRUE(keys_with_prefix(chain.state, key_of(kRewards, account(1))).empty());
    EXPECT_GE(chain.balance(account(1)), Amount(100 + 10 - 1)); // stake, rewards and commission: a quarter of 41
}

} // namespace
} // namespace assay::chain::staking::test
