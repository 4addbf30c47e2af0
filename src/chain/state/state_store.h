#pragma once
/// The durable state: one versioned sparse Merkle tree for each module over the key-value port.
/// docs/spec/state.md says what is hashed, docs/adr/0011-state-tree.md why it is stored as it is.
///
/// A block's changes are prepared (new roots and records, nothing written), then committed in one write transaction:
/// nodes, values, ordered index, what they replaced, and the version's record with the application's own bytes.
///
/// Versions are heights. Each commit makes one; old ones stay readable until pruned.
/// Thread safety: latest, at, version, app_hash and extra from any thread at any time, also during a commit; prepare, commit,
/// prune and rollback from one thread at a time, and rollback while no view is open. A failed commit is final: stop.
/// Reading views is fail-stop as state.h says. Committed class, whatever the number of threads.
#include "chain/state/state.h"
#include "chain/state/tree_hash.h"
#include "storage/database.h"

#include <cstdint>
#include <functional>
#include <memory>

namespace assay::chain {

struct PendingState;

/// A block's changes, hashed but not yet written.
class Pending {
public:
    explicit Pending(std::unique_ptr<PendingState> state);
    Pending(Pending&&) noexcept;
    Pending& operator=(Pending&&) noexcept;
    ~Pending();

    std::uint64_t version() const;
    const Digest& app_hash() const;
    /// Changes that really change something.
    std::size_t changes() const;

private:
    friend class StateStore;
    std::unique_ptr<PendingState> state_;
};

/// One version, read through a snapshot of the database. Thread-safe, but one thread reads at a time: give each busy
/// thread its own. Hold it as short as the work allows: the file grows meanwhile.
class StateView : public StateReader {
public:
    virtual std::uint64_t version() const = 0;
    virtual const Digest& app_hash() const = 0;
    virtual ByteView extra() const = 0;
    /// Proof that the key has the value that get() returns, or is absent (proof.h).
    virtual Bytes prove(ModuleId module, ByteView key) const = 0;
};

class StateStore {
public:
    struct Options {
        unsigned threads = 1; ///< that prepare may use, the caller's among them
        std::size_t node_cache_bytes = std::size_t{96} << 20;
        std::size_t value_cache_bytes = std::size_t{64} << 20;
        /// Versions that commit keeps readable, the new one among them; 0 keeps all. At least 2 for `cometbft rollback`.
        std::uint64_t keep_versions = 0;
        /// Removal of what pruned versions left begins when so much is due, and goes on in slices with each commit. More
        /// makes removal cheaper, since removed records share pages, and lets the file grow more.
        std::size_t prune_batch_records = std::size_t{1} << 18;
    };

    /// Borrows `database`, which must outlive it and everything it makes.
    /// Errors: unsupported (another format; a state sync that did not end), malformed, io.
    static Result<std::unique_ptr<StateStore>> open(storage::Database& database, const Options& options);
    ~StateStore();
    StateStore(const StateStore&) = delete;
    StateStore& operator=(const StateStore&) = delete;

    /// Of the last durable commit; 0 before the first.
    std::uint64_t version() const;
    Digest app_hash() const;
    Bytes extra() const; ///< the application's bytes of that commit
    std::uint64_t oldest_version() const; ///< that at() can still read; 0 before the first commit

    /// `version` must be above version(). `changes` is not needed afterwards.
    /// Errors: invalid_argument (version), malformed (the store is damaged), resource_exhausted, io.
    Result<Pending> prepare(std::uint64_t version, const Overlay& changes);
    /// Durable when it returns success. `pending` must be of prepare() since the last commit.
    /// Errors: invalid_argument (prepared on another version), resource_exhausted, io, malformed.
    Result<void> commit(Pending pending, ByteView extra);

    /// Errors: resource_exhausted (too many views), io.
    Result<std::shared_ptr<const StateView>> latest() const;
    /// Errors: not_found (not kept), as latest.
    Result<std::shared_ptr<const StateView>> at(std::uint64_t version) const;

    /// Makes `version` the last one, in one transaction. Errors: not_found (not kept), malformed, io.
    Result<void> rollback(std::uint64_t version);

    struct PruneReport {
        std::uint64_t versions = 0; ///< no longer readable
        std::uint64_t records = 0; ///< removed
    };
    /// Keeps the last `keep_versions` (at least 1) and removes everything that only older ones needed, in slices, each a
    /// transaction of its own. May be stopped at any point and called again. `progress` (records done, of) may be empty.
    Result<PruneReport> prune(std::uint64_t keep_versions,
                              const std::function<void(std::uint64_t, std::uint64_t)>& progress = {});

    storage::Database& database() const;

private:
    struct Impl;
    explicit StateStore(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

} // namespace assay::chain
