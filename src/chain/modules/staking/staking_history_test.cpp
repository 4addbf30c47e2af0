#include "chain/modules/staking/staking_test_chain.h"

namespace assay::chain::staking::test {
namespace {

const Address kAnn = account(0xa1);

TestChain chain_of_two() {
    TestChain chain;
    chain.begin_block();
    EXPECT_TRUE(chain.create(1, Amount(100 * kCoin)));
    EXPECT_TRUE(chain.create(2, Amount(50 * kCoin)));
    chain.fund(kAnn, Amount(100 * kCoin));
    EXPECT_TRUE(chain.run(kAnn, Delegate{account(1), Amount(20 * kCoin)}));
    chain.end_block();
    chain.skip_blocks(3);
    return chain;
}

Amount share_of(const std::vector<StakingPort::Share>& shares, std::uint8_t n) {
    for (const auto& share : shares) {
        if (share.validator == account(n)) return share.tokens;
    }
    return {};
}

std::size_t count_history(const TestChain& chain) {
    return keys_with_prefix(chain.state, key_of(kPastValidators)).size() +
           keys_with_prefix(chain.state, key_of(kPastDelegations)).size();
}

TEST(StakingHistory, APinnedHeightIsNotChangedByWhatFollows) {
    TestChain chain = chain_of_two();
    const std::uint64_t pinned = chain.block.height;
    chain.begin_block();
    Context context = chain.context();
    chain.staking.pin_history(context, pinned);
    ASSERT_TRUE(chain.run(kAnn, Delegate{account(2), Amount(30 * kCoin)}));
    ASSERT_TRUE(chain.run(kAnn, Undelegate{account(1), Amount(20 * kCoin)}));
    chain.end_block();
    chain.accuse(1, chain.block.height, 100, chain.block.time_ms);
    chain.skip_blocks(50);
    ASSERT_TRUE(chain.create(3, Amount(500 * kCoin)));
    chain.skip_blocks(50);

    EXPECT_EQ(chain.staking.bonded_at(chain.state, pinned), Amount(170 * kCoin));
    const auto validators = chain.staking.validators_at(chain.state, pinned);
    ASSERT_EQ(validators.size(), 2U);
    EXPECT_EQ(share_of(validators, 1), Amount(120 * kCoin));
    EXPECT_EQ(share_of(validators, 2), Amount(50 * kCoin));
    const auto own = chain.staking.delegations_at(chain.state, kAnn, pinned);
    ASSERT_EQ(own.size(), 1U);
    EXPECT_EQ(share_of(own, 1), Amount(20 * kCoin));
    EXPECT_EQ(share_of(chain.staking.delegations_at(chain.state, account(1), pinned), 1), Amount(100 * kCoin));

    const auto now = chain.staking.validators_at(chain.state, chain.block.height);
    EXPECT_EQ(share_of(now, 1), Amount()); // jailed, so not bonded
    EXPECT_EQ(share_of(now, 2), Amount(80 * kCoin));
    EXPECT_EQ(share_of(now, 3), Amount(500 * kCoin));
}

TEST(StakingHistory, NothingIsKeptWithoutAPin) {
    TestChain chain = chain_of_two();
    chain.skip_blocks(20);
    EXPECT_EQ(count_history(chain), 0U);
    const std::uint64_t pinned = chain.block.height;
    Context context = chain.context();
    chain.staking.pin_history(context, pinned);
    chain.staking.pin_history(context, pinned);
    chain.next_block();
    for (int i = 0; i < 40; ++i) { // one entry an item, however often it changes
        ASSERT_TRUE(chain.run(kAnn, Delegate{account(2), Amount(kCoin)}));
        chain.next_block();
    }
    chain.skip_blocks(20);
    EXPECT_EQ(count_history(chain), 2U);
    chain.staking.unpin_history(context, pinned);
    chain.skip_blocks(20);
    EXPECT_EQ(count_history(chain), 2U);
    EXPECT_EQ(chain.staking.bonded_at(chain.state, pinned), Amount(170 * kCoin));
    chain.staking.unpin_history(context, pinned);
    chain.next_block();
    EXPECT_EQ(count_history(chain), 0U);
}

TEST(StakingHistory, AnItemHasOneEntryForEachPin) {
    TestChain chain = chain_of_two();
    chain.skip_blocks(20);
    Context context = chain.context();
    for (int pin = 1; pin <= 3; ++pin) {
        chain.staking.pin_history(context, chain.block.height);
        for (int i = 0; i < 20; ++i) {
            chain.begin_block();
            ASSERT_TRUE(chain.run(kAnn, Delegate{account(2), Amount(kCoin)}));
            chain.end_block();
        }
    }
    chain.skip_blocks(20);
    EXPECT_EQ(count_history(chain), 6U); // the validator and the delegation
}

TEST(StakingHistory, ForgettingTooMuchAtOnceIsSpreadOverBlocks) {
    TestChain chain = chain_of_two();
    Context context = chain.context();
    const std::uint64_t pinned = chain.block.height;
    chain.staking.pin_history(context, pinned);
    chain.begin_block();
    for (std::uint8_t a = 1; a <= 11; ++a) {
        for (std::uint8_t b = 1; b <= 100; ++b) {
            Address delegator = account(a);
            delegator.bytes[0] = b;
            delegator.bytes[1] = 0xdd;
            chain.fund(delegator, Amount(10));
            ASSERT_TRUE(chain.run(delegator, Delegate{account(1), Amount(10)}));
        }
    }
    chain.end_block();
    chain.skip_blocks(10);
    EXPECT_EQ(count_history(chain), 1'101U);
    chain.staking.unpin_history(context, pinned);
    chain.next_block();
    EXPECT_EQ(count_history(chain), 101U);
    chain.next_block();
    EXPECT_EQ(count_history(chain), 0U);
}

} // namespace
} // namespace assay::chain::staking::test
