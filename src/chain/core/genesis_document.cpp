#include "chain/genesis.h"

#include <algorithm>
#include <initializer_list>

namespace assay::chain {
namespace {

using codec::Value;

std::unexpected<Error> malformed(std::string_view entry, std::string_view what) {
    return fail(ErrorCode::malformed, "genesis: " + std::string(entry) + " " + std::string(what));
}

bool is_name_character(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' ||
           c == '-';
}

} // namespace

Result<void> check_chain_id(std::string_view chain_id) {
    if (!chain_id.empty() && chain_id.size() <= 50 && std::ranges::all_of(chain_id, is_name_character)) return {};
    return fail(ErrorCode::invalid_argument, "genesis: chain_id is not 1 … 50 of letters, digits, '.', '_' and '-'");
}

Value to_value(const GenesisDocument& document) {
    return Value(Value::Map{{"chain_id", Value(document.chain_id)},
                            {"time_ms", Value(document.time_ms)},
                            {"initial_height", Value(document.initial_height)},
                            {"modules", document.modules}});
}

Result<GenesisDocument> genesis_from_value(const Value& value) {
    if (value.map() == nullptr) return malformed("the document", "is not a map");
    for (const auto& [name, entry] : *value.map()) {
        const auto known = {"chain_id", "time_ms", "initial_height", "modules"};
        if (std::ranges::find(known, std::string_view(name)) == known.end()) return malformed(name, "is unknown");
    }
    GenesisDocument document;
    const Value* chain_id = value.find("chain_id");
    if (chain_id == nullptr || chain_id->text() == nullptr) return malformed("chain_id", "is missing or not text");
    document.chain_id = *chain_id->text();
    TRY_VOID(check_chain_id(document.chain_id));
    const Value* time = value.find("time_ms");
    const auto time_ms = time == nullptr || time->integer() == nullptr ? std::nullopt : time->integer()->to_int64();
    if (!time_ms) return malformed("time_ms", "is missing or no integer");
    document.time_ms = *time_ms;
    if (const Value* height = value.find("initial_height")) {
        const auto number = height->integer() == nullptr ? std::nullopt : height->integer()->to_uint64();
        if (!number || *number == 0) return malformed("initial_height", "is not an integer of 1 or more");
        document.initial_height = *number;
    }
    const Value* modules = value.find("modules");
    if (modules == nullptr || modules->map() == nullptr) return malformed("modules", "is missing or not a map");
    document.modules = *modules;
    return document;
}

GenesisDocument make_development_genesis(const DevelopmentGenesis& choice) {
    Value::List accounts, validators;
    const auto fund = [&](const Address& address, Amount amount) {
        accounts.push_back(
            Value(Value::Map{{"address", Value(to_string(address))}, {"balance", Value(to_string(amount))}}));
    };
    for (const Address& address : choice.accounts) fund(address, choice.balance);
    for (const DevelopmentGenesis::Validator& validator : choice.validators) {
        if (std::ranges::find(choice.accounts, validator.account) == choice.accounts.end())
            fund(validator.account, choice.balance);
        validators.push_back(Value(Value::Map{{"operator", Value(to_string(validator.account))},
                                              {"consensus_key", Value("0x" + to_hex(validator.public_key))},
                                              {"moniker", Value(validator.name)},
                                              {"stake", Value(to_string(choice.stake))}}));
    }
    Value::Map modules;
    modules.emplace("bank", Value(Value::Map{{"accounts", Value(std::move(accounts))}}));
    if (!validators.empty())
        modules.emplace("staking", Value(Value::Map{{"validators", Value(std::move(validators))}}));
    GenesisDocument document;
    document.chain_id = choice.chain_id;
    document.time_ms = choice.time_ms;
    document.modules = Value(std::move(modules));
    return document;
}

Result<void> validate_genesis(const ModuleSet& modules, const GenesisDocument& document) {
    TRY_VOID(check_chain_id(document.chain_id));
    BlockInfo block;
    block.chain_id = document.chain_id;
    block.height = document.initial_height - 1;
    block.time_ms = document.time_ms;
    MemoryState state;
    TRY_VOID(apply_genesis(modules, block, document.modules, state));
    auto held = check_invariants(modules, state, [&](ModuleId module, const StateVisitor& visit) {
        for (const auto& [key, value] : state.entries(module)) {
            if (!visit(key, value)) return;
        }
    });
    if (!held) return fail_in("genesis", std::move(held.error()));
    return {};
}

} // namespace assay::chain
