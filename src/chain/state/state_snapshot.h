#pragma once
/// Snapshots for state sync: one version as chunks of at most 10 MB, byte-identical on all nodes, and back.
///
/// A chunk lists entries (module, raw key, value) in the order of modules and tree keys; the metadata lists the hashes of
/// the chunks. docs/spec/state.md has the bytes. A restore believes the trusted app hash and nothing else: it checks the
/// metadata's hash, every chunk against the metadata, the order of entries, and in the end the app hash of what it built.
/// Committed class.
#include "chain/state/state_store.h"

#include <cstdint>
#include <functional>
#include <memory>

namespace assay::chain {

inline constexpr std::uint32_t kSnapshotFormat = 1;
inline constexpr std::size_t kSnapshotChunkBytesMax = 10'000'000;
inline constexpr std::size_t kSnapshotMetadataBytesMax = 4'000'000; ///< CometBFT's limit for the message is 4 MB
inline constexpr std::size_t kSnapshotExtraBytesMax = std::size_t{64} << 10;

struct Snapshot {
    std::uint64_t height = 0;
    std::uint32_t format = kSnapshotFormat;
    std::uint32_t chunks = 0;
    Digest hash{}; ///< SHA-256 of the metadata
    Bytes metadata;
    bool operator==(const Snapshot&) const = default;
};

struct SnapshotOptions {
    std::size_t chunk_bytes_max = kSnapshotChunkBytesMax; ///< another value makes another snapshot; for tests
    /// Called with entries done; returns false to stop. May be empty.
    std::function<bool(std::uint64_t)> progress = {};
};

/// Takes chunk number `index`; an error ends the snapshot.
using ChunkSink = std::function<Result<void>(std::uint32_t index, Bytes chunk)>;

/// Reads `version` through one snapshot of the database: may run in any thread, beside commits.
/// Errors: not_found (not kept), malformed (damage), cancelled, resource_exhausted (metadata too large), as `sink`.
Result<Snapshot> make_snapshot(const StateStore& store, std::uint64_t version, const ChunkSink& sink,
                               const SnapshotOptions& options = {});

/// Builds a state in a fresh database. Until finish() succeeds StateStore::open refuses the database; a new begin()
/// starts over. Used by one thread.
class SnapshotRestore {
public:
    /// Borrows `database`. Errors: malformed (metadata), unsupported (format), invalid_argument (the metadata is not of the
    /// trusted app hash; the database holds a state), io.
    static Result<std::unique_ptr<SnapshotRestore>> begin(storage::Database& database, const Snapshot& snapshot,
                                                          const Digest& trusted_app_hash);
    ~SnapshotRestore();
    SnapshotRestore(const SnapshotRestore&) = delete;
    SnapshotRestore& operator=(const SnapshotRestore&) = delete;

    std::uint32_t next_chunk() const;
    std::uint32_t chunks() const;

    /// Chunks come in order. Errors: malformed (names the chunk by its number; nothing was written, another copy of it may
    /// be applied), invalid_argument (not the next one), io, resource_exhausted.
    Result<void> apply(std::uint32_t index, ByteView chunk);

    /// Makes the state readable. Errors: invalid_argument (chunks are missing), malformed (the app hash of what the chunks
    /// hold is another than the trusted one: the snapshot is bad), io.
    Result<void> finish();

private:
    struct Impl;
    explicit SnapshotRestore(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

/// Empties a database in which a restore was begun and not finished (the process ended meanwhile), so that it can be begun
/// anew; any other is left as it is. Nobody may have opened the state. Errors: io.
Result<void> discard_unfinished_restore(storage::Database& database);

} // namespace assay::chain
