#include "chain/state/state_store.h"

#include "chain/state/proof.h"
#include "chain/state/test_naive_tree.h"
#include "chain/state/test_random_state.h"

#include <gtest/gtest.h>

#include <thread>

namespace assay::chain {
namespace {

using storage::MemoryDatabase;

void expect_equal(const StateView& view, const MemoryState& expected) {
    EXPECT_EQ(view.app_hash(), NaiveTree::app_hash(expected));
    for (std::size_t i = 0; i < kModuleCount; ++i) {
        const auto module = static_cast<ModuleId>(i);
        for (const auto& [key, value] : expected.entries(module)) ASSERT_EQ(view.get(module, key), value);
        for (const std::uint8_t collection : Bytes{0x05, 0x06}) {
            std::vector<std::pair<Bytes, Bytes>> got;
            std::vector<std::pair<Bytes, Bytes>> want;
            const auto into = [](auto& list) {
                return [&list](ByteView key, ByteView value) {
                    list.emplace_back(Bytes(key.begin(), key.end()), Bytes(value.begin(), value.end()));
                    return true;
                };
            };
            scan_prefix(view, module, Bytes{collection}, into(got));
            scan_prefix(expected, module, Bytes{collection}, into(want));
            ASSERT_EQ(got, want) << name_of(module);
        }
        EXPECT_EQ(view.get(module, Bytes{0x77, 1}), std::nullopt);
    }
}

TEST(StateStore, EqualsTheDefinitionThroughRandomBlocks) {
    for (const std::uint64_t seed : {1U, 2U, 3U}) {
        MemoryDatabase database;
        auto store = open_store(database);
        EXPECT_EQ(store->app_hash(), NaiveTree::app_hash(MemoryState{}));
        MemoryState expected;
        RandomBlocks blocks(seed);
        for (std::uint64_t version = 1; version <= 30; ++version) {
            blocks.erase_percent = version % 10 < 5 ? 15 : 70; // grows, then shrinks
            commit_block(*store, expected, version,
                         [&](StateWriter& state) { blocks.change(state, 1 + blocks.below(700)); });
            ASSERT_EQ(store->app_hash(), NaiveTree::app_hash(expected)) << seed << ' ' << version;
            if (version % 6 == 0) expect_equal(**store->latest(), expected);
        }
    }
}

TEST(StateStore, ShrinksToNothing) {
    MemoryDatabase database;
    auto store = open_store(database);
    MemoryState expected;
    commit_block(*store, expected, 1, [](StateWriter& state) {
        for (std::uint64_t i = 0; i < 500; ++i) state.put(ModuleId::bank, RandomBlocks::key_at(0x81, i), Bytes{1});
    });
    for (std::uint64_t i = 0; i < 500; ++i) {
        commit_block(*store, expected, 2 + i,
                     [&](StateWriter& state) { state.erase(ModuleId::bank, RandomBlocks::key_at(0x81, i)); });
        if (i % 7 == 0 || i > 460) {
            ASSERT_EQ(store->app_hash(), NaiveTree::app_hash(expected)) << i;
        }
    }
    EXPECT_EQ(store->app_hash(), NaiveTree::app_hash(MemoryState{}));
}

std::vector<std::pair<Bytes, Bytes>> all_records(MemoryDatabase& database, std::string_view table) {
    std::vector<std::pair<Bytes, Bytes>> all;
    const auto id = *database.open_table(table);
    const auto transaction = *database.begin_read();
    const auto cursor = transaction->cursor(id);
    for (bool is_there = cursor->first(); is_there; is_there = cursor->next()) {
        all.emplace_back(Bytes(cursor->key().begin(), cursor->key().end()),
                         Bytes(cursor->value().begin(), cursor->value().end()));
    }
    return all;
}

TEST(StateStore, GivesEqualBytesWhateverTheNumberOfThreads) {
    std::vector<std::unique_ptr<MemoryDatabase>> databases;
    std::vector<std::unique_ptr<StateStore>> stores;
    for (const unsigned threads : {1U, 2U, 5U}) {
        databases.push_back(std::make_unique<MemoryDatabase>());
        stores.push_back(open_store(*databases.back(), {.threads = threads}));
    }
    MemoryState expected;
    RandomBlocks blocks(11);
    blocks.keys = 3000;
    for (std::uint64_t version = 1; version <= 6; ++version) {
        Overlay overlay(expected);
        if (version == 5) { // nearly everything goes at once, through the roots that threads share
            for (std::size_t i = 0; i < kModuleCount; ++i) {
                const auto module = static_cast<ModuleId>(i);
                std::size_t left = i;
                for (const auto& entry : expected.entries(module)) {
                    if (left-- > i || left > i) overlay.erase(module, entry.first);
                }
            }
        } else {
            blocks.change(overlay, 6000);
        }
        for (const auto& store : stores) ASSERT_TRUE(store->commit(*store->prepare(version, overlay), {}).has_value());
        overlay.apply_to(expected);
        for (const auto& store : stores) ASSERT_EQ(store->app_hash(), NaiveTree::app_hash(expected)) << version;
    }
    for (std::size_t i = 1; i < stores.size(); ++i) {
        for (const std::string_view table : {"state.values", "state.index"}) {
            EXPECT_EQ(all_records(*databases[i], table), all_records(*databases[0], table)) << table;
        }
    }
}

TEST(StateStore, WritesNothingForChangesThatChangeNothing) {
    MemoryDatabase database;
    auto store = open_store(database);
    MemoryState expected;
    commit_block(*store, expected, 1, [](StateWriter& state) { state.put(ModuleId::params, Bytes{0x81}, Bytes{7}); });
    const Digest before = store->app_hash();
    Overlay same(expected);
    same.put(ModuleId::params, Bytes{0x81}, Bytes{7});
    same.erase(ModuleId::bank, Bytes{0x82});
    auto pending = store->prepare(2, same);
    ASSERT_TRUE(pending.has_value());
    EXPECT_EQ(pending->changes(), 0U);
    EXPECT_EQ(pending->app_hash(), before);
    ASSERT_TRUE(store->commit(std::move(*pending), Bytes{1, 2}).has_value());
    EXPECT_EQ(store->version(), 2U);
    EXPECT_EQ(store->extra(), (Bytes{1, 2}));
}

TEST(StateStore, SurvivesReopening) {
    MemoryDatabase database;
    MemoryState expected;
    RandomBlocks blocks(5);
    for (std::uint64_t version = 1; version <= 5; ++version) {
        auto store = open_store(database);
        EXPECT_EQ(store->version(), version - 1);
        EXPECT_EQ(store->app_hash(), NaiveTree::app_hash(expected));
        commit_block(*store, expected, version, [&](StateWriter& state) { blocks.change(state, 300); }, Bytes{9});
    }
    expect_equal(**open_store(database)->latest(), expected);
}

TEST(StateStore, ReadsOldVersionsScansIncluded) {
    MemoryDatabase database;
    auto store = open_store(database);
    MemoryState expected;
    std::map<std::uint64_t, MemoryState> history = {{0, {}}};
    RandomBlocks blocks(6);
    for (std::uint64_t version = 10; version <= 20; ++version) { // heights need not begin at 1
        commit_block(*store, expected, version, [&](StateWriter& state) { blocks.change(state, 300); });
        history[version] = expected;
    }
    for (const auto& [version, state] : history) {
        if (version > 0) expect_equal(**store->at(version), state);
    }
    EXPECT_EQ(store->at(9).error().code, ErrorCode::not_found);
    EXPECT_EQ(store->at(21).error().code, ErrorCode::not_found);
}

TEST(StateStore, RollsBackAndGoesOnAnotherWay) {
    MemoryDatabase database;
    auto store = open_store(database);
    MemoryState expected;
    MemoryState at_four;
    RandomBlocks blocks(7);
    for (std::uint64_t version = 1; version <= 9; ++version) {
        commit_block(*store, expected, version, [&](StateWriter& state) { blocks.change(state, 400); });
        if (version == 4) at_four = expected;
    }
    ASSERT_TRUE(store->rollback(4).has_value());
    EXPECT_EQ(store->version(), 4U);
    expect_equal(**store->latest(), at_four);
    EXPECT_EQ(store->rollback(6).error().code, ErrorCode::not_found);
    for (std::uint64_t version = 5; version <= 8; ++version) {
        commit_block(*store, at_four, version, [&](StateWriter& state) { blocks.change(state, 400); });
        expect_equal(**store->latest(), at_four);
    }
}

std::uint64_t records_in(MemoryDatabase& database, std::string_view table) {
    const auto id = *database.open_table(table);
    return (*database.begin_read())->entries(id);
}

TEST(StateStore, PrunesToWhatAFreshStoreHolds) {
    for (const bool in_commits : {false, true}) {
        MemoryDatabase database;
        auto store = open_store(database, {.keep_versions = in_commits ? 3U : 0U, .prune_batch_records = 1000});
        MemoryState expected;
        std::map<std::uint64_t, MemoryState> history;
        RandomBlocks blocks(8);
        for (std::uint64_t version = 1; version <= 25; ++version) {
            commit_block(*store, expected, version, [&](StateWriter& state) { blocks.change(state, 500); });
            history[version] = expected;
            if (version % 9 == 0)
                store = open_store(database, {.keep_versions = in_commits ? 3U : 0U, .prune_batch_records = 1000});
        }
        const auto report = store->prune(3);
        ASSERT_TRUE(report.has_value());
        EXPECT_EQ(report->versions, in_commits ? 0U : 22U);
        EXPECT_EQ(store->oldest_version(), 23U);
        EXPECT_EQ(store->at(22).error().code, ErrorCode::not_found);
        for (std::uint64_t version = 23; version <= 25; ++version) expect_equal(**store->at(version), history[version]);

        ASSERT_TRUE(store->prune(1).has_value());
        expect_equal(**store->latest(), expected);
        std::size_t values = 0;
        for (std::size_t i = 0; i < kModuleCount; ++i) values += expected.entries(static_cast<ModuleId>(i)).size();
        EXPECT_EQ(records_in(database, "state.values"), values); // nothing is left over, nothing is missing
        EXPECT_EQ(records_in(database, "state.versions"), 1U);
        EXPECT_EQ(records_in(database, "state.stale"), 0U);
        EXPECT_EQ(store->prune(1)->records, 0U);
    }
}

TEST(StateStore, RefusesVersionsOutOfOrder) {
    MemoryDatabase database;
    auto store = open_store(database);
    MemoryState expected;
    commit_block(*store, expected, 5, [](StateWriter& state) { state.put(ModuleId::bank, Bytes{0x81}, Bytes{1}); });
    const Overlay nothing(expected);
    EXPECT_EQ(store->prepare(5, nothing).error().code, ErrorCode::invalid_argument);
    auto late = store->prepare(6, nothing);
    ASSERT_TRUE(store->commit(*store->prepare(6, nothing), {}).has_value());
    EXPECT_EQ(store->commit(std::move(*late), {}).error().code, ErrorCode::invalid_argument);
    EXPECT_EQ(store->prune(0).error().code, ErrorCode::invalid_argument);
}

TEST(StateStore, AFailedCommitLeavesTheStateBeforeAndIsFinal) {
    bool fails = false;
    MemoryDatabase database({.before_commit = [&]() -> Result<void> {
        if (fails) return fail(ErrorCode::io, "disk full");
        return {};
    }});
    auto store = open_store(database);
    MemoryState expected;
    commit_block(*store, expected, 1, [](StateWriter& state) { state.put(ModuleId::bank, Bytes{0x81}, Bytes{1}); });
    Overlay block(expected);
    block.put(ModuleId::bank, Bytes{0x81}, Bytes{2});
    fails = true;
    EXPECT_EQ(store->commit(*store->prepare(2, block), {}).error().message, "disk full");
    EXPECT_EQ(store->version(), 1U);
    EXPECT_EQ((*store->latest())->get(ModuleId::bank, Bytes{0x81}), Bytes{1});
    fails = false;
    EXPECT_FALSE(store->commit(*store->prepare(2, block), {}).has_value());
}

/// Readers at the last version and before it, while blocks are committed: never a value of another version.
TEST(StateStore, ReadersSeeOneVersionWhileBlocksAreCommitted) {
    MemoryDatabase database;
    auto store = open_store(database, {.keep_versions = 2, .prune_batch_records = 100});
    constexpr std::uint64_t kKeys = 64;
    const auto block = [](std::uint64_t version) {
        return [version](StateWriter& state) {
            for (std::uint64_t i = 0; i < kKeys; ++i) {
                StateKey value(0);
                state.put(ModuleId::bank, RandomBlocks::key_at(0x81, i), value.add_u64(version));
                state.put(ModuleId::staking, RandomBlocks::key_at(0x05, i), value);
            }
        };
    };
    MemoryState expected;
    commit_block(*store, expected, 1, block(1));
    std::atomic<bool> is_done{false};
    std::atomic<std::uint64_t> wrong{0};
    std::atomic<std::uint64_t> reads{0};
    const auto read = [&](std::uint64_t seed) {
        RandomBlocks random(seed);
        while (!is_done) {
            const auto view = *store->latest();
            StateKey value(0);
            value.add_u64(view->version());
            const ByteView want = value;
            for (int i = 0; i < 20; ++i) {
                const auto got = view->get(ModuleId::bank, RandomBlocks::key_at(0x81, random.below(kKeys)));
                if (!got || !std::ranges::equal(*got, want)) ++wrong;
                ++reads;
            }
            view->scan(ModuleId::staking, Bytes{0x05}, {}, [&](ByteView, ByteView got) {
                if (!std::ranges::equal(got, want)) ++wrong;
                return true;
            });
        }
    };
    {
        std::jthread first(read, 1);
        std::jthread second(read, 2);
        for (std::uint64_t version = 2; version <= 300; ++version)
            commit_block(*store, expected, version, block(version));
        is_done = true;
    }
    EXPECT_EQ(wrong, 0U);
    EXPECT_GT(reads, 100U);
}

} // namespace
} // namespace assay::chain
