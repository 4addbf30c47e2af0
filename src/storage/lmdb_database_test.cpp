/// What is LMDB's own: the file, its folder, its growth, its copies.
#include "storage/damage.h"
#include "storage/lmdb_file_check.h"
#include "storage/test_databases.h"

#include <fstream>
#include <sys/wait.h>
#include <unistd.h>

namespace assay::storage {
namespace {

void put_all(Database& database, TableId table, int first, int count, std::size_t value_bytes) {
    auto writer = must(database.begin_write());
    for (int i = first; i < first + count; ++i)
        writer->put(table, as_byte_view(std::to_string(i)), Bytes(value_bytes, static_cast<std::uint8_t>(i)));
    must(writer->commit());
}

TEST(LmdbDatabase, KeepsItsStateAcrossOpens) {
    const TestFolder folder(TestFolder::in_memory());
    {
        auto database = must(LmdbDatabase::open(folder / "a/b/db"));
        put_all(*database, must(database->open_table("t")), 0, 100, 50);
    }
    for (const bool read_only : {false, true}) {
        auto database = must(LmdbDatabase::open(folder / "a/b/db", {.read_only = read_only}));
        const TableId table = must(database->open_table("t"));
        EXPECT_EQ(must(database->begin_read())->entries(table), 100U);
        EXPECT_EQ(database->begin_write().has_value(), !read_only);
        if (read_only) {
            EXPECT_EQ(database->open_table("none").error().code, ErrorCode::not_found);
        }
    }
}

TEST(LmdbDatabase, OneOwnerAFolder) {
    const TestFolder folder(TestFolder::in_memory());
    auto database = must(LmdbDatabase::open(folder.path()));
    const auto second = LmdbDatabase::open(folder.path());
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().message, folder.path().string() + ": in use by process " + std::to_string(::getpid()));
    EXPECT_EQ(check_lmdb_folder(folder.path()).error().code, ErrorCode::io);
    database.reset();
    EXPECT_TRUE(check_lmdb_folder(folder.path()));
    must(LmdbDatabase::open(folder.path()));
}

TEST(LmdbDatabase, RefusesWhatIsNoDatabase) {
    const TestFolder folder(TestFolder::in_memory());
    EXPECT_EQ(LmdbDatabase::open(folder.path(), {.create = false}).error().code, ErrorCode::not_found);
    std::ofstream(folder / "data.mdb") << std::string(20000, 'x');
    EXPECT_EQ(LmdbDatabase::open(folder.path()).error().code, ErrorCode::malformed);
    EXPECT_EQ(check_lmdb_folder(folder.path()).error().code, ErrorCode::malformed);
}

TEST(LmdbDatabase, ASmallMapGrows) {
    const TestFolder folder(TestFolder::in_memory());
    auto database = must(LmdbDatabase::open(folder.path(), {.unsafe_no_sync = true, .map_bytes = 1 << 20}));
    const TableId table = must(database->open_table("t"));
    for (int i = 0; i < 40; ++i) put_all(*database, table, i * 50, 50, 4000);
    EXPECT_EQ(must(database->begin_read())->entries(table), 2000U);
    const auto statistics = must(database->statistics());
    EXPECT_GT(statistics.file_bytes, 8'000'000U);
    EXPECT_GT(statistics.map_bytes, statistics.file_bytes);
}

TEST(LmdbDatabase, ATransactionLargerThanASmallMapCommitsWhenTriedAgain) {
    const TestFolder folder(TestFolder::in_memory());
    auto database = must(LmdbDatabase::open(folder.path(), {.unsafe_no_sync = true, .map_bytes = 1 << 20}));
    const TableId table = must(database->open_table("t"));
    const auto attempt = [&] {
        auto writer = must(database->begin_write());
        for (int i = 0; i < 2000; ++i) writer->put(table, as_byte_view(std::to_string(i)), Bytes(2000, 1));
        EXPECT_EQ(writer->status().has_value(), writer->get(table, as_byte_view("1")).has_value());
        return writer->commit();
    };
    Result<void> committed = attempt();
    ASSERT_FALSE(committed);
    EXPECT_EQ(committed.error().code, ErrorCode::resource_exhausted);
    EXPECT_EQ(must(database->begin_read())->entries(table), 0U);
    for (int i = 0; i < 8 && !committed; ++i) committed = attempt();
    must(committed);
    EXPECT_EQ(must(database->begin_read())->entries(table), 2000U);
}

/// Without a size asked for, the map is larger than the disk, so that nothing but the disk ends its growth.
TEST(LmdbDatabase, TheMapIsLargerThanTheDisk) {
    const TestFolder folder(TestFolder::in_memory());
    auto database = must(LmdbDatabase::open(folder.path()));
    const auto space = std::filesystem::space(folder.path());
    EXPECT_GT(must(database->statistics()).map_bytes, std::min<std::uint64_t>(space.capacity, std::uint64_t{32} << 40));
}

TEST(LmdbDatabase, CopiesWhileOthersReadAndWrite) {
    const TestFolder folder(TestFolder::in_memory());
    auto database = must(LmdbDatabase::open(folder / "db", {.unsafe_no_sync = true}));
    const TableId table = must(database->open_table("t"));
    put_all(*database, table, 0, 500, 300);
    auto reader = must(database->begin_read());
    must(database->copy_to(folder / "copy"));
    put_all(*database, table, 500, 500, 300);
    EXPECT_EQ(database->copy_to(folder / "copy").error().code, ErrorCode::invalid_argument);
    EXPECT_EQ(database->copy_to("/proc/none/copy").error().code, ErrorCode::not_found);

    const auto report = must(check_lmdb_folder(folder / "copy"));
    ASSERT_EQ(report.tables.size(), 1U);
    EXPECT_EQ(report.tables[0].entries, 500U);
    auto copy = must(LmdbDatabase::open(folder / "copy"));
    const TableId copied = must(copy->open_table("t"));
    EXPECT_EQ(must(copy->begin_read())->entries(copied), 500U);
}

TEST(LmdbDatabase, TooManyReadersIsAnError) {
    const TestFolder folder(TestFolder::in_memory());
    auto database = must(LmdbDatabase::open(folder.path(), {.readers_max = 3}));
    std::vector<std::unique_ptr<ReadTransaction>> readers;
    for (int i = 0; i < 3; ++i) readers.push_back(must(database->begin_read()));
    EXPECT_EQ(database->begin_read().error().code, ErrorCode::resource_exhausted);
    readers.pop_back();
    EXPECT_TRUE(database->begin_read());
}

TEST(LmdbDatabase, TooManyTablesIsAnError) {
    const TestFolder folder(TestFolder::in_memory());
    auto database = must(LmdbDatabase::open(folder.path(), {.unsafe_no_sync = true, .tables_max = 2}));
    must(database->open_table("a"));
    must(database->open_table("b"));
    must(database->open_table("a"));
    EXPECT_EQ(database->open_table("c").error().code, ErrorCode::resource_exhausted);
}

TEST(LmdbDatabase, AReaderOfAKilledProcessHoldsNothing) {
    const TestFolder folder(TestFolder::in_memory());
    const pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
        auto database = must(LmdbDatabase::open(folder.path(), {.readers_max = 2}));
        const auto first = must(database->begin_read());
        const auto second = must(database->begin_read());
        ::raise(SIGKILL);
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    ASSERT_TRUE(WIFSIGNALED(status));
    auto database = must(LmdbDatabase::open(folder.path(), {.readers_max = 2}));
    const auto first = must(database->begin_read());
    EXPECT_TRUE(database->begin_read());
}

/// Overwrites, erasures, lists of free pages, runs of overflow pages, a transaction that spills: all of it is in order.
TEST(LmdbFileCheck, AcceptsWhatLmdbWrites) {
    const TestFolder folder(TestFolder::in_memory());
    for (int round = 0; round < 12; ++round) {
        {
            auto database = must(LmdbDatabase::open(folder.path(), {.unsafe_no_sync = true}));
            const TableId table = must(database->open_table("t" + std::to_string(round % 3)));
            auto held = must(database->begin_read());
            for (int i = 0; i < 6; ++i)
                put_all(*database, table, i * 97, 400, static_cast<std::size_t>((round * 5 + i) * 131));
            auto writer = must(database->begin_write());
            for (int i = 0; i < 900; i += 1 + round % 4) writer->erase(table, as_byte_view(std::to_string(i)));
            if (round == 7) writer->clear(table);
            writer->put(table, as_byte_view("large"), Bytes(static_cast<std::size_t>(round) * 70000, 3));
            writer->put(table, as_byte_view("large"), Bytes(static_cast<std::size_t>(round) * 30000, 3));
            must(writer->commit());
        }
        const auto report = check_lmdb_folder(folder.path());
        ASSERT_TRUE(report) << report.error().message;
        EXPECT_GT(report->free_pages, 0U);
    }
}

} // namespace
} // namespace assay::storage
