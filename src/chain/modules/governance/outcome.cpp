#include "chain/modules/governance/keeper.h"

#include "base/assert.h"
#include "chain/modules/events.h"
#include "chain/modules/governance/weights.h"

namespace assay::chain::governance {

std::vector<std::uint64_t> Keeper::due(std::uint8_t queue) {
    std::vector<std::uint64_t> ids;
    scan_prefix(state(), ModuleId::governance, StateKey(queue), [&](ByteView key, ByteView) {
        if (read_u64(key, 1) > static_cast<std::uint64_t>(now_ms())) return false;
        ids.push_back(read_u64(key, 9));
        return ids.size() < kEndedPerBlock;
    });
    return ids;
}

void Keeper::end_deposit_periods() {
    for (const std::uint64_t id : due(kDepositQueue)) {
        auto proposal = read_proposal(state(), id);
        ASSAY_ASSERT(proposal.has_value());
        state().erase(ModuleId::governance, queue_key(kDepositQueue, proposal->deposit_end_ms, id));
        settle_deposits(*proposal, params_.burn_on_missed_deposit ? kPpm : 0);
        proposal->set(Status::dropped);
        proposal->note = "minimum deposit not reached";
        write_proposal(state(), *proposal);
        announce(*proposal);
    }
}

void Keeper::end_voting_periods() {
    for (const std::uint64_t id : due(kVotingQueue)) {
        auto proposal = read_proposal(state(), id);
        ASSAY_ASSERT(proposal.has_value());
        state().erase(ModuleId::governance, queue_key(kVotingQueue, proposal->voting_end_ms, id));
        end_vote(*proposal);
        write_proposal(state(), *proposal);
        announce(*proposal);
    }
}

void Keeper::end_vote(Proposal& proposal) {
    const Tally tally = full_tally(state(), proposal);
    const Verdict verdict = decide(params_, proposal.snapshot, tally, proposal.expedited);
    if (proposal.expedited && !verdict.passed) {
        // Goes on as an ordinary proposal: same weights, and votes cast so far stand until their voters change them.
        proposal.expedited = false;
        proposal.voting_end_ms = proposal.voting_start_ms + static_cast<std::int64_t>(params_.voting_period_ms);
        proposal.note = "expedited vote: " + verdict.reason;
        mark(state(), queue_key(kVotingQueue, proposal.voting_end_ms, proposal.id));
        return;
    }
    close_vote(proposal);
    settle_deposits(proposal, verdict.burn_deposits ? kPpm : 0);
    proposal.tally = tally;
    proposal.note = verdict.reason;
    if (!verdict.passed) return proposal.set(Status::rejected);
    proposal.set(Status::passed);
    if (const auto done = execute(proposal); !done) {
        proposal.set(Status::failed);
        proposal.note = done.error().message;
    }
}

Result<void> Keeper::execute(const Proposal& proposal) {
    Overlay overlay(state());
    std::vector<Event> events;
    Context context(context_.block(), overlay, context_.gas(), events);
    const auto carry_out = [&]() -> Result<void> {
        switch (static_cast<Kind>(proposal.kind)) {
            case Kind::text: return {};
            case Kind::params: return ports_.params_admin.apply_changes(context, proposal.changes, proposal.id);
            case Kind::upgrade: return schedule_upgrade(context, proposal.plan);
            case Kind::cancel_upgrade: return cancel_upgrade(context);
            case Kind::spend: break;
        }
        for (const Spend& spend : proposal.spends)
            TRY_VOID(ports_.bank.transfer(context, treasury_account(), spend.to, spend.token, spend.amount));
        return {};
    };
    TRY_VOID(carry_out());
    overlay.apply_to(state());
    for (Event& event : events) context_.emit(std::move(event));
    return {};
}

void Keeper::clean_up() {
    std::size_t left = params_.cleanup_per_block;
    std::vector<std::uint64_t> ended;
    scan_prefix(state(), ModuleId::governance, StateKey(kCleanupQueue), [&](ByteView key, ByteView) {
        ended.push_back(read_u64(key, 1));
        return ended.size() < kEndedPerBlock;
    });
    for (const std::uint64_t id : ended) {
        std::vector<Bytes> keys;
        for (const std::uint8_t collection : {kVotes, kValidators}) {
            scan_prefix(state(), ModuleId::governance, of_proposal(collection, id), [&](ByteView key, ByteView) {
                if (keys.size() < left) keys.emplace_back(key.begin(), key.end());
                return keys.size() < left;
            });
        }
        for (const Bytes& key : keys) state().erase(ModuleId::governance, key);
        left -= keys.size();
        if (left == 0) return; // the rest, or whether there is any, is the next block's
        state().erase(ModuleId::governance, of_proposal(kCleanupQueue, id));
    }
}

std::optional<UpgradePlan> last_plan(const StateReader& state) {
    std::optional<UpgradePlan> last;
    scan_prefix(state, ModuleId::governance, StateKey(kUpgrades), [&](ByteView, ByteView value) {
        last = decode_record<UpgradePlan>(value);
        return true;
    });
    return last;
}

Result<void> schedule_upgrade(Context& context, const UpgradePlan& plan) {
    const std::uint64_t height = context.block().height;
    if (plan.height <= height)
        return fail(ErrorCode::invalid_argument,
                    "upgrade height " + std::to_string(plan.height) + " is not above " + std::to_string(height));
    if (const auto last = last_plan(context.state()); last && last->height > height)
        context.state().erase(ModuleId::governance, upgrade_key(last->height));
    write_record(context.state(), upgrade_key(plan.height), plan);
    context.emit({"governance.upgrade", {{"name", plan.name}, {"height", event_text(plan.height)}}});
    return {};
}

Result<void> cancel_upgrade(Context& context) {
    const auto last = last_plan(context.state());
    if (!last || last->height <= context.block().height)
        return fail(ErrorCode::invalid_argument, "no upgrade is planned");
    context.state().erase(ModuleId::governance, upgrade_key(last->height));
    context.emit({"governance.upgrade_cancelled", {{"name", last->name}, {"height", event_text(last->height)}}});
    return {};
}

} // namespace assay::chain::governance
