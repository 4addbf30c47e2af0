#pragma once
/// Governance over stakes and earnings that a test sets. For tests only.
#include "chain/modules/bank/bank_module.h"
#include "chain/modules/governance/governance_module.h"
#include "chain/modules/governance/keeper.h"
#include "chain/modules/governance/weights.h"
#include "chain/modules/params/params_module.h"
#include "chain/modules/testing/module_fixture.h"
#include "codec/dag_cbor.h"

#include <map>

namespace assay::chain::governance {

/// Stakes that do not change; it counts its pins and answers only for pinned heights.
class FixedStakes final : public StakingPort {
public:
    void delegate(const Address& delegator, const Address& validator, std::uint64_t tokens) {
        stakes[delegator][validator] += tokens;
    }
    Amount bonded_at(const StateReader& state, std::uint64_t height) const override {
        Uint128 sum = 0;
        for (const Share& share : validators_at(state, height)) sum += share.tokens.units();
        return Amount(sum);
    }
    std::vector<Share> validators_at(const StateReader&, std::uint64_t height) const override {
        EXPECT_TRUE(pins.contains(height));
        std::map<Address, Uint128> sums;
        for (const auto& [delegator, shares] : stakes) {
            for (const auto& [validator, tokens] : shares) sums[validator] += tokens;
        }
        std::vector<Share> validators;
        for (const auto& [validator, tokens] : sums) validators.push_back({validator, Amount(tokens)});
        return validators;
    }
    std::vector<Share> delegations_at(const StateReader&, const Address& delegator,
                                      std::uint64_t height) const override {
        EXPECT_TRUE(pins.contains(height));
        std::vector<Share> shares;
        if (const auto found = stakes.find(delegator); found != stakes.end()) {
            for (const auto& [validator, tokens] : found->second) shares.push_back({validator, Amount(tokens)});
        }
        return shares;
    }
    void pin_history(Context&, std::uint64_t height) const override { ++pins[height]; }
    void unpin_history(Context&, std::uint64_t height) const override {
        ASSERT_GT(pins[height], 0U);
        if (--pins[height] == 0) pins.erase(height);
    }

    std::map<Address, std::map<Address, std::uint64_t>> stakes;
    mutable std::map<std::uint64_t, std::uint64_t> pins;
};

class FixedEarnings final : public EarningsPort {
public:
    Amount earnings_at(const StateReader&, const Address& account, std::uint64_t) const override {
        const auto found = earned.find(account);
        return Amount(found == earned.end() ? 0 : found->second);
    }
    Amount total_earnings_at(const StateReader&, std::uint64_t) const override {
        Uint128 sum = 0;
        for (const auto& [account, amount] : earned) sum += amount;
        return Amount(sum);
    }
    std::map<Address, std::uint64_t> earned;
};

struct GovernanceBench : testing::Bench {
    static constexpr std::uint64_t kAssay = 1'000'000'000;

    GovernanceBench() {
        params.add<GovernanceParams>();
        bank.register_messages(registry);
        governance.register_messages(registry);
        for (std::uint64_t i = 1; i <= 9; ++i) fund(testing::address_of(i), 1'000 * kAssay);
    }

    void fund(const Address& account, std::uint64_t units) {
        run([&](Context& context) { ASSERT_TRUE(bank.mint(context, account, kNativeToken, Amount(units))); });
    }
    void set_params(auto change) {
        GovernanceParams changed = params.get<GovernanceParams>(state);
        change(changed);
        ASSERT_TRUE(changed.validate());
        state.put(ModuleId::params, StateKey(0x01).add(as_byte_view("governance")), encode_record(changed));
    }
    static Head head(std::uint64_t deposit = 10 * kAssay, bool expedited = false) {
        return {"A title", "A summary.", expedited, Amount(deposit)};
    }
    /// The text proposal's number, its vote open in the block that is now current.
    std::uint64_t open_vote(bool expedited = false) {
        const std::uint64_t id = next_proposal(state);
        EXPECT_EQ(refusal(testing::address_of(1), ProposeText{head(expedited ? 50 * kAssay : 10 * kAssay, expedited)}),
                  "accepted");
        next();
        return id;
    }
    void next(std::int64_t milliseconds = 1'000) { next_block({&governance, &bank}, milliseconds); }
    /// Ends the block in which time is up.
    void pass_time(std::uint64_t milliseconds) {
        next(static_cast<std::int64_t>(milliseconds));
        next();
    }
    std::string vote(const Address& voter, std::uint64_t id, VoteOption option) {
        return refusal(voter, CastVote{id, static_cast<std::uint8_t>(option)});
    }
    Proposal proposal(std::uint64_t id) const { return *read_proposal(state, id); }
    std::string status(std::uint64_t id) const {
        return std::string(to_string(static_cast<Status>(proposal(id).status)));
    }
    Tally tally(std::uint64_t id) const { return full_tally(state, proposal(id)); }
    std::uint64_t balance(const Address& account) const {
        return static_cast<std::uint64_t>(bank.balance(state, account, kNativeToken).units());
    }

    FixedStakes stakes;
    FixedEarnings earnings;
    ParamsModule params;
    BankModule bank{params};
    GovernanceModule governance{{bank, stakes, earnings, params, params}};
};

} // namespace assay::chain::governance
