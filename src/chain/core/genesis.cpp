/// The state before the first block, from a document and back.
#include "chain/core/chain_application_impl.h"

#include "chain/core/empty_state.h"
#include "chain/genesis.h"

#include <algorithm>
#include <limits>

namespace assay::chain {
namespace {

const EmptyState& empty_state() {
    static const EmptyState state;
    return state;
}

std::vector<ValidatorUpdate> sorted(std::vector<ValidatorUpdate> validators) {
    std::ranges::sort(validators, {}, &ValidatorUpdate::public_key);
    return validators;
}

Result<void> check_names(const ModuleSet& modules, const codec::Value& app_state) {
    if (app_state.is_null()) return {};
    if (app_state.map() == nullptr) return fail(ErrorCode::malformed, "genesis: the modules' part is not a map");
    for (const auto& [name, part] : *app_state.map()) {
        if (modules.find(name) == nullptr) return fail(ErrorCode::malformed, "genesis: no module '" + name + "'");
    }
    return {};
}

} // namespace

Result<void> apply_genesis(const ModuleSet& modules, const BlockInfo& block, const codec::Value& app_state,
                           StateWriter& state) {
    TRY_VOID(check_names(modules, app_state));
    GasMeter gas(std::numeric_limits<std::uint64_t>::max());
    std::vector<Event> events;
    Context context(block, state, gas, events);
    static const codec::Value absent;
    for (const auto& module : modules.modules) {
        const std::string_view name = name_of(module->id());
        const codec::Value* part = app_state.find(name);
        auto done = module->init_genesis(context, part == nullptr ? absent : *part);
        if (!done) return fail_in("genesis: " + std::string(name), std::move(done.error()));
    }
    return {};
}

codec::Value export_genesis(const ModuleSet& modules, const StateReader& state, const Module::WalkAll& all_keys) {
    codec::Value::Map parts;
    for (const auto& module : modules.modules)
        parts.emplace(name_of(module->id()), module->export_genesis(state, all_keys));
    return codec::Value(std::move(parts));
}

Result<GenesisResponse> ChainApplicationImpl::init_chain(const GenesisRequest& genesis) {
    if (store()->version() != 0)
        return fail(ErrorCode::invalid_argument,
                    "init_chain: the state is at height " + std::to_string(store()->version()) + " already");
    TRY_VOID(check_chain_id(genesis.chain_id));
    if (genesis.initial_height == 0) return fail(ErrorCode::invalid_argument, "genesis: initial_height is 0");
    BlockInfo block;
    block.chain_id = genesis.chain_id;
    block.height = genesis.initial_height - 1;
    block.time_ms = genesis.time_ms;
    auto state = std::make_shared<Overlay>(empty_state());
    TRY_VOID(apply_genesis(modules_, block, genesis.app_state, *state));

    GenesisResponse response;
    response.validators = modules_.validators ? modules_.validators(*state) : genesis.validators;
    if (!genesis.validators.empty() && sorted(genesis.validators) != sorted(response.validators)) {
        return fail(ErrorCode::invalid_argument,
                    "genesis: the engine lists " + std::to_string(genesis.validators.size()) +
                        " validators, the staking module makes " + std::to_string(response.validators.size()) +
                        ", and they are not the same");
    }
    if (genesis.consensus && modules_.check_evidence_age) {
        auto checked = modules_.check_evidence_age(*state, genesis.consensus->evidence_age_ms);
        if (!checked) return fail_in("genesis", std::move(checked.error()));
    }
    CommitRecord record;
    record.chain_id = genesis.chain_id;
    record.time_ms = genesis.time_ms;
    record.initial_height = genesis.initial_height;
    record.app_version = options_.app_version;
    record.has_engine = genesis.consensus.has_value();
    if (genesis.consensus) {
        record.block_bytes_max = genesis.consensus->block_bytes_max;
        record.evidence_age_blocks = genesis.consensus->evidence_age_blocks;
        record.evidence_age_ms = genesis.consensus->evidence_age_ms;
        record.evidence_bytes_max = genesis.consensus->evidence_bytes_max;
    }
    response.consensus = changed_limits(*state, record);
    response.app_hash = TRY(store()->prepare(genesis.initial_height, *state)).app_hash();
    genesis_ = std::move(state);
    TRY_VOID(take_up(std::move(record), response.app_hash));
    return response;
}

} // namespace assay::chain
