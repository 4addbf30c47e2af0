#include "chain/state/state.h"

#include <gtest/gtest.h>
#include <random>

namespace assay::chain {
namespace {

constexpr ModuleId kModule = ModuleId::bank;
using Entries = std::vector<std::pair<Bytes, Bytes>>;

Entries entries_of(const StateReader& state, ByteView begin, ByteView end, std::size_t count_max = 1000) {
    Entries entries;
    state.scan(kModule, begin, end, [&](ByteView key, ByteView value) {
        entries.emplace_back(Bytes(key.begin(), key.end()), Bytes(value.begin(), value.end()));
        return entries.size() < count_max;
    });
    return entries;
}

TEST(Overlay, HidesItsBaseWithoutTouchingIt) {
    MemoryState base;
    base.put(kModule, Bytes{1, 1}, Bytes{10});
    base.put(kModule, Bytes{1, 2}, Bytes{20});
    Overlay overlay(base);
    overlay.put(kModule, Bytes{1, 1}, Bytes{11});
    overlay.erase(kModule, Bytes{1, 2});
    EXPECT_EQ(overlay.get(kModule, Bytes{1, 1}), Bytes{11});
    EXPECT_EQ(overlay.get(kModule, Bytes{1, 2}), std::nullopt);
    EXPECT_EQ(overlay.get(ModuleId::staking, Bytes{1, 1}), std::nullopt);
    EXPECT_EQ(base.get(kModule, Bytes{1, 1}), Bytes{10});
    overlay.apply_to(base);
    EXPECT_EQ(base.get(kModule, Bytes{1, 1}), Bytes{11});
    EXPECT_EQ(base.get(kModule, Bytes{1, 2}), std::nullopt);
}

TEST(Overlay, PutAfterEraseIsSeen) {
    MemoryState base;
    Overlay overlay(base);
    overlay.erase(kModule, Bytes{1});
    overlay.put(kModule, Bytes{1}, Bytes{});
    EXPECT_EQ(overlay.get(kModule, Bytes{1}), Bytes{});
}

TEST(Scan, StaysInItsCollectionAndBeforeItsEnd) {
    MemoryState state;
    for (const Bytes& key : {Bytes{1}, Bytes{1, 0xff, 0xff}, Bytes{2, 0}, Bytes{2, 5}, Bytes{2, 5, 0}, Bytes{3}})
        state.put(kModule, key, Bytes{});
    EXPECT_EQ(entries_of(state, Bytes{2}, {}).size(), 3u);
    EXPECT_EQ(entries_of(state, Bytes{2}, Bytes{2, 5}).size(), 1u);
    EXPECT_EQ(entries_of(state, Bytes{1, 1}, {}).size(), 1u);
    std::size_t found = 0;
    const auto count = [&](ByteView, ByteView) { return ++found, true; };
    scan_prefix(state, kModule, Bytes{2, 5}, count);
    EXPECT_EQ(found, 2u);
    scan_prefix(state, kModule, Bytes{1, 0xff, 0xff}, count);
    EXPECT_EQ(found, 3u);
}

TEST(ScanDeathTest, RefusesPointCollectionsAndForeignEnds) {
    EXPECT_DEATH((void)scan_end(Bytes{0x80}, {}), "bug");
    EXPECT_DEATH((void)scan_end(Bytes{}, {}), "bug");
    EXPECT_DEATH((void)scan_end(Bytes{1}, Bytes{3}), "bug");
    EXPECT_EQ(scan_end(Bytes{0x7f}, {}), Bytes{0x80});
}

TEST(Scan, AllowsErasingWhatWasVisited) {
    MemoryState base;
    for (std::uint8_t i = 0; i < 10; ++i) base.put(kModule, Bytes{1, i}, Bytes{i});
    Overlay overlay(base);
    for (std::uint8_t i = 5; i < 15; ++i) overlay.put(kModule, Bytes{1, i}, Bytes{i});
    scan_prefix(overlay, kModule, Bytes{1}, [&](ByteView key, ByteView) { return overlay.erase(kModule, key), true; });
    EXPECT_TRUE(entries_of(overlay, Bytes{1}, {}).empty());
    scan_prefix(base, kModule, Bytes{1}, [&](ByteView key, ByteView) { return base.erase(kModule, key), true; });
    EXPECT_TRUE(base.entries(kModule).empty());
}

/// Random writes to three stacked overlays and, beside them, to one plain map: every scan and read agrees.
TEST(Overlay, EqualsOnePlainMapUnderRandomWrites) {
    std::mt19937 random(11);
    const auto below = [&](unsigned limit) { return static_cast<std::uint8_t>(random() % limit); };
    for (int round = 0; round < 300; ++round) {
        MemoryState base, plain;
        Overlay block(base), transaction(block), batch(transaction);
        const auto write_to = [&](StateWriter& layer) {
            for (int i = 0; i < 12; ++i) {
                Bytes key = {static_cast<std::uint8_t>(1 + below(2)), below(4)};
                if (below(3) == 0) key.push_back(below(2));
                const Bytes value = {below(200)};
                const bool erases = below(3) == 0;
                erases ? layer.erase(kModule, key) : layer.put(kModule, key, value);
                erases ? plain.erase(kModule, key) : plain.put(kModule, key, value);
            }
        };
        write_to(base), write_to(block), write_to(transaction), write_to(batch);
        const Bytes begin = {1, below(4)};
        const Bytes end = below(2) == 0 ? Bytes{} : Bytes{1, below(5)};
        const std::size_t count_max = 1 + below(8);
        ASSERT_EQ(entries_of(batch, begin, end, count_max), entries_of(plain, begin, end, count_max));
        for (const auto& [key, value] : plain.entries(kModule)) ASSERT_EQ(batch.get(kModule, key), value);
        batch.move_into(transaction), transaction.apply_to(block), block.apply_to(base);
        ASSERT_TRUE(batch.changes(kModule).empty());
        ASSERT_EQ(base.entries(kModule), plain.entries(kModule));
    }
}

TEST(StateKey, SortsAsItsNumbersDo) {
    StateKey key(0x81);
    key.add(Bytes{7, 8}).add_u64(258).add_u32(3);
    const ByteView bytes = key;
    EXPECT_EQ(to_hex(bytes), "81070800000000000001020"
                             "0000003");
    EXPECT_EQ(read_u64(bytes, 3), 258u);
}

} // namespace
} // namespace assay::chain
