#include "chain/modules/staking/messages.h"
#include "chain/modules/staking/state.h"
#include "world.h"

namespace assay::sim {
namespace {

using namespace chain;

constexpr std::uint64_t kCoin = 1'000'000'000;

std::optional<std::pair<Address, staking::Validator>> any_validator(World& world) {
    const auto [key, value] = world.pick(ModuleId::staking, staking::kValidators);
    if (key.empty()) return std::nullopt;
    return std::pair(staking::address_at(key, 1), decode_record<staking::Validator>(value));
}

/// One that `wanted` takes, where some tries find one; now and then any.
template <class Wanted>
std::optional<std::pair<Address, staking::Validator>> any_validator_with(World& world, Wanted wanted) {
    const bool take_any = world.random.percent(5);
    for (int tries = 0; tries < 40; ++tries) {
        auto validator = any_validator(world);
        if (!validator || take_any || wanted(validator->first, validator->second)) return validator;
    }
    return std::nullopt;
}

struct Delegated {
    Address delegator, validator;
    Amount about; ///< its stake, roughly
};

std::optional<Delegated> any_delegation(World& world) {
    const auto [key, value] = world.pick(ModuleId::staking, staking::kDelegations);
    if (key.empty()) return std::nullopt;
    const Amount about(decode_record<staking::Delegation>(value).stake_e9.units() / kCoin);
    return Delegated{staking::address_at(key, 1), staking::address_at(key, 21), about};
}

std::optional<Operation> create_validator(World& world) {
    staking::CreateValidator message;
    message.consensus_key = world.random.digest();
    message.moniker = "validator " + std::to_string(++world.serial);
    message.commission_ppm = static_cast<std::uint32_t>(world.random.below(120'000));
    message.commission_max_ppm = static_cast<std::uint32_t>(world.random.between(100'000, 500'000));
    message.commission_change_max_ppm = 50'000;
    message.stake = Amount(world.random.between(1, 2'000) * kCoin);
    return operation(world.anyone(), std::move(message));
}

std::optional<Operation> edit_validator(World& world) {
    const auto validator = any_validator(world);
    if (!validator) return std::nullopt;
    if (world.random.percent(8)) // a name longer than any may be
        return operation(world.signer_for(validator->first), staking::EditValidator{std::string(300, 'x'), "", ""});
    return operation(world.signer_for(validator->first),
                     staking::EditValidator{"renamed " + std::to_string(++world.serial), "https://example.org", ""});
}

std::optional<Operation> set_commission(World& world) {
    const auto validator = any_validator_with(world, [&](const Address&, const staking::Validator& found) {
        return found.commission_changed_ms + 24 * 3'600'000LL <= world.time_ms;
    });
    if (!validator) return std::nullopt;
    const auto ppm = validator->second.commission_ppm;
    const auto step = static_cast<std::uint32_t>(world.random.below(40'000));
    return operation(world.signer_for(validator->first),
                     staking::SetCommission{world.random.percent(50) ? ppm + step : ppm - std::min(step, ppm)});
}

std::optional<Operation> set_min_self_stake(World& world) {
    const auto validator = any_validator(world);
    if (!validator) return std::nullopt;
    return operation(
        world.signer_for(validator->first),
        staking::SetMinSelfStake{Amount(validator->second.min_self_stake.units() + world.random.below(kCoin / 10))});
}

std::optional<Operation> delegate(World& world) {
    const auto validator = any_validator(world);
    if (!validator) return std::nullopt;
    if (world.random.percent(5)) return operation(world.anyone(), staking::Delegate{validator->first, Amount()});
    return operation(world.anyone(), staking::Delegate{validator->first, Amount(world.random.between(1, 500 * kCoin))});
}

std::optional<Operation> undelegate(World& world) {
    const auto found = any_delegation(world);
    if (!found) return std::nullopt;
    return operation(world.signer_for(found->delegator),
                     staking::Undelegate{found->validator, world.part_of(found->about)});
}

std::optional<Operation> cancel_unbonding(World& world) {
    for (int tries = 0; tries < 8; ++tries) {
        const auto [key, value] = world.pick(ModuleId::staking, staking::kUnbondings);
        if (key.empty()) return std::nullopt;
        const auto entries = decode_record<staking::Unbonding>(value).entries;
        const auto& entry = entries[world.random.below(entries.size())];
        if (entry.end_ms <= world.time_ms + 5'000) continue;
        return operation(world.signer_for(staking::address_at(key, 1)),
                         staking::CancelUnbonding{staking::address_at(key, 21), world.part_of(entry.balance),
                                                  entry.height + (world.random.percent(5) ? 1 : 0)});
    }
    return std::nullopt;
}

std::optional<Operation> rotate_key(World& world) {
    const auto validator = any_validator_with(world, [](const Address&, const staking::Validator& found) {
        return !found.jailed && found.status == static_cast<std::uint8_t>(staking::Status::bonded);
    });
    if (!validator) return std::nullopt;
    const Digest key = world.random.percent(90) ? world.random.digest() : validator->second.consensus_key;
    return operation(world.signer_for(validator->first), staking::RotateKey{key});
}

std::optional<Operation> redelegate(World& world) {
    const auto found = any_delegation(world);
    const auto target = any_validator(world);
    if (!found || !target) return std::nullopt;
    return operation(world.signer_for(found->delegator),
                     staking::Redelegate{found->validator, target->first, world.part_of(found->about)});
}

std::optional<Operation> withdraw_rewards(World& world) {
    const auto found = any_delegation(world);
    if (!found) return std::nullopt;
    return operation(world.signer_for(found->delegator), staking::WithdrawRewards{found->validator});
}

std::optional<Operation> withdraw_commission(World& world) {
    const auto validator = any_validator_with(world, [&](const Address& address, const staking::Validator&) {
        const auto rewards = staking::load<staking::Rewards>(world.state, staking::key_of(staking::kRewards, address));
        return rewards && rewards->commission_e18.units() / kCoin >= kCoin;
    });
    if (!validator) return std::nullopt;
    return operation(world.signer_for(validator->first), staking::WithdrawCommission{validator->first});
}

std::optional<Operation> set_withdraw_address(World& world) {
    const Address target = world.random.percent(8) ? module_account("rewards") : world.any_address();
    return operation(world.anyone(), staking::SetWithdrawAddress{world.random.percent(5) ? Address{} : target});
}

std::optional<Operation> unjail(World& world) {
    const auto validator =
        any_validator_with(world, [](const Address&, const staking::Validator& found) { return found.jailed; });
    if (!validator) return std::nullopt;
    return operation(world.signer_for(validator->first), staking::Unjail{validator->first});
}

} // namespace

void add_staking_operations(std::vector<OperationKind>& kinds) {
    kinds.insert(kinds.end(), {{"staking/create_validator", create_validator},
                               {"staking/edit_validator", edit_validator},
                               {"staking/set_commission", set_commission},
                               {"staking/set_min_self_stake", set_min_self_stake},
                               {"staking/delegate", delegate},
                               {"staking/undelegate", undelegate},
                               {"staking/cancel_unbonding", cancel_unbonding},
                               {"staking/rotate_key", rotate_key},
                               {"staking/redelegate", redelegate},
                               {"staking/withdraw_rewards", withdraw_rewards},
                               {"staking/withdraw_commission", withdraw_commission},
                               {"staking/set_withdraw_address", set_withdraw_address},
                               {"staking/unjail", unjail}});
}

} // namespace assay::sim
