#include "chain/modules/events.h"
#include "chain/modules/staking/keeper.h"
#include "chain/modules/staking/math.h"
#include "crypto/address.h"
#include "crypto/sha256.h"

#include <algorithm>
#include <limits>

namespace assay::chain::staking {
namespace {

constexpr std::int64_t kCommissionDelayMs = 86'400'000;

Result<void> check_text(std::string_view name, const std::string& text, std::size_t bytes_max) {
    if (text.size() <= bytes_max) return {};
    return fail(ErrorCode::invalid_argument, std::string(name) + " has " + std::to_string(text.size()) +
                                                 " bytes; at most " + std::to_string(bytes_max) + " are allowed");
}

Result<void> check_texts(const std::string& moniker, const std::string& website, const std::string& details) {
    if (moniker.empty()) return fail(ErrorCode::invalid_argument, "moniker is empty");
    TRY_VOID(check_text("moniker", moniker, kMonikerBytesMax));
    TRY_VOID(check_text("website", website, kWebsiteBytesMax));
    return check_text("details", details, kDetailsBytesMax);
}

Result<void> check_commission(const CreateValidator& message, std::uint32_t commission_min_ppm) {
    const auto refuse = [](std::string_view name, std::uint32_t value, std::string_view relation, std::uint32_t limit) {
        return fail(ErrorCode::invalid_argument, std::string(name) + " " + std::to_string(value) + " is " +
                                                     std::string(relation) + " " + std::to_string(limit));
    };
    if (message.commission_max_ppm > kPpm) {
        return refuse("commission_max_ppm", message.commission_max_ppm, "above", kPpm);
    }
    if (message.commission_ppm > message.commission_max_ppm) {
        return refuse("commission_ppm", message.commission_ppm, "above commission_max_ppm", message.commission_max_ppm);
    }
    if (message.commission_change_max_ppm > message.commission_max_ppm) {
        return refuse("commission_change_max_ppm", message.commission_change_max_ppm, "above commission_max_ppm",
                      message.commission_max_ppm);
    }
    if (message.commission_ppm < commission_min_ppm) {
        return refuse("commission_ppm", message.commission_ppm, "below the least allowed,", commission_min_ppm);
    }
    return {};
}

} // namespace

const Address& bonded_account() {
    static const Address account = module_account("stake-bonded");
    return account;
}
const Address& unbonded_account() {
    static const Address account = module_account("stake-unbonded");
    return account;
}
const Address& rewards_account() {
    static const Address account = module_account("rewards");
    return account;
}
const Address& fees_account() {
    static const Address account = module_account("fees");
    return account;
}
const Address& treasury_account() {
    static const Address account = module_account("treasury");
    return account;
}

ConsensusAddress consensus_address(const Digest& consensus_key) {
    const Digest hash = crypto::sha256(consensus_key);
    ConsensusAddress address;
    std::copy_n(hash.begin(), address.bytes.size(), address.bytes.begin());
    return address;
}

Amount tokens_of(const Validator& validator, Amount shares) {
    if (validator.shares.is_zero()) return {};
    return scaled(shares, validator.tokens.units(), validator.shares.units());
}

Result<Validator> Keeper::find_validator(const Address& validator) const {
    if (auto record = load<Validator>(state_, key_of(kValidators, validator))) return *std::move(record);
    return fail(ErrorCode::not_found, "no validator " + crypto::to_string(validator));
}

void Keeper::save_validator(const Address& validator, const Validator& after) {
    const StateKey key = key_of(kValidators, validator);
    const auto before = load<Validator>(state_, key);
    if (before && !before->jailed) erase(state_, stake_key(before->tokens, validator));
    if (!after.jailed) mark(state_, stake_key(after.tokens, validator));
    store(state_, key, after);
    remember_validator(validator, before, &after);
}

void Keeper::remove_validator(const Address& validator, const Validator& record) {
    close_rewards(validator);
    forget_rotations(validator);
    if (!record.jailed) erase(state_, stake_key(record.tokens, validator));
    const ConsensusAddress consensus = consensus_address(record.consensus_key);
    erase(state_, key_of(kByConsensusAddress, consensus));
    if (auto signing = load<Signing>(state_, key_of(kSigning, consensus))) {
        forget_missed(consensus, *signing);
        // A tombstone outlives its validator: the key never comes back.
        if (!signing->tombstoned) erase(state_, key_of(kSigning, consensus));
    }
    erase(state_, key_of(kValidators, validator));
    remember_validator(validator, record, nullptr);
    emit("staking.validator_removed", {{"validator", event_text(validator)}});
}

Result<void> Keeper::check_new_validator(const Address& validator, const CreateValidator& message) const {
    if (is_marked(state_, key_of(kValidators, validator))) {
        return fail(ErrorCode::invalid_argument, "validator " + crypto::to_string(validator) + " exists already");
    }
    TRY_VOID(check_new_key(validator, message.consensus_key));
    TRY_VOID(check_texts(message.moniker, message.website, message.details));
    TRY_VOID(check_commission(message, params_.commission_min_ppm));
    if (message.min_self_stake.is_zero()) return fail(ErrorCode::invalid_argument, "min_self_stake is 0");
    if (message.stake < message.min_self_stake) {
        return fail(ErrorCode::invalid_argument, "stake " + to_string(message.stake) + " is below min_self_stake " +
                                                     to_string(message.min_self_stake));
    }
    return check_stake_total(message.stake);
}

Result<void> Keeper::create_validator(const Address& validator, const CreateValidator& message) {
    TRY_VOID(check_new_validator(validator, message));
    Validator record;
    record.consensus_key = message.consensus_key;
    record.moniker = message.moniker;
    record.website = message.website;
    record.details = message.details;
    record.commission_ppm = message.commission_ppm;
    record.commission_max_ppm = message.commission_max_ppm;
    record.commission_change_max_ppm = message.commission_change_max_ppm;
    record.commission_changed_ms = now_ms();
    record.min_self_stake = message.min_self_stake;
    record.created_height = height();
    TRY_VOID(bank_.transfer(context_, validator, unbonded_account(), kNativeToken, message.stake));
    save_validator(validator, record);
    store(state_, key_of(kByConsensusAddress, consensus_address(record.consensus_key)), Named{validator});
    start_rewards(validator);
    TRY_VOID(add_stake(validator, validator, message.stake));
    emit("staking.validator_created", {{"validator", event_text(validator)}, {"stake", event_text(message.stake)}});
    return {};
}

Result<void> Keeper::edit_validator(const Address& validator, const EditValidator& message) {
    Validator record = TRY(find_validator(validator));
    TRY_VOID(check_texts(message.moniker, message.website, message.details));
    record.moniker = message.moniker;
    record.website = message.website;
    record.details = message.details;
    save_validator(validator, record);
    emit("staking.validator_edited", {{"validator", event_text(validator)}});
    return {};
}

Result<void> Keeper::set_commission(const Address& validator, const SetCommission& message) {
    Validator record = TRY(find_validator(validator));
    const auto refuse = [&](std::string why) {
        return fail(ErrorCode::invalid_argument,
                    "commission_ppm " + std::to_string(message.commission_ppm) + " " + why);
    };
    if (now_ms() - record.commission_changed_ms < kCommissionDelayMs) {
        return refuse("comes less than a day after the last change");
    }
    if (message.commission_ppm > record.commission_max_ppm) {
        return refuse("is above the validator's maximum " + std::to_string(record.commission_max_ppm));
    }
    if (message.commission_ppm < params_.commission_min_ppm) {
        return refuse("is below the least allowed, " + std::to_string(params_.commission_min_ppm));
    }
    if (message.commission_ppm > record.commission_ppm &&
        message.commission_ppm - record.commission_ppm > record.commission_change_max_ppm) {
        return refuse("rises by more than the validator's daily " + std::to_string(record.commission_change_max_ppm));
    }
    record.commission_ppm = message.commission_ppm;
    record.commission_changed_ms = now_ms();
    save_validator(validator, record);
    emit("staking.commission_set",
         {{"validator", event_text(validator)}, {"commission_ppm", event_text(message.commission_ppm)}});
    return {};
}

Result<void> Keeper::set_min_self_stake(const Address& validator, const SetMinSelfStake& message) {
    Validator record = TRY(find_validator(validator));
    if (message.min_self_stake <= record.min_self_stake) {
        return fail(ErrorCode::invalid_argument, "min_self_stake " + to_string(message.min_self_stake) +
                                                     " is not above the present " + to_string(record.min_self_stake));
    }
    const auto own = load<Delegation>(state_, key_of(kDelegations, validator, validator));
    const Amount self_stake = own ? tokens_of(record, own->shares) : Amount();
    if (message.min_self_stake > self_stake) {
        return fail(ErrorCode::invalid_argument, "min_self_stake " + to_string(message.min_self_stake) +
                                                     " is above the self-stake " + to_string(self_stake));
    }
    record.min_self_stake = message.min_self_stake;
    save_validator(validator, record);
    emit("staking.min_self_stake_set",
         {{"validator", event_text(validator)}, {"min_self_stake", event_text(message.min_self_stake)}});
    return {};
}

Result<void> Keeper::unjail(const Address& signer, const Unjail& message) {
    if (message.validator != signer) {
        return fail(ErrorCode::invalid_argument,
                    "only the operator " + crypto::to_string(message.validator) + " may unjail it");
    }
    Validator record = TRY(find_validator(signer));
    if (!record.jailed) return fail(ErrorCode::invalid_argument, "validator is not jailed");
    const auto own = load<Delegation>(state_, key_of(kDelegations, signer, signer));
    const Amount self_stake = own ? tokens_of(record, own->shares) : Amount();
    if (self_stake < record.min_self_stake) {
        return fail(ErrorCode::invalid_argument, "self-stake " + to_string(self_stake) + " is below min_self_stake " +
                                                     to_string(record.min_self_stake));
    }
    if (const auto signing = load<Signing>(state_, key_of(kSigning, consensus_address(record.consensus_key)))) {
        if (signing->tombstoned) {
            return fail(ErrorCode::invalid_argument, "validator has signed twice and is barred for ever");
        }
        if (now_ms() < signing->jailed_until_ms) {
            return fail(ErrorCode::invalid_argument, "validator is jailed until " +
                                                         std::to_string(signing->jailed_until_ms) + " ms; it is " +
                                                         std::to_string(now_ms()));
        }
    }
    record.jailed = false;
    save_validator(signer, record);
    emit("staking.unjailed", {{"validator", event_text(signer)}});
    return {};
}

void Keeper::jail(const Address& validator) {
    auto record = load<Validator>(state_, key_of(kValidators, validator));
    if (!record || record->jailed) return;
    record->jailed = true;
    save_validator(validator, *record);
    emit("staking.jailed", {{"validator", event_text(validator)}});
}

void Keeper::move(const Address& from, const Address& to, Amount amount) {
    if (amount.is_zero()) return;
    const auto moved = bank_.transfer(context_, from, to, kNativeToken, amount);
    ASSAY_ASSERT(moved); // both are this module's accounts, and its books say the amount is there
}

void Keeper::burn(const Address& from, Amount amount) {
    if (amount.is_zero()) return;
    const auto burned = bank_.burn(context_, from, kNativeToken, amount);
    ASSAY_ASSERT(burned);
}

void Keeper::emit(std::string_view type, std::vector<std::pair<std::string, std::string>> attributes) {
    context_.emit(Event{std::string(type), std::move(attributes)});
}

std::int64_t Keeper::unbonding_end_ms() const {
    // validate() bounds the parameter far below what would overflow with any time of this millennium.
    return now_ms() + static_cast<std::int64_t>(params_.unbonding_ms);
}

} // namespace assay::chain::staking
