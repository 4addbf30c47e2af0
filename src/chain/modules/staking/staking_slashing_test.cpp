#include "chain/gas.h"
#include "chain/modules/staking/math.h"
#include "chain/modules/staking/staking_test_chain.h"

namespace assay::chain::staking::test {
namespace {

const Address kAnn = account(0xa1);

/// Two bonded validators that vote: 1 with 100 coins, 2 with 50.
TestChain chain_of_two(StakingParams params = {}) {
    TestChain chain(params);
    chain.begin_block();
    EXPECT_TRUE(chain.create(1, Amount(100 * kCoin)));
    EXPECT_TRUE(chain.create(2, Amount(50 * kCoin)));
    chain.fund(kAnn, Amount(100 * kCoin));
    chain.end_block();
    chain.skip_blocks(3);
    return chain;
}

void accuse_now(TestChain& chain, std::uint64_t power) {
    chain.accuse(1, chain.block.height, power, chain.block.time_ms);
    chain.next_block();
}

Signing signing_of(const TestChain& chain, std::uint8_t n) {
    return *load<Signing>(chain.state, key_of(kSigning, consensus_address(key_number(n))));
}

// cosmos/cosmos-sdk x/slashing, TestHandleNewValidator and TestHandleAbsentValidator: with a window of 100 and half of it
// required, 50 absences in a full window are borne and the 51st is not.
TEST(StakingDowntime, JailsAtTheFirstBlockTooMany) {
    TestChain chain = chain_of_two();
    chain.skip_blocks(100);
    chain.absent.insert(consensus_address(key_number(1)));
    chain.skip_blocks(50);
    EXPECT_EQ(signing_of(chain, 1).missed, 50U);
    EXPECT_FALSE(chain.validator(1)->jailed);
    chain.next_block();
    EXPECT_TRUE(chain.validator(1)->jailed);
    EXPECT_EQ(chain.validator(1)->tokens, Amount(99 * kCoin)); // 1 % of its power
    EXPECT_EQ(signing_of(chain, 1).missed, 0U);
    chain.skip_blocks(3); // still voting for two blocks, and absent; jailed, so it is not counted
    EXPECT_EQ(chain.validator(1)->tokens, Amount(99 * kCoin));
    EXPECT_EQ(signing_of(chain, 1).missed, 0U);
    EXPECT_EQ(chain.set.size(), 1U);

    EXPECT_FALSE(chain.run(account(1), Unjail{account(1)}));
    chain.next_block(600'000);
    EXPECT_TRUE(chain.run(account(1), Unjail{account(1)}));
    chain.next_block();
    EXPECT_EQ(chain.set.size(), 2U);
    chain.skip_blocks(90); // absent again, but the window begins anew
    EXPECT_FALSE(chain.validator(1)->jailed);
    chain.skip_blocks(20);
    EXPECT_TRUE(chain.validator(1)->jailed);
}

TEST(StakingDowntime, IsNotCountedBeforeTheWindowIsFull) {
    TestChain chain = chain_of_two();
    chain.absent.insert(consensus_address(key_number(1)));
    chain.skip_blocks(96);
    EXPECT_FALSE(chain.validator(1)->jailed);
    EXPECT_GT(signing_of(chain, 1).missed, 90U);
    chain.skip_blocks(3);
    EXPECT_TRUE(chain.validator(1)->jailed);
}

TEST(StakingDowntime, OldAbsencesFallOutOfTheWindow) {
    TestChain chain = chain_of_two();
    for (int round = 0; round < 5; ++round) {
        chain.absent.insert(consensus_address(key_number(1)));
        chain.skip_blocks(40);
        chain.absent.clear();
        chain.skip_blocks(60);
        EXPECT_EQ(signing_of(chain, 1).missed, 40U);
    }
    EXPECT_FALSE(chain.validator(1)->jailed);
    chain.skip_blocks(100);
    EXPECT_EQ(signing_of(chain, 1).missed, 0U);
    EXPECT_TRUE(keys_with_prefix(chain.state, key_of(kMissed)).empty());
}

TEST(StakingDowntime, AChangedWindowBeginsAnew) {
    TestChain chain = chain_of_two();
    chain.absent.insert(consensus_address(key_number(1)));
    chain.skip_blocks(30);
    chain.params.staking.signed_blocks_window = 2'000; // two chunks of bits
    chain.next_block();
    EXPECT_EQ(signing_of(chain, 1).missed, 1U);
    chain.skip_blocks(10);
    EXPECT_EQ(signing_of(chain, 1).missed, 11U);
}

TEST(StakingDoubleSign, SlashesOnceAndForEver) {
    TestChain chain = chain_of_two();
    accuse_now(chain, 100);
    EXPECT_EQ(chain.validator(1)->tokens, Amount(95 * kCoin));
    EXPECT_TRUE(chain.validator(1)->jailed);
    EXPECT_EQ(chain.set.size(), 1U);
    const MemoryState once = chain.state;
    for (int i = 0; i < 3; ++i) accuse_now(chain, 100); // the same, and another: a tombstone is one
    EXPECT_EQ(chain.validator(1)->tokens, Amount(95 * kCoin));
    EXPECT_EQ(keys_with_prefix(chain.state, key_of(kSlashes)).size(), 1U);
    chain.next_block(1'000'000'000'000);
    EXPECT_FALSE(chain.run(account(1), Unjail{account(1)}));

    // Not even a new validator may have that key.
    ASSERT_TRUE(chain.run(account(1), Undelegate{account(1), Amount(95 * kCoin)}));
    EXPECT_FALSE(chain.validator(1));
    const auto again = chain.create(1, Amount(kCoin));
    ASSERT_FALSE(again);
    EXPECT_NE(again.error().message.find("barred"), std::string::npos);
    chain.next_block();
}

TEST(StakingDoubleSign, TwoInOneBlockCountOnce) {
    TestChain chain = chain_of_two();
    chain.accuse(1, chain.block.height, 100, chain.block.time_ms);
    chain.accuse(1, chain.block.height - 1, 100, chain.block.time_ms);
    chain.next_block();
    EXPECT_EQ(chain.validator(1)->tokens, Amount(95 * kCoin));
}

TEST(StakingDoubleSign, IgnoresEvidenceThatIsOldOrMeansNobody) {
    StakingParams params;
    params.evidence_age_blocks_max = 10;
    params.evidence_age_ms_max = 60'000;
    TestChain chain = chain_of_two(params);
    const std::uint64_t height = chain.block.height;
    const std::int64_t time_ms = chain.block.time_ms;
    chain.accuse(77, height, 100, time_ms); // no such validator
    chain.accuse(1, height + 10, 100, time_ms); // not yet
    chain.accuse(1, 0, 100, time_ms - 1'000'000); // before it existed
    chain.skip_blocks(20);
    chain.next_block(60'000);
    chain.accuse(1, height, 100, time_ms); // over both ages
    chain.next_block();
    EXPECT_EQ(chain.validator(1)->tokens, Amount(100 * kCoin));
    EXPECT_FALSE(chain.validator(1)->jailed);
    chain.accuse(1, height, 100, chain.block.time_ms - 1'000); // many blocks ago, but not long ago
    chain.next_block();
    EXPECT_EQ(chain.validator(1)->tokens, Amount(95 * kCoin));
}

// cosmos/cosmos-sdk x/staking, TestSlashWithUnbondingDelegation: of a power of 10 with 4 unbonding, a slash by half takes 2
// from what unbonds and 3 from the rest.
TEST(StakingSlash, ReachesWhatUnbondedSince) {
    StakingParams params;
    params.slash_double_sign_ppm = 500'000;
    TestChain chain(params);
    chain.begin_block();
    ASSERT_TRUE(chain.create(1, Amount(6 * kCoin)));
    ASSERT_TRUE(chain.create(2, Amount(kCoin)));
    chain.fund(kAnn, Amount(4 * kCoin));
    ASSERT_TRUE(chain.run(kAnn, Delegate{account(1), Amount(4 * kCoin)}));
    chain.end_block();
    chain.skip_blocks(3);
    const std::uint64_t infraction = chain.block.height;
    chain.next_block();
    ASSERT_TRUE(chain.run(kAnn, Undelegate{account(1), Amount(4 * kCoin)}));
    chain.next_block();
    const Amount supply = chain.bank.supply(chain.state, kNativeToken);
    chain.accuse(1, infraction, 10, chain.block.time_ms);
    chain.next_block();
    EXPECT_EQ(chain.validator(1)->tokens, Amount(3 * kCoin));
    EXPECT_EQ(supply.units() - chain.bank.supply(chain.state, kNativeToken).units(), 5 * kCoin);
    chain.next_block(static_cast<std::int64_t>(params.unbonding_ms));
    EXPECT_EQ(chain.balance(kAnn), Amount(2 * kCoin));
}

// The set that votes on block h is that of the end of block h - 2.
TEST(StakingSlash, ReachesBackToTheBlockBeforeTheInfraction) {
    for (const std::uint64_t blocks_later : {1U, 2U}) {
        TestChain chain = chain_of_two();
        ASSERT_TRUE(chain.run(kAnn, Delegate{account(1), Amount(20 * kCoin)}));
        chain.skip_blocks(3);
        chain.begin_block();
        ASSERT_TRUE(chain.run(kAnn, Undelegate{account(1), Amount(20 * kCoin)}));
        const std::uint64_t left = chain.block.height;
        chain.end_block();
        chain.skip_blocks(5);
        chain.accuse(1, left + blocks_later, 100, chain.block.time_ms);
        chain.next_block();
        chain.next_block(static_cast<std::int64_t>(chain.params.staking.unbonding_ms));
        EXPECT_EQ(chain.balance(kAnn), Amount((blocks_later == 1 ? 99 : 100) * kCoin));
    }
}

TEST(StakingSlash, SparesWhatHadLeftBefore) {
    TestChain chain = chain_of_two();
    ASSERT_TRUE(chain.run(kAnn, Delegate{account(1), Amount(20 * kCoin)}));
    chain.next_block();
    ASSERT_TRUE(chain.run(kAnn, Undelegate{account(1), Amount(20 * kCoin)}));
    chain.skip_blocks(5);
    accuse_now(chain, 100);
    EXPECT_EQ(chain.validator(1)->tokens, Amount(95 * kCoin));
    chain.next_block(static_cast<std::int64_t>(chain.params.staking.unbonding_ms));
    EXPECT_EQ(chain.balance(kAnn), Amount(100 * kCoin));
}

TEST(StakingSlash, SparesWhatCameAfter) {
    TestChain chain = chain_of_two();
    const std::uint64_t infraction = chain.block.height;
    chain.next_block();
    ASSERT_TRUE(chain.run(kAnn, Delegate{account(1), Amount(100 * kCoin)}));
    chain.accuse(1, infraction, 100, chain.block.time_ms);
    chain.next_block();
    // 5 % of the power then; all who are there bear it together, as shares do.
    EXPECT_EQ(chain.validator(1)->tokens, Amount(195 * kCoin));
    EXPECT_EQ(chain.delegated(kAnn, 1), Amount(97'500'000'000));
}

TEST(StakingSlash, FollowsStakeThatMoved) {
    TestChain chain = chain_of_two();
    ASSERT_TRUE(chain.run(kAnn, Delegate{account(1), Amount(40 * kCoin)}));
    chain.skip_blocks(3);
    const std::uint64_t infraction = chain.block.height;
    chain.next_block();
    ASSERT_TRUE(chain.run(kAnn, Redelegate{account(1), account(2), Amount(40 * kCoin)}));
    chain.next_block();
    chain.accuse(1, infraction, 140, chain.block.time_ms);
    chain.next_block();
    EXPECT_EQ(chain.validator(1)->tokens, Amount(95 * kCoin)); // 7 of 140, of which 2 from what moved
    EXPECT_EQ(chain.validator(2)->tokens, Amount(88 * kCoin));
    EXPECT_EQ(chain.delegated(kAnn, 2), Amount(38 * kCoin));
    EXPECT_EQ(chain.delegated(account(2), 2), Amount(50 * kCoin)); // its new neighbours pay nothing
}

TEST(StakingSlash, FollowsStakeThatMovedAndThenLeft) {
    TestChain chain = chain_of_two();
    ASSERT_TRUE(chain.run(kAnn, Delegate{account(1), Amount(40 * kCoin)}));
    chain.skip_blocks(3);
    const std::uint64_t infraction = chain.block.height;
    chain.next_block();
    ASSERT_TRUE(chain.run(kAnn, Redelegate{account(1), account(2), Amount(40 * kCoin)}));
    ASSERT_TRUE(chain.run(kAnn, Undelegate{account(2), Amount(39 * kCoin)}));
    chain.next_block();
    chain.accuse(1, infraction, 140, chain.block.time_ms);
    chain.next_block();
    EXPECT_EQ(chain.validator(1)->tokens, Amount(95 * kCoin));
    EXPECT_EQ(chain.delegated(kAnn, 2), Amount(kCoin));
    chain.next_block(static_cast<std::int64_t>(chain.params.staking.unbonding_ms));
    EXPECT_EQ(chain.balance(kAnn), Amount((60 + 37) * kCoin));
}

TEST(StakingSlash, NeverTakesMoreThanThereIs) {
    TestChain chain = chain_of_two();
    chain.params.staking.slash_double_sign_ppm = kPpm;
    accuse_now(chain, 1'000'000);
    EXPECT_EQ(chain.validator(1)->tokens, Amount());
    chain.next_block();
}

// A walk over slashes that the gas cuts short must not pay what the slashes took.
TEST(StakingSlashing, RunningOutOfGasInAPaymentOnlyFailsTheMessage) {
    StakingParams params;
    params.slash_double_sign_ppm = 500'000;
    TestChain chain = chain_of_two(params);
    accuse_now(chain, 100);
    chain.fund_fees(Amount(kCoin)); // all that is owed came after the slash: what it took would be twice as much
    chain.next_block();
    const auto withdraw = chain.registry.decode(to_value(WithdrawRewards{account(1)}));
    ASSERT_TRUE(withdraw);
    bool has_succeeded = false;
    std::size_t ran_out = 0;
    for (std::uint64_t limit = 0; !has_succeeded; limit += 250) {
        Overlay changes(chain.state);
        GasMeter gas(limit);
        MeteredState metered(changes, gas);
        std::vector<Event> events;
        Context context(chain.block, metered, gas, events);
        EXPECT_TRUE((*withdraw)->execute(context, account(1)));
        has_succeeded = !gas.exhausted();
        ran_out += gas.exhausted();
    }
    EXPECT_GT(ran_out, 20U);
}

} // namespace
} // namespace assay::chain::staking::test
