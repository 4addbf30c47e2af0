// What happens at the ends of 128 bits: nothing wraps, nothing stops, and books still balance.
#include "chain/modules/staking/math.h"
#include "chain/modules/staking/staking_test_chain.h"

namespace assay::chain::staking::test {
namespace {

const Address kAnn = account(0xa1);

/// Lifts the tombstone, so that evidence counts again.
void forgive(TestChain& chain, std::uint8_t n) {
    const StateKey key = key_of(kSigning, consensus_address(key_number(n)));
    Signing signing = *load<Signing>(chain.state, key);
    signing.tombstoned = false;
    signing.jailed_until_ms = 0;
    store(chain.state, key, signing);
}

TEST(StakingLimits, FeesBeyondWhatAValidatorMayBeOwedAreTheCommunitys) {
    TestChain chain;
    chain.params.staking.community_tax_ppm = 0;
    chain.begin_block();
    ASSERT_TRUE(chain.create(1, Amount(kCoin), 500'000));
    chain.end_block();
    chain.skip_blocks(2);
    const Amount flood(kAllocationMax.units() * 5 + 7);
    chain.fund_fees(flood);
    chain.skip_blocks(6);
    EXPECT_EQ(chain.balance(fees_account()), Amount());
    EXPECT_EQ(chain.balance(rewards_account()), Amount(kAllocationMax.units() * 3));
    EXPECT_EQ(chain.balance(treasury_account()), Amount(kAllocationMax.units() * 2 + 7));
    ASSERT_TRUE(chain.run(account(1), WithdrawRewards{account(1)}));
    ASSERT_TRUE(chain.run(account(1), WithdrawCommission{account(1)}));
    EXPECT_EQ(chain.balance(account(1)), Amount(kAllocationMax.units() * 3));
    chain.next_block();
}

TEST(StakingLimits, RewardsOnOneUnitOfStakeDoNotOverflow) {
    StakingParams params;
    params.power_reduction = 1;
    params.community_tax_ppm = 0;
    TestChain chain(params);
    chain.begin_block();
    ASSERT_TRUE(chain.create(1, Amount(1)));
    chain.end_block();
    chain.skip_blocks(2);
    Uint128 paid = 0;
    for (int i = 0; i < 8; ++i) { // the ratio reaches its end in the fourth of these
        chain.fund_fees(kAllocationMax);
        chain.next_block();
        ASSERT_TRUE(chain.run(account(1), WithdrawRewards{account(1)}));
        chain.next_block();
    }
    paid = chain.balance(account(1)).units();
    EXPECT_EQ(paid, kAllocationMax.units() * 3);
    EXPECT_EQ(chain.balance(treasury_account()).units(), kAllocationMax.units() * 5);
}

TEST(StakingLimits, SlashedAgainAndAgainAValidatorTakesStakeUntilItsSharesRunOut) {
    TestChain chain;
    chain.params.staking.slash_double_sign_ppm = 999'999;
    chain.begin_block();
    ASSERT_TRUE(chain.create(1, Amount(1'000'000 * kCoin)));
    chain.fund(kAnn, Amount(Uint128{kCoin} * kCoin));
    chain.end_block();
    bool refused = false;
    std::size_t rounds = 0;
    for (; rounds < 12 && !refused; ++rounds) {
        const std::uint64_t power = static_cast<std::uint64_t>(chain.validator(1)->tokens.units() / kCoin);
        chain.accuse(1, chain.block.height, power, chain.block.time_ms);
        chain.next_block();
        forgive(chain, 1);
        refused = !chain.run(kAnn, Delegate{account(1), Amount(1'000'000 * kCoin)});
        chain.next_block();
    }
    EXPECT_TRUE(refused);
    EXPECT_GT(rounds, 2U);
    EXPECT_TRUE(chain.run(kAnn, WithdrawRewards{account(1)}));
    const Amount rest = chain.delegated(kAnn, 1);
    EXPECT_EQ(chain.run(kAnn, Undelegate{account(1), rest}).has_value(), !rest.is_zero());
    chain.next_block();
}

TEST(StakingLimits, AMatureQueueIsWorkedOffOverBlocks) {
    TestChain chain;
    chain.begin_block();
    ASSERT_TRUE(chain.create(1, Amount(kCoin)));
    for (std::size_t i = 0; i < kMaturingPerBlock + 200; ++i) {
        Address delegator = kAnn;
        delegator.bytes[0] = static_cast<std::uint8_t>(i);
        delegator.bytes[1] = static_cast<std::uint8_t>(i >> 8);
        chain.fund(delegator, Amount(10));
        ASSERT_TRUE(chain.run(delegator, Delegate{account(1), Amount(10)}));
        ASSERT_TRUE(chain.run(delegator, Undelegate{account(1), Amount(10)}));
    }
    chain.end_block();
    chain.next_block(static_cast<std::int64_t>(chain.params.staking.unbonding_ms));
    EXPECT_EQ(keys_with_prefix(chain.state, key_of(kUnbondings)).size(), 200U);
    chain.next_block();
    EXPECT_TRUE(keys_with_prefix(chain.state, key_of(kUnbondings)).empty());
    EXPECT_EQ(chain.balance(unbonded_account()), Amount());
}

} // namespace
} // namespace assay::chain::staking::test
