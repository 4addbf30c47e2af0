#include "chain/chain_params.h"
#include "chain/modules/governance/test_governance_bench.h"

#include <gtest/gtest.h>

namespace assay::chain::governance {
namespace {

using codec::Value;
using testing::address_of;

const Address kAlice = address_of(1);
const Address kBob = address_of(2);
const Address kValidator = address_of(11);
const Address kOther = address_of(12);
constexpr std::uint64_t kDay = 86'400'000;

class Governance : public ::testing::Test, protected GovernanceBench {
protected:
    Governance() {
        // Two validators of 600 and 400; Alice and Bob delegate.
        stakes.delegate(kValidator, kValidator, 100);
        stakes.delegate(kAlice, kValidator, 300);
        stakes.delegate(kBob, kValidator, 200);
        stakes.delegate(kOther, kOther, 350);
        stakes.delegate(kBob, kOther, 50);
        set_params([](GovernanceParams& p) { p.weight_cap_ppm = kPpm; });
    }
    ~Governance() override {
        EXPECT_EQ(violation(governance), "");
        EXPECT_EQ(violation(bank), "");
    }
    static Amount thousandths(std::uint64_t n) { return Amount(Uint128{n} * (kWholeWeight / 1'000)); }
};

TEST_F(Governance, CollectsItsDepositAndOpensInTheNextBlock) {
    EXPECT_EQ(refusal(kAlice, ProposeText{head(kAssay - 1)}),
              "proposal: deposit 999999999 is below the initial minimum 1000000000");
    EXPECT_EQ(refusal(kAlice, ProposeText{head(kAssay)}), "accepted");
    EXPECT_EQ(status(1), "deposit");
    EXPECT_EQ(vote(kAlice, 1, VoteOption::yes), "proposal 1 is not in its voting period");
    EXPECT_EQ(refusal(kBob, Deposit{1, Amount(9 * kAssay)}), "accepted");
    EXPECT_EQ(status(1), "voting");
    EXPECT_EQ(balance(deposits_account()), 10 * kAssay);
    EXPECT_EQ(vote(kAlice, 1, VoteOption::yes), "proposal 1 can be voted on from the next block on");
    next();
    EXPECT_EQ(vote(kAlice, 1, VoteOption::yes), "accepted");
    EXPECT_EQ(refusal(kBob, Deposit{1, Amount(1)}), "accepted"); // also while voting
    EXPECT_EQ(refusal(kBob, Deposit{1, Amount(0)}), "deposit of nothing");
    EXPECT_EQ(refusal(kBob, Deposit{2, Amount(1)}), "no proposal 2");
    EXPECT_EQ(stakes.pins.size(), 1U);
}

TEST_F(Governance, DropsWhatNobodyPaidFor) {
    ASSERT_TRUE(send(kAlice, ProposeText{head(kAssay)}));
    pass_time(2 * kDay - 1'000);
    EXPECT_EQ(status(1), "deposit");
    pass_time(1'000);
    EXPECT_EQ(status(1), "dropped");
    EXPECT_EQ(balance(kAlice), 1'000 * kAssay);
    EXPECT_EQ(refusal(kBob, Deposit{1, Amount(1)}), "proposal 1 is over");

    set_params([](GovernanceParams& p) { p.burn_on_missed_deposit = true; });
    ASSERT_TRUE(send(kAlice, ProposeText{head(kAssay)}));
    pass_time(2 * kDay);
    EXPECT_EQ(status(2), "dropped");
    EXPECT_EQ(balance(kAlice), 999 * kAssay);
}

TEST_F(Governance, DelegatorsInheritUnlessTheyVote) {
    const std::uint64_t id = open_vote();
    EXPECT_EQ(vote(kValidator, id, VoteOption::yes), "accepted");
    EXPECT_EQ(tally(id).yes, thousandths(600));
    EXPECT_EQ(vote(kAlice, id, VoteOption::no), "accepted");
    EXPECT_EQ(tally(id).yes, thousandths(300));
    EXPECT_EQ(tally(id).no, thousandths(300));
    EXPECT_EQ(vote(kBob, id, VoteOption::no_with_veto), "accepted"); // with both its validators
    EXPECT_EQ(tally(id).yes, thousandths(100));
    EXPECT_EQ(tally(id).no_with_veto, thousandths(250));
    EXPECT_EQ(vote(kOther, id, VoteOption::abstain), "accepted");
    EXPECT_EQ(tally(id).abstain, thousandths(350));
    EXPECT_EQ(vote(kAlice, id, VoteOption::yes), "accepted"); // changes its mind
    EXPECT_EQ(tally(id).yes, thousandths(400));
    EXPECT_EQ(tally(id).no, Amount());
    EXPECT_EQ(counted(tally(id)), thousandths(1'000));
}

TEST_F(Governance, OrderOfVotesDoesNotMatter) {
    const std::vector<Address> voters = {kValidator, kAlice, kBob, kOther};
    std::vector<Tally> results;
    for (std::size_t first = 0; first < voters.size(); ++first) {
        const std::uint64_t id = open_vote();
        for (std::size_t i = 0; i < voters.size(); ++i) {
            const std::size_t index = (first + i) % voters.size();
            EXPECT_EQ(vote(voters[index], id, static_cast<VoteOption>(index + 1)), "accepted");
        }
        results.push_back(tally(id));
    }
    for (const Tally& result : results) EXPECT_EQ(result, results.front());
}

TEST_F(Governance, SplitsWeightExactly) {
    const std::uint64_t id = open_vote();
    EXPECT_EQ(refusal(kAlice, CastWeightedVote{id, {{1, 333'333}, {3, 333'333}, {2, 333'334}}}), "accepted");
    EXPECT_EQ(counted(tally(id)), thousandths(300));
    EXPECT_EQ(tally(id).no.units(), thousandths(300).units() * 333'333 / kPpm);
    EXPECT_EQ(refusal(kAlice, CastWeightedVote{id, {{1, 999'999}}}),
              "vote: weights add up to 999999 instead of 1000000");
    EXPECT_EQ(refusal(kAlice, CastWeightedVote{id, {{1, 500'000}, {1, 500'000}}}), "vote: option 1 comes twice");
    EXPECT_EQ(refusal(kAlice, CastWeightedVote{id, {{1, kPpm}, {2, 0}}}), "vote: option 2 has no weight");
    EXPECT_EQ(refusal(kAlice, CastWeightedVote{id, {{5, kPpm}}}),
              "vote: option 5 is none of 1 yes, 2 abstain, 3 no, 4 no with veto");
    EXPECT_EQ(refusal(kAlice, CastWeightedVote{id, {}}), "vote: not 1 … 4 options");
}

TEST_F(Governance, StrangersHaveNoVote) {
    const std::uint64_t id = open_vote();
    EXPECT_EQ(vote(address_of(5), id, VoteOption::yes),
              "proposal 1: 0xac00000000000000000000000000000000000005 had no stake and no earnings at height 1");
}

TEST_F(Governance, PassesRejectsAndVetoes) {
    struct Case {
        VoteOption validator, other;
        const char* status;
        const char* note;
        bool refunded;
    };
    for (const Case& c :
         std::vector<Case>{{VoteOption::yes, VoteOption::no, "passed", "", true},
                           {VoteOption::no, VoteOption::yes, "rejected", "not enough in favour", true},
                           {VoteOption::yes, VoteOption::no_with_veto, "rejected", "vetoed", false},
                           {VoteOption::abstain, VoteOption::abstain, "rejected", "everybody abstained", true},
                           {VoteOption::abstain, VoteOption::yes, "passed", "", true}}) {
        const std::uint64_t before = balance(kAlice);
        const std::uint64_t id = open_vote();
        ASSERT_EQ(vote(kValidator, id, c.validator), "accepted");
        ASSERT_EQ(vote(kOther, id, c.other), "accepted");
        pass_time(2 * kDay);
        EXPECT_EQ(status(id), c.status);
        EXPECT_EQ(proposal(id).note, c.note);
        EXPECT_EQ(balance(kAlice), c.refunded ? before : before - 10 * kAssay);
    }
    EXPECT_TRUE(stakes.pins.empty());
}

TEST_F(Governance, NeedsItsQuorum) {
    const std::uint64_t few = open_vote();
    ASSERT_EQ(vote(kBob, few, VoteOption::yes), "accepted"); // 25 %
    pass_time(2 * kDay);
    EXPECT_EQ(proposal(few).note, "quorum not reached");
    const std::uint64_t more = open_vote();
    ASSERT_EQ(vote(kOther, more, VoteOption::yes), "accepted"); // 40 %
    pass_time(2 * kDay);
    EXPECT_EQ(status(more), "passed");
    EXPECT_EQ(vote(kAlice, more, VoteOption::no), "proposal 2 is over");
}

TEST_F(Governance, ExpeditedBecomesOrdinaryAndKeepsItsVotes) {
    const std::uint64_t id = open_vote(true);
    ASSERT_EQ(vote(kValidator, id, VoteOption::yes), "accepted"); // 60 % < 66.7 %
    ASSERT_EQ(vote(kOther, id, VoteOption::no), "accepted");
    pass_time(kDay);
    EXPECT_EQ(status(id), "voting");
    EXPECT_FALSE(proposal(id).expedited);
    EXPECT_EQ(proposal(id).note, "expedited vote: not enough in favour");
    EXPECT_EQ(tally(id).yes, thousandths(600));
    EXPECT_EQ(violation(governance), "");
    pass_time(kDay);
    EXPECT_EQ(status(id), "passed");
    EXPECT_EQ(balance(kAlice), 1'000 * kAssay);

    const std::uint64_t quick = open_vote(true);
    ASSERT_EQ(vote(kValidator, quick, VoteOption::yes), "accepted");
    ASSERT_EQ(vote(kOther, quick, VoteOption::yes), "accepted");
    pass_time(kDay);
    EXPECT_EQ(status(quick), "passed");
    EXPECT_NE(refusal(kAlice, ProposeText{head(5 * kAssay - 1, true)}), "accepted");
}

TEST_F(Governance, CancellingBurnsHalf) {
    const std::uint64_t id = open_vote();
    ASSERT_TRUE(send(kBob, Deposit{id, Amount(3)}));
    ASSERT_EQ(vote(kAlice, id, VoteOption::yes), "accepted");
    EXPECT_EQ(refusal(kBob, CancelProposal{id}),
              "proposal 1: 0xac00000000000000000000000000000000000002 is not its proposer");
    EXPECT_EQ(refusal(kAlice, CancelProposal{id}), "accepted");
    EXPECT_EQ(status(id), "cancelled");
    EXPECT_EQ(balance(kAlice), 995 * kAssay);
    EXPECT_EQ(balance(kBob), 1'000 * kAssay - 1); // floor(3 / 2) burns
    EXPECT_TRUE(stakes.pins.empty());
    EXPECT_EQ(refusal(kAlice, CancelProposal{id}), "proposal 1 is over");
    next();
    EXPECT_FALSE(read_record<Vote>(state, of_account(kVotes, id, kAlice)));
}

TEST_F(Governance, CancelledBeforeItsSnapshotIsForgotten) {
    ASSERT_TRUE(send(kAlice, ProposeText{head()}));
    ASSERT_TRUE(send(kAlice, CancelProposal{1}));
    next();
    EXPECT_EQ(status(1), "cancelled");
    EXPECT_TRUE(stakes.pins.empty());
}

TEST_F(Governance, ChangesParameters) {
    const auto change = [](const char* path, const Value& value) {
        return ParamChange{"governance", path, *codec::encode_dag_cbor(value)};
    };
    EXPECT_EQ(refusal(kAlice, ProposeParams{head(), {change("quorum", 1)}}), "governance.quorum is no parameter");
    EXPECT_EQ(refusal(kAlice, ProposeParams{head(), {}}), "proposal: not 1 … 32 parameter changes");
    ASSERT_EQ(refusal(kAlice, ProposeParams{head(), {change("quorum_ppm", 100'000)}}), "accepted");
    next();
    ASSERT_EQ(vote(kValidator, 1, VoteOption::yes), "accepted");
    pass_time(2 * kDay);
    EXPECT_EQ(status(1), "passed");
    EXPECT_EQ(params.get<GovernanceParams>(state).quorum_ppm, 100'000U);
    const Value history = query(params, "history", {{"module", "governance"}});
    EXPECT_EQ(*history.find("history")->list()->front().find("proposal"), Value(1));
}

TEST_F(Governance, RecordsWhatCannotBeDone) {
    const Spend small{kBob, kNativeToken, Amount(5)};
    const Spend large{kBob, kNativeToken, Amount(50)};
    fund(treasury_account(), 20);
    for (const std::vector<Spend>& spends : {std::vector<Spend>{small, large}, std::vector<Spend>{small, small}}) {
        ASSERT_EQ(refusal(kAlice, ProposeSpend{head(), spends}), "accepted");
        next();
        ASSERT_EQ(vote(kValidator, next_proposal(state) - 1, VoteOption::yes), "accepted");
        pass_time(2 * kDay);
    }
    EXPECT_EQ(status(1), "failed");
    EXPECT_NE(proposal(1).note.find("exceeds balance 15"), std::string::npos) << proposal(1).note;
    EXPECT_EQ(status(2), "passed");
    EXPECT_EQ(balance(treasury_account()), 10U); // nothing of the first, all of the second
    EXPECT_EQ(balance(kBob), 1'000 * kAssay + 10);
    EXPECT_EQ(refusal(kAlice, ProposeSpend{head(), {{kBob, address_of(99), Amount(1)}}}),
              "proposal: a spend in unknown token 0xac00000000000000000000000000000000000063");
}

TEST_F(Governance, PlansAndCancelsUpgrades) {
    const auto carry = [&](const auto& message) {
        ASSERT_EQ(refusal(kAlice, message), "accepted");
        next();
        ASSERT_EQ(vote(kValidator, next_proposal(state) - 1, VoteOption::yes), "accepted");
        pass_time(2 * kDay);
        EXPECT_EQ(status(next_proposal(state) - 1), "passed") << proposal(next_proposal(state) - 1).note;
    };
    EXPECT_FALSE(governance.upgrade_plan(state));
    EXPECT_EQ(refusal(kAlice, ProposeCancelUpgrade{head()}), "proposal: no upgrade is planned");
    EXPECT_EQ(refusal(kAlice, ProposeUpgrade{head(), {"v2", 1, 2}}), "proposal: upgrade height 1 is not above 1");
    carry(ProposeUpgrade{head(), {"v2", 100, 2}});
    EXPECT_EQ(governance.upgrade_plan(state)->name, "v2");
    carry(ProposeUpgrade{head(), {"v2b", 50, 2}}); // replaces the one ahead
    EXPECT_EQ(governance.upgrade_plan(state)->height, 50U);
    block.height = 60;
    carry(ProposeUpgrade{head(), {"v3", 100, 3}});
    EXPECT_EQ(governance.upgrade_plan(state)->name, "v3");
    carry(ProposeCancelUpgrade{head()});
    EXPECT_EQ(governance.upgrade_plan(state)->name, "v2b"); // what was carried out stays known
    EXPECT_EQ(*query(governance, "upgrade").find("app_version"), Value(2));
    EXPECT_EQ(round_trip(governance), "");
}

TEST_F(Governance, EndsAFewProposalsABlock) {
    set_params([](GovernanceParams& p) { p.proposals_active_max = 20; });
    for (int i = 0; i < 20; ++i) ASSERT_TRUE(send(kAlice, ProposeText{head(kAssay)}));
    EXPECT_EQ(refusal(kAlice, ProposeText{head(kAssay)}), "proposal: 20 proposals are open already");
    next(2 * kDay);
    for (const std::size_t left : {12U, 4U, 0U}) {
        next();
        std::size_t open = 0;
        for (std::uint64_t id = 1; id <= 20; ++id) open += proposal(id).is_open();
        EXPECT_EQ(open, left);
        EXPECT_EQ(violation(governance), "");
    }
}

TEST_F(Governance, RemovesVotesBitByBit) {
    set_params([](GovernanceParams& p) { p.cleanup_per_block = 2; });
    const std::uint64_t id = open_vote();
    for (const Address& voter : {kAlice, kBob, kValidator, kOther})
        ASSERT_EQ(vote(voter, id, VoteOption::yes), "accepted");
    const auto records = [&] {
        std::size_t count = 0;
        for (const auto& [key, value] : state.entries(ModuleId::governance))
            count += key[0] == kVotes || key[0] == kValidators;
        return count;
    };
    EXPECT_EQ(records(), 6U);
    pass_time(2 * kDay);
    for (const std::size_t left : {4U, 2U, 0U}) {
        EXPECT_EQ(records(), left);
        next();
    }
    EXPECT_EQ(tally(id).yes, thousandths(1'000)); // the result stays
}

TEST_F(Governance, DepositorsAreLimited) {
    set_params([](GovernanceParams& p) { p.deposits_max = 2; });
    ASSERT_TRUE(send(kAlice, ProposeText{head(kAssay)}));
    EXPECT_EQ(refusal(kBob, Deposit{1, Amount(1)}), "accepted");
    EXPECT_EQ(refusal(kBob, Deposit{1, Amount(1)}), "accepted");
    EXPECT_EQ(refusal(address_of(3), Deposit{1, Amount(1)}), "proposal 1 has deposits of 2 accounts already");
}

TEST_F(Governance, AnswersQueriesAndExports) {
    const std::uint64_t id = open_vote();
    ASSERT_EQ(vote(kAlice, id, VoteOption::yes), "accepted");
    ASSERT_EQ(vote(kValidator, id, VoteOption::no), "accepted");
    ASSERT_TRUE(send(kAlice, ProposeText{head(kAssay)}));
    const Value proposal = query(governance, "proposal", {{"proposal", "1"}});
    EXPECT_EQ(*proposal.find("status"), Value("voting"));
    EXPECT_EQ(*proposal.find("kind"), Value("text"));
    EXPECT_EQ(*proposal.find("tally")->find("yes"), Value("300000000000000000"));
    EXPECT_EQ(*query(governance, "tally", {{"proposal", id}}).find("counted"), Value("600000000000000000"));
    EXPECT_EQ(query(governance, "proposals").find("proposals")->list()->size(), 2U);
    EXPECT_EQ(query(governance, "proposals", {{"status", "deposit"}}).find("proposals")->list()->size(), 1U);
    EXPECT_EQ(query(governance, "votes", {{"proposal", id}}).find("votes")->list()->size(), 2U);
    EXPECT_EQ(query(governance, "deposits", {{"proposal", id}}).find("deposits")->list()->size(), 1U);
    EXPECT_EQ(*query(governance, "vote", {{"proposal", id}, {"voter", crypto::to_string(kAlice)}}).find("validator"),
              Value(false));
    EXPECT_EQ(query(governance, "proposal", {{"proposal", 3}}), Value("error: no proposal 3"));
    EXPECT_EQ(round_trip(governance), "");
}

TEST_F(Governance, InvariantsSeeDamage) {
    const std::uint64_t id = open_vote();
    ASSERT_EQ(vote(kAlice, id, VoteOption::yes), "accepted");
    const MemoryState good = state;
    const auto damaged = [&](auto change) {
        change();
        const std::string seen = violation(governance);
        state = good;
        return seen;
    };
    Proposal wrong = proposal(id);
    wrong.tally.no = Amount(1);
    EXPECT_NE(damaged([&] { write_proposal(state, wrong); }).find("has a tally of"), std::string::npos);
    wrong = proposal(id);
    wrong.deposit = Amount(1);
    EXPECT_NE(damaged([&] { write_proposal(state, wrong); }).find("says deposits of 1"), std::string::npos);
    EXPECT_NE(damaged([&] {
                  state.erase(ModuleId::governance, queue_key(kVotingQueue, proposal(id).voting_end_ms, id));
              }).find("are queued"),
              std::string::npos);
    EXPECT_NE(damaged([&] {
                  state.erase(ModuleId::bank, StateKey(0x80).add(deposits_account().bytes));
              }).find("the account holds 0"),
              std::string::npos);
}

} // namespace
} // namespace assay::chain::governance
