#include "chain/modules/staking/math.h"
#include "chain/modules/staking/staking_test_chain.h"

namespace assay::chain::staking::test {
namespace {

const Address kAnn = account(0xa1);
const Address kBob = account(0xb0);

/// Three bonded validators with 10 coins each; Ann has 100 to spend.
TestChain chain_of_three() {
    TestChain chain;
    chain.begin_block();
    for (const std::uint8_t n : std::initializer_list<std::uint8_t>{1, 2, 3})
        EXPECT_TRUE(chain.create(n, Amount(10 * kCoin)));
    chain.fund(kAnn, Amount(100 * kCoin));
    chain.end_block();
    return chain;
}

std::int64_t unbonding_ms(const TestChain& chain) {
    return static_cast<std::int64_t>(chain.params.staking.unbonding_ms);
}

TEST(StakingDelegation, ComesBackAfterTheUnbondingTime) {
    TestChain chain = chain_of_three();
    ASSERT_TRUE(chain.run(kAnn, Delegate{account(1), Amount(7 * kCoin)}));
    EXPECT_EQ(chain.delegated(kAnn, 1), Amount(7 * kCoin));
    EXPECT_FALSE(chain.run(kAnn, Undelegate{account(1), Amount(7 * kCoin + 1)}));
    EXPECT_FALSE(chain.run(kAnn, Undelegate{account(2), Amount(1)}));
    EXPECT_FALSE(chain.run(kAnn, Undelegate{account(1), Amount()}));
    ASSERT_TRUE(chain.run(kAnn, Undelegate{account(1), Amount(3 * kCoin)}));
    EXPECT_EQ(chain.delegated(kAnn, 1), Amount(4 * kCoin));
    chain.next_block(unbonding_ms(chain) - 1);
    EXPECT_EQ(chain.balance(kAnn), Amount(93 * kCoin));
    EXPECT_EQ(chain.query("unbondings", {{"delegator", Bytes(20, 0xa1)}}).find("unbondings")->list()->size(), 1U);
    chain.next_block(1);
    EXPECT_EQ(chain.balance(kAnn), Amount(96 * kCoin));
    EXPECT_TRUE(chain.query("unbondings", {{"delegator", Bytes(20, 0xa1)}}).find("unbondings")->list()->empty());
}

TEST(StakingDelegation, ComesBackInTheOrderItLeft) {
    TestChain chain = chain_of_three();
    ASSERT_TRUE(chain.run(kAnn, Delegate{account(1), Amount(100 * kCoin)}));
    ASSERT_TRUE(chain.run(kAnn, Undelegate{account(1), Amount(1 * kCoin)}));
    ASSERT_TRUE(chain.run(kAnn, Undelegate{account(1), Amount(2 * kCoin)}));
    chain.next_block();
    ASSERT_TRUE(chain.run(kAnn, Undelegate{account(1), Amount(4 * kCoin)}));
    chain.next_block(unbonding_ms(chain) - 1'000);
    EXPECT_EQ(chain.balance(kAnn), Amount(3 * kCoin));
    chain.next_block();
    EXPECT_EQ(chain.balance(kAnn), Amount(7 * kCoin));
}

TEST(StakingDelegation, RefusesWhatCannotBe) {
    TestChain chain = chain_of_three();
    EXPECT_FALSE(chain.run(kAnn, Delegate{account(1), Amount()}));
    EXPECT_FALSE(chain.run(kAnn, Delegate{account(1), Amount(101 * kCoin)}));
    const auto unknown = chain.run(kAnn, Delegate{account(99), Amount(1)});
    ASSERT_FALSE(unknown);
    EXPECT_EQ(unknown.error().code, ErrorCode::not_found);
    EXPECT_EQ(chain.balance(kAnn), Amount(100 * kCoin));
}

TEST(StakingDelegation, HasSevenUnbondingsAtMost) {
    TestChain chain = chain_of_three();
    ASSERT_TRUE(chain.run(kAnn, Delegate{account(1), Amount(20 * kCoin)}));
    for (int i = 0; i < 7; ++i) {
        ASSERT_TRUE(chain.run(kAnn, Undelegate{account(1), Amount(kCoin)}));
        chain.next_block();
    }
    const auto eighth = chain.run(kAnn, Undelegate{account(1), Amount(kCoin)});
    ASSERT_FALSE(eighth);
    EXPECT_EQ(eighth.error().code, ErrorCode::resource_exhausted);
    chain.next_block(unbonding_ms(chain) - 7'001);
    EXPECT_FALSE(chain.run(kAnn, Undelegate{account(1), Amount(kCoin)}));
    chain.next_block();
    EXPECT_TRUE(chain.run(kAnn, Undelegate{account(1), Amount(kCoin)})); // the first has matured
    chain.next_block();
}

TEST(StakingDelegation, MovesAtOnceButNotOnward) {
    TestChain chain = chain_of_three();
    ASSERT_TRUE(chain.run(kAnn, Delegate{account(1), Amount(10 * kCoin)}));
    ASSERT_TRUE(chain.run(kAnn, Delegate{account(2), Amount(1 * kCoin)}));
    EXPECT_FALSE(chain.run(kAnn, Redelegate{account(1), account(1), Amount(kCoin)}));
    EXPECT_FALSE(chain.run(kAnn, Redelegate{account(1), account(99), Amount(kCoin)}));
    EXPECT_FALSE(chain.run(kAnn, Redelegate{account(1), account(2), Amount(11 * kCoin)}));
    for (int i = 0; i < 7; ++i) ASSERT_TRUE(chain.run(kAnn, Redelegate{account(1), account(2), Amount(kCoin)}));
    EXPECT_EQ(chain.delegated(kAnn, 2), Amount(8 * kCoin));
    EXPECT_FALSE(chain.run(kAnn, Redelegate{account(1), account(2), Amount(kCoin)}));
    const auto onward = chain.run(kAnn, Redelegate{account(2), account(3), Amount(kCoin)});
    ASSERT_FALSE(onward);
    EXPECT_NE(onward.error().message.find("maturing"), std::string::npos);
    EXPECT_EQ(chain.query("redelegations", {{"delegator", Bytes(20, 0xa1)}}).find("redelegations")->list()->size(), 1U);
    chain.next_block(unbonding_ms(chain) + 1'000);
    EXPECT_TRUE(chain.run(kAnn, Redelegate{account(2), account(3), Amount(kCoin)}));
    chain.next_block();
}

TEST(StakingDelegation, LeavesAValidatorThatIsNotBondedFreely) {
    TestChain chain;
    chain.begin_block();
    ASSERT_TRUE(chain.create(1, Amount(kCoin - 1)));
    ASSERT_TRUE(chain.create(2, Amount(kCoin)));
    chain.fund(kAnn, Amount(2 * kCoin));
    chain.end_block();
    ASSERT_TRUE(chain.run(kAnn, Delegate{account(1), Amount(kCoin)}));
    ASSERT_TRUE(chain.run(kAnn, Redelegate{account(1), account(2), Amount(kCoin)}));
    EXPECT_TRUE(keys_with_prefix(chain.state, key_of(kRedelegations)).empty()); // never bonded: nothing to answer for
    chain.next_block();
    EXPECT_EQ(chain.validator(2)->tokens, Amount(2 * kCoin));
}

TEST(StakingDelegation, RoundingStaysWithTheOthers) {
    TestChain chain = chain_of_three();
    chain.fund(kBob, Amount(1'000'003));
    ASSERT_TRUE(chain.run(kBob, Delegate{account(1), Amount(1'000'003)}));
    chain.params.staking.slash_double_sign_ppm = 333'333;
    chain.accuse(1, chain.block.height, 10, chain.block.time_ms);
    chain.next_block();
    const Amount worth = chain.delegated(kBob, 1);
    EXPECT_LT(worth, Amount(1'000'003));
    const Uint128 before = chain.validator(1)->tokens.units();
    ASSERT_TRUE(chain.run(kAnn, Delegate{account(1), Amount(777)}));
    ASSERT_TRUE(chain.run(kAnn, Undelegate{account(1), chain.delegated(kAnn, 1)}));
    EXPECT_GE(chain.validator(1)->tokens.units(), before);
    EXPECT_GE(chain.delegated(kBob, 1), worth);
    chain.next_block();
}

// Whoever holds the only share of a validator may try to make a share worth so much that others' stake buys less than it
// is worth, by leaving what rounding leaves. Shares are fine enough that it does not work, and a last check refuses.
TEST(StakingDelegation, CannotBeDilutedByTheExchangeRate) {
    TestChain chain = chain_of_three();
    Validator record = *chain.validator(1);
    const StateKey key = key_of(kDelegations, account(1), account(1));
    Delegation own = *load<Delegation>(chain.state, key);
    record.shares = Amount(1);
    own.shares = Amount(1);
    own.stake_e9 = Amount(1);
    store(chain.state, key_of(kValidators, account(1)), record);
    store(chain.state, key, own);
    const auto refused = chain.run(kAnn, Delegate{account(1), Amount(19 * kCoin)}); // would buy one share, worth 14.5
    ASSERT_FALSE(refused);
    EXPECT_NE(refused.error().message.find("no more stake"), std::string::npos);
    EXPECT_TRUE(chain.run(kAnn, Delegate{account(1), Amount(20 * kCoin)})); // two shares to the unit
}

TEST(StakingDelegation, SlashedToNothingTakesNoMore) {
    TestChain chain = chain_of_three();
    chain.params.staking.slash_double_sign_ppm = kPpm;
    chain.accuse(1, chain.block.height, 10, chain.block.time_ms);
    chain.next_block();
    EXPECT_EQ(chain.validator(1)->tokens, Amount());
    EXPECT_FALSE(chain.run(kAnn, Delegate{account(1), Amount(kCoin)}));
    EXPECT_FALSE(chain.run(account(1), Undelegate{account(1), Amount(1)}));
    EXPECT_TRUE(chain.run(account(1), WithdrawRewards{account(1)}));
    chain.next_block();
}

} // namespace
} // namespace assay::chain::staking::test
