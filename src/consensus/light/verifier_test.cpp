// What follows from a trusted header and what does not, each refusal by name: on real headers and on signed ones.
#include "consensus/light/verifier.h"

#include "consensus/light/testing/golden_blocks.h"
#include "consensus/light/testing/signed_chain.h"

#include <functional>
#include <gtest/gtest.h>

namespace assay::consensus {
namespace {

BlockTime soon_after(const LightBlock& block) { return {block.header.time.seconds + 60, 0}; }

// A header changed by somebody who can recompute its hash, but not sign.
void forge(LightBlock& block) {
    const crypto::Digest hash = hash_of(block.header);
    block.commit.block_id.hash.assign(hash.begin(), hash.end());
}

TEST(Verifier, RealHeadersFollowFromEachOther) {
    const auto golden = golden_blocks();
    const BlockTime now = soon_after(golden.back().block);
    for (std::size_t from = 0; from < golden.size(); ++from) {
        ASSERT_TRUE(check_trust_root(golden[from].block, {from + 1, golden[from].hash}).has_value());
        for (std::size_t to = from + 1; to < golden.size(); ++to) {
            const auto verdict = verify_next(golden[from].block, golden[to].block, {}, now);
            EXPECT_TRUE(verdict.has_value()) << from << " to " << to << ": " << verdict.error().message;
        }
    }
}

TEST(Verifier, MutatedHeadersAreRefusedByName) {
    const auto golden = golden_blocks();
    const LightBlock trusted = golden[1].block;
    const BlockTime now = soon_after(golden.back().block);
    const std::vector<std::pair<std::string, std::function<void(LightBlock&)>>> cases = {
        {"header 6: the signatures are for another header", [](auto& b) { b.header.app_hash[0] ^= 1; }},
        {"header 6: signature 0 is wrong", [](auto& b) { b.header.app_hash[0] ^= 1, forge(b); }},
        {"header 6: signature 0 is wrong", [](auto& b) { b.commit.signatures[0].signature[5] ^= 1; }},
        {"header 6: signature 0 is wrong", [](auto& b) { ++b.commit.signatures[0].time.nanos; }},
        {"header 6: signature 0 is wrong", [](auto& b) { ++b.commit.round; }},
        {"header 6: the signatures are for height 7", [](auto& b) { ++b.commit.height; }},
        {"header 6: the validators are not those that the header names", [](auto& b) { ++b.validators[0].power; }},
        {"header 6: 3 signatures for 4 validators", [](auto& b) { b.commit.signatures.pop_back(); }},
        {"header 6: of chain 'other'", [](auto& b) { b.header.chain_id = "other"; }},
        {"header 2: not above the trusted height", [](auto& b) { b.header.height = 2; }},
        {"header 6: not later than the trusted header", [](auto& b) { b.header.time.seconds -= 1000; }},
        {"header 6: lies in the future", [](auto& b) { b.header.time.seconds += 100'000; }},
        {"header 6: signed by power 0 of the trusted validators, more than 1 is needed",
         [](auto& b) {
             for (auto& s : b.commit.signatures) s = {};
         }},
        {"header 6: signature 1 is a second one of its validator",
         [](auto& b) { b.commit.signatures[1] = b.commit.signatures[0]; }},
    };
    for (const auto& [message, change] : cases) {
        LightBlock next = golden[5].block;
        change(next);
        const auto verdict = verify_next(trusted, next, {}, now);
        ASSERT_FALSE(verdict.has_value()) << message;
        EXPECT_EQ(verdict.error().message, message);
    }
}

TEST(Verifier, AdjacentNeedsTheAnnouncedValidators) {
    const auto golden = golden_blocks();
    LightBlock trusted = golden[4].block;
    const BlockTime now = soon_after(golden.back().block);
    ASSERT_TRUE(verify_next(trusted, golden[5].block, {}, now).has_value());
    trusted.header.next_validators_hash = trusted.header.validators_hash;
    EXPECT_EQ(verify_next(trusted, golden[5].block, {}, now).error().message,
              "header 6: its validators are not those that the header before announced");
}

TEST(Verifier, TrustEndsWithItsPeriod) {
    const auto golden = golden_blocks();
    BlockTime now = golden[0].block.header.time;
    now.seconds += TrustOptions{}.trust_period_s;
    const auto verdict = verify_next(golden[0].block, golden[1].block, {}, now);
    ASSERT_FALSE(verdict.has_value());
    EXPECT_EQ(verdict.error().message, "header 1: too old to be trusted: the trust period is over");
}

TEST(Verifier, TrustRootIsOneHeader) {
    const auto golden = golden_blocks();
    EXPECT_EQ(check_trust_root(golden[0].block, {2, golden[0].hash}).error().message,
              "header 1: the trusted height is 2");
    EXPECT_NE(check_trust_root(golden[0].block, {1, golden[1].hash}).error().message.find("its hash is "),
              std::string::npos);
}

class SignedChain : public testing::Test {
protected:
    Signer a{1}, b{2}, c{3}, d{4}, e{5};
    const Bytes state = Bytes(32, 7);
    const BlockTime now{1'700'010'000, 0};
};

TEST_F(SignedChain, SkippingNeedsMoreThanAThirdOfTheTrusted) {
    const LightBlock trusted = signed_block(10, {&a, &b, &c}, {&a, &b, &c}, state);
    EXPECT_TRUE(verify_next(trusted, signed_block(20, {&a, &b, &d}, {&a}, state), {}, now).has_value());
    const auto verdict = verify_next(trusted, signed_block(20, {&a, &d, &e}, {&a}, state), {}, now);
    ASSERT_FALSE(verdict.has_value());
    EXPECT_EQ(verdict.error().code, ErrorCode::not_found) << "a header between may help";
    EXPECT_EQ(verdict.error().message,
              "header 20: signed by power 10 of the trusted validators, more than 10 is needed");
    EXPECT_FALSE(
        verify_next(trusted, signed_block(20, {&a, &b, &d}, {&a}, state), {.trust_numerator = 2}, now).has_value());
}

TEST_F(SignedChain, OwnValidatorsNeedMoreThanTwoThirds) {
    const LightBlock trusted = signed_block(10, {&a, &b, &c}, {&a, &b, &c}, state);
    LightBlock next = signed_block(11, {&a, &b, &c}, {&a}, state);
    EXPECT_TRUE(verify_next(trusted, next, {}, now).has_value());
    next.commit.signatures[2] = {};
    EXPECT_EQ(verify_next(trusted, next, {}, now).error().message,
              "header 11: signed by power 20, more than 20 is needed");
    next.commit.signatures[2].flag = VoteFlag::nil;
    EXPECT_FALSE(verify_next(trusted, next, {}, now).has_value()) << "a vote for nil is no vote for the block";
}

TEST_F(SignedChain, PowersThatOverflowAreRefused) {
    LightBlock trusted = signed_block(10, {&a, &b}, {&a, &b}, state);
    LightBlock next = signed_block(11, {&a, &b}, {&a}, state);
    for (const std::int64_t power : {std::int64_t{0}, std::numeric_limits<std::int64_t>::max() / 8}) {
        next.validators[1].power = power;
        next.header.validators_hash = bytes_of(hash_of(next.validators));
        trusted.header.next_validators_hash = next.header.validators_hash;
        forge(next);
        EXPECT_EQ(verify_next(trusted, next, {}, now).error().message,
                  "header 11: a validator's power is not positive, or the sum is over 2^60");
    }
}

TEST_F(SignedChain, TrustShareIsBounded) {
    const LightBlock trusted = signed_block(10, {&a}, {&a}, state), next = signed_block(11, {&a}, {&a}, state);
    for (const auto& [numerator, denominator] : std::vector<std::pair<unsigned, unsigned>>{{1, 4}, {4, 3}, {1, 0}})
        EXPECT_FALSE(verify_next(trusted, next, {.trust_numerator = numerator, .trust_denominator = denominator}, now));
}

} // namespace
} // namespace assay::consensus
