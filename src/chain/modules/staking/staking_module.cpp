#include "chain/modules/staking/staking_module.h"

#include "chain/modules/staking/history.h"
#include "chain/modules/staking/keeper.h"

namespace assay::chain {
namespace {

using staking::Keeper;

constexpr std::uint64_t kCreateGas = 10'000;
constexpr std::uint64_t kEditGas = 1'000;
constexpr std::uint64_t kRotateGas = 5'000;
constexpr std::uint64_t kStakeGas = 5'000; ///< two to three records, the index by stake, a period, a transfer or two
constexpr std::uint64_t kRedelegateGas = 10'000;
constexpr std::uint64_t kWithdrawGas = 3'000;

class Registrar {
public:
    Registrar(MessageRegistry& registry, const BankPort& bank, const ParamsPort& params)
        : registry_(registry), bank_(bank), params_(params) {}

    template <MessageStruct M>
    void add(std::uint64_t gas, Result<void> (Keeper::*rule)(const Address&, const M&)) {
        registry_.add<M>(gas,
                         [&bank = bank_, &params = params_, rule](Context& context, const Address& signer,
                                                                  const M& message) -> Result<void> {
                             const auto values = params.get<StakingParams>(context.state());
                             Keeper keeper(bank, values, context);
                             return (keeper.*rule)(signer, message);
                         });
    }

private:
    MessageRegistry& registry_;
    const BankPort& bank_;
    const ParamsPort& params_;
};

} // namespace

void StakingModule::register_messages(MessageRegistry& registry) const {
    Registrar rules(registry, bank_, params_);
    rules.add(kCreateGas, &Keeper::create_validator);
    rules.add(kEditGas, &Keeper::edit_validator);
    rules.add(kEditGas, &Keeper::set_commission);
    rules.add(kEditGas, &Keeper::set_min_self_stake);
    rules.add(kEditGas, &Keeper::unjail);
    rules.add(kRotateGas, &Keeper::rotate_key);
    rules.add(kStakeGas, &Keeper::delegate);
    rules.add(kStakeGas, &Keeper::undelegate);
    rules.add(kStakeGas, &Keeper::cancel_unbonding);
    rules.add(kRedelegateGas, &Keeper::redelegate);
    rules.add(kWithdrawGas, &Keeper::withdraw_rewards);
    rules.add(kWithdrawGas, &Keeper::withdraw_commission);
    rules.add(kEditGas, &Keeper::set_withdraw_address);
}

void StakingModule::begin_block(Context& context) const {
    const auto params = params_.get<StakingParams>(context.state());
    Keeper keeper(bank_, params, context);
    keeper.allocate_fees();
    keeper.count_signatures();
    keeper.punish_misbehavior();
}

void StakingModule::end_block(Context& context, std::vector<ValidatorUpdate>& updates) const {
    const auto params = params_.get<StakingParams>(context.state());
    Keeper keeper(bank_, params, context);
    keeper.update_validator_set(updates);
    keeper.complete_validator_unbondings();
    keeper.complete_unbondings();
    keeper.complete_redelegations();
    keeper.complete_rotations();
    keeper.prune_history();
}

std::vector<ValidatorUpdate> StakingModule::validator_set(const StateReader& state) const {
    std::vector<ValidatorUpdate> set;
    scan_prefix(state, ModuleId::staking, staking::key_of(staking::kBonded), [&](ByteView, ByteView value) {
        const auto power = decode_record<staking::Power>(value);
        set.push_back({power.consensus_key, power.power});
        return true;
    });
    return set;
}

Result<void> StakingModule::check_evidence_age(const StateReader& state, std::int64_t engine_ms) const {
    const std::uint64_t unbonding_ms = params_.get<StakingParams>(state).unbonding_ms;
    if (engine_ms >= 0 && static_cast<std::uint64_t>(engine_ms) <= unbonding_ms) return {};
    return fail(ErrorCode::invalid_argument, "the engine takes evidence of up to " + std::to_string(engine_ms) +
                                                 " ms (evidence.max_age_duration), staking's unbonding_ms is " +
                                                 std::to_string(unbonding_ms) +
                                                 ": the stake that answers for it has left by then");
}

Amount StakingModule::bonded_at(const StateReader& state, std::uint64_t height) const {
    return staking::bonded_at(state, height);
}

std::vector<StakingPort::Share> StakingModule::validators_at(const StateReader& state, std::uint64_t height) const {
    return staking::validators_at(state, height);
}

std::vector<StakingPort::Share> StakingModule::delegations_at(const StateReader& state, const Address& delegator,
                                                              std::uint64_t height) const {
    return staking::delegations_at(state, delegator, height);
}

void StakingModule::pin_history(Context& context, std::uint64_t height) const { staking::pin_history(context, height); }

void StakingModule::unpin_history(Context& context, std::uint64_t height) const {
    staking::unpin_history(context, height);
}

} // namespace assay::chain
