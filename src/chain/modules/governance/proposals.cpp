#include "chain/modules/governance/keeper.h"

#include "base/assert.h"
#include "chain/modules/events.h"
#include "chain/modules/governance/weights.h"

namespace assay::chain::governance {
namespace {

std::unexpected<Error> bad(std::string what) {
    return fail(ErrorCode::invalid_argument, "proposal: " + std::move(what));
}

Amount part_of(Amount amount, std::uint32_t ppm) {
    const auto part = multiply_divide(amount, ppm, kPpm);
    ASSAY_ASSERT(part.has_value()); // ppm is at most 10^6
    return *part;
}

Result<void> check_changes(const std::vector<ParamChange>& changes) {
    if (changes.empty() || changes.size() > kChangesMax) return bad("not 1 … 32 parameter changes");
    for (const ParamChange& change : changes) {
        if (change.value.size() > kChangeBytesMax) return bad("a parameter's value is over 4096 bytes");
    }
    return {};
}

Result<void> check_plan(const UpgradePlan& plan, std::uint64_t height) {
    if (plan.name.empty() || plan.name.size() > kPlanNameBytesMax) return bad("upgrade name is not of 1 … 64 bytes");
    if (plan.app_version == 0) return bad("upgrade has app_version 0");
    if (plan.height <= height)
        return bad("upgrade height " + std::to_string(plan.height) + " is not above " + std::to_string(height));
    return {};
}

Result<void> check_spends(const std::vector<Spend>& spends, const StateReader& state, const BankPort& bank) {
    if (spends.empty() || spends.size() > kSpendsMax) return bad("not 1 … 16 spends");
    for (const Spend& spend : spends) {
        if (spend.amount.is_zero()) return bad("a spend of nothing");
        if (spend.to == Address{}) return bad("a spend to the zero address");
        if (!bank.token_exists(state, spend.token)) return bad("a spend in unknown token " + event_text(spend.token));
    }
    return {};
}

} // namespace

const Address& deposits_account() {
    static const Address account = module_account("governance");
    return account;
}
const Address& treasury_account() {
    static const Address account = module_account("treasury");
    return account;
}

Result<void> Keeper::submit(const Address& proposer, const Head& head, Proposal content) {
    TRY_VOID(check_content(head, content));
    TRY_VOID(check_room());
    const Amount least = part_of(deposit_minimum(head.expedited), params_.initial_deposit_ppm);
    if (head.deposit < least)
        return bad("deposit " + to_string(head.deposit) + " is below the initial minimum " + to_string(least));

    Proposal& proposal = content;
    proposal.id = next_proposal(state());
    write_next_proposal(state(), proposal.id + 1);
    proposal.proposer = proposer;
    proposal.set(Status::deposit);
    proposal.title = head.title;
    proposal.summary = head.summary;
    proposal.expedited = head.expedited;
    proposal.submitted_ms = now_ms();
    proposal.deposit_end_ms = now_ms() + static_cast<std::int64_t>(params_.deposit_period_ms);
    mark(state(), queue_key(kDepositQueue, proposal.deposit_end_ms, proposal.id));
    context_.emit({"governance.submit",
                   {{"proposal", event_text(proposal.id)},
                    {"proposer", event_text(proposer)},
                    {"kind", event_text(to_string(static_cast<Kind>(proposal.kind)))}}});
    if (!head.deposit.is_zero()) TRY_VOID(take_deposit(proposal, proposer, head.deposit));
    write_proposal(state(), proposal);
    return {};
}

Result<void> Keeper::check_content(const Head& head, const Proposal& content) const {
    if (head.title.empty() || head.title.size() > kTitleBytesMax) return bad("title is not of 1 … 140 bytes");
    if (head.summary.size() > kSummaryBytesMax) return bad("summary is over 10000 bytes");
    switch (static_cast<Kind>(content.kind)) {
        case Kind::text: return {};
        case Kind::params:
            TRY_VOID(check_changes(content.changes));
            return ports_.params_admin.check_changes(context_.state(), content.changes);
        case Kind::upgrade: return check_plan(content.plan, height());
        case Kind::cancel_upgrade: {
            const auto plan = last_plan(context_.state());
            if (!plan || plan->height <= height()) return bad("no upgrade is planned");
            return {};
        }
        case Kind::spend: return check_spends(content.spends, context_.state(), ports_.bank);
    }
    return bad("unknown kind");
}

Result<void> Keeper::check_room() {
    std::size_t open = 0;
    for (const std::uint8_t queue : {kDepositQueue, kVotingQueue}) {
        scan_prefix(state(), ModuleId::governance, StateKey(queue),
                    [&](ByteView, ByteView) { return ++open < params_.proposals_active_max; });
    }
    if (open < params_.proposals_active_max) return {};
    return fail(ErrorCode::resource_exhausted,
                "proposal: " + std::to_string(params_.proposals_active_max) + " proposals are open already");
}

Result<Proposal> Keeper::open_proposal(std::uint64_t id) {
    auto proposal = read_proposal(state(), id);
    if (!proposal) return fail(ErrorCode::not_found, "no proposal " + std::to_string(id));
    const std::int64_t end_ms = proposal->is(Status::deposit) ? proposal->deposit_end_ms : proposal->voting_end_ms;
    if (!proposal->is_open() || now_ms() >= end_ms)
        return fail(ErrorCode::invalid_argument, "proposal " + std::to_string(id) + " is over");
    return *std::move(proposal);
}

Result<void> Keeper::deposit(const Address& depositor, std::uint64_t id, Amount amount) {
    Proposal proposal = TRY(open_proposal(id));
    if (amount.is_zero()) return fail(ErrorCode::invalid_argument, "deposit of nothing");
    TRY_VOID(take_deposit(proposal, depositor, amount));
    write_proposal(state(), proposal);
    return {};
}

Result<void> Keeper::take_deposit(Proposal& proposal, const Address& depositor, Amount amount) {
    const StateKey key = of_account(kDeposits, proposal.id, depositor);
    auto held = read_record<AmountRecord>(state(), key);
    if (!held && proposal.depositors >= params_.deposits_max)
        return fail(ErrorCode::resource_exhausted, "proposal " + std::to_string(proposal.id) + " has deposits of " +
                                                       std::to_string(params_.deposits_max) + " accounts already");
    TRY_VOID(ports_.bank.transfer(context_, depositor, deposits_account(), kNativeToken, amount));
    if (!held) ++proposal.depositors;
    // Neither sum can overflow: both are part of the native supply.
    proposal.deposit = *checked_add(proposal.deposit, amount);
    write_record(state(), key, AmountRecord{*checked_add(held.value_or(AmountRecord{}).amount, amount)});
    context_.emit({"governance.deposit",
                   {{"proposal", event_text(proposal.id)},
                    {"depositor", event_text(depositor)},
                    {"amount", event_text(amount)}}});
    if (proposal.is(Status::deposit) && proposal.deposit >= deposit_minimum(proposal.expedited)) begin_voting(proposal);
    return {};
}

void Keeper::begin_voting(Proposal& proposal) {
    state().erase(ModuleId::governance, queue_key(kDepositQueue, proposal.deposit_end_ms, proposal.id));
    const std::uint64_t period = proposal.expedited ? params_.expedited_voting_period_ms : params_.voting_period_ms;
    proposal.set(Status::voting);
    proposal.voting_start_ms = now_ms();
    proposal.voting_end_ms = now_ms() + static_cast<std::int64_t>(period);
    mark(state(), queue_key(kVotingQueue, proposal.voting_end_ms, proposal.id));
    // This block may still change stakes; its end is read when the next one begins.
    proposal.snapshot.height = height();
    ports_.staking.pin_history(context_, height());
    mark(state(), of_proposal(kSnapshotQueue, proposal.id));
    announce(proposal);
}

Result<void> Keeper::cancel(const Address& signer, std::uint64_t id) {
    Proposal proposal = TRY(open_proposal(id));
    if (signer != proposal.proposer)
        return fail(ErrorCode::invalid_argument,
                    "proposal " + std::to_string(id) + ": " + event_text(signer) + " is not its proposer");
    if (proposal.is(Status::deposit)) {
        state().erase(ModuleId::governance, queue_key(kDepositQueue, proposal.deposit_end_ms, id));
    } else {
        state().erase(ModuleId::governance, queue_key(kVotingQueue, proposal.voting_end_ms, id));
        close_vote(proposal);
    }
    settle_deposits(proposal, params_.cancel_burn_ppm);
    proposal.set(Status::cancelled);
    proposal.note = "cancelled by its proposer";
    write_proposal(state(), proposal);
    announce(proposal);
    return {};
}

void Keeper::settle_deposits(Proposal& proposal, std::uint32_t burn_ppm) {
    std::vector<std::pair<Address, Amount>> deposits;
    const StateKey prefix = of_proposal(kDeposits, proposal.id);
    scan_prefix(state(), ModuleId::governance, prefix, [&](ByteView key, ByteView value) {
        deposits.emplace_back(account_in(key), decode_record<AmountRecord>(value).amount);
        return true;
    });
    for (const auto& [depositor, amount] : deposits) {
        const Amount burnt = part_of(amount, burn_ppm);
        const Amount returned = *checked_subtract(amount, burnt);
        // The account holds exactly these deposits, so neither can fail.
        if (!burnt.is_zero())
            ASSAY_ASSERT(ports_.bank.burn(context_, deposits_account(), kNativeToken, burnt).has_value());
        if (!returned.is_zero())
            ASSAY_ASSERT(
                ports_.bank.transfer(context_, deposits_account(), depositor, kNativeToken, returned).has_value());
        state().erase(ModuleId::governance, of_account(kDeposits, proposal.id, depositor));
    }
    proposal.deposit = Amount();
    proposal.depositors = 0;
}

void Keeper::close_vote(const Proposal& proposal) {
    state().erase(ModuleId::governance, of_proposal(kSnapshotQueue, proposal.id));
    ports_.staking.unpin_history(context_, proposal.snapshot.height);
    mark(state(), of_proposal(kCleanupQueue, proposal.id));
}

void Keeper::announce(const Proposal& proposal) {
    context_.emit({"governance.proposal",
                   {{"proposal", event_text(proposal.id)},
                    {"status", event_text(to_string(static_cast<Status>(proposal.status)))},
                    {"note", proposal.note}}});
}

} // namespace assay::chain::governance
