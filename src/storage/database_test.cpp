/// What the port promises, for both implementations.
#include "storage/test_databases.h"

#include <atomic>
#include <thread>

namespace assay::storage {
namespace {

ByteView operator""_b(const char* text, std::size_t size) { return as_byte_view({text, size}); }

template <class One>
class DatabaseTest : public testing::Test {
protected:
    One database;
    TableId table = must(database->open_table("things"));

    std::unique_ptr<ReadTransaction> read() { return must(database->begin_read()); }
    std::unique_ptr<WriteTransaction> write() { return must(database->begin_write()); }
    void put(std::initializer_list<std::pair<const char*, const char*>> entries) {
        auto transaction = write();
        for (const auto& [key, value] : entries) transaction->put(table, as_byte_view(key), as_byte_view(value));
        must(transaction->commit());
    }
    std::string keys_forward(const ReadTransaction& transaction) {
        std::string keys;
        auto cursor = transaction.cursor(table);
        for (cursor->first(); cursor->valid(); cursor->next()) keys += std::string(as_string_view(cursor->key())) + ' ';
        return keys;
    }
};
TYPED_TEST_SUITE(DatabaseTest, BothDatabases);

TYPED_TEST(DatabaseTest, ReadsWhatWasCommitted) {
    this->put({{"a", "1"}, {"b", ""}});
    auto reader = this->read();
    EXPECT_EQ(text_of(reader->get(this->table, "a"_b)), "1");
    EXPECT_EQ(text_of(reader->get(this->table, "b"_b)), "");
    EXPECT_FALSE(reader->get(this->table, "c"_b));
    EXPECT_FALSE(reader->get(this->table, {}));
    EXPECT_FALSE(reader->get(this->table, Bytes(512, 1)));
    EXPECT_EQ(reader->entries(this->table), 2U);
}

TYPED_TEST(DatabaseTest, AReaderKeepsItsSnapshot) {
    this->put({{"a", "old"}, {"b", "old"}, {"gone", "old"}});
    auto before = this->read();
    {
        auto writer = this->write();
        writer->put(this->table, "a"_b, "new"_b);
        EXPECT_TRUE(writer->erase(this->table, "gone"_b));
        writer->put(this->table, "added"_b, "new"_b);
        EXPECT_EQ(text_of(before->get(this->table, "a"_b)), "old");
        EXPECT_EQ(text_of(writer->get(this->table, "a"_b)), "new");
        must(writer->commit());
    }
    EXPECT_EQ(text_of(before->get(this->table, "a"_b)), "old");
    EXPECT_EQ(text_of(before->get(this->table, "gone"_b)), "old");
    EXPECT_EQ(this->keys_forward(*before), "a b gone ");
    EXPECT_EQ(before->entries(this->table), 3U);
    EXPECT_EQ(this->keys_forward(*this->read()), "a added b ");
}

TYPED_TEST(DatabaseTest, WithoutCommitNothingHappened) {
    this->put({{"a", "1"}});
    {
        auto writer = this->write();
        writer->put(this->table, "a"_b, "2"_b);
        writer->put(this->table, "b"_b, "2"_b);
        writer->erase(this->table, "a"_b);
    }
    EXPECT_EQ(text_of(this->read()->get(this->table, "a"_b)), "1");
    EXPECT_EQ(this->keys_forward(*this->read()), "a ");
    EXPECT_EQ(this->write()->entries(this->table), 1U);
}

TYPED_TEST(DatabaseTest, CursorsWalkBothWays) {
    this->put({{"b", "2"}, {"d", "4"}, {"dd", "5"}, {"f", "6"}});
    auto reader = this->read();
    auto cursor = reader->cursor(this->table);
    EXPECT_FALSE(cursor->valid());
    ASSERT_TRUE(cursor->seek_at_or_after("c"_b));
    EXPECT_EQ(as_string_view(cursor->key()), "d");
    ASSERT_TRUE(cursor->next());
    EXPECT_EQ(as_string_view(cursor->key()), "dd");
    EXPECT_EQ(as_string_view(cursor->value()), "5");
    ASSERT_TRUE(cursor->seek_at_or_after("d"_b));
    EXPECT_EQ(as_string_view(cursor->value()), "4");
    ASSERT_TRUE(cursor->previous());
    EXPECT_EQ(as_string_view(cursor->key()), "b");
    EXPECT_FALSE(cursor->previous());
    EXPECT_FALSE(cursor->valid());
    ASSERT_TRUE(cursor->seek_before("d"_b));
    EXPECT_EQ(as_string_view(cursor->key()), "b");
    EXPECT_FALSE(cursor->seek_before("b"_b));
    ASSERT_TRUE(cursor->seek_before("z"_b));
    EXPECT_EQ(as_string_view(cursor->key()), "f");
    EXPECT_FALSE(cursor->next());
    EXPECT_FALSE(cursor->seek_at_or_after("g"_b));
    ASSERT_TRUE(cursor->seek_at_or_after({}));
    EXPECT_EQ(as_string_view(cursor->key()), "b");
    EXPECT_FALSE(cursor->seek_before({}));
    ASSERT_TRUE(cursor->last());
    EXPECT_EQ(as_string_view(cursor->key()), "f");
}

TYPED_TEST(DatabaseTest, SeeksWithKeysLongerThanAnyEntry) {
    const Bytes longest(kKeyBytesMax, 'k');
    const Bytes longer(kKeyBytesMax + 9, 'k');
    auto writer = this->write();
    writer->put(this->table, longest, "at"_b);
    writer->put(this->table, "z"_b, "after"_b);
    auto cursor = writer->cursor(this->table);
    ASSERT_TRUE(cursor->seek_at_or_after(longer));
    EXPECT_EQ(as_string_view(cursor->key()), "z");
    ASSERT_TRUE(cursor->seek_before(longer));
    EXPECT_EQ(as_string_view(cursor->value()), "at");
}

TYPED_TEST(DatabaseTest, AWriteUnsetsCursors) {
    auto writer = this->write();
    writer->put(this->table, "a"_b, "1"_b);
    auto cursor = writer->cursor(this->table);
    ASSERT_TRUE(cursor->first());
    writer->put(this->table, "b"_b, "2"_b);
    EXPECT_FALSE(cursor->valid());
    ASSERT_TRUE(cursor->last());
    EXPECT_EQ(as_string_view(cursor->key()), "b");
    must(writer->commit());
    EXPECT_FALSE(cursor->valid());
}

TYPED_TEST(DatabaseTest, AppendsInOrderOnly) {
    auto writer = this->write();
    writer->append(this->table, "a"_b, "1"_b);
    writer->append(this->table, "b"_b, "2"_b);
    EXPECT_TRUE(writer->status());
    writer->append(this->table, "aa"_b, "3"_b);
    ASSERT_FALSE(writer->status());
    EXPECT_EQ(writer->status().error().code, ErrorCode::invalid_argument);
    const auto committed = writer->commit();
    ASSERT_FALSE(committed);
    EXPECT_EQ(committed.error().code, ErrorCode::invalid_argument);
    writer.reset();
    EXPECT_EQ(this->keys_forward(*this->read()), "");
    this->put({{"later", "1"}}); // a refused key stops that transaction only
}

TYPED_TEST(DatabaseTest, KeysAndValuesHaveLimits) {
    for (const std::size_t bytes : {std::size_t{0}, kKeyBytesMax + 1}) {
        auto writer = this->write();
        writer->put(this->table, Bytes(bytes, 7), "x"_b);
        ASSERT_FALSE(writer->status()) << bytes;
        EXPECT_EQ(writer->commit().error().code, ErrorCode::invalid_argument);
    }
    auto writer = this->write();
    EXPECT_EQ(writer->reserve(this->table, "k"_b, kValueBytesMax + 1).size(), kValueBytesMax);
    EXPECT_FALSE(writer->commit());
    for (const char* name : {"", "UPPER", "a/b", "a b"}) {
        const auto opened = [&] { return this->database->open_table(name); };
        writer.reset();
        EXPECT_EQ(opened().error().code, ErrorCode::invalid_argument) << name;
    }
}

TYPED_TEST(DatabaseTest, LargeValuesAndReservations) {
    Bytes large(std::size_t{17} << 20);
    for (std::size_t i = 0; i < large.size(); ++i) large[i] = static_cast<std::uint8_t>(i * 2654435761U >> 13);
    auto writer = this->write();
    writer->put(this->table, "put"_b, large);
    std::ranges::copy(large, writer->reserve(this->table, "reserved"_b, large.size()).begin());
    std::ranges::copy("small"_b, writer->reserve(this->table, "s"_b, 5).begin());
    EXPECT_EQ(text_of(writer->get(this->table, "s"_b)), "small");
    EXPECT_TRUE(std::ranges::equal(*writer->get(this->table, "reserved"_b), large));
    std::ranges::copy("last"_b, writer->reserve(this->table, "t"_b, 4).begin());
    must(writer->commit());
    writer.reset();
    auto reader = this->read();
    EXPECT_TRUE(std::ranges::equal(*reader->get(this->table, "put"_b), large));
    EXPECT_TRUE(std::ranges::equal(*reader->get(this->table, "reserved"_b), large));
    EXPECT_EQ(text_of(reader->get(this->table, "t"_b)), "last");
}

TYPED_TEST(DatabaseTest, ClearsOneTable) {
    const TableId other = must(this->database->open_table("others"));
    this->put({{"a", "1"}, {"b", "2"}});
    auto writer = this->write();
    writer->put(other, "o"_b, "1"_b);
    writer->clear(this->table);
    EXPECT_EQ(writer->entries(this->table), 0U);
    EXPECT_FALSE(writer->get(this->table, "a"_b));
    writer->put(this->table, "c"_b, "3"_b);
    must(writer->commit());
    writer.reset();
    EXPECT_EQ(this->keys_forward(*this->read()), "c ");
    EXPECT_EQ(text_of(this->read()->get(other, "o"_b)), "1");
    const auto statistics = must(this->database->statistics());
    ASSERT_EQ(statistics.tables.size(), 2U);
    EXPECT_EQ(statistics.tables[0].name, "others");
    EXPECT_EQ(statistics.tables[1].entries, 1U);
}

TYPED_TEST(DatabaseTest, ATableIsOpenedOnce) {
    EXPECT_EQ(must(this->database->open_table("things")), this->table);
    EXPECT_NE(must(this->database->open_table("others")), this->table);
}

/// Readers on other threads see whole commits: both keys of a pair always agree.
TYPED_TEST(DatabaseTest, ReadersOnOtherThreadsSeeWholeCommits) {
    this->put({{"left", "0"}, {"right", "0"}});
    std::atomic<bool> done = false;
    std::atomic<int> torn = 0;
    const auto watch = [&] {
        while (!done) {
            auto reader = this->read();
            const std::string left = text_of(reader->get(this->table, "left"_b));
            std::this_thread::yield();
            if (text_of(reader->get(this->table, "right"_b)) != left) ++torn;
        }
    };
    std::thread first(watch);
    std::thread second(watch);
    for (int i = 1; i <= 200; ++i)
        this->put({{"left", std::to_string(i).c_str()}, {"right", std::to_string(i).c_str()}});
    done = true;
    first.join();
    second.join();
    EXPECT_EQ(torn, 0);
}

TYPED_TEST(DatabaseTest, WritersOnTwoThreadsTakeTurns) {
    const auto count_up = [&] {
        for (int i = 0; i < 100; ++i) {
            auto writer = this->write();
            const auto now = writer->get(this->table, "n"_b);
            const int value = now ? std::stoi(std::string(as_string_view(*now))) : 0;
            writer->put(this->table, "n"_b, as_byte_view(std::to_string(value + 1)));
            must(writer->commit());
        }
    };
    std::thread first(count_up);
    count_up();
    first.join();
    EXPECT_EQ(text_of(this->read()->get(this->table, "n"_b)), "200");
}

TEST(MemoryDatabase, AFailedCommitStopsWriting) {
    bool fails = false;
    MemoryDatabase database({.before_commit = [&]() -> Result<void> {
        if (fails) return fail(ErrorCode::io, "disk");
        return {};
    }});
    const TableId table = must(database.open_table("t"));
    for (const bool failing : {false, true}) {
        fails = failing;
        auto writer = must(database.begin_write());
        writer->put(table, "k"_b, failing ? "new"_b : "old"_b);
        EXPECT_EQ(writer->commit().has_value(), !failing);
    }
    EXPECT_EQ(text_of(must(database.begin_read())->get(table, "k"_b)), "old");
    EXPECT_EQ(database.begin_write().error().code, ErrorCode::io);
}

} // namespace
} // namespace assay::storage
