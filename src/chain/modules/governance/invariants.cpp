#include "chain/modules/governance/governance_module.h"

#include "chain/modules/events.h"
#include "chain/modules/governance/keeper.h"
#include "chain/modules/governance/weights.h"

#include <map>

namespace assay::chain {
namespace {

using governance::Proposal;
using governance::Status;

std::unexpected<Error> broken(const std::string& what) { return fail(ErrorCode::internal, "governance: " + what); }

/// Runs `check` on every entry of a collection until one fails.
Result<void> each(const StateReader& state, ByteView prefix,
                  const std::function<Result<void>(ByteView, ByteView)>& check) {
    Result<void> result;
    scan_prefix(state, ModuleId::governance, prefix, [&](ByteView key, ByteView value) {
        result = check(key, value);
        return result.has_value();
    });
    return result;
}

/// A proposal's deposits add up to what it says.
Result<void> check_deposits(const StateReader& state, const Proposal& proposal) {
    Amount sum;
    std::uint32_t depositors = 0;
    TRY_VOID(each(state, governance::of_proposal(governance::kDeposits, proposal.id),
                  [&](ByteView, ByteView value) -> Result<void> {
                      const auto more = checked_add(sum, decode_record<governance::AmountRecord>(value).amount);
                      if (!more) return broken("deposits exceed 128 bits");
                      sum = *more;
                      ++depositors;
                      return {};
                  }));
    if (sum == proposal.deposit && depositors == proposal.depositors) return {};
    return broken("proposal " + std::to_string(proposal.id) + " says deposits of " + to_string(proposal.deposit) +
                  " by " + std::to_string(proposal.depositors) + ", there are " + to_string(sum) + " by " +
                  std::to_string(depositors));
}

/// While a vote runs, its tally is what the votes of those who are no validators come to.
Result<void> check_tally(const StateReader& state, const Proposal& proposal) {
    governance::Tally sum;
    TRY_VOID(each(state, governance::of_proposal(governance::kVotes, proposal.id),
                  [&](ByteView, ByteView value) -> Result<void> {
                      const auto vote = decode_record<governance::Vote>(value);
                      if (const auto good = governance::check_options(vote.options); !good)
                          return broken(good.error().message);
                      if (!vote.validator) governance::add_vote(sum, proposal.snapshot, vote.options, vote.weight);
                      return {};
                  }));
    if (sum == proposal.tally) return {};
    return broken("proposal " + std::to_string(proposal.id) + " has a tally of " +
                  to_string(governance::counted(proposal.tally)) + ", its votes come to " +
                  to_string(governance::counted(sum)));
}

/// An open proposal stands in its queue, under its time, and a closed one in none.
Result<void> check_queues(const StateReader& state, const std::map<std::uint64_t, Proposal>& proposals) {
    std::size_t queued = 0, open = 0;
    for (const std::uint8_t queue : {governance::kDepositQueue, governance::kVotingQueue}) {
        TRY_VOID(each(state, StateKey(queue), [&](ByteView key, ByteView) -> Result<void> {
            ++queued;
            const auto found = proposals.find(read_u64(key, 9));
            const bool deposits = queue == governance::kDepositQueue;
            if (found == proposals.end() || !found->second.is(deposits ? Status::deposit : Status::voting))
                return broken("queue entry " + to_hex(key) + " is of no proposal in that period");
            const std::int64_t end_ms = deposits ? found->second.deposit_end_ms : found->second.voting_end_ms;
            if (read_u64(key, 1) != static_cast<std::uint64_t>(end_ms))
                return broken("queue entry " + to_hex(key) + " is not under its proposal's time");
            return {};
        }));
    }
    for (const auto& [id, proposal] : proposals) open += proposal.is_open();
    if (queued == open) return {};
    return broken(std::to_string(open) + " proposals are open, " + std::to_string(queued) + " are queued");
}

Result<void> check_validators(const StateReader& state) {
    return each(state, StateKey(governance::kValidators), [](ByteView key, ByteView value) -> Result<void> {
        const auto weight = decode_record<governance::ValidatorWeight>(value);
        if (weight.voted <= weight.tokens) return {};
        return broken("validator " + event_text(governance::account_in(key)) + ": " + to_string(weight.voted) + " of " +
                      to_string(weight.tokens) + " tokens have voted");
    });
}

} // namespace

Result<void> GovernanceModule::check_invariants(const StateReader& state, const WalkAll&) const {
    std::map<std::uint64_t, Proposal> proposals;
    Amount deposits;
    const auto check_proposal = [&](ByteView key, ByteView value) -> Result<void> {
        auto proposal = decode_record<Proposal>(value);
        if (proposal.id != read_u64(key, 1) || proposal.id >= governance::next_proposal(state))
            return broken("proposal " + std::to_string(proposal.id) + " is not where its number says");
        TRY_VOID(check_deposits(state, proposal));
        if (proposal.is(Status::voting)) TRY_VOID(check_tally(state, proposal));
        const auto sum = checked_add(deposits, proposal.deposit);
        if (!sum) return broken("deposits exceed 128 bits");
        deposits = *sum;
        proposals.emplace(proposal.id, std::move(proposal));
        return {};
    };
    TRY_VOID(each(state, StateKey(governance::kProposals), check_proposal));
    TRY_VOID(check_queues(state, proposals));
    TRY_VOID(check_validators(state));
    const Amount held = ports_.bank.balance(state, governance::deposits_account(), kNativeToken);
    if (held >= deposits) return {}; // anybody may send it more
    return broken("deposits of " + to_string(deposits) + ", the account holds " + to_string(held));
}

} // namespace assay::chain
