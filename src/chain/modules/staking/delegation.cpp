/// Stake that comes, goes and moves. Shares are a validator's own unit: their worth falls when it is slashed, and every
/// rounding stays with those who remain.
#include "chain/modules/events.h"
#include "chain/modules/staking/keeper.h"
#include "chain/modules/staking/math.h"
#include "crypto/address.h"

#include <algorithm>

namespace assay::chain::staking {
namespace {

const Address& pool_of(const Validator& record) {
    return record.is(Status::bonded) ? bonded_account() : unbonded_account();
}

Result<void> check_amount(Amount amount) {
    if (amount.is_zero()) return fail(ErrorCode::invalid_argument, "amount is 0");
    return {};
}

} // namespace

void Keeper::save_delegation(const Address& delegator, const Address& validator,
                             const std::optional<Delegation>& after) {
    const StateKey key = key_of(kDelegations, delegator, validator);
    const StateKey mark_key = key_of(kDelegators, validator, delegator);
    const auto before = load<Delegation>(state_, key);
    const Amount shares_before = before ? before->shares : Amount();
    if (after) {
        store(state_, key, *after);
        if (!before) mark(state_, mark_key);
    } else {
        erase(state_, key);
        erase(state_, mark_key);
    }
    if (!after || after->shares != shares_before) remember_delegation(delegator, validator, shares_before);
}

Result<void> Keeper::check_stake_total(Amount amount) const {
    const Amount staked = plus(bank_.balance(state_, bonded_account(), kNativeToken),
                               bank_.balance(state_, unbonded_account(), kNativeToken));
    const auto total = checked_add(staked, amount);
    if (total && *total <= kStakeMax) return {};
    return fail(ErrorCode::invalid_argument, "stake of all validators together may not exceed " + to_string(kStakeMax));
}

Result<Amount> Keeper::add_stake(const Address& delegator, const Address& validator, Amount amount) {
    Validator record = TRY(find_validator(validator));
    const auto worthless = [&] {
        return fail(ErrorCode::invalid_argument, "validator " + crypto::to_string(validator) +
                                                     " has been slashed so far that no more stake can be counted");
    };
    if (record.tokens.is_zero() && !record.shares.is_zero()) return worthless();
    const auto shares = record.shares.is_zero() ? multiply_divide(amount, kE9, 1)
                                                : multiply_divide(amount, record.shares.units(), record.tokens.units());
    if (!shares || shares->is_zero() || !checked_add(record.shares, *shares)) return worthless();
    auto delegation = load<Delegation>(state_, key_of(kDelegations, delegator, validator));
    if (delegation) {
        pay_rewards(delegator, validator, *delegation);
    } else {
        end_period(validator, record.tokens);
        delegation.emplace();
    }
    record.tokens = plus(record.tokens, amount);
    record.shares = plus(record.shares, *shares);
    // One unit may be lost to rounding; more would be a gift to the others, which a few of them could arrange.
    if (plus(tokens_of(record, *shares), Amount(1)) < amount) return worthless();
    save_validator(validator, record);
    delegation->shares = plus(delegation->shares, *shares);
    start_delegation(validator, *delegation);
    save_delegation(delegator, validator, delegation);
    return *shares;
}

Keeper::Unstaked Keeper::remove_stake(const Address& delegator, const Address& validator, Amount shares) {
    auto delegation = load<Delegation>(state_, key_of(kDelegations, delegator, validator));
    ASSAY_ASSERT(delegation);
    pay_rewards(delegator, validator, *delegation);
    auto record = load<Validator>(state_, key_of(kValidators, validator));
    ASSAY_ASSERT(record);
    delegation->shares = minus(delegation->shares, shares);
    if (delegator == validator && !record->jailed && tokens_of(*record, delegation->shares) < record->min_self_stake) {
        jail(validator);
        record->jailed = true;
    }
    const Amount tokens = tokens_of(*record, shares); // the last shares take all that is left
    record->tokens = minus(record->tokens, tokens);
    record->shares = minus(record->shares, shares);
    save_validator(validator, *record);
    if (delegation->shares.is_zero()) {
        save_delegation(delegator, validator, std::nullopt);
    } else {
        start_delegation(validator, *delegation);
        save_delegation(delegator, validator, delegation);
    }
    if (record->shares.is_zero() && record->is(Status::unbonded)) remove_validator(validator, *record);
    return {tokens, record->is(Status::bonded)};
}

Result<Amount> Keeper::shares_for(const Address& delegator, const Address& validator, Amount amount) const {
    TRY_VOID(check_amount(amount));
    const Validator record = TRY(find_validator(validator));
    const auto delegation = load<Delegation>(state_, key_of(kDelegations, delegator, validator));
    if (!delegation) {
        return fail(ErrorCode::not_found,
                    "no delegation of " + crypto::to_string(delegator) + " to " + crypto::to_string(validator));
    }
    const Amount held = tokens_of(record, delegation->shares);
    if (amount > held) {
        return fail(ErrorCode::invalid_argument,
                    "amount " + to_string(amount) + " is above what is delegated, " + to_string(held));
    }
    return std::min(scaled_up(amount, record.shares.units(), record.tokens.units()), delegation->shares);
}

Result<void> Keeper::delegate(const Address& delegator, const Delegate& message) {
    TRY_VOID(check_amount(message.amount));
    const Validator record = TRY(find_validator(message.validator));
    TRY_VOID(check_stake_total(message.amount));
    TRY_VOID(bank_.transfer(context_, delegator, pool_of(record), kNativeToken, message.amount));
    TRY_VOID(add_stake(delegator, message.validator, message.amount));
    emit("staking.delegated", {{"delegator", event_text(delegator)},
                               {"validator", event_text(message.validator)},
                               {"amount", event_text(message.amount)}});
    return {};
}

Result<void> Keeper::undelegate(const Address& delegator, const Undelegate& message) {
    const Amount shares = TRY(shares_for(delegator, message.validator, message.amount));
    const auto unbonding = load<Unbonding>(state_, key_of(kUnbondings, delegator, message.validator));
    if (unbonding && unbonding->entries.size() >= params_.entries_max) {
        return fail(ErrorCode::resource_exhausted, std::to_string(unbonding->entries.size()) +
                                                       " unbondings from this validator are under way already");
    }
    const Unstaked unstaked = remove_stake(delegator, message.validator, shares);
    if (unstaked.bonded) move(bonded_account(), unbonded_account(), unstaked.tokens);
    add_unbonding(delegator, message.validator, unstaked.tokens);
    emit("staking.undelegated", {{"delegator", event_text(delegator)},
                                 {"validator", event_text(message.validator)},
                                 {"amount", event_text(unstaked.tokens)},
                                 {"end_ms", std::to_string(unbonding_end_ms())}});
    return {};
}

Result<void> Keeper::cancel_unbonding(const Address& delegator, const CancelUnbonding& message) {
    TRY_VOID(check_amount(message.amount));
    const Validator record = TRY(find_validator(message.validator));
    if (record.jailed) {
        return fail(ErrorCode::invalid_argument,
                    "validator " + crypto::to_string(message.validator) + " is jailed: nothing goes back to it");
    }
    auto unbonding = load<Unbonding>(state_, key_of(kUnbondings, delegator, message.validator)).value_or(Unbonding{});
    Amount there;
    for (const UnbondingEntry& entry : unbonding.entries) {
        if (entry.height == message.height && entry.end_ms > now_ms()) there = plus(there, entry.balance);
    }
    if (there.is_zero()) {
        return fail(ErrorCode::not_found, "nothing of " + crypto::to_string(delegator) + " unbonds from " +
                                              crypto::to_string(message.validator) + " since height " +
                                              std::to_string(message.height));
    }
    if (message.amount > there) {
        return fail(ErrorCode::invalid_argument,
                    "amount " + to_string(message.amount) + " is above what unbonds since then, " + to_string(there));
    }
    take_back(delegator, message, std::move(unbonding));
    if (record.is(Status::bonded)) move(unbonded_account(), bonded_account(), message.amount);
    TRY_VOID(add_stake(delegator, message.validator, message.amount));
    emit("staking.unbonding_cancelled", {{"delegator", event_text(delegator)},
                                         {"validator", event_text(message.validator)},
                                         {"amount", event_text(message.amount)},
                                         {"height", event_text(message.height)}});
    return {};
}

void Keeper::take_back(const Address& delegator, const CancelUnbonding& message, Unbonding unbonding) {
    Amount left = message.amount;
    const auto end_of = [&](const UnbondingEntry& entry) {
        return time_key(kMaturingUnbondings, entry.end_ms).add(delegator.bytes).add(message.validator.bytes);
    };
    for (UnbondingEntry& entry : unbonding.entries) {
        if (left.is_zero() || entry.height != message.height || entry.end_ms <= now_ms()) continue;
        const Amount part = std::min(left, entry.balance);
        const Amount rest = minus(entry.balance, part);
        if (part.is_zero()) continue;
        left = minus(left, part);
        // What stays answers for earlier wrongs by its own part of the first amount.
        entry.initial = rest.is_zero() ? Amount() : scaled_up(entry.initial, rest.units(), entry.balance.units());
        entry.balance = rest;
        if (rest.is_zero()) erase(state_, end_of(entry));
    }
    std::erase_if(unbonding.entries, [](const UnbondingEntry& entry) { return entry.initial.is_zero(); });
    for (const UnbondingEntry& entry : unbonding.entries) mark(state_, end_of(entry)); // one of these may share its end
    const StateKey key = key_of(kUnbondings, delegator, message.validator);
    if (!unbonding.entries.empty()) return store(state_, key, unbonding);
    erase(state_, key);
    erase(state_, key_of(kUnbondingFrom, message.validator, delegator));
}

void Keeper::add_unbonding(const Address& delegator, const Address& validator, Amount amount) {
    const StateKey key = key_of(kUnbondings, delegator, validator);
    Unbonding unbonding = load<Unbonding>(state_, key).value_or(Unbonding{});
    const std::int64_t end_ms = unbonding_end_ms();
    unbonding.entries.push_back({height(), end_ms, amount, amount});
    store(state_, key, unbonding);
    mark(state_, key_of(kUnbondingFrom, validator, delegator));
    mark(state_, time_key(kMaturingUnbondings, end_ms).add(delegator.bytes).add(validator.bytes));
}

Result<void> Keeper::redelegate(const Address& delegator, const Redelegate& message) {
    if (message.source == message.destination) {
        return fail(ErrorCode::invalid_argument, "source and destination are the same validator");
    }
    const Amount shares = TRY(shares_for(delegator, message.source, message.amount));
    const Validator source = TRY(find_validator(message.source));
    const Validator destination = TRY(find_validator(message.destination));
    if (!keys_with_prefix(state_, key_of(kRedelegationsTo, delegator, message.source), 1).empty()) {
        return fail(ErrorCode::invalid_argument, "stake redelegated to the source is still maturing there");
    }
    const auto under_way =
        load<Redelegation>(state_, key_of(kRedelegations, delegator, message.source, message.destination));
    if (under_way && under_way->entries.size() >= params_.entries_max) {
        return fail(ErrorCode::resource_exhausted, std::to_string(under_way->entries.size()) +
                                                       " redelegations between these validators are under way already");
    }
    const Unstaked unstaked = remove_stake(delegator, message.source, shares);
    move(unstaked.bonded ? bonded_account() : unbonded_account(), pool_of(destination), unstaked.tokens);
    const Amount bought = TRY(add_stake(delegator, message.destination, unstaked.tokens));
    // Stake of a validator that is not bonded answers for nothing new; for old infractions only while it unbonds.
    if (source.is(Status::bonded)) {
        add_redelegation(message, delegator, {height(), unbonding_end_ms(), unstaked.tokens, bought});
    } else if (source.is(Status::unbonding) && source.unbonding_end_ms > now_ms()) {
        add_redelegation(message, delegator,
                         {source.unbonding_height, source.unbonding_end_ms, unstaked.tokens, bought});
    }
    emit("staking.redelegated", {{"delegator", event_text(delegator)},
                                 {"source", event_text(message.source)},
                                 {"destination", event_text(message.destination)},
                                 {"amount", event_text(unstaked.tokens)}});
    return {};
}

void Keeper::add_redelegation(const Redelegate& move, const Address& delegator, const RedelegationEntry& entry) {
    const StateKey key = key_of(kRedelegations, delegator, move.source, move.destination);
    Redelegation redelegation = load<Redelegation>(state_, key).value_or(Redelegation{});
    redelegation.entries.push_back(entry);
    store(state_, key, redelegation);
    mark(state_, key_of(kRedelegationsFrom, move.source, delegator, move.destination));
    mark(state_, key_of(kRedelegationsTo, delegator, move.destination, move.source));
    mark(state_, time_key(kMaturingRedelegations, entry.end_ms)
                     .add(delegator.bytes)
                     .add(move.source.bytes)
                     .add(move.destination.bytes));
}

void Keeper::complete_unbondings() {
    const StateKey end = time_key(kMaturingUnbondings, now_ms() + 1);
    for (const Bytes& key : keys_between(state_, key_of(kMaturingUnbondings), end, kMaturingPerBlock)) {
        erase(state_, key);
        complete_unbonding(address_at(key, nth_address_after_number(0)), address_at(key, nth_address_after_number(1)));
    }
}

void Keeper::complete_unbonding(const Address& delegator, const Address& validator) {
    const StateKey key = key_of(kUnbondings, delegator, validator);
    auto unbonding = load<Unbonding>(state_, key);
    if (!unbonding) return; // an entry of the same pair, due earlier but handled late, has taken this one with it
    Amount due;
    std::erase_if(unbonding->entries, [&](const UnbondingEntry& entry) {
        if (entry.end_ms > now_ms()) return false;
        due = plus(due, entry.balance);
        return true;
    });
    if (unbonding->entries.empty()) {
        erase(state_, key);
        erase(state_, key_of(kUnbondingFrom, validator, delegator));
    } else {
        store(state_, key, *unbonding);
    }
    move(unbonded_account(), delegator, due);
    emit("staking.unbonding_complete",
         {{"delegator", event_text(delegator)}, {"validator", event_text(validator)}, {"amount", event_text(due)}});
}

void Keeper::complete_redelegations() {
    const StateKey end = time_key(kMaturingRedelegations, now_ms() + 1);
    for (const Bytes& key : keys_between(state_, key_of(kMaturingRedelegations), end, kMaturingPerBlock)) {
        erase(state_, key);
        complete_redelegation(address_at(key, nth_address_after_number(0)),
                              address_at(key, nth_address_after_number(1)),
                              address_at(key, nth_address_after_number(2)));
    }
}

void Keeper::complete_redelegation(const Address& delegator, const Address& source, const Address& destination) {
    const StateKey key = key_of(kRedelegations, delegator, source, destination);
    auto redelegation = load<Redelegation>(state_, key);
    if (!redelegation) return;
    std::erase_if(redelegation->entries, [&](const RedelegationEntry& entry) { return entry.end_ms <= now_ms(); });
    if (!redelegation->entries.empty()) return store(state_, key, *redelegation);
    erase(state_, key);
    erase(state_, key_of(kRedelegationsFrom, source, delegator, destination));
    erase(state_, key_of(kRedelegationsTo, delegator, destination, source));
}

} // namespace assay::chain::staking
