#include "chain/state/state_snapshot.h"

#include "chain/state/snapshot_format.h"
#include "chain/state/state_verify.h"
#include "chain/state/test_naive_tree.h"
#include "chain/state/test_random_state.h"

#include <gtest/gtest.h>

namespace assay::chain {
namespace {

using storage::MemoryDatabase;

struct Taken {
    Snapshot snapshot;
    std::vector<Bytes> chunks;
    bool operator==(const Taken&) const = default;
};

Taken take(const StateStore& store, std::uint64_t version, std::size_t chunk_bytes = 4000) {
    Taken taken;
    const ChunkSink sink = [&](std::uint32_t index, Bytes chunk) -> Result<void> {
        EXPECT_EQ(index, taken.chunks.size());
        EXPECT_LE(chunk.size(), chunk_bytes);
        taken.chunks.push_back(std::move(chunk));
        return {};
    };
    taken.snapshot = *make_snapshot(store, version, sink, {.chunk_bytes_max = chunk_bytes});
    EXPECT_EQ(taken.snapshot.chunks, taken.chunks.size());
    return taken;
}

/// A store with some history.
struct History {
    explicit History(std::uint64_t seed, std::uint64_t versions = 6, const StateStore::Options& options = {})
        : blocks(seed), store(open_store(database, options)) {
        for (std::uint64_t version = 1; version <= versions; ++version) {
            commit_block(*store, state, version, [&](StateWriter& to) { blocks.change(to, 900); }, Bytes{1, 2, 3});
        }
    }
    RandomBlocks blocks;
    MemoryDatabase database;
    std::unique_ptr<StateStore> store;
    MemoryState state;
};

TEST(StateSnapshot, RestoresTheSameState) {
    History from(1);
    const Taken taken = take(*from.store, 6);
    ASSERT_GT(taken.chunks.size(), 5U);
    MemoryDatabase database;
    auto restore = *SnapshotRestore::begin(database, taken.snapshot, from.store->app_hash());
    EXPECT_EQ(StateStore::open(database, {}).error().code, ErrorCode::unsupported); // not before it is finished
    for (std::uint32_t i = 0; i < taken.chunks.size(); ++i) ASSERT_TRUE(restore->apply(i, taken.chunks[i]).has_value());
    ASSERT_TRUE(restore->finish().has_value());

    auto store = open_store(database);
    EXPECT_EQ(store->version(), 6U);
    EXPECT_EQ(store->app_hash(), NaiveTree::app_hash(from.state));
    EXPECT_EQ(store->extra(), (Bytes{1, 2, 3}));
    EXPECT_EQ(verify_state(database)->faults, std::vector<std::string>{});
    EXPECT_EQ(take(*store, 6), taken);

    // And goes on like the first: same blocks, same hashes.
    for (std::uint64_t version = 7; version <= 9; ++version) {
        Overlay block(from.state);
        from.blocks.change(block, 500);
        for (StateStore* to : {from.store.get(), store.get()}) {
            ASSERT_TRUE(to->commit(*to->prepare(version, block), {}).has_value());
        }
        block.apply_to(from.state);
        EXPECT_EQ(store->app_hash(), from.store->app_hash());
    }
}

TEST(StateSnapshot, IsTheSameOnEveryNodeAndWhileBlocksGoOn) {
    History one(2, 8);
    History two(2, 8, {.threads = 3, .keep_versions = 4, .prune_batch_records = 50});
    EXPECT_EQ(take(*one.store, 6), take(*two.store, 6));
    EXPECT_EQ(make_snapshot(*two.store, 3, {}).error().code, ErrorCode::not_found);
}

TEST(StateSnapshot, AnEmptyStateHasNoChunks) {
    MemoryDatabase database;
    auto store = open_store(database);
    EXPECT_EQ(make_snapshot(*store, 0, {}).error().code, ErrorCode::not_found);
    MemoryState state;
    commit_block(*store, state, 1, [](StateWriter&) {});
    const Taken taken = take(*store, 1);
    EXPECT_TRUE(taken.chunks.empty());
    MemoryDatabase other;
    ASSERT_TRUE((*SnapshotRestore::begin(other, taken.snapshot, store->app_hash()))->finish().has_value());
    EXPECT_EQ(open_store(other)->app_hash(), store->app_hash());
}

TEST(StateSnapshot, RefusesAPoisonedChunkByNumberAndTakesTheGoodOne) {
    History from(3);
    const Taken taken = take(*from.store, 6);
    MemoryDatabase database;
    auto restore = *SnapshotRestore::begin(database, taken.snapshot, from.store->app_hash());
    for (std::uint32_t i = 0; i < taken.chunks.size(); ++i) {
        Bytes poisoned = taken.chunks[i];
        poisoned[from.blocks.below(poisoned.size())] ^= 1;
        const auto refused = restore->apply(i, poisoned);
        ASSERT_FALSE(refused.has_value());
        EXPECT_EQ(refused.error().message, "chunk " + std::to_string(i) + ": not of the hash that the metadata lists");
        EXPECT_FALSE(restore->apply(i + 1, taken.chunks[i]).has_value()); // not its turn
        ASSERT_TRUE(restore->apply(i, taken.chunks[i]).has_value());
    }
    ASSERT_TRUE(restore->finish().has_value());
    EXPECT_EQ(open_store(database)->app_hash(), from.store->app_hash());
}

/// Makes the metadata fit whatever the chunks say, as a liar would.
Snapshot forge(const Taken& taken, const std::vector<Bytes>& chunks) {
    SnapshotMetadata metadata = *decode_metadata(taken.snapshot.metadata);
    metadata.chunks.clear();
    for (const Bytes& chunk : chunks) metadata.chunks.push_back(crypto::sha256(chunk));
    Snapshot snapshot = taken.snapshot;
    snapshot.chunks = static_cast<std::uint32_t>(chunks.size());
    snapshot.metadata = *encode_metadata(metadata);
    snapshot.hash = crypto::sha256(snapshot.metadata);
    return snapshot;
}

TEST(StateSnapshot, RefusesChunksThatFitLyingMetadata) {
    History from(4, 3);
    const Taken taken = take(*from.store, 3);
    const auto attempt = [&](const std::vector<Bytes>& chunks) -> Result<void> {
        MemoryDatabase database;
        auto restore = *SnapshotRestore::begin(database, forge(taken, chunks), from.store->app_hash());
        for (std::uint32_t i = 0; i < chunks.size(); ++i) TRY_VOID(restore->apply(i, chunks[i]));
        auto finished = restore->finish();
        EXPECT_FALSE(StateStore::open(database, {}).has_value() && !finished); // a bad one never becomes a state
        return finished;
    };
    EXPECT_TRUE(attempt(taken.chunks).has_value());
    auto chunks = taken.chunks;
    chunks[1].back() ^= 1; // a value
    EXPECT_EQ(attempt(chunks).error().message, "snapshot: what the chunks hold is not of the trusted app hash");
    chunks = taken.chunks;
    chunks.pop_back();
    EXPECT_EQ(attempt(chunks).error().message, "snapshot: what the chunks hold is not of the trusted app hash");
    chunks = taken.chunks;
    std::swap(chunks[0], chunks[1]);
    EXPECT_EQ(attempt(chunks).error().message, "chunk 1: entries are out of order");
    chunks = taken.chunks;
    chunks[2].pop_back();
    EXPECT_EQ(attempt(chunks).error().message, "chunk 2: entry is cut short");
    chunks = taken.chunks;
    chunks[0][0] = kModuleCount;
    EXPECT_EQ(attempt(chunks).error().message, "chunk 0: entry of an unknown module");
}

TEST(StateSnapshot, RefusesMetadataThatIsNotWhatWasOffered) {
    History from(5, 2);
    const Taken taken = take(*from.store, 2);
    MemoryDatabase database;
    const auto message = [&](const Snapshot& snapshot, const Digest& hash) {
        return SnapshotRestore::begin(database, snapshot, hash).error().message;
    };
    Snapshot other = taken.snapshot;
    other.metadata.back() ^= 1;
    EXPECT_EQ(message(other, from.store->app_hash()), "snapshot metadata: not of the offered hash");
    other = taken.snapshot;
    other.chunks += 1;
    EXPECT_EQ(message(other, from.store->app_hash()),
              "snapshot metadata: not of the offered height and number of chunks");
    other = taken.snapshot;
    other.format = 2;
    EXPECT_EQ(message(other, from.store->app_hash()), "snapshot: another format than 1");
    EXPECT_EQ(message(taken.snapshot, Digest{1}), "snapshot: of another app hash than the trusted one");
    EXPECT_EQ(SnapshotRestore::begin(from.database, taken.snapshot, from.store->app_hash()).error().message,
              "snapshot: the database holds a state already");
}

TEST(StateSnapshot, StartsOverAfterARestoreThatDidNotEnd) {
    History from(6, 3);
    const Taken taken = take(*from.store, 3);
    MemoryDatabase database;
    for (const std::size_t stop_after : {std::size_t{2}, taken.chunks.size()}) {
        auto restore = *SnapshotRestore::begin(database, taken.snapshot, from.store->app_hash());
        for (std::uint32_t i = 0; i < stop_after; ++i) ASSERT_TRUE(restore->apply(i, taken.chunks[i]).has_value());
        EXPECT_EQ(restore->finish().has_value(), stop_after == taken.chunks.size());
    }
    EXPECT_EQ(open_store(database)->app_hash(), from.store->app_hash());
    EXPECT_EQ(verify_state(database)->faults, std::vector<std::string>{});
}

TEST(StateSnapshot, DiscardsARestoreThatDidNotEndAndNothingElse) {
    History from(6, 3);
    const Taken taken = take(*from.store, 3);
    MemoryDatabase database;
    auto restore = *SnapshotRestore::begin(database, taken.snapshot, from.store->app_hash());
    ASSERT_TRUE(restore->apply(0, taken.chunks[0]).has_value());
    restore.reset();
    EXPECT_EQ(StateStore::open(database, {}).error().code, ErrorCode::unsupported);
    ASSERT_TRUE(discard_unfinished_restore(database).has_value());
    EXPECT_EQ(open_store(database)->version(), 0u);
    restore = *SnapshotRestore::begin(database, taken.snapshot, from.store->app_hash());
    for (std::uint32_t i = 0; i < taken.chunks.size(); ++i) ASSERT_TRUE(restore->apply(i, taken.chunks[i]).has_value());
    ASSERT_TRUE(restore->finish().has_value());
    ASSERT_TRUE(discard_unfinished_restore(database).has_value());
    EXPECT_EQ(open_store(database)->app_hash(), from.store->app_hash());
}

TEST(StateSnapshot, CanBeStopped) {
    History from(7, 2);
    const auto stopped =
        make_snapshot(*from.store, 2, [](std::uint32_t, Bytes) -> Result<void> { return {}; },
                      {.chunk_bytes_max = 4000, .progress = [](std::uint64_t entries) { return entries < 200; }});
    EXPECT_EQ(stopped.error().code, ErrorCode::cancelled);
}

} // namespace
} // namespace assay::chain
