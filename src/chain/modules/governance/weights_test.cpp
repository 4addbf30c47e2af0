#include "chain/modules/governance/test_governance_bench.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <algorithm>

namespace assay::chain::governance {
namespace {

using testing::address_of;

const Address kAlice = address_of(1);
const Address kBob = address_of(2);
const Address kValidator = address_of(11);

Amount part_of_whole(Uint128 numerator, Uint128 denominator) {
    return Amount(Uint128{kWholeWeight} * numerator / denominator);
}

TEST(GovernanceWeights, StakeAloneWithoutEarnings) {
    GovernanceBench bench;
    bench.set_params([](GovernanceParams& p) { p.weight_cap_ppm = kPpm; });
    bench.stakes.delegate(kAlice, kValidator, 1);
    bench.stakes.delegate(kBob, kValidator, 2);
    const std::uint64_t id = bench.open_vote();
    ASSERT_EQ(bench.vote(kAlice, id, VoteOption::yes), "accepted");
    EXPECT_EQ(bench.tally(id).yes, part_of_whole(1, 3)); // rounded down
    EXPECT_EQ(bench.proposal(id).snapshot.stake_ppm, kPpm);
}

TEST(GovernanceWeights, EarningsCountBesideStake) {
    GovernanceBench bench;
    bench.set_params([](GovernanceParams& p) { p.weight_cap_ppm = kPpm, p.stake_ppm = 600'000; });
    bench.stakes.delegate(kAlice, kValidator, 500);
    bench.stakes.delegate(kBob, kValidator, 500);
    bench.earnings.earned = {{kAlice, 30}, {address_of(3), 70}};
    const std::uint64_t id = bench.open_vote();
    ASSERT_EQ(bench.vote(kAlice, id, VoteOption::yes), "accepted");
    EXPECT_EQ(bench.tally(id).yes, part_of_whole(300 + 120, 1'000));
    ASSERT_EQ(bench.vote(address_of(3), id, VoteOption::no), "accepted"); // earned, staked nothing
    EXPECT_EQ(bench.tally(id).no, part_of_whole(280, 1'000));
    ASSERT_EQ(bench.vote(kValidator, id, VoteOption::abstain), "accepted"); // inherits Bob's stake, nobody's earnings
    EXPECT_EQ(bench.tally(id).abstain, part_of_whole(300, 1'000));
}

TEST(GovernanceWeights, EarningsAloneWithoutStake) {
    GovernanceBench bench;
    bench.set_params([](GovernanceParams& p) { p.weight_cap_ppm = kPpm; });
    bench.earnings.earned = {{kAlice, 1}, {kBob, 3}};
    const std::uint64_t id = bench.open_vote();
    ASSERT_EQ(bench.vote(kBob, id, VoteOption::yes), "accepted");
    EXPECT_EQ(bench.tally(id).yes, part_of_whole(3, 4));
    EXPECT_EQ(bench.proposal(id).snapshot.stake_ppm, 0U);
}

TEST(GovernanceWeights, TheCapCutsAndTheCutIsNoAbsence) {
    GovernanceBench bench; // the cap is 10 % by default
    bench.stakes.delegate(kValidator, kValidator, 700);
    bench.stakes.delegate(kAlice, kValidator, 240);
    bench.stakes.delegate(kBob, kValidator, 60);
    std::uint64_t id = bench.open_vote();
    ASSERT_EQ(bench.vote(kValidator, id, VoteOption::yes), "accepted");
    EXPECT_EQ(bench.tally(id).yes, part_of_whole(1, 10));
    EXPECT_EQ(bench.tally(id).cut, part_of_whole(9, 10));
    ASSERT_EQ(bench.vote(kAlice, id, VoteOption::no), "accepted");
    EXPECT_EQ(bench.tally(id).no, part_of_whole(1, 10)); // a delegator is capped for itself
    EXPECT_EQ(bench.tally(id).cut, part_of_whole(66 + 14, 100));
    ASSERT_EQ(bench.vote(kBob, id, VoteOption::yes), "accepted");
    EXPECT_EQ(bench.tally(id).yes, part_of_whole(16, 100));
    bench.pass_time(172'800'000);
    EXPECT_EQ(bench.status(id), "passed"); // 26 of 26 hundredths voted, 16 in favour

    // One validator with all the stake still governs its own chain.
    id = bench.open_vote();
    ASSERT_EQ(bench.vote(kValidator, id, VoteOption::yes), "accepted");
    bench.pass_time(172'800'000);
    EXPECT_EQ(bench.status(id), "passed");
}

TEST(GovernanceWeights, ParametersOfTheBeginningHold) {
    GovernanceBench bench;
    bench.stakes.delegate(kAlice, kValidator, 500);
    bench.stakes.delegate(kBob, kValidator, 500);
    const std::uint64_t id = bench.open_vote();
    ASSERT_EQ(bench.vote(kAlice, id, VoteOption::yes), "accepted");
    bench.set_params([](GovernanceParams& p) { p.weight_cap_ppm = kPpm; });
    ASSERT_EQ(bench.vote(kAlice, id, VoteOption::no), "accepted");
    EXPECT_EQ(bench.tally(id).no, part_of_whole(1, 10));
    EXPECT_EQ(bench.tally(id).yes, Amount());
    EXPECT_EQ(bench.violation(bench.governance), "");
}

TEST(GovernanceVerdict, BordersAreExact) {
    const GovernanceParams params;
    const Snapshot snapshot{
        .height = 1, .taken = true, .bonded = Amount(1), .earnings = {}, .stake_ppm = kPpm, .cap_ppm = kPpm};
    const auto passes = [&](std::uint64_t yes, std::uint64_t abstain, std::uint64_t no, std::uint64_t veto,
                            bool expedited = false) {
        const auto ppm = [](std::uint64_t n) { return Amount(Uint128{n} * (kWholeWeight / kPpm)); };
        return decide(params, snapshot, Tally{ppm(yes), ppm(abstain), ppm(no), ppm(veto), {}}, expedited).passed;
    };
    EXPECT_TRUE(passes(334'000, 0, 0, 0));
    EXPECT_FALSE(passes(333'999, 0, 0, 0)); // quorum: at least
    EXPECT_FALSE(passes(250'000, 0, 250'000, 0)); // threshold: more than
    EXPECT_TRUE(passes(250'001, 0, 250'000, 0));
    EXPECT_TRUE(passes(200'001, 600'000, 199'999, 0));
    EXPECT_TRUE(passes(666'000, 0, 0, 334'000)); // veto: more than
    EXPECT_FALSE(passes(665'999, 0, 0, 334'001));
    EXPECT_FALSE(passes(667'000, 0, 333'000, 0, true));
    EXPECT_TRUE(passes(667'001, 0, 332'999, 0, true));
    EXPECT_FALSE(decide(params, Snapshot{}, Tally{}, false).passed);
}

/// What the votes of `latest` come to, counted the long way: validators' inheritance worked out from all delegations.
Tally counted_again(const GovernanceBench& bench, const Snapshot& snapshot,
                    const std::map<Address, std::vector<WeightedOption>>& latest) {
    std::map<Address, Uint128> inherited;
    for (const auto& [delegator, shares] : bench.stakes.stakes) {
        for (const auto& [validator, tokens] : shares) inherited[validator] += latest.contains(delegator) ? 0 : tokens;
    }
    Tally tally;
    for (const auto& [voter, options] : latest) {
        Uint128 own = 0;
        if (const auto found = bench.stakes.stakes.find(voter); found != bench.stakes.stakes.end()) {
            for (const auto& [validator, tokens] : found->second) own += tokens;
        }
        const Amount earned = bench.earnings.earnings_at(bench.state, voter, 0);
        Uint128 weight = stake_weight(snapshot, Amount(own)).units() + earnings_weight(snapshot, earned).units();
        if (inherited.contains(voter)) weight += stake_weight(snapshot, Amount(inherited.at(voter))).units();
        const Uint128 capped = std::min(weight, weight_cap(snapshot).units());
        tally.cut = Amount(tally.cut.units() + weight - capped);
        Uint128 rest = capped;
        for (std::size_t i = options.size(); i-- > 0;) {
            const Uint128 part = i == 0 ? rest : capped * options[i].weight_ppm / kPpm;
            rest -= part;
            Amount* const sums[] = {&tally.yes, &tally.abstain, &tally.no, &tally.no_with_veto};
            Amount& sum = *sums[options[i].option - 1];
            sum = Amount(sum.units() + part);
        }
    }
    return tally;
}

std::vector<WeightedOption> any_options() {
    std::vector<std::uint8_t> order = {1, 2, 3, 4};
    std::rotate(order.begin(), order.begin() + *rc::gen::inRange(0, 4), order.end());
    const auto count = *rc::gen::inRange<std::size_t>(1, 5);
    std::vector<WeightedOption> options;
    std::uint32_t left = kPpm;
    for (std::size_t i = 0; i < count; ++i) {
        const auto reserve = static_cast<std::uint32_t>(count - 1 - i);
        const std::uint32_t part = i + 1 == count ? left : *rc::gen::inRange<std::uint32_t>(1, left - reserve + 1);
        options.push_back({order[i], part});
        left -= part;
    }
    return options;
}

// The running sums equal a count from scratch, whoever votes, changes its vote or delegates to whom.
TEST(GovernanceProperty, RunningTallyEqualsACountFromScratch) {
    EXPECT_TRUE(rc::check([] {
        GovernanceBench bench;
        bench.set_params([](GovernanceParams& p) {
            p.weight_cap_ppm = *rc::gen::inRange<std::uint32_t>(1, kPpm + 1);
            p.stake_ppm = *rc::gen::inRange<std::uint32_t>(0, kPpm + 1);
        });
        for (std::uint64_t i = 1; i <= 6; ++i) {
            for (std::uint64_t v = 1; v <= 3; ++v) {
                if (*rc::gen::arbitrary<bool>())
                    bench.stakes.delegate(address_of(i), address_of(v),
                                          *rc::gen::inRange<std::uint64_t>(1, std::uint64_t{1} << 62));
            }
            if (*rc::gen::inRange(0, 3) == 0)
                bench.earnings.earned[address_of(i)] = *rc::gen::inRange<std::uint64_t>(1, 1'000'000'007);
        }
        const std::uint64_t id = bench.open_vote();
        std::map<Address, std::vector<WeightedOption>> latest;
        for (int i = 0; i < 15; ++i) {
            const Address voter = address_of(*rc::gen::inRange<std::uint64_t>(1, 8));
            const auto options = any_options();
            if (bench.send(voter, CastWeightedVote{id, options})) latest[voter] = options;
            RC_ASSERT(bench.violation(bench.governance) == "");
        }
        RC_ASSERT(bench.tally(id) == counted_again(bench, bench.proposal(id).snapshot, latest));
        RC_ASSERT(counted(bench.tally(id)).units() + bench.tally(id).cut.units() <= kWholeWeight);
        RC_ASSERT(bench.round_trip(bench.governance) == "");
    }));
}

// Deposits come back or burn; nothing else happens to money, and every proposal ends.
TEST(GovernanceProperty, AnyMessagesKeepMoneyAndEnd) {
    EXPECT_TRUE(rc::check([] {
        GovernanceBench bench;
        bench.stakes.delegate(kAlice, kValidator, 5);
        bench.stakes.delegate(kBob, kBob, 7);
        for (int i = 0; i < 40; ++i) {
            const Address signer = address_of(*rc::gen::inRange<std::uint64_t>(1, 5));
            const auto id = *rc::gen::inRange<std::uint64_t>(1, 8);
            const auto amount = *rc::gen::inRange<std::uint64_t>(0, 60 * GovernanceBench::kAssay);
            switch (*rc::gen::inRange(0, 6)) {
                case 0:
                    (void)bench.send(signer, ProposeText{GovernanceBench::head(amount, *rc::gen::arbitrary<bool>())});
                    break;
                case 1:
                    (void)bench.send(signer,
                                     ProposeSpend{GovernanceBench::head(amount), {{kBob, kNativeToken, Amount(1)}}});
                    break;
                case 2: (void)bench.send(signer, Deposit{id, Amount(amount)}); break;
                case 3: (void)bench.send(signer, CancelProposal{id}); break;
                case 4: (void)bench.send(signer, CastWeightedVote{id, any_options()}); break;
                default: bench.next(*rc::gen::inRange(1, 50'000'000)); break;
            }
            RC_ASSERT(bench.violation(bench.governance) == "");
            RC_ASSERT(bench.violation(bench.bank) == "");
        }
        RC_ASSERT(bench.round_trip(bench.governance) == "" || next_proposal(bench.state) == 1);
        for (int i = 0; i < 12; ++i) bench.next(172'800'000);
        for (std::uint64_t id = 1; id < next_proposal(bench.state); ++id) RC_ASSERT(!bench.proposal(id).is_open());
        RC_ASSERT(bench.balance(deposits_account()) == 0U);
        RC_ASSERT(bench.stakes.pins.empty());
    }));
}

} // namespace
} // namespace assay::chain::governance
