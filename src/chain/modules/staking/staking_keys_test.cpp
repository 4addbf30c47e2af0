#include "chain/modules/staking/staking_test_chain.h"

namespace assay::chain::staking::test {
namespace {

/// Two bonded validators that vote: 1 with 100 coins, 2 with 50.
TestChain chain_of_two(StakingParams params = {}) {
    TestChain chain(params);
    chain.begin_block();
    EXPECT_TRUE(chain.create(1, Amount(100 * kCoin)));
    EXPECT_TRUE(chain.create(2, Amount(50 * kCoin)));
    chain.end_block();
    chain.fund(account(1), Amount(10 * kCoin));
    chain.fund(account(2), Amount(10 * kCoin));
    chain.skip_blocks(3);
    return chain;
}

std::string refusal(TestChain& chain, std::uint8_t n, std::uint8_t key) {
    const auto done = chain.run(account(n), RotateKey{key_number(key)});
    return done ? "accepted" : done.error().message;
}

std::optional<Signing> signing_of(const TestChain& chain, std::uint8_t key) {
    return load<Signing>(chain.state, key_of(kSigning, consensus_address(key_number(key))));
}

bool is_known(const TestChain& chain, std::uint8_t key) {
    return load<Named>(chain.state, key_of(kByConsensusAddress, consensus_address(key_number(key)))).has_value();
}

TEST(StakingKeys, TheNewKeyTakesThePlaceOfTheOldInOneUpdate) {
    TestChain chain = chain_of_two();
    const Amount treasury = chain.balance(treasury_account());
    EXPECT_EQ(refusal(chain, 1, 11), "accepted");
    EXPECT_EQ(chain.balance(account(1)), Amount(9 * kCoin));
    EXPECT_EQ(chain.balance(treasury_account()).units() - treasury.units(), kCoin);
    chain.next_block();
    EXPECT_EQ(chain.last_updates, (std::vector<ValidatorUpdate>{{key_number(1), 0}, {key_number(11), 100}}));
    EXPECT_EQ(chain.set, (TestChain::Votes{{key_number(11), 100}, {key_number(2), 50}}));
    chain.skip_blocks(5);
    EXPECT_TRUE(chain.last_updates.empty());
}

TEST(StakingKeys, OneWithinTheUnbondingTime) {
    TestChain chain = chain_of_two();
    EXPECT_EQ(refusal(chain, 9, 11), "no validator " + crypto::to_string(account(9)));
    EXPECT_EQ(refusal(chain, 1, 2), "consensus_key belongs to another validator, or did within the unbonding time");
    EXPECT_EQ(refusal(chain, 1, 1), "consensus_key belongs to the validator itself, or did within the unbonding time");
    EXPECT_EQ(refusal(chain, 1, 11), "accepted");
    EXPECT_EQ(refusal(chain, 1, 12), "1 keys were given up within the unbonding time already; allowed: 1");
    EXPECT_EQ(refusal(chain, 2, 1), "consensus_key belongs to another validator, or did within the unbonding time");
    chain.next_block(static_cast<std::int64_t>(chain.params.staking.unbonding_ms) - 1);
    EXPECT_TRUE(is_known(chain, 1));
    chain.next_block(1);
    EXPECT_FALSE(is_known(chain, 1));
    EXPECT_EQ(refusal(chain, 1, 12), "accepted");
    EXPECT_EQ(refusal(chain, 2, 1), "accepted"); // nobody's by now
    chain.skip_blocks(3);
    EXPECT_EQ(chain.set, (TestChain::Votes{{key_number(12), 100}, {key_number(1), 50}}));
}

TEST(StakingKeys, TheFeeMustBeThere) {
    TestChain chain = chain_of_two();
    chain.params.staking.key_rotation_fee = Amount(11 * kCoin);
    EXPECT_NE(refusal(chain, 1, 11).find("exceeds balance"), std::string::npos);
    chain.params.staking.key_rotation_fee = Amount();
    EXPECT_EQ(refusal(chain, 1, 11), "accepted");
    EXPECT_EQ(chain.balance(account(1)), Amount(10 * kCoin));
    chain.next_block();
}

TEST(StakingKeys, TheOldKeyStaysSlashable) {
    TestChain chain = chain_of_two();
    const std::uint64_t infraction = chain.block.height;
    const std::int64_t time_ms = chain.block.time_ms;
    EXPECT_EQ(refusal(chain, 1, 11), "accepted");
    chain.skip_blocks(4);
    chain.accuse(1, infraction, 100, time_ms);
    chain.accuse(1, infraction, 100, time_ms); // once
    chain.next_block();
    EXPECT_EQ(chain.validator(1)->tokens, Amount(95 * kCoin));
    EXPECT_TRUE(chain.validator(1)->jailed);
    EXPECT_TRUE(signing_of(chain, 11)->tombstoned);
    EXPECT_TRUE(signing_of(chain, 1)->tombstoned);
    EXPECT_EQ(chain.set.size(), 1U);
    EXPECT_EQ(refusal(chain, 1, 12), "validator has signed twice and is barred for ever");
    chain.accuse(11, chain.block.height - 1, 100, chain.block.time_ms);
    chain.next_block();
    EXPECT_EQ(chain.validator(1)->tokens, Amount(95 * kCoin));
    EXPECT_FALSE(chain.run(account(1), Unjail{account(1)}));
    chain.next_block(static_cast<std::int64_t>(chain.params.staking.unbonding_ms));
    EXPECT_EQ(refusal(chain, 2, 1),
              "consensus_key has signed twice and is barred for ever"); // forgotten, but not forgiven
    EXPECT_EQ(refusal(chain, 2, 11), "consensus_key belongs to another validator, or did within the unbonding time");
}

TEST(StakingKeys, EvidenceIsWorthNothingAfterTheUnbondingTime) {
    StakingParams params;
    params.evidence_age_blocks_max = 1'000'000; // CometBFT would still report it by its count of blocks
    TestChain chain = chain_of_two(params);
    const std::uint64_t infraction = chain.block.height;
    const std::int64_t time_ms = chain.block.time_ms;
    chain.next_block(static_cast<std::int64_t>(params.unbonding_ms));
    chain.accuse(1, infraction, 100, time_ms);
    chain.next_block(1);
    EXPECT_EQ(chain.validator(1)->tokens, Amount(100 * kCoin));
    chain.accuse(2, infraction, 50, time_ms + 1'000); // just young enough
    chain.next_block(1);
    EXPECT_EQ(chain.validator(2)->tokens, Amount(47'500'000'000));
}

/// Absences are of the validator, not of its key: a new one is no way to begin anew.
TEST(StakingKeys, AbsencesFollow) {
    StakingParams params;
    params.signed_blocks_window = 2'000; // more than one chunk of bits
    TestChain chain = chain_of_two(params);
    chain.absent = {consensus_address(key_number(1)), consensus_address(key_number(11))};
    chain.skip_blocks(30);
    const std::uint32_t missed = signing_of(chain, 1)->missed;
    EXPECT_EQ(refusal(chain, 1, 11), "accepted");
    EXPECT_FALSE(signing_of(chain, 1));
    EXPECT_EQ(signing_of(chain, 11)->missed, missed);
    chain.skip_blocks(5); // two with the old key, then with the new one
    EXPECT_EQ(signing_of(chain, 11)->missed, missed + 5);
    EXPECT_FALSE(signing_of(chain, 1));
}

TEST(StakingKeys, AValidatorThatLeavesTakesItsKeysAlong) {
    StakingParams params;
    params.unbonding_ms = 100'000;
    params.evidence_age_ms_max = 100'000;
    TestChain chain = chain_of_two(params);
    ASSERT_TRUE(chain.run(account(1), Undelegate{account(1), Amount(100 * kCoin)}));
    chain.next_block();
    EXPECT_EQ(chain.set.size(), 1U);
    chain.next_block(60'000);
    EXPECT_EQ(refusal(chain, 1, 11), "accepted");
    chain.next_block(60'000); // it has unbonded, the rotation has not matured
    EXPECT_FALSE(chain.validator(1));
    EXPECT_FALSE(is_known(chain, 1));
    EXPECT_FALSE(is_known(chain, 11));
    chain.next_block(60'000);
}

TEST(StakingKeys, RotatingInTheBlockInWhichOneLeavesRemovesTheOldKey) {
    TestChain chain = chain_of_two();
    EXPECT_EQ(refusal(chain, 2, 12), "accepted");
    ASSERT_TRUE(chain.run(account(2), Undelegate{account(2), Amount(50 * kCoin)}));
    chain.next_block();
    EXPECT_EQ(chain.last_updates, (std::vector<ValidatorUpdate>{{key_number(2), 0}}));
}

TEST(StakingKeys, TheLastValidatorMayRotateAndBeJailed) {
    TestChain chain;
    chain.begin_block();
    ASSERT_TRUE(chain.create(1, Amount(100 * kCoin)));
    chain.end_block();
    chain.fund(account(1), Amount(10 * kCoin));
    chain.skip_blocks(2);
    EXPECT_EQ(refusal(chain, 1, 11), "accepted");
    ASSERT_TRUE(chain.run(account(1), Undelegate{account(1), Amount(100 * kCoin)})); // jailed, but there is no other
    chain.next_block();
    EXPECT_EQ(chain.set, (TestChain::Votes{{key_number(11), 100}}));
}

TEST(StakingEvidence, MayNotOutliveTheStakeThatAnswers) {
    StakingParams params;
    params.unbonding_ms = 60'000;
    EXPECT_EQ(params.validate().error().message,
              "evidence_age_ms_max 1814400000 is above unbonding_ms 60000: the stake "
              "that answers for it has left by then");
    params.evidence_age_ms_max = 60'000;
    EXPECT_TRUE(params.validate());
    TestChain chain(params);
    EXPECT_TRUE(chain.staking.check_evidence_age(chain.state, 60'000));
    EXPECT_EQ(chain.staking.check_evidence_age(chain.state, 172'800'000).error().message,
              "the engine takes evidence of up to 172800000 ms (evidence.max_age_duration), staking's unbonding_ms is "
              "60000: the stake that answers for it has left by then");
}

} // namespace
} // namespace assay::chain::staking::test
