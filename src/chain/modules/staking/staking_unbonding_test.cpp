#include "chain/modules/staking/math.h"
#include "chain/modules/staking/staking_test_chain.h"

namespace assay::chain::staking::test {
namespace {

const Address kAnn = account(0xa1);

struct StakingCancel : ::testing::Test {
    StakingCancel() {
        chain.begin_block();
        EXPECT_TRUE(chain.create(1, Amount(100 * kCoin)));
        EXPECT_TRUE(chain.create(2, Amount(50 * kCoin)));
        chain.fund(kAnn, Amount(100 * kCoin));
        EXPECT_TRUE(chain.run(kAnn, Delegate{account(1), Amount(100 * kCoin)}));
        chain.end_block();
        chain.skip_blocks(3);
    }
    std::uint64_t undelegate(std::uint64_t coins) {
        EXPECT_TRUE(chain.run(kAnn, Undelegate{account(1), Amount(coins * kCoin)}));
        return chain.block.height;
    }
    std::string cancel(std::uint64_t coins, std::uint64_t height, std::uint8_t validator = 1) {
        const auto done = chain.run(kAnn, CancelUnbonding{account(validator), Amount(coins * kCoin), height});
        return done ? "accepted" : done.error().message;
    }
    std::vector<UnbondingEntry> entries() const {
        return load<Unbonding>(chain.state, key_of(kUnbondings, kAnn, account(1))).value_or(Unbonding{}).entries;
    }
    void finish() { chain.next_block(static_cast<std::int64_t>(chain.params.staking.unbonding_ms)); }

    TestChain chain;
};

TEST_F(StakingCancel, BringsStakeBackAtOnce) {
    const std::uint64_t height = undelegate(60);
    chain.next_block();
    EXPECT_EQ(chain.set[key_number(1)], 140U);
    EXPECT_EQ(cancel(20, height), "accepted");
    EXPECT_EQ(chain.delegated(kAnn, 1), Amount(60 * kCoin));
    EXPECT_EQ(entries().front().balance, Amount(40 * kCoin));
    chain.next_block();
    EXPECT_EQ(chain.set[key_number(1)], 160U);
    EXPECT_EQ(cancel(40, height), "accepted");
    EXPECT_TRUE(entries().empty());
    EXPECT_TRUE(keys_with_prefix(chain.state, key_of(kMaturingUnbondings)).empty());
    finish();
    EXPECT_EQ(chain.balance(kAnn), Amount());
    EXPECT_EQ(chain.delegated(kAnn, 1), Amount(100 * kCoin));
}

TEST_F(StakingCancel, IsRefusedByName) {
    const std::uint64_t height = undelegate(60);
    chain.next_block();
    EXPECT_EQ(cancel(0, height), "amount is 0");
    EXPECT_EQ(cancel(61, height), "amount 61000000000 is above what unbonds since then, 60000000000");
    EXPECT_NE(cancel(1, height + 1).find("since height " + std::to_string(height + 1)), std::string::npos);
    EXPECT_NE(cancel(1, height, 2).find("nothing of"), std::string::npos);
    EXPECT_EQ(cancel(1, height, 9), "no validator " + crypto::to_string(account(9)));
    chain.accuse(1, chain.block.height, 100, chain.block.time_ms);
    chain.next_block();
    EXPECT_EQ(cancel(1, height), "validator " + crypto::to_string(account(1)) + " is jailed: nothing goes back to it");
    finish();
    EXPECT_NE(cancel(1, height).find("jailed"), std::string::npos);
}

TEST_F(StakingCancel, PicksTheEntriesOfOneHeight) {
    const std::uint64_t first = undelegate(10);
    undelegate(10); // the same block: two entries, one end
    chain.next_block();
    const std::uint64_t second = undelegate(30);
    chain.next_block();
    EXPECT_EQ(cancel(15, first), "accepted");
    ASSERT_EQ(entries().size(), 2U);
    EXPECT_EQ(entries()[0].balance, Amount(5 * kCoin));
    EXPECT_EQ(entries()[1].balance, Amount(30 * kCoin));
    chain.next_block(); // the queue still finds what is left of the first
    EXPECT_EQ(cancel(30, second), "accepted");
    finish();
    EXPECT_EQ(chain.balance(kAnn), Amount(5 * kCoin));
}

TEST_F(StakingCancel, ToAValidatorThatIsNotBonded) {
    const std::uint64_t height = undelegate(60);
    chain.params.staking.validators_max = 1;
    ASSERT_TRUE(chain.create(3, Amount(500 * kCoin)));
    chain.next_block();
    EXPECT_FALSE(chain.validator(1)->is(Status::bonded));
    EXPECT_EQ(cancel(60, height), "accepted");
    chain.next_block();
    EXPECT_EQ(chain.delegated(kAnn, 1), Amount(100 * kCoin));
}

/// What was slashed while it waited is gone, and what stays behind answers by its own part.
TEST_F(StakingCancel, AfterASlash) {
    const std::uint64_t infraction = chain.block.height;
    chain.params.staking.slash_downtime_ppm = 500'000;
    chain.params.staking.signed_blocks_window = 2;
    chain.absent.insert(consensus_address(key_number(1)));
    for (int i = 0; i < 7 && !chain.validator(1)->jailed; ++i) { // the last ones stood behind the absence
        undelegate(10);
        chain.next_block();
    }
    ASSERT_TRUE(chain.validator(1)->jailed);
    chain.absent.clear();
    const UnbondingEntry slashed = entries().back();
    ASSERT_EQ(slashed.initial, Amount(10 * kCoin));
    ASSERT_EQ(slashed.balance, Amount(5 * kCoin));
    chain.next_block(static_cast<std::int64_t>(chain.params.staking.downtime_jail_ms));
    ASSERT_TRUE(chain.run(account(1), Unjail{account(1)}));
    chain.next_block();
    EXPECT_EQ(cancel(6, slashed.height), "amount 6000000000 is above what unbonds since then, 5000000000");
    EXPECT_EQ(cancel(4, slashed.height), "accepted");
    EXPECT_EQ(entries().back().balance, Amount(kCoin));
    EXPECT_EQ(entries().back().initial, Amount(2 * kCoin));
    chain.next_block();
    chain.accuse(1, infraction, 100, chain.block.time_ms); // 5 % of the first amounts
    chain.next_block();
    EXPECT_EQ(entries().back().balance, Amount(9 * kCoin / 10));
}

} // namespace
} // namespace assay::chain::staking::test
