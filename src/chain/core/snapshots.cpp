/// State sync: giving out snapshots, and taking up the state that one holds.
#include "chain/core/chain_application_impl.h"

#include <cstdio>

namespace assay::chain {

std::vector<SnapshotDescription> ChainApplicationImpl::list_snapshots() const { return snapshots_.list(); }

Result<Bytes> ChainApplicationImpl::load_snapshot_chunk(std::uint64_t height, std::uint32_t format,
                                                        std::uint32_t chunk) const {
    return snapshots_.chunk(height, format, chunk);
}

OfferResult ChainApplicationImpl::offer_snapshot(const SnapshotDescription& snapshot, const Digest& app_hash) {
    if (snapshot.format != kSnapshotFormat) return OfferResult::reject_format;
    if (is_store_borrowed_ || genesis_ != nullptr || store()->version() != 0)
        return OfferResult::reject; // there is a state already
    const Snapshot offered{snapshot.height, snapshot.format, snapshot.chunks, snapshot.hash, snapshot.metadata};
    auto restore = SnapshotRestore::begin(database_, offered, app_hash);
    if (!restore) return OfferResult::reject;
    restore_ = std::move(*restore);
    return OfferResult::accept;
}

ChunkResult ChainApplicationImpl::apply_snapshot_chunk(std::uint32_t index, ByteView chunk) {
    if (restore_ == nullptr) return ChunkResult::reject_snapshot;
    const auto applied = restore_->apply(index, chunk);
    if (!applied) {
        const bool is_poisoned = applied.error().code == ErrorCode::malformed; // another copy may be good
        std::fprintf(stderr, "warning: refused chunk %u of a snapshot: %s\n", index, applied.error().message.c_str());
        return is_poisoned ? ChunkResult::retry : ChunkResult::reject_snapshot;
    }
    if (restore_->next_chunk() < restore_->chunks()) return ChunkResult::accept;
    const auto finished = restore_->finish();
    restore_.reset();
    if (!finished || !reopen()) return ChunkResult::reject_snapshot;
    return ChunkResult::accept;
}

/// Over the state that the snapshot brought.
Result<void> ChainApplicationImpl::reopen() {
    std::shared_ptr<StateStore> fresh = TRY(StateStore::open(database_, store_options_));
    {
        const std::lock_guard lock(mutex_);
        store_ = std::move(fresh);
    }
    return open();
}

} // namespace assay::chain
