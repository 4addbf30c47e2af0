#include "chain/state/state_load.h"

#include "chain/state/snapshot_format.h"

namespace assay::chain {

Result<std::unique_ptr<MemoryState>> load_state(const StateStore& store, std::uint64_t version) {
    auto state = std::make_unique<MemoryState>();
    const auto add = [&](std::uint32_t, Bytes chunk) -> Result<void> {
        ByteView left = chunk;
        while (!left.empty()) {
            const SnapshotEntry entry = TRY(read_entry(left));
            state->put(static_cast<ModuleId>(entry.module), entry.key, entry.value);
        }
        return {};
    };
    TRY(make_snapshot(store, version, add));
    return state;
}

void walk_all(const MemoryState& state, ModuleId module, const StateVisitor& visit) {
    for (const auto& [key, value] : state.entries(module)) {
        if (!visit(key, value)) return;
    }
}

} // namespace assay::chain
