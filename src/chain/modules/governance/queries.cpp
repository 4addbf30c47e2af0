#include "chain/modules/governance/governance_module.h"

#include "chain/modules/arguments.h"
#include "chain/modules/governance/keeper.h"
#include "chain/modules/governance/weights.h"

namespace assay::chain {
namespace {

using codec::Value;
using governance::Proposal;

/// The record with its numbers in words and, while the vote runs, the tally as it stands.
Value describe(const StateReader& state, const Proposal& proposal) {
    Value::Map map = *readable(proposal).map();
    map.insert_or_assign("kind", governance::to_string(static_cast<governance::Kind>(proposal.kind)));
    map.insert_or_assign("status", governance::to_string(static_cast<governance::Status>(proposal.status)));
    if (proposal.is(governance::Status::voting))
        map.insert_or_assign("tally", readable(governance::full_tally(state, proposal)));
    return Value(std::move(map));
}

Result<Proposal> proposal_argument(const StateReader& state, const Value& arguments) {
    const auto id = TRY(argument<std::uint64_t>(arguments, "proposal"));
    auto proposal = governance::read_proposal(state, id);
    if (!proposal) return fail(ErrorCode::not_found, "no proposal " + std::to_string(id));
    return *std::move(proposal);
}

Result<Value> query_proposals(const StateReader& state, const Value& arguments) {
    const auto limit = TRY(limit_argument(arguments));
    const auto after = TRY(argument_or<std::uint64_t>(arguments, "after", 0));
    const auto status = TRY(argument_or<std::string>(arguments, "status", ""));
    Value::List proposals;
    state.scan(ModuleId::governance, governance::proposal_key(after), {}, [&](ByteView, ByteView value) {
        const auto proposal = decode_record<Proposal>(value);
        const bool wanted =
            status.empty() || status == governance::to_string(static_cast<governance::Status>(proposal.status));
        if (proposal.id != after && wanted) proposals.push_back(describe(state, proposal));
        return proposals.size() < limit;
    });
    return Value(Value::Map{{"proposals", Value(std::move(proposals))}});
}

/// Deposits and votes: records under a proposal and an account, from the account after "after".
template <FieldStruct T>
Result<Value> list_of_accounts(const StateReader& state, const Value& arguments, std::uint8_t collection,
                               std::string_view name, std::string_view account_name) {
    const Proposal proposal = TRY(proposal_argument(state, arguments));
    const auto limit = TRY(limit_argument(arguments));
    const auto after = TRY(argument_or<Address>(arguments, "after", Address{}));
    Value::List entries;
    const StateKey begin = governance::of_account(collection, proposal.id, after);
    state.scan(ModuleId::governance, begin, {}, [&](ByteView key, ByteView value) {
        if (read_u64(key, 1) != proposal.id) return false;
        const Address account = governance::account_in(key);
        if (account != after)
            entries.push_back(readable_with({{std::string(account_name), readable(account)}}, decode_record<T>(value)));
        return entries.size() < limit;
    });
    return Value(Value::Map{{std::string(name), Value(std::move(entries))}});
}

Result<Value> query_vote(const StateReader& state, const Value& arguments) {
    const Proposal proposal = TRY(proposal_argument(state, arguments));
    const auto voter = TRY(argument<Address>(arguments, "voter"));
    const auto vote = governance::read_record<governance::Vote>(
        state, governance::of_account(governance::kVotes, proposal.id, voter));
    if (!vote) return fail(ErrorCode::not_found, "no vote of " + crypto::to_string(voter));
    return readable_with({{"voter", readable(voter)}}, *vote);
}

Result<Value> query_tally(const StateReader& state, const Value& arguments) {
    const Proposal proposal = TRY(proposal_argument(state, arguments));
    const bool running = proposal.is(governance::Status::voting);
    const governance::Tally tally = running ? governance::full_tally(state, proposal) : proposal.tally;
    return readable_with(
        {{"counted", readable(governance::counted(tally))}, {"whole", readable(Amount(governance::kWholeWeight))}},
        tally);
}

} // namespace

Result<Value> GovernanceModule::query(const BlockInfo&, const StateReader& state, std::string_view path,
                                      const Value& arguments) const {
    if (path == "proposal") return describe(state, TRY(proposal_argument(state, arguments)));
    if (path == "proposals") return query_proposals(state, arguments);
    if (path == "deposits")
        return list_of_accounts<governance::AmountRecord>(state, arguments, governance::kDeposits, "deposits",
                                                          "depositor");
    if (path == "votes")
        return list_of_accounts<governance::Vote>(state, arguments, governance::kVotes, "votes", "voter");
    if (path == "vote") return query_vote(state, arguments);
    if (path == "tally") return query_tally(state, arguments);
    if (path == "upgrade") {
        const auto plan = governance::last_plan(state);
        return plan ? readable(*plan) : Value();
    }
    return unknown_query("governance", path);
}

} // namespace assay::chain
