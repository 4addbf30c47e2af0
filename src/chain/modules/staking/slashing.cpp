/// What absence and double signing cost. A slash reaches the stake that was bonded when the wrong was done: what is still
/// there, what is unbonding and what has moved to other validators since.
/// Source of the rules: cosmos/cosmos-sdk x/slashing, x/evidence and x/staking.
#include "chain/modules/events.h"
#include "chain/modules/staking/keeper.h"
#include "chain/modules/staking/math.h"
#include "crypto/address.h"

#include <algorithm>

namespace assay::chain::staking {
namespace {

constexpr std::uint32_t kChunkBits = 1024;

/// Blocks between a change of stake and the vote it shows in: a set decided at the end of block h votes from h + 2 on,
/// so stake that left in block h - 1 or later still stood behind a vote on h.
constexpr std::uint64_t kPowerDelayBlocks = 1;

StateKey chunk_key(const ConsensusAddress& consensus, std::uint32_t chunk) {
    return key_of(kMissed, consensus).add_u32(chunk);
}

/// Sets the bit and returns what it was.
bool exchange_missed(StateWriter& state, const ConsensusAddress& consensus, std::uint32_t index, bool missed) {
    const StateKey key = chunk_key(consensus, index / kChunkBits);
    auto chunk = state.get(ModuleId::staking, key);
    if (!chunk && !missed) return false;
    if (!chunk) chunk.emplace(kChunkBits / 8);
    std::uint8_t& byte = chunk->at(index % kChunkBits / 8);
    const auto bit = static_cast<std::uint8_t>(1U << (index % 8));
    const bool before = (byte & bit) != 0;
    if (before == missed) return before;
    byte = static_cast<std::uint8_t>(byte ^ bit);
    const bool empty = std::ranges::all_of(*chunk, [](std::uint8_t bits) { return bits == 0; });
    if (empty) {
        erase(state, key);
    } else {
        state.put(ModuleId::staking, key, *chunk);
    }
    return before;
}

std::uint32_t missed_max(const StakingParams& params) {
    const auto signed_min = (std::uint64_t{params.signed_blocks_window} * params.signed_min_ppm + kPpm / 2) / kPpm;
    return params.signed_blocks_window - static_cast<std::uint32_t>(signed_min);
}

bool is_too_old(const Misbehavior& misbehavior, const BlockInfo& block, const StakingParams& params) {
    const std::uint64_t age_blocks = block.height - misbehavior.height;
    const std::int64_t age_ms = block.time_ms - misbehavior.time_ms;
    const std::uint64_t age = age_ms > 0 ? static_cast<std::uint64_t>(age_ms) : 0;
    // Beyond the unbonding time those who stood behind the vote may have left: others would pay for them.
    return age > params.unbonding_ms ||
           (age_blocks > params.evidence_age_blocks_max && age > params.evidence_age_ms_max);
}

} // namespace

void Keeper::start_signing(const Validator& record) {
    const ConsensusAddress consensus = consensus_address(record.consensus_key);
    Signing signing = load<Signing>(state_, key_of(kSigning, consensus)).value_or(Signing{});
    forget_missed(consensus, signing);
    store(state_, key_of(kSigning, consensus), signing);
}

void Keeper::forget_missed(const ConsensusAddress& consensus, Signing& signing) {
    if (signing.missed != 0) {
        for (const Bytes& key : keys_with_prefix(state_, key_of(kMissed, consensus))) erase(state_, key);
    }
    signing.missed = 0;
    signing.window = params_.signed_blocks_window;
    signing.start_height = height();
}

void Keeper::count_signatures() {
    for (const CommitVote& vote : context_.block().last_commit) count_signature(vote);
}

std::optional<Keeper::Accused> Keeper::find_by_consensus(const ConsensusAddress& consensus) const {
    const auto validator = load<Named>(state_, key_of(kByConsensusAddress, consensus));
    if (!validator) return std::nullopt;
    auto record = load<Validator>(state_, key_of(kValidators, validator->address));
    if (!record) return std::nullopt;
    const ConsensusAddress present = consensus_address(record->consensus_key);
    return Accused{validator->address, *std::move(record), present};
}

void Keeper::count_signature(const CommitVote& vote) {
    const auto voter = find_by_consensus(vote.validator); // for two blocks a new key's validator votes with the old one
    if (!voter || voter->record.jailed) return;
    auto signing = load<Signing>(state_, key_of(kSigning, voter->consensus));
    if (!signing) return;
    const Signing before = *signing;
    if (signing->window != params_.signed_blocks_window) forget_missed(voter->consensus, *signing);
    const auto index = static_cast<std::uint32_t>(height() % signing->window);
    const bool missed = !vote.signed_block;
    const bool missed_before = exchange_missed(state_, voter->consensus, index, missed);
    if (missed && !missed_before) ++signing->missed;
    if (!missed && missed_before) --signing->missed;
    const bool full = height() > signing->start_height && height() - signing->start_height > signing->window;
    if (full && signing->missed > missed_max(params_)) {
        punish_downtime(voter->consensus, voter->validator, *signing, vote.power);
    }
    if (signing->missed != before.missed || signing->window != before.window ||
        signing->start_height != before.start_height) {
        store(state_, key_of(kSigning, voter->consensus), *signing);
    }
}

void Keeper::punish_downtime(const ConsensusAddress& consensus, const Address& validator, Signing& signing,
                             std::uint64_t power) {
    const std::uint64_t back = kPowerDelayBlocks + 1; // the vote was on the block before
    slash(validator, height() > back ? height() - back : 0, power, params_.slash_downtime_ppm);
    jail(validator);
    forget_missed(consensus, signing);
    signing.jailed_until_ms = now_ms() + static_cast<std::int64_t>(params_.downtime_jail_ms);
    emit("staking.downtime", {{"validator", event_text(validator)}, {"power", event_text(power)}});
}

void Keeper::punish_misbehavior() {
    for (const Misbehavior& misbehavior : context_.block().misbehavior) punish(misbehavior);
}

void Keeper::punish(const Misbehavior& misbehavior) {
    if (misbehavior.height >= height() || is_too_old(misbehavior, context_.block(), params_)) return;
    const auto accused = find_by_consensus(misbehavior.validator);
    if (!accused) return;
    auto signing = load<Signing>(state_, key_of(kSigning, accused->consensus));
    if (!signing || signing->tombstoned) return; // never bonded, or punished already
    if (accused->record.is(Status::unbonded) || misbehavior.height < accused->record.created_height) return;
    const Address& validator = accused->validator;
    const std::uint64_t since = misbehavior.height > kPowerDelayBlocks ? misbehavior.height - kPowerDelayBlocks : 0;
    slash(validator, since, misbehavior.power, params_.slash_double_sign_ppm);
    jail(validator);
    signing->tombstoned = true;
    signing->jailed_until_ms = kNeverMs;
    store(state_, key_of(kSigning, accused->consensus), *signing);
    if (misbehavior.validator != accused->consensus) { // nor does the key come back that did it
        Signing barred;
        barred.tombstoned = true;
        barred.jailed_until_ms = kNeverMs;
        store(state_, key_of(kSigning, misbehavior.validator), barred);
    }
    emit("staking.double_sign", {{"validator", event_text(validator)},
                                 {"height", event_text(misbehavior.height)},
                                 {"power", event_text(misbehavior.power)}});
}

void Keeper::slash(const Address& validator, std::uint64_t infraction_height, std::uint64_t power, std::uint32_t ppm) {
    Amount left = ppm_of(Amount(Uint128{power} * params_.power_reduction), ppm);
    for (const Bytes& key : keys_with_prefix(state_, key_of(kUnbondingFrom, validator))) {
        left = minus_or_zero(left, slash_unbonding(address_at(key, nth_address(1)), validator, infraction_height, ppm));
    }
    for (const Bytes& key : keys_with_prefix(state_, key_of(kRedelegationsFrom, validator))) {
        left = minus_or_zero(left, slash_redelegation(key, infraction_height, ppm));
    }
    slash_validator(validator, left);
}

Amount Keeper::slash_unbonding(const Address& delegator, const Address& validator, std::uint64_t infraction_height,
                               std::uint32_t ppm) {
    const StateKey key = key_of(kUnbondings, delegator, validator);
    auto unbonding = load<Unbonding>(state_, key);
    ASSAY_ASSERT(unbonding);
    Amount owed;
    Amount taken;
    for (UnbondingEntry& entry : unbonding->entries) {
        if (entry.height < infraction_height || entry.end_ms <= now_ms()) continue;
        const Amount share = ppm_of(entry.initial, ppm);
        const Amount part = std::min(share, entry.balance); // an earlier slash may have taken some
        entry.balance = minus(entry.balance, part);
        owed = plus(owed, share);
        taken = plus(taken, part);
    }
    if (taken.is_zero()) return owed;
    store(state_, key, *unbonding);
    burn(unbonded_account(), taken);
    return owed;
}

Amount Keeper::slash_redelegation(ByteView mark_key, std::uint64_t infraction_height, std::uint32_t ppm) {
    const Address source = address_at(mark_key, nth_address(0));
    const Address delegator = address_at(mark_key, nth_address(1));
    const Address destination = address_at(mark_key, nth_address(2));
    const auto redelegation = load<Redelegation>(state_, key_of(kRedelegations, delegator, source, destination));
    ASSAY_ASSERT(redelegation);
    Amount owed;
    for (const RedelegationEntry& entry : redelegation->entries) {
        if (entry.height < infraction_height || entry.end_ms <= now_ms()) continue;
        owed = plus(owed, ppm_of(entry.initial, ppm));
        slash_moved(delegator, destination, entry, ppm);
    }
    return owed;
}

void Keeper::slash_moved(const Address& delegator, const Address& validator, const RedelegationEntry& entry,
                         std::uint32_t ppm) {
    const Amount share = ppm_of(entry.initial, ppm);
    if (share.is_zero()) return;
    // Stake that moved here and is now leaving answers first, so that nobody escapes by moving and then leaving.
    const Amount left = minus(share, take_from_unbonding(delegator, validator, entry.height, share));
    const auto delegation = load<Delegation>(state_, key_of(kDelegations, delegator, validator));
    if (left.is_zero() || !delegation) return;
    const Amount owed = scaled(ppm_of(entry.shares, ppm), left.units(), share.units());
    const Amount shares = std::min(owed, delegation->shares);
    if (shares.is_zero()) return;
    const Unstaked unstaked = remove_stake(delegator, validator, shares);
    burn(unstaked.bonded ? bonded_account() : unbonded_account(), unstaked.tokens);
}

Amount Keeper::take_from_unbonding(const Address& delegator, const Address& validator, std::uint64_t since_height,
                                   Amount amount) {
    const StateKey key = key_of(kUnbondings, delegator, validator);
    auto unbonding = load<Unbonding>(state_, key);
    if (!unbonding) return {};
    Amount taken;
    for (UnbondingEntry& entry : unbonding->entries) {
        if (entry.height < since_height || entry.end_ms <= now_ms()) continue;
        const Amount part = std::min(minus(amount, taken), entry.balance);
        entry.balance = minus(entry.balance, part);
        taken = plus(taken, part);
    }
    if (taken.is_zero()) return {};
    store(state_, key, *unbonding);
    burn(unbonded_account(), taken);
    return taken;
}

void Keeper::slash_validator(const Address& validator, Amount amount) {
    auto record = load<Validator>(state_, key_of(kValidators, validator));
    if (!record) return;
    const Amount burned = std::min(amount, record->tokens);
    if (burned.is_zero()) return;
    record_slash(validator, record->tokens,
                 static_cast<std::uint64_t>(scaled_up(burned, kE18, record->tokens.units()).units()));
    record->tokens = minus(record->tokens, burned);
    save_validator(validator, *record);
    burn(record->is(Status::bonded) ? bonded_account() : unbonded_account(), burned);
    emit("staking.slashed", {{"validator", event_text(validator)}, {"burned", event_text(burned)}});
}

} // namespace assay::chain::staking
