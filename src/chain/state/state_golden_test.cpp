#include "chain/state/proof.h"
#include "chain/state/test_random_state.h"
#include "codec/golden_file.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>

namespace assay::chain {
namespace {

ModuleId module_named(std::string_view name) {
    const auto it = std::ranges::find(kModuleNames, name);
    EXPECT_NE(it, kModuleNames.end()) << name;
    return static_cast<ModuleId>(it - kModuleNames.begin());
}

/// tools/make_state_golden.py made the file by the specification alone.
TEST(StateGolden, AppHashesAndProofsAreThoseOfThePythonImplementation) {
    const auto rows = codec::golden_rows("chain/state.tsv");
    ASSERT_GT(rows.size(), 100U);
    storage::MemoryDatabase database;
    auto store = open_store(database);
    MemoryState state;
    std::pair<ModuleId, Bytes> before{ModuleId::bank, {0x81, 'n', 'o', 'n', 'e'}};
    std::array<int, 3> ends{};
    std::uint64_t version = 0;
    for (const auto& row : rows) {
        ASSERT_EQ(row.size(), 5U);
        const ModuleId module = module_named(row[0]);
        const Bytes key = *from_hex(row[1]);
        commit_block(*store, state, ++version, [&](StateWriter& to) {
            if (row[2] == "-") {
                to.erase(module, key);
            } else {
                to.put(module, key, *from_hex(row[2]));
            }
        });
        EXPECT_EQ(to_hex(store->app_hash()), row[3]) << version;
        const Bytes proof = (*store->latest())->prove(before.first, before.second);
        EXPECT_EQ(to_hex(proof), row[4]) << version;
        ++ends[static_cast<std::size_t>(decode_state_proof(proof)->end)];
        before = {module, key};
    }
    for (const int count : ends) EXPECT_GT(count, 3);
}

} // namespace
} // namespace assay::chain
