/// Random operations against std::map, with snapshots held across commits.
#include "storage/test_databases.h"

#include <map>
#include <rapidcheck.h>

namespace assay::storage {
namespace {

using Model = std::map<Bytes, Bytes>;

/// Few distinct keys, so that operations meet; some long ones, so that pages split.
Bytes any_key() {
    const auto number = *rc::gen::inRange(0, 400);
    Bytes key = {static_cast<std::uint8_t>(number % 20 * 13), static_cast<std::uint8_t>(number / 20)};
    if (number % 7 == 0) key.resize(1);
    if (number % 11 == 0) key.resize(kKeyBytesMax, 0xee);
    return key;
}

Bytes any_value() {
    const std::size_t bytes = *rc::gen::inRange(0, 12) == 0 ? *rc::gen::inRange<std::size_t>(3000, 20000)
                                                            : *rc::gen::inRange<std::size_t>(0, 100);
    return Bytes(bytes, *rc::gen::arbitrary<std::uint8_t>());
}

void check_same(const ReadTransaction& transaction, TableId table, const Model& model) {
    RC_ASSERT(transaction.entries(table) == model.size());
    auto cursor = transaction.cursor(table);
    auto expected = model.begin();
    for (cursor->first(); cursor->valid(); cursor->next(), ++expected) {
        RC_ASSERT(expected != model.end());
        RC_ASSERT(std::ranges::equal(cursor->key(), expected->first));
        RC_ASSERT(std::ranges::equal(cursor->value(), expected->second));
    }
    RC_ASSERT(expected == model.end());
    auto back = model.rbegin();
    for (cursor->last(); cursor->valid(); cursor->previous(), ++back)
        RC_ASSERT(back != model.rend() && std::ranges::equal(cursor->key(), back->first));
    RC_ASSERT(back == model.rend());
}

void check_seek(const ReadTransaction& transaction, TableId table, const Model& model, const Bytes& key) {
    auto cursor = transaction.cursor(table);
    const auto after = model.lower_bound(key);
    RC_ASSERT(cursor->seek_at_or_after(key) == (after != model.end()));
    if (after != model.end()) RC_ASSERT(std::ranges::equal(cursor->key(), after->first));
    RC_ASSERT(cursor->seek_before(key) == (after != model.begin()));
    if (after != model.begin()) RC_ASSERT(std::ranges::equal(cursor->value(), std::prev(after)->second));
    const auto found = model.find(key);
    const auto value = transaction.get(table, key);
    RC_ASSERT(value.has_value() == (found != model.end()));
    if (value) RC_ASSERT(std::ranges::equal(*value, found->second));
}

void write_something(WriteTransaction& writer, TableId table, Model& model) {
    const Bytes key = any_key();
    switch (*rc::gen::inRange(0, 40)) {
        case 0:
            writer.clear(table);
            model.clear();
            return;
        case 1: {
            const Bytes value = any_value();
            std::ranges::copy(value, writer.reserve(table, key, value.size()).begin());
            model[key] = value;
            return;
        }
        case 2:
            if (model.empty() || model.rbegin()->first < key) {
                writer.append(table, key, key);
                model[key] = key;
            }
            return;
        default: break;
    }
    if (*rc::gen::inRange(0, 3) == 0) {
        RC_ASSERT(writer.erase(table, key) == (model.erase(key) == 1));
    } else {
        const Bytes value = any_value();
        writer.put(table, key, value);
        model[key] = value;
    }
}

template <class One>
class DatabaseProperty : public testing::Test {};
TYPED_TEST_SUITE(DatabaseProperty, BothDatabases);

TYPED_TEST(DatabaseProperty, EqualsAMapAndItsCopies) {
    EXPECT_TRUE(rc::check([] {
        TypeParam database;
        const TableId table = must(database->open_table("model"));
        Model committed;
        std::vector<std::pair<std::unique_ptr<ReadTransaction>, Model>> snapshots;
        const int rounds = *rc::gen::inRange(1, 12);
        for (int round = 0; round < rounds; ++round) {
            if (*rc::gen::inRange(0, 3) == 0) snapshots.emplace_back(must(database->begin_read()), committed);
            auto writer = must(database->begin_write());
            Model model = committed;
            const int operations = *rc::gen::inRange(0, 60);
            for (int i = 0; i < operations; ++i) write_something(*writer, table, model);
            check_same(*writer, table, model);
            check_seek(*writer, table, model, any_key());
            if (*rc::gen::inRange(0, 4) != 0) {
                must(writer->commit());
                committed = model;
            }
            writer.reset();
            check_same(*must(database->begin_read()), table, committed);
            check_seek(*must(database->begin_read()), table, committed, any_key());
            for (const auto& [snapshot, state] : snapshots) check_same(*snapshot, table, state);
            if (!snapshots.empty() && *rc::gen::inRange(0, 4) == 0) snapshots.erase(snapshots.begin());
        }
    }));
}

} // namespace
} // namespace assay::storage
