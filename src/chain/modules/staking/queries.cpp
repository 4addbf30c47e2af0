#include "chain/modules/arguments.h"
#include "chain/modules/staking/history.h"
#include "chain/modules/staking/keeper.h"
#include "chain/modules/staking/math.h"
#include "chain/modules/staking/staking_module.h"
#include "crypto/address.h"

namespace assay::chain {
namespace {

using namespace staking;
using codec::Value;

constexpr std::string_view kStatusNames[] = {"unbonded", "unbonding", "bonded"};

std::unexpected<Error> nothing(std::string_view what, const Address& of) {
    return fail(ErrorCode::not_found, "no " + std::string(what) + " " + crypto::to_string(of));
}

/// A fixed-point number with 18 decimals, as people write it: "12.5".
Value readable_e18(Amount amount) {
    const Amount whole(amount.units() / kE18);
    std::string fraction = to_string(Amount(amount.units() % kE18));
    fraction.insert(0, 18 - fraction.size(), '0');
    fraction.erase(fraction.find_last_not_of('0') + 1);
    return Value(fraction.empty() ? to_string(whole) : to_string(whole) + "." + fraction);
}

Value describe_validator(const Address& address, const Validator& record) {
    const auto whole = readable_with(
        {{"address", readable(address)}, {"consensus_address", readable(consensus_address(record.consensus_key))}},
        record);
    Value::Map map = *whole.map();
    map.insert_or_assign("status", Value(kStatusNames[record.status]));
    return Value(std::move(map));
}

Result<Value> query_validator(const StateReader& state, const Value& arguments) {
    const auto address = TRY(argument<Address>(arguments, "validator"));
    const auto record = load<Validator>(state, key_of(kValidators, address));
    if (!record) return nothing("validator", address);
    return describe_validator(address, *record);
}

/// By address, after "after"; "status" picks.
Result<Value> query_validators(const StateReader& state, const Value& arguments) {
    const auto limit = TRY(limit_argument(arguments));
    const auto after = TRY(argument_or<Address>(arguments, "after", Address{}));
    const auto status = TRY(argument_or<std::string>(arguments, "status", ""));
    Value::List list;
    state.scan(ModuleId::staking, key_of(kValidators, after), {}, [&](ByteView key, ByteView value) {
        const Address address = address_at(key, 1);
        const auto record = decode_record<Validator>(value);
        if (address != after && (status.empty() || status == kStatusNames[record.status])) {
            list.push_back(describe_validator(address, record));
        }
        return list.size() < limit;
    });
    return Value(Value::Map{{"validators", Value(std::move(list))}});
}

/// Keys that a validator gave up and can still be accused by.
Result<Value> query_rotations(const StateReader& state, const Value& arguments) {
    const auto address = TRY(argument<Address>(arguments, "validator"));
    if (!is_marked(state, key_of(kValidators, address))) return nothing("validator", address);
    return readable(load<Rotations>(state, key_of(kRotations, address)).value_or(Rotations{}));
}

/// What consensus was told of.
Result<Value> query_set(const StateReader& state) {
    Value::List list;
    scan_prefix(state, ModuleId::staking, key_of(kBonded), [&](ByteView key, ByteView value) {
        list.push_back(readable_with({{"validator", readable(address_at(key, 1))}}, decode_record<Power>(value)));
        return true;
    });
    return Value(Value::Map{{"validators", Value(std::move(list))}});
}

Value describe_delegation(const StateReader& state, const Address& delegator, const Address& validator,
                          const Delegation& delegation) {
    const auto record = load<Validator>(state, key_of(kValidators, validator));
    return Value(Value::Map{{"delegator", readable(delegator)},
                            {"validator", readable(validator)},
                            {"shares", readable(delegation.shares)},
                            {"tokens", readable(record ? tokens_of(*record, delegation.shares) : Amount())}});
}

Result<Value> query_delegation(const StateReader& state, const Value& arguments) {
    const auto delegator = TRY(argument<Address>(arguments, "delegator"));
    const auto validator = TRY(argument<Address>(arguments, "validator"));
    const auto delegation = load<Delegation>(state, key_of(kDelegations, delegator, validator));
    if (!delegation) return nothing("delegation to " + crypto::to_string(validator) + " of", delegator);
    return describe_delegation(state, delegator, validator, *delegation);
}

/// Of a delegator, by validator.
Result<Value> query_delegations(const StateReader& state, const Value& arguments) {
    const auto delegator = TRY(argument<Address>(arguments, "delegator"));
    const auto limit = TRY(limit_argument(arguments));
    const auto after = TRY(argument_or<Address>(arguments, "after", Address{}));
    Value::List list;
    state.scan(ModuleId::staking, key_of(kDelegations, delegator, after), {}, [&](ByteView key, ByteView value) {
        if (address_at(key, 1) != delegator) return false;
        const Address validator = address_at(key, nth_address(1));
        if (validator != after) {
            list.push_back(describe_delegation(state, delegator, validator, decode_record<Delegation>(value)));
        }
        return list.size() < limit;
    });
    return Value(Value::Map{{"delegations", Value(std::move(list))}});
}

/// To a validator, by delegator.
Result<Value> query_delegators(const StateReader& state, const Value& arguments) {
    const auto validator = TRY(argument<Address>(arguments, "validator"));
    const auto limit = TRY(limit_argument(arguments));
    const auto after = TRY(argument_or<Address>(arguments, "after", Address{}));
    Value::List list;
    state.scan(ModuleId::staking, key_of(kDelegators, validator, after), {}, [&](ByteView key, ByteView) {
        if (address_at(key, 1) != validator) return false;
        const Address delegator = address_at(key, nth_address(1));
        if (delegator != after) {
            const auto delegation = load<Delegation>(state, key_of(kDelegations, delegator, validator));
            list.push_back(describe_delegation(state, delegator, validator, *delegation));
        }
        return list.size() < limit;
    });
    return Value(Value::Map{{"delegations", Value(std::move(list))}});
}

Result<Value> query_unbondings(const StateReader& state, const Value& arguments) {
    const auto delegator = TRY(argument<Address>(arguments, "delegator"));
    Value::List list;
    scan_prefix(state, ModuleId::staking, key_of(kUnbondings, delegator), [&](ByteView key, ByteView value) {
        list.push_back(
            readable_with({{"validator", readable(address_at(key, nth_address(1)))}}, decode_record<Unbonding>(value)));
        return true;
    });
    return Value(Value::Map{{"unbondings", Value(std::move(list))}});
}

Result<Value> query_redelegations(const StateReader& state, const Value& arguments) {
    const auto delegator = TRY(argument<Address>(arguments, "delegator"));
    Value::List list;
    scan_prefix(state, ModuleId::staking, key_of(kRedelegations, delegator), [&](ByteView key, ByteView value) {
        list.push_back(readable_with({{"source", readable(address_at(key, nth_address(1)))},
                                      {"destination", readable(address_at(key, nth_address(2)))}},
                                     decode_record<Redelegation>(value)));
        return true;
    });
    return Value(Value::Map{{"redelegations", Value(std::move(list))}});
}

Result<Value> query_commission(const StateReader& state, const Value& arguments) {
    const auto validator = TRY(argument<Address>(arguments, "validator"));
    const auto rewards = load<Rewards>(state, key_of(kRewards, validator));
    if (!rewards) return nothing("validator", validator);
    return Value(Value::Map{{"validator", readable(validator)},
                            {"commission", readable_e18(rewards->commission_e18)},
                            {"outstanding", readable_e18(rewards->outstanding_e18)}});
}

Result<Value> query_signing(const StateReader& state, const Value& arguments) {
    const auto validator = TRY(argument<Address>(arguments, "validator"));
    const auto record = load<Validator>(state, key_of(kValidators, validator));
    if (!record) return nothing("validator", validator);
    const ConsensusAddress consensus = consensus_address(record->consensus_key);
    const auto signing = load<Signing>(state, key_of(kSigning, consensus));
    return readable_with({{"validator", readable(validator)},
                          {"consensus_address", readable(consensus)},
                          {"jailed", Value(record->jailed)}},
                         signing.value_or(Signing{}));
}

Result<Value> query_withdraw_address(const StateReader& state, const Value& arguments) {
    const auto delegator = TRY(argument<Address>(arguments, "delegator"));
    const auto chosen = load<Named>(state, key_of(kWithdrawAddresses, delegator));
    return Value(
        Value::Map{{"delegator", readable(delegator)}, {"address", readable(chosen ? chosen->address : delegator)}});
}

Result<Value> query_bonded_at(const StateReader& state, const Value& arguments) {
    const auto height = TRY(argument<std::uint64_t>(arguments, "height"));
    return Value(Value::Map{{"height", height}, {"bonded", readable(bonded_at(state, height))}});
}

/// Computes rewards in a copy of the state, where the current period may be ended.
class RewardsReader {
public:
    RewardsReader(const BankPort& bank, const StakingParams& params, const BlockInfo& block, const StateReader& state)
        : copy_(state), context_(block, copy_, gas_, events_), keeper_(bank, params, context_) {}
    Amount pending_e18(const Address& delegator, const Address& validator) {
        return keeper_.pending_rewards_e18(delegator, validator);
    }

private:
    Overlay copy_;
    GasMeter gas_{UINT64_MAX};
    std::vector<Event> events_;
    Context context_;
    Keeper keeper_;
};

/// Of a delegator: of one validator, or of all, by validator after "after".
Result<Value> query_rewards(RewardsReader& rewards, const StateReader& state, const Value& arguments) {
    const auto delegator = TRY(argument<Address>(arguments, "delegator"));
    const auto limit = TRY(limit_argument(arguments));
    const auto after = TRY(argument_or<Address>(arguments, "after", Address{}));
    const auto only = TRY(argument_or<Address>(arguments, "validator", Address{}));
    Value::List list;
    Amount total_e18;
    state.scan(ModuleId::staking, key_of(kDelegations, delegator, after), {}, [&](ByteView key, ByteView) {
        if (address_at(key, 1) != delegator) return false;
        const Address validator = address_at(key, nth_address(1));
        if (validator == after || (only != Address{} && validator != only)) return true;
        const Amount pending = rewards.pending_e18(delegator, validator);
        total_e18 = checked_add(total_e18, pending).value_or(Amount::max());
        list.push_back(Value(Value::Map{{"validator", readable(validator)}, {"rewards", readable_e18(pending)}}));
        return list.size() < limit;
    });
    return Value(Value::Map{
        {"delegator", readable(delegator)}, {"rewards", Value(std::move(list))}, {"total", readable_e18(total_e18)}});
}

Result<Value> query_pool(const BankPort& bank, const StateReader& state) {
    return Value(Value::Map{{"bonded", readable(bank.balance(state, bonded_account(), kNativeToken))},
                            {"unbonded", readable(bank.balance(state, unbonded_account(), kNativeToken))},
                            {"rewards", readable(bank.balance(state, rewards_account(), kNativeToken))},
                            {"treasury", readable(bank.balance(state, treasury_account(), kNativeToken))},
                            {"dust", readable_e18(load<Dust>(state, key_of(kDust)).value_or(Dust{}).amount_e18)}});
}

} // namespace

Result<Value> StakingModule::query(const BlockInfo& block, const StateReader& state, std::string_view path,
                                   const Value& arguments) const {
    const auto params = params_.get<StakingParams>(state);
    if (path == "validator") return query_validator(state, arguments);
    if (path == "validators") return query_validators(state, arguments);
    if (path == "rotations") return query_rotations(state, arguments);
    if (path == "set") return query_set(state);
    if (path == "delegation") return query_delegation(state, arguments);
    if (path == "delegations") return query_delegations(state, arguments);
    if (path == "delegators") return query_delegators(state, arguments);
    if (path == "unbondings") return query_unbondings(state, arguments);
    if (path == "redelegations") return query_redelegations(state, arguments);
    if (path == "commission") return query_commission(state, arguments);
    if (path == "signing") return query_signing(state, arguments);
    if (path == "withdraw_address") return query_withdraw_address(state, arguments);
    if (path == "bonded_at") return query_bonded_at(state, arguments);
    if (path == "pool") return query_pool(bank_, state);
    if (path == "params") return readable(params);
    if (path == "rewards") {
        RewardsReader rewards(bank_, params, block, state);
        return query_rewards(rewards, state, arguments);
    }
    return unknown_query("staking", path);
}

} // namespace assay::chain
