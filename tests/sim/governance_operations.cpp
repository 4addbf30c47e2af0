#include "base/assert.h"
#include "chain/modules/governance/messages.h"
#include "chain/modules/staking/state.h"
#include "codec/dag_cbor.h"
#include "world.h"

namespace assay::sim {
namespace {

using namespace chain;

constexpr std::uint64_t kCoin = 1'000'000'000;

governance::Head head(World& world) {
    governance::Head head;
    head.title = world.random.percent(4) ? "" : "Proposal " + std::to_string(++world.serial);
    head.expedited = world.random.percent(25);
    head.deposit = Amount(world.random.between(1, 60) * kCoin / (world.random.percent(5) ? 100 : 1));
    return head;
}

std::optional<governance::Proposal> proposal_in(World& world, governance::Status status) {
    return world.recent<governance::Proposal>(ModuleId::governance, governance::kProposals, [&](const auto& found) {
        return found.status == static_cast<std::uint8_t>(status);
    });
}

std::optional<governance::Proposal> open_proposal(World& world) {
    if (world.random.percent(50)) {
        if (auto found = proposal_in(world, governance::Status::deposit)) return found;
    }
    return proposal_in(world, governance::Status::voting);
}

std::optional<Operation> propose_text(World& world) {
    return operation(world.anyone(), governance::ProposeText{head(world)});
}

ParamChange change(std::string module, std::string path, codec::Value value) {
    auto encoded = codec::encode_dag_cbor(value);
    ASSAY_ASSERT(encoded.has_value());
    return {std::move(module), std::move(path), *std::move(encoded)};
}

/// Values that keep the chain going; some are refused by their module.
ParamChange any_change(World& world) {
    const auto number = [&](std::uint64_t low, std::uint64_t high) {
        return codec::Value(world.random.between(low, high));
    };
    const auto amount = [&](std::uint64_t low, std::uint64_t high) {
        return codec::Value(to_bytes(Amount(world.random.between(low, high))));
    };
    switch (world.random.below(16)) {
        case 0: return change("staking", "validators_max", number(3, 12));
        case 1: return change("staking", "community_tax_ppm", number(0, 300'000));
        case 2: return change("staking", "block_reward", amount(0, 5 * kCoin));
        case 3: return change("staking", "signed_blocks_window", number(8, 40));
        case 4: return change("staking", "slash_downtime_ppm", number(0, 50'000));
        case 5: return change("staking", "unbonding_ms", number(30'000, 2'000'000));
        case 6: return change("staking", "entries_max", number(1, 8));
        case 7: return change("registry", "protocol_fee", number(0, 5'000'000));
        case 8: return change("registry", "quote_blocks", number(2, 60));
        case 9: return change("registry", "deadlines_per_block_max", number(1, 60));
        case 10: return change("governance", "stake_ppm", number(0, 1'000'000));
        case 11: return change("governance", "deposit_min", amount(5 * kCoin, 20 * kCoin));
        case 12: return change("governance", "quorum_ppm", number(100'000, 400'000));
        case 13: return change("chain", "gas_price_min", amount(1, 3));
        case 14: return change("chain", "expiry_window_blocks", number(500, 5'000));
        default: return change("chain", "evm_chain_id", number(1, 5));
    }
}

std::optional<Operation> propose_params(World& world) {
    governance::ProposeParams message{head(world), {}};
    for (std::uint64_t i = world.random.below(3) + 1; i > 0; --i) message.changes.push_back(any_change(world));
    return operation(world.anyone(), std::move(message));
}

/// Far ahead: what happens at an upgrade's height is a test of its own.
std::optional<Operation> propose_upgrade(World& world) {
    const UpgradePlan plan{"two-" + std::to_string(++world.serial), world.height + 1'000'000 + world.serial, 2};
    return operation(world.anyone(), governance::ProposeUpgrade{head(world), plan});
}

std::optional<Operation> propose_cancel_upgrade(World& world) {
    const bool is_planned = !world.pick(ModuleId::governance, governance::kUpgrades).first.empty();
    if (!is_planned && !world.random.percent(3)) return std::nullopt;
    return operation(world.anyone(), governance::ProposeCancelUpgrade{head(world)});
}

std::optional<Operation> propose_spend(World& world) {
    governance::ProposeSpend message{head(world), {}};
    for (std::uint64_t i = world.random.below(3); i < 3; ++i)
        message.spends.push_back({world.any_address(), kNativeToken, world.amount(1'000'000'000)});
    return operation(world.anyone(), std::move(message));
}

std::optional<Operation> deposit(World& world) {
    const auto proposal = open_proposal(world);
    if (!proposal) return std::nullopt;
    return operation(world.anyone(), governance::Deposit{proposal->id, Amount(world.random.below(15 * kCoin))});
}

std::optional<Operation> cancel_proposal(World& world) {
    const auto proposal = open_proposal(world);
    if (!proposal) return std::nullopt;
    return operation(world.signer_for(proposal->proposer), governance::CancelProposal{proposal->id});
}

std::uint8_t any_option(World& world) {
    if (world.random.percent(75)) return 1;
    return static_cast<std::uint8_t>(world.random.below(6));
}

/// Mostly validators: it is their weight that decides.
std::size_t voter(World& world) {
    const auto [key, value] = world.pick(ModuleId::staking, staking::kBonded);
    if (key.empty() || world.random.percent(20)) return world.anyone();
    return world.signer_for(staking::address_at(key, 1));
}

std::optional<Operation> vote(World& world) {
    const auto proposal = proposal_in(world, governance::Status::voting);
    if (!proposal) return std::nullopt;
    return operation(voter(world), governance::CastVote{proposal->id, any_option(world)});
}

std::optional<Operation> vote_weighted(World& world) {
    const auto proposal = proposal_in(world, governance::Status::voting);
    if (!proposal) return std::nullopt;
    const auto yes = static_cast<std::uint32_t>(world.random.between(500'000, 999'999));
    return operation(
        voter(world),
        governance::CastWeightedVote{
            proposal->id, {{1, yes}, {static_cast<std::uint8_t>(world.random.between(2, 4)), 1'000'000 - yes}}});
}

} // namespace

void add_governance_operations(std::vector<OperationKind>& kinds) {
    kinds.insert(kinds.end(), {{"governance/propose_text", propose_text},
                               {"governance/propose_params", propose_params},
                               {"governance/propose_upgrade", propose_upgrade},
                               {"governance/propose_cancel_upgrade", propose_cancel_upgrade},
                               {"governance/propose_spend", propose_spend},
                               {"governance/deposit", deposit},
                               {"governance/cancel_proposal", cancel_proposal},
                               {"governance/vote", vote},
                               {"governance/vote_weighted", vote_weighted}});
}

} // namespace assay::sim
