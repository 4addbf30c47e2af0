#include "chain/state/node_reader.h"
#include "chain/state/snapshot_format.h"
#include "chain/state/state_snapshot.h"
#include "chain/state/state_tables.h"
#include "chain/state/tree_update.h"
#include "crypto/merkle.h"

#include <array>
#include <optional>
#include <utility>

namespace assay::chain {
namespace {

std::string chunk_name(std::size_t index) { return "chunk " + std::to_string(index); }

/// The entries of one chunk, checked and hashed.
struct ChunkContent {
    std::vector<SnapshotEntry> entries;
    std::vector<TreeChange> changes; ///< one for each entry
};

void clear_state(storage::WriteTransaction& transaction, const StateTables& tables) {
    for (const storage::TableId table : {tables.nodes, tables.values, tables.index, tables.stale}) {
        transaction.clear(table);
    }
}

} // namespace

struct SnapshotRestore::Impl {
    Impl(storage::Database& to, const StateTables& in) : database(to), tables(in) {}

    storage::Database& database;
    StateTables tables;
    SnapshotMetadata metadata;
    std::uint32_t next = 0;
    std::uint32_t entries = 0;
    std::array<Child, kModuleCount> roots{};
    std::optional<std::pair<std::size_t, Digest>> last_key; ///< module and tree key of the last entry

    Result<void> start();
    Result<ChunkContent> read_chunk(ByteView chunk) const;
    Result<void> write_chunk(storage::WriteTransaction& transaction, ChunkContent& content,
                             std::array<Child, kModuleCount>& after) const;
};

/// Marks the database as unfinished and empties it.
Result<void> SnapshotRestore::Impl::start() {
    auto transaction = TRY(database.begin_write());
    if (transaction->entries(tables.versions) != 0) {
        return fail(ErrorCode::invalid_argument, "snapshot: the database holds a state already");
    }
    clear_state(*transaction, tables);
    transaction->put(tables.meta, as_byte_view(kRestoreKey), version_key(metadata.height));
    return transaction->commit();
}

Result<ChunkContent> SnapshotRestore::Impl::read_chunk(ByteView chunk) const {
    ChunkContent content;
    std::vector<Digest> value_hashes;
    auto last = last_key;
    while (!chunk.empty()) {
        const SnapshotEntry entry = TRY(read_entry(chunk));
        std::pair<std::size_t, Digest> key{entry.module, tree_key(kModuleNames[entry.module], entry.key)};
        if (last && *last >= key) return fail(ErrorCode::malformed, "entries are out of order");
        if (content.entries.size() == UINT32_MAX - entries) return fail(ErrorCode::malformed, "too many entries");
        TreeChange change;
        change.leaf.key = key.second;
        change.leaf.location = {metadata.height, entries + static_cast<std::uint32_t>(content.entries.size())};
        content.changes.push_back(change);
        content.entries.push_back(entry);
        value_hashes.push_back(crypto::sha256(entry.value));
        last = std::move(key);
    }
    std::vector<crypto::MerkleJoin> joins;
    for (std::size_t i = 0; i < value_hashes.size(); ++i) {
        Leaf& leaf = content.changes[i].leaf;
        joins.push_back({&leaf.key, &value_hashes[i], &leaf.hash});
    }
    crypto::merkle_join(kTreeLeafPrefix, joins);
    return content;
}

Result<void> SnapshotRestore::Impl::write_chunk(storage::WriteTransaction& transaction, ChunkContent& content,
                                                std::array<Child, kModuleCount>& after) const {
    const NodeReader reader(transaction, tables.nodes, nullptr);
    TreeUpdate update(reader, metadata.height);
    std::size_t begin = 0;
    for (std::size_t module = 0; module < kModuleCount; ++module) {
        std::size_t end = begin;
        while (end < content.entries.size() && content.entries[end].module == module) ++end;
        const auto changes = std::span(content.changes).subspan(begin, end - begin);
        begin = end;
        if (changes.empty()) continue;
        const Child before = after[module];
        TRY_VOID(update.update(module, before, NodePath{}, changes, after[module]));
    }
    update.finish_hashes();
    Bytes record;
    for (const TreeUpdate::NewNode& node : update.new_nodes()) {
        record.clear();
        if (node.inner) {
            encode_inner(*node.inner, metadata.height, record);
        } else {
            encode_bucket(*node.bucket, metadata.height, node.path.depth, record);
        }
        transaction.put(tables.nodes, node.key.view(), record);
    }
    for (std::size_t i = 0; i < content.entries.size(); ++i) {
        const SnapshotEntry& entry = content.entries[i];
        const LocationKey location = location_key(content.changes[i].leaf.location);
        record.clear();
        encode_value({false, entry.module, entry.key, entry.value}, record);
        transaction.append(tables.values, location, record);
        if (is_ordered(entry.key)) transaction.put(tables.index, index_key(entry.module, entry.key), location);
    }
    return transaction.status();
}

SnapshotRestore::SnapshotRestore(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
SnapshotRestore::~SnapshotRestore() = default;
std::uint32_t SnapshotRestore::next_chunk() const { return impl_->next; }
std::uint32_t SnapshotRestore::chunks() const { return static_cast<std::uint32_t>(impl_->metadata.chunks.size()); }

Result<std::unique_ptr<SnapshotRestore>> SnapshotRestore::begin(storage::Database& database, const Snapshot& snapshot,
                                                                const Digest& trusted_app_hash) {
    if (snapshot.format != kSnapshotFormat) return fail(ErrorCode::unsupported, "snapshot: another format than 1");
    if (snapshot.metadata.size() > kSnapshotMetadataBytesMax) {
        return fail(ErrorCode::malformed, "snapshot metadata: too long");
    }
    if (crypto::sha256(snapshot.metadata) != snapshot.hash) {
        return fail(ErrorCode::malformed, "snapshot metadata: not of the offered hash");
    }
    SnapshotMetadata metadata = TRY(decode_metadata(snapshot.metadata));
    if (metadata.height != snapshot.height || metadata.chunks.size() != snapshot.chunks) {
        return fail(ErrorCode::malformed, "snapshot metadata: not of the offered height and number of chunks");
    }
    if (metadata.app_hash != trusted_app_hash) {
        return fail(ErrorCode::invalid_argument, "snapshot: of another app hash than the trusted one");
    }
    const StateTables tables = TRY(StateTables::open(database));
    auto impl = std::make_unique<Impl>(database, tables);
    impl->metadata = std::move(metadata);
    TRY_VOID(impl->start());
    return std::unique_ptr<SnapshotRestore>(new SnapshotRestore(std::move(impl)));
}

Result<void> SnapshotRestore::apply(std::uint32_t index, ByteView chunk) {
    if (index != impl_->next || index >= chunks()) {
        return fail(ErrorCode::invalid_argument,
                    chunk_name(index) + ": not the next one of " + std::to_string(chunks()));
    }
    const std::size_t bytes_max = kSnapshotChunkBytesMax;
    if (chunk.size() > bytes_max) return fail(ErrorCode::malformed, chunk_name(index) + ": too long");
    if (crypto::sha256(chunk) != impl_->metadata.chunks[index]) {
        return fail(ErrorCode::malformed, chunk_name(index) + ": not of the hash that the metadata lists");
    }
    auto content = impl_->read_chunk(chunk);
    if (!content) return fail_in(chunk_name(index), std::move(content.error()));
    auto transaction = TRY(impl_->database.begin_write());
    auto roots = impl_->roots;
    if (auto written = impl_->write_chunk(*transaction, *content, roots); !written) {
        return fail_in(chunk_name(index), std::move(written.error()));
    }
    TRY_VOID(transaction->commit());
    impl_->roots = roots;
    impl_->entries += static_cast<std::uint32_t>(content->entries.size());
    if (!content->changes.empty()) {
        impl_->last_key.emplace(content->entries.back().module, content->changes.back().leaf.key);
    }
    ++impl_->next;
    return {};
}

Result<void> SnapshotRestore::finish() {
    if (impl_->next != chunks()) {
        return fail(ErrorCode::invalid_argument, "snapshot: " + chunk_name(impl_->next) + " is missing");
    }
    VersionRecord version;
    version.version = impl_->metadata.height;
    version.roots = impl_->roots;
    version.app_hash = app_hash_of(version.root_hashes());
    version.extra = impl_->metadata.extra;
    if (version.app_hash != impl_->metadata.app_hash) {
        return fail(ErrorCode::malformed, "snapshot: what the chunks hold is not of the trusted app hash");
    }
    Bytes record;
    encode_version(version, record);
    auto transaction = TRY(impl_->database.begin_write());
    transaction->put(impl_->tables.versions, version_key(version.version), record);
    transaction->erase(impl_->tables.meta, as_byte_view(kRestoreKey));
    return transaction->commit();
}

Result<void> discard_unfinished_restore(storage::Database& database) {
    const StateTables tables = TRY(StateTables::open(database));
    auto transaction = TRY(database.begin_write());
    if (!transaction->get(tables.meta, as_byte_view(kRestoreKey))) return {};
    clear_state(*transaction, tables);
    transaction->erase(tables.meta, as_byte_view(kRestoreKey));
    return transaction->commit();
}

} // namespace assay::chain
