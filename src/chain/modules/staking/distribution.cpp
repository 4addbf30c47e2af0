/// F1 fee distribution: a reward is read off two numbers per delegation, never handed round to every delegator.
/// Source: "F1 Fee Distribution" (Ojha, 2019) as in cosmos/cosmos-sdk x/distribution; README.md has the formulas.
#include "chain/modules/events.h"
#include "chain/modules/staking/keeper.h"
#include "chain/modules/staking/math.h"
#include "crypto/address.h"

#include <algorithm>

namespace assay::chain::staking {
namespace {

constexpr std::uint64_t kSlashGas = 100; ///< two periods read for each slash since a delegation was last paid

} // namespace

void Keeper::allocate_fees() {
    if (!params_.block_reward.is_zero() && !context_.block().last_commit.empty()) {
        // A supply that has reached 2^128 mints no more.
        (void)bank_.mint(context_, fees_account(), kNativeToken, params_.block_reward);
    }
    const Amount fees = std::min(bank_.collected_fees(state_), kAllocationMax);
    if (fees.is_zero()) return;
    move(fees_account(), rewards_account(), fees);
    Amount rest = scaled(fees, kE18, 1);
    const Amount shared = ppm_of(rest, kPpm - params_.community_tax_ppm);
    Uint128 power_total = 0;
    for (const CommitVote& vote : context_.block().last_commit) power_total += vote.power;
    for (const CommitVote& vote : context_.block().last_commit) {
        const auto validator = load<Named>(state_, key_of(kByConsensusAddress, vote.validator));
        if (!validator || vote.power == 0) continue;
        const Amount reward = scaled(shared, vote.power, power_total);
        if (allocate_to(validator->address, reward)) rest = minus(rest, reward);
    }
    add_dust(rest);
    sweep_dust();
}

bool Keeper::allocate_to(const Address& validator, Amount reward_e18) {
    const StateKey key = key_of(kRewards, validator);
    const auto record = load<Validator>(state_, key_of(kValidators, validator));
    auto rewards = load<Rewards>(state_, key);
    ASSAY_ASSERT(record && rewards);
    const auto outstanding = checked_add(rewards->outstanding_e18, reward_e18);
    if (!outstanding || *outstanding > kOutstandingMax_e18) return false;
    const Amount commission = ppm_of(reward_e18, record->commission_ppm);
    rewards->outstanding_e18 = *outstanding;
    rewards->commission_e18 = plus(rewards->commission_e18, commission);
    rewards->current_e18 = plus(rewards->current_e18, minus(reward_e18, commission));
    store(state_, key, *rewards);
    return true;
}

void Keeper::start_rewards(const Address& validator) {
    store(state_, key_of(kPeriods, validator, 0), Period{Amount(), 1});
    store(state_, key_of(kRewards, validator), Rewards{});
}

void Keeper::close_rewards(const Address& validator) {
    auto rewards = load<Rewards>(state_, key_of(kRewards, validator));
    ASSAY_ASSERT(rewards);
    const Amount commission(rewards->commission_e18.units() / kE18);
    pay(validator, commission);
    add_dust(minus(rewards->outstanding_e18, scaled(commission, kE18, 1)));
    erase(state_, key_of(kRewards, validator));
    for (const Bytes& key : keys_with_prefix(state_, key_of(kSlashes, validator))) erase(state_, key);
    for (const Bytes& key : keys_with_prefix(state_, key_of(kPeriods, validator))) erase(state_, key);
}

std::uint64_t Keeper::end_period(const Address& validator, Amount tokens) {
    const StateKey key = key_of(kRewards, validator);
    auto rewards = load<Rewards>(state_, key);
    const auto previous = load<Period>(state_, key_of(kPeriods, validator, rewards ? rewards->period - 1 : 0));
    ASSAY_ASSERT(rewards && previous);
    const std::uint64_t ended = rewards->period;
    const auto per_unit = multiply_divide(rewards->current_e18, 1, tokens.units());
    const auto ratio = per_unit ? checked_add(previous->ratio_e18, *per_unit) : std::nullopt;
    if (!ratio) { // nobody has stake to be paid for: what came in the meantime is the community's
        add_dust(rewards->current_e18);
        rewards->outstanding_e18 = minus(rewards->outstanding_e18, rewards->current_e18);
    }
    store(state_, key_of(kPeriods, validator, ended), Period{ratio.value_or(previous->ratio_e18), 1});
    rewards->current_e18 = Amount();
    rewards->period = ended + 1;
    store(state_, key, *rewards);
    release_period(validator, ended - 1);
    return ended;
}

void Keeper::retain_period(const Address& validator, std::uint64_t period) {
    const StateKey key = key_of(kPeriods, validator, period);
    auto record = load<Period>(state_, key);
    ASSAY_ASSERT(record);
    ++record->references;
    store(state_, key, *record);
}

void Keeper::release_period(const Address& validator, std::uint64_t period) {
    const StateKey key = key_of(kPeriods, validator, period);
    auto record = load<Period>(state_, key);
    ASSAY_ASSERT(record && record->references > 0);
    if (--record->references == 0) return erase(state_, key);
    store(state_, key, *record);
}

void Keeper::record_slash(const Address& validator, Amount tokens, std::uint64_t fraction_e18) {
    const std::uint64_t ended = end_period(validator, tokens);
    retain_period(validator, ended);
    store(state_, key_of(kSlashes, validator, height()).add_u64(ended), SlashEvent{fraction_e18});
}

void Keeper::start_delegation(const Address& validator, Delegation& delegation) {
    const auto rewards = load<Rewards>(state_, key_of(kRewards, validator));
    const auto record = load<Validator>(state_, key_of(kValidators, validator));
    ASSAY_ASSERT(rewards && record);
    delegation.period = rewards->period - 1;
    delegation.height = height();
    delegation.stake_e9 = scaled(delegation.shares, record->tokens.units() * kE9, record->shares.units());
    retain_period(validator, delegation.period);
}

Amount Keeper::rewards_between(const Address& validator, std::uint64_t begin, std::uint64_t end,
                               Amount stake_e9) const {
    const auto first = load<Period>(state_, key_of(kPeriods, validator, begin));
    const auto last = load<Period>(state_, key_of(kPeriods, validator, end));
    ASSAY_ASSERT(first && last);
    return scaled(minus(last->ratio_e18, first->ratio_e18), stake_e9.units(), kE9);
}

Amount Keeper::rewards_until(const Address& validator, const Delegation& delegation, std::uint64_t period) const {
    Amount total;
    Amount stake = delegation.stake_e9;
    std::uint64_t begin = delegation.period;
    const StateKey from = key_of(kSlashes, validator, delegation.height);
    const StateKey until = key_of(kSlashes, validator, UINT64_MAX);
    state_.scan(ModuleId::staking, from, until, [&](ByteView key, ByteView value) {
        context_.gas().charge(kSlashGas);
        const std::uint64_t slashed = read_u64(key, 29);
        if (slashed <= begin) return true; // in the block in which the delegation started, but before it
        total = plus(total, rewards_between(validator, begin, slashed, stake));
        stake = scaled(stake, kE18 - decode_record<SlashEvent>(value).fraction_e18, kE18);
        begin = slashed;
        return true;
    });
    // The walk ends where the gas does: with slashes left out the sum could be more than there is. The message fails anyway.
    if (context_.gas().exhausted()) return {};
    return plus(total, rewards_between(validator, begin, period, stake));
}

Amount Keeper::slashed_stake_e9(const Address& validator, const Delegation& delegation) const {
    Amount stake = delegation.stake_e9;
    state_.scan(ModuleId::staking, key_of(kSlashes, validator, delegation.height),
                key_of(kSlashes, validator, UINT64_MAX), [&](ByteView key, ByteView value) {
                    if (read_u64(key, 29) <= delegation.period) return true;
                    stake = scaled(stake, kE18 - decode_record<SlashEvent>(value).fraction_e18, kE18);
                    return true;
                });
    return stake;
}

Amount Keeper::pending_rewards_e18(const Address& delegator, const Address& validator) {
    const auto delegation = load<Delegation>(state_, key_of(kDelegations, delegator, validator));
    const auto record = load<Validator>(state_, key_of(kValidators, validator));
    if (!delegation || !record) return {};
    return rewards_until(validator, *delegation, end_period(validator, record->tokens));
}

Amount Keeper::pay_rewards(const Address& delegator, const Address& validator, const Delegation& delegation) {
    const auto record = load<Validator>(state_, key_of(kValidators, validator));
    ASSAY_ASSERT(record);
    const Amount due = rewards_until(validator, delegation, end_period(validator, record->tokens));
    const StateKey key = key_of(kRewards, validator);
    auto rewards = load<Rewards>(state_, key);
    rewards->outstanding_e18 = minus(rewards->outstanding_e18, due);
    store(state_, key, *rewards);
    release_period(validator, delegation.period);
    const Amount whole(due.units() / kE18);
    pay(delegator, whole);
    add_dust(Amount(due.units() % kE18));
    if (!whole.is_zero()) {
        emit("staking.rewards_paid", {{"delegator", event_text(delegator)},
                                      {"validator", event_text(validator)},
                                      {"amount", event_text(whole)}});
    }
    return whole;
}

void Keeper::pay(const Address& account, Amount amount) {
    if (amount.is_zero()) return;
    const auto chosen = load<Named>(state_, key_of(kWithdrawAddresses, account));
    if (chosen && bank_.transfer(context_, rewards_account(), chosen->address, kNativeToken, amount)) return;
    move(rewards_account(), account, amount);
}

Result<void> Keeper::withdraw_rewards(const Address& delegator, const WithdrawRewards& message) {
    auto delegation = load<Delegation>(state_, key_of(kDelegations, delegator, message.validator));
    if (!delegation) {
        return fail(ErrorCode::not_found,
                    "no delegation of " + crypto::to_string(delegator) + " to " + crypto::to_string(message.validator));
    }
    pay_rewards(delegator, message.validator, *delegation);
    start_delegation(message.validator, *delegation);
    save_delegation(delegator, message.validator, delegation);
    return {};
}

Result<void> Keeper::withdraw_commission(const Address& signer, const WithdrawCommission& message) {
    if (message.validator != signer) {
        return fail(ErrorCode::invalid_argument,
                    "only the operator " + crypto::to_string(message.validator) + " may withdraw its commission");
    }
    const StateKey key = key_of(kRewards, signer);
    auto rewards = load<Rewards>(state_, key);
    if (!rewards) return fail(ErrorCode::not_found, "no validator " + crypto::to_string(signer));
    const Amount whole(rewards->commission_e18.units() / kE18);
    if (whole.is_zero()) return fail(ErrorCode::invalid_argument, "commission is below one unit");
    rewards->commission_e18 = minus(rewards->commission_e18, scaled(whole, kE18, 1));
    rewards->outstanding_e18 = minus(rewards->outstanding_e18, scaled(whole, kE18, 1));
    store(state_, key, *rewards);
    pay(signer, whole);
    emit("staking.commission_paid", {{"validator", event_text(signer)}, {"amount", event_text(whole)}});
    return {};
}

Result<void> Keeper::set_withdraw_address(const Address& delegator, const SetWithdrawAddress& message) {
    if (message.address == Address{}) return fail(ErrorCode::invalid_argument, "address is zero");
    if (message.address == delegator) {
        erase(state_, key_of(kWithdrawAddresses, delegator));
    } else {
        store(state_, key_of(kWithdrawAddresses, delegator), Named{message.address});
    }
    emit("staking.withdraw_address_set",
         {{"delegator", event_text(delegator)}, {"address", event_text(message.address)}});
    return {};
}

void Keeper::add_dust(Amount amount_e18) {
    Dust dust = load<Dust>(state_, key_of(kDust)).value_or(Dust{});
    dust.amount_e18 = plus(dust.amount_e18, amount_e18);
    store(state_, key_of(kDust), dust);
    if (dust.amount_e18.units() >= kE18 * kE18) sweep_dust(); // far from its limit always
}

void Keeper::sweep_dust() {
    Dust dust = load<Dust>(state_, key_of(kDust)).value_or(Dust{});
    move(rewards_account(), treasury_account(), Amount(dust.amount_e18.units() / kE18));
    dust.amount_e18 = Amount(dust.amount_e18.units() % kE18);
    store(state_, key_of(kDust), dust);
}

} // namespace assay::chain::staking
