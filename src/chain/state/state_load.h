#pragma once
/// One version whole, in memory: for what looks at every entry in order of keys (invariants, export). Takes the memory
/// that the entries take, twice over. Committed class.
#include "chain/state/state_store.h"

namespace assay::chain {

/// Errors: not_found (the version is not kept), malformed (damage), resource_exhausted.
Result<std::unique_ptr<MemoryState>> load_state(const StateStore& store, std::uint64_t version);

/// Visits every entry of a module in ascending order of keys, point collections too.
void walk_all(const MemoryState& state, ModuleId module, const StateVisitor& visit);

} // namespace assay::chain
