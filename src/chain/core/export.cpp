/// A committed state looked at as a whole.
#include "chain/chain_application.h"
#include "chain/genesis.h"
#include "chain/state/state_load.h"

namespace assay::chain {
namespace {

Module::WalkAll walk_of(const MemoryState& state) {
    return [&state](ModuleId module, const StateVisitor& visit) { walk_all(state, module, visit); };
}

} // namespace

Result<GenesisDocument> export_document(const StateStore& store, const ModuleSet& modules, std::uint64_t version) {
    const auto view = TRY(store.at(version));
    const auto record = decode_record<CommitRecord>(view->extra());
    const auto state = TRY(load_state(store, version));
    GenesisDocument document;
    document.chain_id = record.chain_id;
    document.time_ms = record.time_ms;
    document.initial_height = record.height + 1;
    document.modules = export_genesis(modules, *state, walk_of(*state));
    return document;
}

Result<void> check_invariants(const StateStore& store, const ModuleSet& modules, std::uint64_t version) {
    const auto state = TRY(load_state(store, version));
    return check_invariants(modules, *state, walk_of(*state));
}

Result<void> check_invariants(const ModuleSet& modules, const StateReader& state, const Module::WalkAll& all_keys) {
    for (const auto& module : modules.modules) {
        auto held = module->check_invariants(state, all_keys);
        if (!held) return fail_in(name_of(module->id()), std::move(held.error()));
    }
    return {};
}

} // namespace assay::chain
