#include "chain/modules/governance/keeper.h"

#include "base/assert.h"
#include "chain/modules/events.h"
#include "chain/modules/governance/weights.h"

#include <algorithm>

namespace assay::chain::governance {
namespace {

constexpr std::uint64_t kDelegationGas = 300;

std::string describe(const std::vector<WeightedOption>& options) {
    std::string text;
    for (const WeightedOption& option : options) {
        if (!text.empty()) text += ',';
        text += std::to_string(option.option) + ":" + std::to_string(option.weight_ppm);
    }
    return text;
}

Amount plus(Amount a, Amount b) {
    const auto both = checked_add(a, b);
    ASSAY_ASSERT(both.has_value()); // parts of the native supply, or of the whole weight
    return *both;
}

} // namespace

void Keeper::take_snapshots() {
    std::vector<std::uint64_t> waiting;
    scan_prefix(state(), ModuleId::governance, StateKey(kSnapshotQueue), [&](ByteView key, ByteView) {
        waiting.push_back(read_u64(key, 1));
        return true;
    });
    for (const std::uint64_t id : waiting) {
        state().erase(ModuleId::governance, of_proposal(kSnapshotQueue, id));
        auto proposal = read_proposal(state(), id);
        ASSAY_ASSERT(proposal.has_value());
        Snapshot& snapshot = proposal->snapshot;
        snapshot.taken = true;
        snapshot.bonded = ports_.staking.bonded_at(state(), snapshot.height);
        snapshot.earnings = ports_.earnings.total_earnings_at(state(), snapshot.height);
        snapshot.stake_ppm = params_.stake_ppm;
        if (snapshot.earnings.is_zero()) snapshot.stake_ppm = kPpm;
        else if (snapshot.bonded.is_zero()) snapshot.stake_ppm = 0;
        snapshot.cap_ppm = params_.weight_cap_ppm;
        write_proposal(state(), *proposal);
        for (const StakingPort::Share& share : ports_.staking.validators_at(state(), snapshot.height))
            write_record(state(), of_account(kValidators, id, share.validator), ValidatorWeight{share.tokens, {}});
    }
}

Result<void> Keeper::vote(const Address& voter, std::uint64_t id, const std::vector<WeightedOption>& options) {
    TRY_VOID(check_options(options));
    Proposal proposal = TRY(open_proposal(id));
    const std::string name = "proposal " + std::to_string(id);
    if (!proposal.is(Status::voting)) return fail(ErrorCode::invalid_argument, name + " is not in its voting period");
    if (!proposal.snapshot.taken)
        return fail(ErrorCode::invalid_argument, name + " can be voted on from the next block on");

    const StateKey key = of_account(kVotes, id, voter);
    auto vote = read_record<Vote>(state(), key);
    if (!vote) {
        vote = weigh(proposal, voter);
        if (!vote->validator && vote->weight.is_zero())
            return fail(ErrorCode::invalid_argument, name + ": " + event_text(voter) +
                                                         " had no stake and no earnings at height " +
                                                         std::to_string(proposal.snapshot.height));
    } else if (!vote->validator) {
        remove_vote(proposal.tally, proposal.snapshot, vote->options, vote->weight);
    }
    vote->options = options;
    if (!vote->validator) {
        add_vote(proposal.tally, proposal.snapshot, options, vote->weight);
        write_proposal(state(), proposal);
    }
    write_record(state(), key, *vote);
    context_.emit({"governance.vote",
                   {{"proposal", event_text(id)}, {"voter", event_text(voter)}, {"options", describe(options)}}});
    return {};
}

/// A first vote: what the voter weighs by itself, taken from the validators who would have voted with it.
Vote Keeper::weigh(const Proposal& proposal, const Address& voter) {
    const Snapshot& snapshot = proposal.snapshot;
    Amount tokens;
    for (const StakingPort::Share& share : ports_.staking.delegations_at(state(), voter, snapshot.height)) {
        context_.gas().charge(kDelegationGas);
        const StateKey key = of_account(kValidators, proposal.id, share.validator);
        auto weight = read_record<ValidatorWeight>(state(), key);
        if (!weight) continue; // not bonded then: it had no vote to inherit
        tokens = plus(tokens, share.tokens);
        weight->voted = std::min(plus(weight->voted, share.tokens), weight->tokens);
        write_record(state(), key, *weight);
    }
    const Amount earned = ports_.earnings.earnings_at(state(), voter, snapshot.height);
    Vote vote;
    vote.weight = plus(stake_weight(snapshot, tokens), earnings_weight(snapshot, earned));
    vote.validator = state().get(ModuleId::governance, of_account(kValidators, proposal.id, voter)).has_value();
    return vote;
}

Tally full_tally(const StateReader& state, const Proposal& proposal) {
    Tally tally = proposal.tally;
    scan_prefix(state, ModuleId::governance, of_proposal(kValidators, proposal.id), [&](ByteView key, ByteView value) {
        const auto vote = read_record<Vote>(state, of_account(kVotes, proposal.id, account_in(key)));
        if (!vote) return true;
        const auto weight = decode_record<ValidatorWeight>(value);
        const Amount inherited = *checked_subtract(weight.tokens, weight.voted);
        add_vote(tally, proposal.snapshot, vote->options,
                 plus(vote->weight, stake_weight(proposal.snapshot, inherited)));
        return true;
    });
    return tally;
}

} // namespace assay::chain::governance
