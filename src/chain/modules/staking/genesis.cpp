#include "chain/modules/genesis.h"

#include "base/assert.h"
#include "chain/modules/staking/keeper.h"
#include "chain/modules/staking/math.h"
#include "chain/modules/staking/staking_module.h"
#include "crypto/address.h"

#include <algorithm>
#include <functional>

namespace assay::chain {
namespace {

using namespace staking;
using codec::Value;

/// A validator that a new chain starts with. Its stake comes out of the operator's balance.
struct GenesisValidator {
    static constexpr std::string_view kStruct = "GenesisValidator";
    Address operator_address;
    CreateValidator description;
    static void fields(auto&& self, auto&& visit) {
        visit("operator", self.operator_address);
        CreateValidator::fields(self.description, visit);
    }
};

struct GenesisDelegation {
    static constexpr std::string_view kStruct = "GenesisDelegation";
    Address delegator;
    Address validator;
    Amount amount;
    static void fields(auto&& self, auto&& visit) {
        visit("delegator", self.delegator);
        visit("validator", self.validator);
        visit("amount", self.amount);
    }
};

/// One collection in an exported document: a list of {"key", "value"}, or of keys alone.
struct Format {
    std::string_view name;
    Collection collection;
    std::vector<std::size_t> key_bytes; ///< lengths that its keys may have
    std::function<Value(ByteView)> to_value = {}; ///< absent for marks
    std::function<Result<Bytes>(const Value&)> from_value = {};
};

template <FieldStruct R>
Format records(std::string_view name, Collection collection, std::size_t key_bytes) {
    return {name,
            collection,
            {key_bytes},
            [](ByteView bytes) { return to_readable(decode_record<R>(bytes)); },
            [](const Value& value) -> Result<Bytes> { return encode_record(TRY(from_value<R>(value))); }};
}

Result<Bytes> bytes_of(const Value& value) {
    if (value.bytes() != nullptr) return *value.bytes();
    if (value.text() == nullptr) return fail(ErrorCode::malformed, "neither bytes nor hexadecimal text");
    return from_hex(*value.text());
}
Value hex_of(ByteView bytes) { return Value("0x" + to_hex(bytes)); }

const std::vector<Format>& formats() {
    static const std::vector<Format> all = {
        records<Validator>("validators", kValidators, 21),
        records<Named>("consensus_addresses", kByConsensusAddress, 21),
        {"by_stake", kByStake, {37}},
        records<Power>("bonded", kBonded, 21),
        {"maturing_validators", kMaturingValidators, {29}},
        records<Rotations>("rotations", kRotations, 21),
        {"maturing_rotations", kMaturingRotations, {29}},
        records<Delegation>("delegations", kDelegations, 41),
        {"delegators", kDelegators, {41}},
        records<Unbonding>("unbondings", kUnbondings, 41),
        {"unbonding_from", kUnbondingFrom, {41}},
        {"maturing_unbondings", kMaturingUnbondings, {49}},
        records<Redelegation>("redelegations", kRedelegations, 61),
        {"redelegations_from", kRedelegationsFrom, {61}},
        {"redelegations_to", kRedelegationsTo, {61}},
        {"maturing_redelegations", kMaturingRedelegations, {69}},
        records<Rewards>("rewards", kRewards, 21),
        records<Period>("periods", kPeriods, 29),
        records<SlashEvent>("slashes", kSlashes, 37),
        records<Named>("withdraw_addresses", kWithdrawAddresses, 21),
        records<Dust>("dust", kDust, 1),
        records<Signing>("signing", kSigning, 21),
        {"missed", kMissed, {25}, hex_of, bytes_of},
        records<Count>("pins", kPins, 9),
        records<PastValidator>("past_validators", kPastValidators, 29),
        records<PastDelegation>("past_delegations", kPastDelegations, 49),
        {"past_by_height", kPastByHeight, {30, 50}},
    };
    return all;
}

Result<void> import_entry(StateWriter& state, const Format& format, const Value& entry) {
    const Value* key_value = format.to_value ? entry.find("key") : &entry;
    if (key_value == nullptr) return fail(ErrorCode::malformed, "key is missing");
    const Bytes key = TRY(bytes_of(*key_value));
    if (std::ranges::find(format.key_bytes, key.size()) == format.key_bytes.end() || key[0] != format.collection) {
        return fail(ErrorCode::malformed, "key is of another collection");
    }
    if (is_marked(state, key)) return fail(ErrorCode::malformed, "key comes twice");
    if (!format.to_value) {
        mark(state, key);
        return {};
    }
    const Value* value = entry.find("value");
    if (value == nullptr) return fail(ErrorCode::malformed, "value is missing");
    const Bytes record = TRY(format.from_value(*value));
    if (record.size() > kStateValueBytesMax)
        return fail(ErrorCode::malformed, "value is over " + std::to_string(kStateValueBytesMax) + " bytes");
    state.put(ModuleId::staking, key, record);
    return {};
}

Result<void> import_state(StateWriter& state, const Value& exported) {
    if (exported.map() == nullptr) return fail(ErrorCode::malformed, "state is not a map");
    for (const auto& [name, entries] : *exported.map()) {
        const auto format = std::ranges::find(formats(), name, &Format::name);
        if (format == formats().end()) return fail(ErrorCode::malformed, "state." + name + " is unknown");
        if (entries.list() == nullptr) return fail(ErrorCode::malformed, "state." + name + " is not a list");
        for (std::size_t i = 0; i < entries.list()->size(); ++i) {
            auto taken = import_entry(state, *format, (*entries.list())[i]);
            if (!taken) return fail_in("state." + name + "[" + std::to_string(i) + "]", std::move(taken.error()));
        }
    }
    return {};
}

} // namespace

Result<void> StakingModule::init_genesis(Context& context, const Value& genesis) const {
    if (genesis.is_null()) return {};
    TRY_VOID(check_genesis_names(genesis, {"validators", "delegations", "state"}));
    StateWriter& state = context.state();
    if (const Value* exported = genesis.find("state")) {
        TRY_VOID(import_state(state, *exported));
        if (auto whole = check_invariants(state, {}); !whole) return fail(ErrorCode::malformed, whole.error().message);
    }
    const auto params = params_.get<StakingParams>(state);
    Keeper keeper(bank_, params, context);
    std::size_t created = 0;
    TRY_VOID(for_each_entry<GenesisValidator>(genesis, "validators", [&](const GenesisValidator& entry) {
        ++created;
        return keeper.create_validator(entry.operator_address, entry.description);
    }));
    TRY_VOID(for_each_entry<GenesisDelegation>(genesis, "delegations", [&](const GenesisDelegation& entry) {
        return keeper.delegate(entry.delegator, {entry.validator, entry.amount});
    }));
    // The first set; validator_set() tells consensus.
    std::vector<ValidatorUpdate> updates;
    if (created > 0) keeper.update_validator_set(updates);
    return {};
}

Value StakingModule::export_genesis(const StateReader& state, const WalkAll&) const {
    Value::Map exported;
    for (const Format& format : formats()) {
        Value::List entries;
        scan_prefix(state, ModuleId::staking, key_of(format.collection), [&](ByteView key, ByteView value) {
            entries.push_back(format.to_value
                                  ? Value(Value::Map{{"key", hex_of(key)}, {"value", format.to_value(value)}})
                                  : hex_of(key));
            return true;
        });
        if (!entries.empty()) exported.emplace(format.name, Value(std::move(entries)));
    }
    return Value(Value::Map{{"state", Value(std::move(exported))}});
}

} // namespace assay::chain
