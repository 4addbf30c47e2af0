#include "chain/modules/governance/governance_module.h"

#include "chain/modules/arguments.h"
#include "chain/modules/genesis.h"
#include "chain/modules/governance/keeper.h"

namespace assay::chain {
namespace {

using codec::Value;
using governance::Proposal;
using governance::Status;

/// A record with the proposal and the account that its key names.
template <class Record>
struct GenesisEntry {
    static constexpr std::string_view kStruct = "GovernanceGenesisEntry";
    std::uint64_t proposal = 0;
    Address account;
    Record record;
    static void fields(auto&& self, auto&& visit) {
        visit("proposal", self.proposal);
        visit("account", self.account);
        Record::fields(self.record, visit);
    }
};

struct GenesisNumber {
    static constexpr std::string_view kStruct = "GovernanceGenesisNumber";
    std::uint64_t proposal = 0;
    static void fields(auto&& self, auto&& visit) { visit("proposal", self.proposal); }
};

Result<void> add_proposal(StateWriter& state, const Proposal& proposal, std::uint64_t next) {
    if (proposal.id == 0 || proposal.id >= next)
        return fail(ErrorCode::malformed, "id is not within 1 … next_proposal - 1");
    if (governance::read_proposal(state, proposal.id)) return fail(ErrorCode::malformed, "id comes twice");
    governance::write_proposal(state, proposal);
    if (proposal.is(Status::deposit))
        governance::mark(state, governance::queue_key(governance::kDepositQueue, proposal.deposit_end_ms, proposal.id));
    if (proposal.is(Status::voting)) {
        governance::mark(state, governance::queue_key(governance::kVotingQueue, proposal.voting_end_ms, proposal.id));
        if (!proposal.snapshot.taken)
            governance::mark(state, governance::of_proposal(governance::kSnapshotQueue, proposal.id));
    }
    return {};
}

template <class Record>
Result<void> add_entries(StateWriter& state, const Value& genesis, std::string_view name, std::uint8_t collection) {
    return for_each_entry<GenesisEntry<Record>>(genesis, name, [&](auto& entry) -> Result<void> {
        if (!governance::read_proposal(state, entry.proposal))
            return fail(ErrorCode::malformed, "proposal " + std::to_string(entry.proposal) + " is not listed");
        governance::write_record(state, governance::of_account(collection, entry.proposal, entry.account),
                                 entry.record);
        return {};
    });
}

template <class Record>
Value export_entries(const StateReader& state, std::uint8_t collection) {
    Value::List list;
    scan_prefix(state, ModuleId::governance, StateKey(collection), [&](ByteView key, ByteView value) {
        list.push_back(readable(
            GenesisEntry<Record>{read_u64(key, 1), governance::account_in(key), decode_record<Record>(value)}));
        return true;
    });
    return Value(std::move(list));
}

template <class Record>
Value export_records(const StateReader& state, std::uint8_t collection) {
    Value::List list;
    scan_prefix(state, ModuleId::governance, StateKey(collection), [&](ByteView, ByteView value) {
        list.push_back(readable(decode_record<Record>(value)));
        return true;
    });
    return Value(std::move(list));
}

} // namespace

Result<void> GovernanceModule::init_genesis(Context& context, const Value& genesis) const {
    if (genesis.is_null()) return {};
    TRY_VOID(check_genesis_names(
        genesis, {"next_proposal", "proposals", "deposits", "votes", "validators", "ended", "upgrades"}));
    StateWriter& state = context.state();
    const auto next = TRY(argument_or<std::uint64_t>(genesis, "next_proposal", 1));
    TRY_VOID(for_each_entry<Proposal>(genesis, "proposals", [&](auto& p) { return add_proposal(state, p, next); }));
    TRY_VOID(add_entries<governance::AmountRecord>(state, genesis, "deposits", governance::kDeposits));
    TRY_VOID(add_entries<governance::Vote>(state, genesis, "votes", governance::kVotes));
    TRY_VOID(add_entries<governance::ValidatorWeight>(state, genesis, "validators", governance::kValidators));
    TRY_VOID(for_each_entry<GenesisNumber>(genesis, "ended", [&](auto& entry) -> Result<void> {
        governance::mark(state, governance::of_proposal(governance::kCleanupQueue, entry.proposal));
        return {};
    }));
    TRY_VOID(for_each_entry<UpgradePlan>(genesis, "upgrades", [&](auto& plan) -> Result<void> {
        governance::write_record(state, governance::upgrade_key(plan.height), plan);
        return {};
    }));
    if (next > 1) governance::write_next_proposal(state, next);
    return {};
}

Value GovernanceModule::export_genesis(const StateReader& state, const WalkAll&) const {
    Value::List ended;
    scan_prefix(state, ModuleId::governance, StateKey(governance::kCleanupQueue), [&](ByteView key, ByteView) {
        ended.push_back(readable(GenesisNumber{read_u64(key, 1)}));
        return true;
    });
    Value::Map genesis;
    genesis.emplace("next_proposal", governance::next_proposal(state));
    genesis.emplace("proposals", export_records<Proposal>(state, governance::kProposals));
    genesis.emplace("deposits", export_entries<governance::AmountRecord>(state, governance::kDeposits));
    genesis.emplace("votes", export_entries<governance::Vote>(state, governance::kVotes));
    genesis.emplace("validators", export_entries<governance::ValidatorWeight>(state, governance::kValidators));
    genesis.emplace("ended", Value(std::move(ended)));
    genesis.emplace("upgrades", export_records<UpgradePlan>(state, governance::kUpgrades));
    return Value(std::move(genesis));
}

} // namespace assay::chain
