// Governance over the real modules, wired as a node wires them: stakes that move while a vote runs.
#include "chain/modules/governance/keeper.h"
#include "chain/modules/governance/weights.h"
#include "chain/modules/modules.h"
#include "chain/modules/staking/messages.h"
#include "chain/modules/staking/staking_params.h"
#include "chain/modules/testing/module_fixture.h"
#include "codec/dag_cbor.h"

#include <gtest/gtest.h>

namespace assay::chain::governance {
namespace {

using testing::address_of;

constexpr std::uint64_t kAssay = 1'000'000'000;
const Address kFirst = address_of(1), kSecond = address_of(2), kAlice = address_of(3), kBob = address_of(4);

class GovernanceOverStaking : public ::testing::Test, protected testing::Bench {
protected:
    GovernanceOverStaking() {
        for (const auto& module : set.modules) module->register_messages(registry);
        codec::Value::List accounts;
        for (const Address& account : {kFirst, kSecond, kAlice, kBob})
            accounts.push_back(
                codec::Value::Map{{"address", crypto::to_string(account)}, {"balance", "1000000000000"}});
        run([&](Context& context) {
            for (const auto& module : set.modules) {
                const bool bank = module->id() == ModuleId::bank;
                const codec::Value genesis =
                    bank ? codec::Value(codec::Value::Map{{"accounts", accounts}}) : codec::Value();
                ASSERT_TRUE(module->init_genesis(context, genesis));
            }
        });
        set_param("governance", GovernanceParams{.weight_cap_ppm = kPpm});
        create(kFirst, 1, 60);
        create(kSecond, 2, 20);
        EXPECT_EQ(refusal(kAlice, staking::Delegate{kFirst, Amount(20 * kAssay)}), "accepted");
        next();
    }
    ~GovernanceOverStaking() override {
        for (const auto& module : set.modules) EXPECT_EQ(violation(*module), "");
    }

    void create(const Address& operator_account, std::uint8_t key, std::uint64_t stake) {
        staking::CreateValidator message;
        message.consensus_key.fill(key);
        message.moniker = "v";
        message.stake = Amount(stake * kAssay);
        EXPECT_EQ(refusal(operator_account, message), "accepted");
    }
    void set_param(std::string_view module, const auto& record) {
        state.put(ModuleId::params, StateKey(0x01).add(as_byte_view(module)), encode_record(record));
    }
    void next(std::int64_t milliseconds = 1'000) {
        std::vector<ValidatorUpdate> updates;
        run([&](Context& context) {
            for (const Module* module : set.end_order) module->end_block(context, updates);
        });
        ++block.height;
        block.time_ms += milliseconds;
        run([&](Context& context) {
            for (const auto& module : set.modules) module->begin_block(context);
        });
    }
    void open(const std::vector<ParamChange>& changes) {
        const Head head{"Change", "", false, Amount(10 * kAssay)};
        ASSERT_EQ(refusal(kBob, ProposeParams{head, changes}), "accepted");
    }
    std::string vote(const Address& voter, VoteOption option) {
        return refusal(voter, CastVote{1, static_cast<std::uint8_t>(option)});
    }
    Tally tally() const { return full_tally(state, *read_proposal(state, 1)); }
    static Amount hundredths(std::uint64_t n) { return Amount(Uint128{n} * (kWholeWeight / 100)); }

    ModuleSet set = make_modules();
    const std::vector<ParamChange> shorter = {{"staking", "validators_max", *codec::encode_dag_cbor(codec::Value(7))}};
};

TEST_F(GovernanceOverStaking, CountsStakesAsTheyWereAtTheBeginning) {
    open(shorter);
    EXPECT_EQ(refusal(kBob, staking::Delegate{kSecond, Amount(100 * kAssay)}), "accepted"); // same block, still counts
    next();
    // Now 60 + 20 at the first validator, 20 + 100 at the second.
    EXPECT_EQ(refusal(kAlice, staking::Undelegate{kFirst, Amount(20 * kAssay)}), "accepted");
    EXPECT_EQ(refusal(kFirst, staking::Delegate{kFirst, Amount(500 * kAssay)}), "accepted");
    next();
    EXPECT_EQ(vote(kAlice, VoteOption::yes), "accepted"); // with what it had
    EXPECT_EQ(tally().yes, hundredths(10));
    EXPECT_EQ(vote(kFirst, VoteOption::no), "accepted");
    EXPECT_EQ(tally().no, hundredths(30));
    EXPECT_EQ(vote(kBob, VoteOption::yes), "accepted");
    EXPECT_EQ(tally().yes, hundredths(60));
    EXPECT_EQ(vote(kSecond, VoteOption::yes), "accepted");
    EXPECT_EQ(tally().yes, hundredths(70));
    next(172'800'000);
    next();
    EXPECT_TRUE(read_proposal(state, 1)->is(Status::passed)) << read_proposal(state, 1)->note;
    EXPECT_EQ(set.params->get<StakingParams>(state).validators_max, 7U);
}

TEST_F(GovernanceOverStaking, ASlashDuringTheVoteChangesNoWeight) {
    open(shorter);
    next();
    EXPECT_EQ(vote(kAlice, VoteOption::yes), "accepted");
    const Digest key = [] {
        Digest filled{};
        filled.fill(1);
        return filled;
    }();
    const Digest hash = crypto::sha256(key);
    ConsensusAddress offender;
    std::copy(hash.begin(), hash.begin() + 20, offender.bytes.begin());
    block.misbehavior = {{.kind = MisbehaviorKind::duplicate_vote,
                          .validator = offender,
                          .power = 80,
                          .height = block.height,
                          .time_ms = block.time_ms,
                          .total_power = 100}};
    next();
    block.misbehavior.clear();
    EXPECT_EQ(vote(kFirst, VoteOption::no), "accepted");
    EXPECT_EQ(tally().yes, hundredths(20));
    EXPECT_EQ(tally().no, hundredths(60));
    next();
    EXPECT_EQ(*query(*set.find("staking"), "validator", {{"validator", crypto::to_string(kFirst)}}).find("jailed"),
              codec::Value(true));
}

TEST_F(GovernanceOverStaking, ExportsInTheMiddleOfAVote) {
    open(shorter);
    next();
    EXPECT_EQ(vote(kAlice, VoteOption::yes), "accepted");
    next();
    for (const std::string_view name : {"bank", "governance"}) EXPECT_EQ(round_trip(*set.find(name)), "") << name;
}

} // namespace
} // namespace assay::chain::governance
