#include "storage/sqlite.h"

#include "storage/test_databases.h"

#include <fstream>

namespace assay::storage {
namespace {

SqliteIndex::Schema schema_of(int version) {
    return {version, [version](SqliteIndex& index) {
                return index.execute(
                    "CREATE TABLE blocks(height INTEGER PRIMARY KEY, hash BLOB NOT NULL UNIQUE, note TEXT);"
                    "CREATE TABLE version_" +
                    std::to_string(version) + "(x)");
            }};
}

class SqliteTest : public testing::Test {
protected:
    TestFolder folder{TestFolder::in_memory()};
    std::filesystem::path path = folder / "index/blocks.sqlite";

    SqliteIndex open(int version = 1) { return must(SqliteIndex::open(path, schema_of(version))); }
    static std::int64_t count(SqliteIndex& index) {
        SqliteStatement statement = must(index.prepare("SELECT count(*) FROM blocks"));
        EXPECT_TRUE(must(statement.step()));
        return statement.integer(0);
    }
    static Result<void> insert(SqliteIndex& index, std::int64_t height, std::string_view hash) {
        return index.run("INSERT INTO blocks VALUES(?, ?, ?)", height, as_byte_view(hash), std::string_view("note"));
    }
};

TEST_F(SqliteTest, BindsAndReadsEveryKind) {
    SqliteIndex index = open();
    EXPECT_TRUE(index.was_rebuilt());
    const std::string hostile = "'); DROP TABLE blocks; --";
    must(index.run("INSERT INTO blocks VALUES(?, ?, ?)", std::uint64_t{7}, ByteView(), std::string_view(hostile)));
    must(index.run("INSERT INTO blocks VALUES(?, ?, ?)", -1, as_byte_view({"a\0b", 3}), nullptr));
    EXPECT_EQ(index.changes(), 1);
    SqliteStatement rows = must(index.prepare("SELECT height, hash, note FROM blocks ORDER BY height"));
    ASSERT_TRUE(must(rows.step()));
    EXPECT_EQ(rows.columns(), 3);
    EXPECT_EQ(rows.integer(0), -1);
    EXPECT_EQ(as_string_view(rows.blob(1)), std::string_view("a\0b", 3));
    EXPECT_TRUE(rows.is_null(2));
    ASSERT_TRUE(must(rows.step()));
    EXPECT_EQ(rows.integer(0), 7);
    EXPECT_FALSE(rows.is_null(1));
    EXPECT_EQ(rows.text(2), hostile);
    EXPECT_FALSE(must(rows.step()));
    rows.reset();
    EXPECT_TRUE(must(rows.step()));
}

TEST_F(SqliteTest, ErrorsHaveKinds) {
    SqliteIndex index = open();
    must(insert(index, 1, "x"));
    EXPECT_EQ(insert(index, 1, "y").error().code, ErrorCode::invalid_argument);
    EXPECT_EQ(index.prepare("SELEC 1").error().code, ErrorCode::invalid_argument);
    EXPECT_EQ(index.prepare("SELECT 1; SELECT 2").error().code, ErrorCode::invalid_argument);
    EXPECT_EQ(index.prepare("").error().code, ErrorCode::invalid_argument);
    EXPECT_TRUE(index.prepare("SELECT 1; "));
    SqliteStatement statement = must(index.prepare("SELECT ?"));
    EXPECT_EQ(statement.bind(2, 1).error().code, ErrorCode::invalid_argument);
    EXPECT_EQ(statement.bind(1, ~std::uint64_t{0}).error().code, ErrorCode::invalid_argument);
    EXPECT_EQ(statement.bind_all(~std::uint64_t{0}).error().code, ErrorCode::invalid_argument);
}

TEST_F(SqliteTest, TransactionsAreWholeOrNothing) {
    SqliteIndex index = open();
    {
        SqliteTransaction transaction = must(SqliteTransaction::begin(index));
        must(insert(index, 1, "a"));
    }
    EXPECT_EQ(count(index), 0);
    SqliteTransaction transaction = must(SqliteTransaction::begin(index));
    must(insert(index, 1, "a"));
    SqliteIndex reader = must(SqliteIndex::open(path, schema_of(1), {.read_only = true}));
    EXPECT_EQ(count(reader), 0);
    SqliteIndex second = must(SqliteIndex::open(path, schema_of(1), {.busy_timeout_ms = 1}));
    EXPECT_EQ(SqliteTransaction::begin(second).error().code, ErrorCode::resource_exhausted);
    must(transaction.commit());
    EXPECT_EQ(count(reader), 1);
    EXPECT_EQ(reader.execute("DELETE FROM blocks").error().code, ErrorCode::invalid_argument);
}

TEST_F(SqliteTest, AnotherSchemaIsBuiltAnew) {
    {
        SqliteIndex index = open();
        must(insert(index, 1, "a"));
    }
    {
        SqliteIndex index = open();
        EXPECT_FALSE(index.was_rebuilt());
        EXPECT_EQ(count(index), 1);
        must(index.check());
    }
    EXPECT_EQ(SqliteIndex::open(path, schema_of(2), {.read_only = true}).error().code, ErrorCode::malformed);
    SqliteIndex index = open(2);
    EXPECT_TRUE(index.was_rebuilt());
    EXPECT_EQ(count(index), 0);
    EXPECT_FALSE(index.prepare("SELECT * FROM version_1"));
    EXPECT_TRUE(index.prepare("SELECT * FROM version_2"));
}

TEST_F(SqliteTest, ADamagedFileIsBuiltAnew) {
    EXPECT_EQ(SqliteIndex::open(path, schema_of(1), {.read_only = true}).error().code, ErrorCode::not_found);
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path) << std::string(5000, 'x');
    EXPECT_EQ(SqliteIndex::open(path, schema_of(1), {.read_only = true}).error().code, ErrorCode::malformed);
    SqliteIndex index = open();
    EXPECT_TRUE(index.was_rebuilt());
    EXPECT_EQ(count(index), 0);
}

TEST_F(SqliteTest, ASchemaThatFailsLeavesNothingThatLooksWhole) {
    const SqliteIndex::Schema broken = {
        1, [](SqliteIndex& index) { return index.execute("CREATE TABLE t(x); NONSENSE"); }};
    EXPECT_FALSE(SqliteIndex::open(path, broken));
    EXPECT_TRUE(open().was_rebuilt());
}

} // namespace
} // namespace assay::storage
