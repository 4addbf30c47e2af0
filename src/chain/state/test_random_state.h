#pragma once
/// Random blocks for state tests, and the state they should lead to. For tests only.
#include "chain/state/state_store.h"
#include "storage/memory_database.h"

#include <cstdint>
#include <random>
#include <string>

namespace assay::chain {

struct RandomBlocks {
    explicit RandomBlocks(std::uint64_t seed) : random(seed) {}

    std::mt19937_64 random; ///< its sequence is fixed by the standard; distributions are not, so none is used
    std::uint64_t keys = 400; ///< in each module: fewer means more overwriting
    unsigned erase_percent = 25;

    std::uint64_t below(std::uint64_t limit) { return random() % limit; }
    ModuleId module() { return static_cast<ModuleId>(below(kModuleCount)); }
    Bytes key() {
        const auto collection = static_cast<std::uint8_t>(below(2) == 0 ? 0x05 + below(2) : 0x81);
        return key_at(collection, below(keys));
    }
    static Bytes key_at(std::uint8_t collection, std::uint64_t number) {
        StateKey key(collection);
        key.add_u64(number);
        const ByteView view = key;
        return {view.begin(), view.end()};
    }
    Bytes value() {
        Bytes value(below(8) == 0 ? below(300) : below(40));
        for (auto& byte : value) byte = static_cast<std::uint8_t>(random());
        return value;
    }
    void change(StateWriter& state, std::size_t changes) {
        for (std::size_t i = 0; i < changes; ++i) {
            const ModuleId to = module();
            const Bytes where = key();
            if (below(100) < erase_percent) {
                state.erase(to, where);
            } else {
                state.put(to, where, value());
            }
        }
    }
};

/// Commits what `change` writes as `version` and applies it to `expected` too.
inline void commit_block(StateStore& store, MemoryState& expected, std::uint64_t version,
                         const std::function<void(StateWriter&)>& change, ByteView extra = {}) {
    Overlay overlay(expected);
    change(overlay);
    auto pending = store.prepare(version, overlay);
    if (!pending) throw std::runtime_error(pending.error().message);
    const auto committed = store.commit(std::move(*pending), extra);
    if (!committed) throw std::runtime_error(committed.error().message);
    overlay.apply_to(expected);
}

inline std::unique_ptr<StateStore> open_store(storage::Database& database, const StateStore::Options& options = {}) {
    auto store = StateStore::open(database, options);
    if (!store) throw std::runtime_error(store.error().message);
    return std::move(*store);
}

} // namespace assay::chain
