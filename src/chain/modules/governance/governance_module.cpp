#include "chain/modules/governance/governance_module.h"

#include "chain/modules/governance/keeper.h"
#include "chain/modules/governance/weights.h"

namespace assay::chain {
namespace {

using governance::Keeper;
using governance::Kind;
using governance::Proposal;

constexpr std::uint64_t kSubmitGas = 10'000;
constexpr std::uint64_t kDepositGas = 2'000;
constexpr std::uint64_t kCancelGas = 10'000;
constexpr std::uint64_t kVoteGas = 3'000; ///< and more for each delegation

/// Registers the message of one proposal kind; `fill` moves its content into the proposal.
template <MessageStruct M>
void add_proposal(MessageRegistry& registry, const Keeper::Ports& ports, Kind kind, void (*fill)(Proposal&, const M&)) {
    registry.add<M>(kSubmitGas, [&ports, kind, fill](Context& context, const Address& signer, const M& message) {
        Proposal content;
        content.kind = static_cast<std::uint8_t>(kind);
        fill(content, message);
        return Keeper(ports, context).submit(signer, message.head, std::move(content));
    });
}

void add_proposals(MessageRegistry& registry, const Keeper::Ports& ports) {
    add_proposal<governance::ProposeText>(registry, ports, Kind::text, [](Proposal&, const auto&) {});
    add_proposal<governance::ProposeParams>(registry, ports, Kind::params,
                                            [](Proposal& content, const auto& m) { content.changes = m.changes; });
    add_proposal<governance::ProposeUpgrade>(registry, ports, Kind::upgrade,
                                             [](Proposal& content, const auto& m) { content.plan = m.plan; });
    add_proposal<governance::ProposeCancelUpgrade>(registry, ports, Kind::cancel_upgrade,
                                                   [](Proposal&, const auto&) {});
    add_proposal<governance::ProposeSpend>(registry, ports, Kind::spend,
                                           [](Proposal& content, const auto& m) { content.spends = m.spends; });
}

} // namespace

void GovernanceModule::register_messages(MessageRegistry& registry) const {
    const Keeper::Ports& ports = ports_;
    add_proposals(registry, ports);
    registry.add<governance::Deposit>(kDepositGas,
                                      [&ports](Context& context, const Address& signer, const governance::Deposit& m) {
                                          return Keeper(ports, context).deposit(signer, m.proposal, m.amount);
                                      });
    registry.add<governance::CancelProposal>(
        kCancelGas, [&ports](Context& context, const Address& signer, const governance::CancelProposal& m) {
            return Keeper(ports, context).cancel(signer, m.proposal);
        });
    registry.add<governance::CastVote>(
        kVoteGas, [&ports](Context& context, const Address& signer, const governance::CastVote& m) {
            return Keeper(ports, context).vote(signer, m.proposal, {{m.option, governance::kPpm}});
        });
    registry.add<governance::CastWeightedVote>(
        kVoteGas, [&ports](Context& context, const Address& signer, const governance::CastWeightedVote& m) {
            return Keeper(ports, context).vote(signer, m.proposal, m.options);
        });
}

void GovernanceModule::begin_block(Context& context) const { Keeper(ports_, context).take_snapshots(); }

void GovernanceModule::end_block(Context& context, std::vector<ValidatorUpdate>&) const {
    Keeper keeper(ports_, context);
    keeper.end_deposit_periods();
    keeper.end_voting_periods();
    keeper.clean_up();
}

std::optional<UpgradePlan> GovernanceModule::upgrade_plan(const StateReader& state) const {
    return governance::last_plan(state);
}

} // namespace assay::chain
