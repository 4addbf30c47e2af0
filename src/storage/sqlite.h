#pragma once
/// SQLite for indexes: what can be computed again from the chain, asked in ways that key and value do not answer. Never
/// state: a damaged index, or one of another schema, is dropped and filled again.
///
/// Values reach SQL only through bind(). Writes are in WAL mode with synchronous=NORMAL: a power cut may lose the last
/// transactions, which the caller indexes again, and damages nothing.
/// Thread safety: a connection, with its statements, by one thread at a time; open one for each thread. Local class.
#include "base/bytes.h"
#include "base/result.h"

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

struct sqlite3;
struct sqlite3_stmt;

namespace assay::storage {

/// Errors of everything here: invalid_argument (SQL, a constraint), resource_exhausted (busy for longer than the limit,
/// disk full), malformed (damaged file), io.

/// A compiled statement. Must not outlive its connection. Numbers of parameters start at 1, of columns at 0.
class SqliteStatement {
public:
    SqliteStatement(SqliteStatement&& other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}
    SqliteStatement& operator=(SqliteStatement&& other) noexcept {
        std::swap(handle_, other.handle_);
        return *this;
    }
    ~SqliteStatement();

    Result<void> bind(int parameter, std::int64_t value);
    Result<void> bind(int parameter, std::string_view text); ///< copied
    Result<void> bind(int parameter, ByteView blob); ///< copied
    Result<void> bind(int parameter, std::nullptr_t);
    /// Errors: invalid_argument where an unsigned value does not fit SQLite's signed 64 bits.
    template <class Integer>
        requires(std::is_integral_v<Integer>)
    Result<void> bind(int parameter, Integer value) {
        if (!std::in_range<std::int64_t>(value)) return fail(ErrorCode::invalid_argument, "an integer over 2^63 - 1");
        return bind(parameter, static_cast<std::int64_t>(value));
    }
    /// Resets, then binds parameters 1, 2, …
    template <class... Values>
    Result<void> bind_all(const Values&... values) {
        reset();
        int parameter = 0;
        Result<void> result;
        static_cast<void>(((result = bind(++parameter, values)).has_value() && ...));
        return result;
    }

    /// The next row: true, or false after the last one.
    Result<bool> step();
    /// Ready to be stepped from the start; parameters are kept.
    void reset();

    /// Of the current row. NULL reads as 0, empty text, empty blob. Views hold until the next step, reset or bind.
    int columns() const;
    bool is_null(int column) const;
    std::int64_t integer(int column) const;
    std::string_view text(int column) const;
    ByteView blob(int column) const;

private:
    friend class SqliteIndex;
    explicit SqliteStatement(sqlite3_stmt* handle) : handle_(handle) {}
    sqlite3_stmt* handle_;
};

class SqliteIndex {
public:
    struct Options {
        std::uint32_t busy_timeout_ms = 5000; ///< how long to wait for another connection's write
        bool read_only = false; ///< for queries; the file must exist with this schema
    };
    struct Schema {
        std::int32_t version = 1; ///< at least 1; raise it with each change of `create`
        /// Makes tables and indexes in an empty database. Runs inside a transaction.
        std::function<Result<void>(SqliteIndex&)> create;
    };

    /// Opens the file, or makes it. Where it has another schema version or is damaged, it is made anew and was_rebuilt()
    /// is true: the caller fills it again. A read-only open fails with not_found or malformed instead.
    static Result<SqliteIndex> open(const std::filesystem::path& path, const Schema& schema, Options options);
    static Result<SqliteIndex> open(const std::filesystem::path& path, const Schema& schema);
    SqliteIndex(SqliteIndex&&) noexcept = default;
    SqliteIndex& operator=(SqliteIndex&&) noexcept = default;

    bool was_rebuilt() const { return was_rebuilt_; }

    /// One statement; errors where there is another behind it.
    Result<SqliteStatement> prepare(std::string_view sql);
    /// Statements without parameters whose rows, if any, are dropped.
    Result<void> execute(std::string_view sql);
    /// Prepares, binds and steps to the end.
    template <class... Values>
    Result<void> run(std::string_view sql, const Values&... values) {
        SqliteStatement statement = TRY(prepare(sql));
        TRY_VOID(statement.bind_all(values...));
        while (TRY(statement.step())) {}
        return {};
    }
    /// Rows changed by the last INSERT, UPDATE or DELETE.
    std::int64_t changes() const;
    /// Reads the whole file and reports the first thing that is wrong. Errors: malformed.
    Result<void> check();

private:
    struct Close {
        void operator()(sqlite3* handle) const;
    };
    explicit SqliteIndex(sqlite3* handle) : handle_(handle) {}
    static Result<SqliteIndex> connect(const std::filesystem::path& path, const Options& options);
    Result<std::int64_t> schema_version();
    Result<void> make_schema(const Schema& schema);

    std::unique_ptr<sqlite3, Close> handle_;
    bool was_rebuilt_ = false;
};

/// Everything until commit() or nothing. Must not outlive its connection; one at a time on it.
class SqliteTransaction {
public:
    /// Takes the right to write at once, so that nothing fails half-way for being busy.
    static Result<SqliteTransaction> begin(SqliteIndex& index);
    SqliteTransaction(SqliteTransaction&& other) noexcept : index_(std::exchange(other.index_, nullptr)) {}
    SqliteTransaction& operator=(SqliteTransaction&&) = delete;
    ~SqliteTransaction(); ///< rolls back what is not committed

    Result<void> commit();

private:
    explicit SqliteTransaction(SqliteIndex& index) : index_(&index) {}
    SqliteIndex* index_;
};

} // namespace assay::storage
