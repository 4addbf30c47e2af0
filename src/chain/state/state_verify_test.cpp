#include "chain/state/state_verify.h"

#include "chain/state/state_tables.h"
#include "chain/state/test_random_state.h"

#include <gtest/gtest.h>

namespace assay::chain {
namespace {

using storage::MemoryDatabase;

using Records = std::vector<std::pair<Bytes, Bytes>>;

struct Damaged {
    Damaged() {
        auto store = open_store(database);
        MemoryState state;
        RandomBlocks blocks(31);
        for (std::uint64_t version = 1; version <= 4; ++version) {
            commit_block(*store, state, version, [&](StateWriter& to) { blocks.change(to, 700); });
        }
        EXPECT_TRUE(store->prune(2).has_value());
    }
    Records records(std::string_view table) {
        Records all;
        const auto id = *database.open_table(table);
        const auto transaction = *database.begin_read();
        const auto cursor = transaction->cursor(id);
        for (bool is_there = cursor->first(); is_there; is_there = cursor->next()) {
            all.emplace_back(Bytes(cursor->key().begin(), cursor->key().end()),
                             Bytes(cursor->value().begin(), cursor->value().end()));
        }
        return all;
    }
    void set(std::string_view table, ByteView key, const std::optional<Bytes>& value) {
        const auto id = *database.open_table(table);
        auto transaction = *database.begin_write();
        if (value) {
            transaction->put(id, key, *value);
        } else {
            transaction->erase(id, key);
        }
        ASSERT_TRUE(transaction->commit().has_value());
    }
    std::vector<std::string> faults() { return verify_state(database)->faults; }
    MemoryDatabase database;
};

TEST(StateVerify, FindsNothingInAWholeState) {
    Damaged state;
    std::uint64_t calls = 0;
    const auto check = *verify_state(state.database, [&](std::uint64_t, std::uint64_t) { return ++calls > 0; });
    EXPECT_EQ(check.faults, std::vector<std::string>{});
    EXPECT_EQ(check.versions, 2U);
    EXPECT_GT(check.nodes, 50U);
    EXPECT_GT(check.leaves, 500U);
}

TEST(StateVerify, FindsEveryFlippedBitAndEveryLostRecord) {
    Damaged state;
    RandomBlocks random(77);
    for (const std::string_view table : {"state.nodes", "state.values", "state.index", "state.versions"}) {
        const Records all = state.records(table);
        ASSERT_FALSE(all.empty());
        // Tombstones in kept versions carry nothing that is hashed; pruning removes them.
        for (int round = 0; round < 25; ++round) {
            const auto& [key, value] = all[random.below(all.size())];
            if (table == "state.values" && value[0] == 0) continue;
            if (table == "state.versions" && round > 3) break;
            state.set(table, key, std::nullopt);
            const bool lost_version = table == "state.versions"; // what is not listed is not there, except by its index
            if (!lost_version) {
                EXPECT_FALSE(state.faults().empty()) << table << ' ' << to_hex(key);
            }
            Bytes damaged = value;
            const std::size_t hashed = lost_version ? value.size() - 1 : value.size();
            damaged[random.below(hashed)] ^= static_cast<std::uint8_t>(1U << random.below(8));
            state.set(table, key, damaged);
            EXPECT_FALSE(state.faults().empty())
                << table << ' ' << to_hex(key) << ' ' << to_hex(value) << " became " << to_hex(damaged);
            state.set(table, key, value);
        }
        ASSERT_TRUE(state.faults().empty()) << table;
    }
}

TEST(StateVerify, SurvivesAnyNodeRecord) {
    Damaged state;
    RandomBlocks random(78);
    const Records all = state.records("state.nodes");
    for (int round = 0; round < 60; ++round) {
        const auto& [key, value] = all[random.below(all.size())];
        Bytes garbage(random.below(200));
        for (auto& byte : garbage) byte = static_cast<std::uint8_t>(random.random());
        if (!garbage.empty() && random.below(2) == 0) garbage[0] = static_cast<std::uint8_t>(1 + random.below(2));
        if (random.below(3) == 0)
            garbage.assign(value.begin(), value.begin() + static_cast<std::ptrdiff_t>(random.below(value.size())));
        state.set("state.nodes", key, garbage);
        EXPECT_FALSE(state.faults().empty());
        state.set("state.nodes", key, value);
    }
}

TEST(StateVerify, SaysWhatAndWhere) {
    Damaged state;
    const auto index = state.records("state.index");
    state.set("state.index", index[0].first, std::nullopt);
    EXPECT_EQ(state.faults(), std::vector<std::string>{"index of bank, key " +
                                                       to_hex(ByteView(index[0].first).subspan(1)) + ": missing"});
    state.set("state.index", index[0].first, index[0].second);
    state.set("state.index", Bytes{0, 0x05, 0xff}, index[0].second);
    EXPECT_EQ(state.faults().size(), 1U);
    state.set("state.index", Bytes{0, 0x05, 0xff}, std::nullopt);

    const auto versions = state.records("state.versions");
    Bytes record = versions[1].second;
    record[1] ^= 1;
    state.set("state.versions", versions[1].first, record);
    EXPECT_EQ(state.faults(), std::vector<std::string>{"version 4: the app hash is not that of the module roots"});
}

TEST(StateVerify, CanBeStopped) {
    MemoryDatabase database;
    auto store = open_store(database);
    MemoryState state;
    commit_block(*store, state, 1, [](StateWriter& to) {
        for (std::uint64_t i = 0; i < 9000; ++i) to.put(ModuleId::bank, RandomBlocks::key_at(0x81, i), Bytes{1});
    });
    EXPECT_EQ(verify_state(database, [](std::uint64_t, std::uint64_t) { return false; }).error().code,
              ErrorCode::cancelled);
}

} // namespace
} // namespace assay::chain
