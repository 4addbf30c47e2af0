/// A validator's new consensus key. The old one leaves the set in the same update, and answers for what it signed until the
/// unbonding time has passed. Source of the rules: cosmos/cosmos-sdk ADR 016 and x/staking's MsgRotateConsPubKey.
#include "base/assert.h"
#include "chain/modules/events.h"
#include "chain/modules/staking/keeper.h"
#include "crypto/address.h"

#include <algorithm>

namespace assay::chain::staking {

Result<void> Keeper::check_new_key(const Address& validator, const Digest& consensus_key) const {
    const ConsensusAddress consensus = consensus_address(consensus_key);
    if (const auto named = load<Named>(state_, key_of(kByConsensusAddress, consensus))) {
        const bool is_own = named->address == validator;
        return fail(ErrorCode::invalid_argument, std::string("consensus_key belongs to ") +
                                                     (is_own ? "the validator itself" : "another validator") +
                                                     ", or did within the unbonding time");
    }
    const auto signing = load<Signing>(state_, key_of(kSigning, consensus));
    if (signing && signing->tombstoned) {
        return fail(ErrorCode::invalid_argument, "consensus_key has signed twice and is barred for ever");
    }
    return {};
}

Result<void> Keeper::rotate_key(const Address& validator, const RotateKey& message) {
    Validator record = TRY(find_validator(validator));
    TRY_VOID(check_new_key(validator, message.consensus_key));
    const ConsensusAddress old = consensus_address(record.consensus_key);
    const auto signing = load<Signing>(state_, key_of(kSigning, old));
    if (signing && signing->tombstoned) {
        return fail(ErrorCode::invalid_argument, "validator has signed twice and is barred for ever");
    }
    Rotations rotations = load<Rotations>(state_, key_of(kRotations, validator)).value_or(Rotations{});
    if (rotations.entries.size() >= params_.key_rotations_max) {
        return fail(ErrorCode::resource_exhausted,
                    std::to_string(rotations.entries.size()) +
                        " keys were given up within the unbonding time already; allowed: " +
                        std::to_string(params_.key_rotations_max));
    }
    if (!params_.key_rotation_fee.is_zero()) {
        TRY_VOID(bank_.transfer(context_, validator, treasury_account(), kNativeToken, params_.key_rotation_fee));
    }
    rotations.entries.push_back({record.consensus_key, height(), unbonding_end_ms()});
    store(state_, key_of(kRotations, validator), rotations);
    mark(state_, time_key(kMaturingRotations, unbonding_end_ms()).add(validator.bytes));
    const ConsensusAddress next = consensus_address(message.consensus_key);
    store(state_, key_of(kByConsensusAddress, next), Named{validator});
    move_signing(old, next);
    record.consensus_key = message.consensus_key;
    save_validator(validator, record);
    emit("staking.key_rotated",
         {{"validator", event_text(validator)}, {"old", event_text(old)}, {"new", event_text(next)}});
    return {};
}

void Keeper::move_signing(const ConsensusAddress& from, const ConsensusAddress& to) {
    const auto signing = load<Signing>(state_, key_of(kSigning, from));
    if (!signing) return; // never bonded
    const std::size_t prefix_bytes = nth_address(1);
    for (const Bytes& key : keys_with_prefix(state_, key_of(kMissed, from))) {
        const auto chunk = state_.get(ModuleId::staking, key);
        ASSAY_ASSERT(chunk);
        state_.put(ModuleId::staking, key_of(kMissed, to).add(ByteView(key).subspan(prefix_bytes)), *chunk);
        erase(state_, key);
    }
    store(state_, key_of(kSigning, to), *signing);
    erase(state_, key_of(kSigning, from));
}

void Keeper::complete_rotations() {
    const StateKey end = time_key(kMaturingRotations, now_ms() + 1);
    for (const Bytes& key : keys_between(state_, key_of(kMaturingRotations), end, kMaturingPerBlock)) {
        erase(state_, key);
        const Address validator = address_at(key, nth_address_after_number(0));
        auto rotations = load<Rotations>(state_, key_of(kRotations, validator));
        if (!rotations) continue; // one that was due earlier, and handled late, has taken this one with it
        std::erase_if(rotations->entries, [&](const Rotation& rotation) {
            if (rotation.end_ms > now_ms()) return false;
            erase(state_, key_of(kByConsensusAddress, consensus_address(rotation.consensus_key)));
            return true;
        });
        if (rotations->entries.empty()) erase(state_, key_of(kRotations, validator));
        else store(state_, key_of(kRotations, validator), *rotations);
    }
}

/// With the validator itself.
void Keeper::forget_rotations(const Address& validator) {
    const auto rotations = load<Rotations>(state_, key_of(kRotations, validator));
    if (!rotations) return;
    for (const Rotation& rotation : rotations->entries) {
        erase(state_, key_of(kByConsensusAddress, consensus_address(rotation.consensus_key)));
        erase(state_, time_key(kMaturingRotations, rotation.end_ms).add(validator.bytes));
    }
    erase(state_, key_of(kRotations, validator));
}

} // namespace assay::chain::staking
