/// Any bytes as the chunks of a snapshot whose metadata fits them, as a liar could make it: the first byte says how many
/// chunks the rest is cut into. Either a chunk is refused, or the restored state is the one that the entries give when they are
/// written block by block, and it verifies.
#include "base/assert.h"
#include "chain/state/snapshot_format.h"
#include "chain/state/state_verify.h"
#include "storage/memory_database.h"

#include <algorithm>

namespace {

using namespace assay;
using namespace assay::chain;

constexpr std::uint64_t kHeight = 5;

std::vector<Bytes> cut(ByteView bytes, std::size_t parts) {
    std::vector<Bytes> chunks;
    const std::size_t each = (bytes.size() + parts - 1) / parts;
    while (chunks.size() < parts) {
        const ByteView chunk = bytes.first(std::min(each, bytes.size()));
        chunks.emplace_back(chunk.begin(), chunk.end());
        bytes = bytes.subspan(chunk.size());
    }
    return chunks;
}

/// The state that holds every entry, and its app hash. Nothing when a chunk does not read.
std::optional<MemoryState> read_all(const std::vector<Bytes>& chunks) {
    MemoryState state;
    for (const Bytes& chunk : chunks) {
        ByteView rest = chunk;
        while (!rest.empty()) {
            const auto entry = read_entry(rest);
            if (!entry) return std::nullopt;
            state.put(static_cast<ModuleId>(entry->module), entry->key, entry->value);
        }
    }
    return state;
}

Digest written_app_hash(const MemoryState& state) {
    storage::MemoryDatabase database;
    const auto store = *StateStore::open(database, {});
    const MemoryState nothing;
    Overlay changes(nothing);
    for (std::size_t module = 0; module < kModuleCount; ++module) {
        for (const auto& [key, value] : state.entries(static_cast<ModuleId>(module)))
            changes.put(static_cast<ModuleId>(module), key, value);
    }
    return store->prepare(kHeight, changes)->app_hash();
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const std::vector<Bytes> chunks = cut(ByteView(data + 1, size - 1), 1 + data[0] % 3);
    const auto state = read_all(chunks);
    SnapshotMetadata metadata;
    metadata.height = kHeight;
    if (state) metadata.app_hash = written_app_hash(*state);
    for (const Bytes& chunk : chunks) metadata.chunks.push_back(crypto::sha256(chunk));
    Snapshot snapshot;
    snapshot.height = kHeight;
    snapshot.chunks = static_cast<std::uint32_t>(chunks.size());
    snapshot.metadata = *encode_metadata(metadata);
    snapshot.hash = crypto::sha256(snapshot.metadata);

    storage::MemoryDatabase database;
    const auto restore = SnapshotRestore::begin(database, snapshot, metadata.app_hash);
    ASSAY_ASSERT(restore.has_value());
    for (std::uint32_t i = 0; i < snapshot.chunks; ++i) {
        const auto applied = (*restore)->apply(i, chunks[i]);
        if (applied) continue;
        ASSAY_ASSERT(applied.error().code == ErrorCode::malformed);
        ASSAY_ASSERT(!(*restore)->finish());
        return 0;
    }
    ASSAY_ASSERT(state.has_value() && (*restore)->finish().has_value());
    const auto store = StateStore::open(database, {});
    ASSAY_ASSERT(store.has_value() && (*store)->app_hash() == metadata.app_hash);
    ASSAY_ASSERT(verify_state(database).has_value());
    return 0;
}
