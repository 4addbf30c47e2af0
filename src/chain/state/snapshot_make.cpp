#include "chain/state/node_reader.h"
#include "chain/state/snapshot_format.h"
#include "chain/state/state_lookup.h"
#include "chain/state/state_snapshot.h"
#include "chain/state/state_tables.h"

namespace assay::chain {
namespace {

class SnapshotMaker {
public:
    SnapshotMaker(const storage::ReadTransaction& transaction, const StateTables& tables, const ChunkSink& sink,
                  const SnapshotOptions& options)
        : transaction_(transaction), tables_(tables), reader_(transaction, tables.nodes, nullptr), sink_(sink),
          options_(options) {}

    Result<Snapshot> run(const VersionRecord& version) {
        metadata_.height = version.version;
        metadata_.app_hash = version.app_hash;
        metadata_.extra = version.extra;
        for (std::size_t module = 0; module < kModuleCount; ++module) {
            TRY_VOID(walk(module, NodePath{}, version.roots[module]));
        }
        if (!chunk_.empty()) TRY_VOID(end_chunk());
        Snapshot snapshot;
        snapshot.height = version.version;
        snapshot.chunks = static_cast<std::uint32_t>(metadata_.chunks.size());
        snapshot.metadata = TRY(encode_metadata(metadata_));
        snapshot.hash = crypto::sha256(snapshot.metadata);
        return snapshot;
    }

private:
    Result<void> walk(std::size_t module, const NodePath& path, const Child& child) {
        if (child.is_empty()) return {};
        if (child.is_inner()) {
            if (path.depth == kKeyNibbles) return fail(ErrorCode::malformed, "state: a tree deeper than its keys");
            const auto node = TRY(reader_.inner(module, path, child.version));
            for (unsigned i = 0; i < kChildren; ++i) TRY_VOID(walk(module, path.child(i), node->children[i]));
            return {};
        }
        Bucket bucket;
        TRY_VOID(reader_.bucket(module, path, child, bucket));
        for (const Leaf& leaf : bucket) {
            const ValueRecord value = TRY(read_value(transaction_, tables_, leaf.location));
            TRY_VOID(add({module, value.key, value.value}));
        }
        return {};
    }

    Result<void> add(const SnapshotEntry& entry) {
        const std::size_t bytes = kSnapshotEntryHeaderBytes + entry.key.size() + entry.value.size();
        if (!chunk_.empty() && chunk_.size() + bytes > options_.chunk_bytes_max) TRY_VOID(end_chunk());
        encode_entry(entry, chunk_);
        ++entries_;
        return {};
    }

    Result<void> end_chunk() {
        metadata_.chunks.push_back(crypto::sha256(chunk_));
        if (options_.progress && !options_.progress(entries_)) return fail(ErrorCode::cancelled, "snapshot stopped");
        Bytes chunk;
        chunk.swap(chunk_);
        return sink_(static_cast<std::uint32_t>(metadata_.chunks.size() - 1), std::move(chunk));
    }

    const storage::ReadTransaction& transaction_;
    const StateTables& tables_;
    NodeReader reader_;
    const ChunkSink& sink_;
    const SnapshotOptions& options_;
    SnapshotMetadata metadata_;
    Bytes chunk_;
    std::uint64_t entries_ = 0;
};

} // namespace

Result<Snapshot> make_snapshot(const StateStore& store, std::uint64_t version, const ChunkSink& sink,
                               const SnapshotOptions& options) {
    storage::Database& database = store.database();
    const StateTables tables = TRY(StateTables::open(database));
    const auto transaction = TRY(database.begin_read());
    const VersionRecord record = TRY(read_version(*transaction, tables, version));
    if (record.version == 0) return fail(ErrorCode::not_found, "snapshot: nothing is committed yet");
    if (record.extra.size() > kSnapshotExtraBytesMax) {
        return fail(ErrorCode::resource_exhausted, "snapshot: the application's bytes are too many");
    }
    return SnapshotMaker(*transaction, tables, sink, options).run(record);
}

} // namespace assay::chain
