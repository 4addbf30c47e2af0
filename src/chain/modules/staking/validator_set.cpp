/// Who is bonded: the most staked that are not jailed, and what consensus is told when that changes.
#include "chain/modules/events.h"
#include "chain/modules/staking/keeper.h"
#include "chain/modules/staking/math.h"
#include "crypto/address.h"

#include <algorithm>
#include <map>

namespace assay::chain::staking {

std::uint64_t Keeper::power_of(const Validator& record) const {
    // A share of the total for each place, so that the sum cannot pass what consensus allows whatever parameters change.
    const Uint128 power_max = kTotalPowerMax / params_.validators_max;
    return static_cast<std::uint64_t>(std::min(record.tokens.units() / params_.power_reduction, power_max));
}

std::vector<Keeper::Candidate> Keeper::elect() const {
    std::vector<Candidate> elected;
    scan_prefix(state_, ModuleId::staking, key_of(kByStake), [&](ByteView key, ByteView) {
        if (elected.size() == params_.validators_max) return false;
        const Address validator = address_at(key, 17);
        auto record = load<Validator>(state_, key_of(kValidators, validator));
        ASSAY_ASSERT(record && !record->jailed);
        if (power_of(*record) == 0) return false;
        elected.push_back({validator, *std::move(record)});
        return true;
    });
    return elected;
}

void Keeper::update_validator_set(std::vector<ValidatorUpdate>& updates) {
    const std::vector<Candidate> elected = elect();
    std::map<Address, Power> leaving;
    scan_prefix(state_, ModuleId::staking, key_of(kBonded), [&](ByteView key, ByteView value) {
        leaving.emplace(address_at(key, nth_address(0)), decode_record<Power>(value));
        return true;
    });
    if (elected.empty()) {
        // Consensus cannot go on without validators: the last ones stay until others can take over.
        for (const auto& [validator, power] : leaving) {
            const auto record = load<Validator>(state_, key_of(kValidators, validator));
            ASSAY_ASSERT(record);
            update_member(validator, {record->consensus_key, power.power}, &power, updates);
        }
        return;
    }
    for (const auto& [validator, record] : elected) {
        if (!record.is(Status::bonded)) bond(validator, record);
        const auto known = leaving.find(validator);
        update_member(validator, {record.consensus_key, power_of(record)},
                      known == leaving.end() ? nullptr : &known->second, updates);
        if (known != leaving.end()) leaving.erase(known);
    }
    for (const auto& [validator, power] : leaving) {
        const auto record = load<Validator>(state_, key_of(kValidators, validator));
        ASSAY_ASSERT(record && record->is(Status::bonded));
        begin_unbonding(validator, *record);
        erase(state_, key_of(kBonded, validator));
        updates.push_back({power.consensus_key, 0});
    }
}

void Keeper::update_member(const Address& validator, const Power& now, const Power* known,
                           std::vector<ValidatorUpdate>& updates) {
    const bool is_same_key = known != nullptr && known->consensus_key == now.consensus_key;
    if (is_same_key && known->power == now.power) return;
    if (known != nullptr && !is_same_key) updates.push_back({known->consensus_key, 0});
    updates.push_back({now.consensus_key, now.power});
    store(state_, key_of(kBonded, validator), now);
}

void Keeper::bond(const Address& validator, Validator record) {
    if (record.is(Status::unbonding)) {
        erase(state_, time_key(kMaturingValidators, record.unbonding_end_ms).add(validator.bytes));
    }
    record.status = static_cast<std::uint8_t>(Status::bonded);
    save_validator(validator, record);
    move(unbonded_account(), bonded_account(), record.tokens);
    start_signing(record);
    emit("staking.bonded", {{"validator", event_text(validator)}});
}

void Keeper::begin_unbonding(const Address& validator, Validator record) {
    record.status = static_cast<std::uint8_t>(Status::unbonding);
    record.unbonding_height = height();
    record.unbonding_end_ms = unbonding_end_ms();
    save_validator(validator, record);
    mark(state_, time_key(kMaturingValidators, record.unbonding_end_ms).add(validator.bytes));
    move(bonded_account(), unbonded_account(), record.tokens);
    emit("staking.unbonding", {{"validator", event_text(validator)}});
}

void Keeper::complete_validator_unbondings() {
    const StateKey begin = key_of(kMaturingValidators);
    const StateKey end = time_key(kMaturingValidators, now_ms() + 1);
    for (const Bytes& key : keys_between(state_, begin, end, kMaturingPerBlock)) {
        const Address validator = address_at(key, nth_address_after_number(0));
        erase(state_, key);
        auto record = load<Validator>(state_, key_of(kValidators, validator));
        ASSAY_ASSERT(record && record->is(Status::unbonding));
        record->status = static_cast<std::uint8_t>(Status::unbonded);
        save_validator(validator, *record);
        if (record->shares.is_zero()) remove_validator(validator, *record);
    }
}

} // namespace assay::chain::staking
