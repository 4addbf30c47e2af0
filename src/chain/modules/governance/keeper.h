#pragma once
/// Governance's rules. Internal to the module. One object serves one message or one block end. Committed class.
#include "chain/modules/governance/governance_module.h"
#include "chain/modules/governance/governance_params.h"
#include "chain/modules/governance/messages.h"
#include "chain/modules/governance/state.h"

namespace assay::chain::governance {

class Keeper {
public:
    using Ports = GovernanceModule::Ports;
    Keeper(const Ports& ports, Context& context)
        : ports_(ports), context_(context), params_(ports.params.get<GovernanceParams>(context.state())) {}

    // proposals.cpp: until the vote begins, and cancelling
    /// `content` brings kind and what belongs to it. Errors: invalid_argument, resource_exhausted (too many open).
    Result<void> submit(const Address& proposer, const Head& head, Proposal content);
    /// Errors: not_found, invalid_argument (over, amount 0, balance), resource_exhausted (too many depositors).
    Result<void> deposit(const Address& depositor, std::uint64_t id, Amount amount);
    /// Errors: not_found, invalid_argument (over, not the proposer).
    Result<void> cancel(const Address& signer, std::uint64_t id);

    // votes.cpp
    /// Reads the weights of proposals whose vote began in the block before.
    void take_snapshots();
    /// Errors: not_found, invalid_argument (not open, options, no weight).
    Result<void> vote(const Address& voter, std::uint64_t id, const std::vector<WeightedOption>& options);

    // outcome.cpp
    /// Proposals whose time is up, at most kEndedPerBlock of each kind: the rest wait for the next block.
    void end_deposit_periods();
    void end_voting_periods();
    /// Removes at most params.cleanup_per_block records of ended votes.
    void clean_up();

private:
    static constexpr std::size_t kEndedPerBlock = 8;

    StateWriter& state() { return context_.state(); }
    std::int64_t now_ms() const { return context_.block().time_ms; }
    std::uint64_t height() const { return context_.block().height; }
    Amount deposit_minimum(bool expedited) const {
        return expedited ? params_.expedited_deposit_min : params_.deposit_min;
    }

    Result<void> check_content(const Head& head, const Proposal& content) const;
    Result<void> check_room();
    Result<Proposal> open_proposal(std::uint64_t id);
    Result<void> take_deposit(Proposal& proposal, const Address& depositor, Amount amount);
    void begin_voting(Proposal& proposal);
    /// Gives every deposit back but for `burn_ppm` of it (rounded down), and forgets it.
    void settle_deposits(Proposal& proposal, std::uint32_t burn_ppm);
    /// No more votes: history is free, records wait for clean_up.
    void close_vote(const Proposal& proposal);

    Vote weigh(const Proposal& proposal, const Address& voter);

    std::vector<std::uint64_t> due(std::uint8_t queue);
    void end_vote(Proposal& proposal);
    /// What follows from a vote that passed: all of it or, with an error, nothing.
    Result<void> execute(const Proposal& proposal);
    void announce(const Proposal& proposal);

    const Ports& ports_;
    Context& context_;
    GovernanceParams params_;
};

const Address& deposits_account();
const Address& treasury_account();

/// Votes of validators with what they inherit, added to those of the others: the proposal's tally at this moment.
Tally full_tally(const StateReader& state, const Proposal& proposal);

/// What chain/upgrade shows: the plan decided last.
std::optional<UpgradePlan> last_plan(const StateReader& state);
/// One that lies ahead replaces another that does. Errors: invalid_argument (height not ahead).
Result<void> schedule_upgrade(Context& context, const UpgradePlan& plan);
/// Errors: invalid_argument (nothing planned).
Result<void> cancel_upgrade(Context& context);

} // namespace assay::chain::governance
