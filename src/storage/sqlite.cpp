#include "storage/sqlite.h"

#include "base/assert.h"
#include "storage/files.h"

#include <algorithm>
#include <limits>
#include <sqlite3.h>

namespace assay::storage {
namespace {

Error sqlite_error(sqlite3* handle, int code) {
    ErrorCode kind = ErrorCode::io;
    switch (code & 0xff) {
        case SQLITE_ERROR:
        case SQLITE_CONSTRAINT:
        case SQLITE_MISMATCH:
        case SQLITE_RANGE:
        case SQLITE_READONLY: kind = ErrorCode::invalid_argument; break;
        case SQLITE_BUSY:
        case SQLITE_LOCKED:
        case SQLITE_FULL:
        case SQLITE_NOMEM:
        case SQLITE_TOOBIG: kind = ErrorCode::resource_exhausted; break;
        case SQLITE_CORRUPT:
        case SQLITE_NOTADB: kind = ErrorCode::malformed; break;
        case SQLITE_MISUSE: kind = ErrorCode::internal; break;
        default: break;
    }
    std::string message = handle == nullptr ? sqlite3_errstr(code) : sqlite3_errmsg(handle);
    const char* file = handle == nullptr ? nullptr : sqlite3_db_filename(handle, "main");
    if (file != nullptr && *file != '\0') message = std::string(file) + ": " + message;
    return {kind, std::move(message)};
}

Result<void> check(sqlite3* handle, int code) {
    if (code == SQLITE_OK) return {};
    return std::unexpected(sqlite_error(handle, code));
}

void remove_index(const std::filesystem::path& path) {
    std::error_code error;
    for (const char* suffix : {"-wal", "-shm", "-journal", ""}) std::filesystem::remove(path.string() + suffix, error);
}

int length_of(std::size_t bytes) {
    return bytes > std::size_t{std::numeric_limits<int>::max()} ? -1 : static_cast<int>(bytes);
}

} // namespace

SqliteStatement::~SqliteStatement() { sqlite3_finalize(handle_); }

Result<void> SqliteStatement::bind(int parameter, std::int64_t value) {
    return check(sqlite3_db_handle(handle_), sqlite3_bind_int64(handle_, parameter, value));
}

Result<void> SqliteStatement::bind(int parameter, std::string_view text) {
    const int bytes = length_of(text.size());
    if (bytes < 0) return fail(ErrorCode::resource_exhausted, "a text of over 2 GiB");
    const char* data = text.data() == nullptr ? "" : text.data(); // a null pointer would bind NULL
    return check(sqlite3_db_handle(handle_), sqlite3_bind_text(handle_, parameter, data, bytes, SQLITE_TRANSIENT));
}

Result<void> SqliteStatement::bind(int parameter, ByteView blob) {
    const int bytes = length_of(blob.size());
    if (bytes < 0) return fail(ErrorCode::resource_exhausted, "a blob of over 2 GiB");
    const void* data = blob.data() == nullptr ? static_cast<const void*>("") : blob.data();
    return check(sqlite3_db_handle(handle_), sqlite3_bind_blob(handle_, parameter, data, bytes, SQLITE_TRANSIENT));
}

Result<void> SqliteStatement::bind(int parameter, std::nullptr_t) {
    return check(sqlite3_db_handle(handle_), sqlite3_bind_null(handle_, parameter));
}

Result<bool> SqliteStatement::step() {
    const int code = sqlite3_step(handle_);
    if (code == SQLITE_ROW) return true;
    if (code == SQLITE_DONE) return false;
    Error error = sqlite_error(sqlite3_db_handle(handle_), code);
    sqlite3_reset(handle_);
    return std::unexpected(std::move(error));
}

void SqliteStatement::reset() {
    sqlite3_reset(handle_); // repeats the error of the last step, which the caller has
}

int SqliteStatement::columns() const { return sqlite3_data_count(handle_); }

bool SqliteStatement::is_null(int column) const {
    ASSAY_ASSERT(column >= 0 && column < columns());
    return sqlite3_column_type(handle_, column) == SQLITE_NULL;
}

std::int64_t SqliteStatement::integer(int column) const {
    ASSAY_ASSERT(column >= 0 && column < columns());
    return sqlite3_column_int64(handle_, column);
}

std::string_view SqliteStatement::text(int column) const {
    ASSAY_ASSERT(column >= 0 && column < columns());
    const unsigned char* data = sqlite3_column_text(handle_, column);
    if (data == nullptr) return {};
    return {reinterpret_cast<const char*>(data), static_cast<std::size_t>(sqlite3_column_bytes(handle_, column))};
}

ByteView SqliteStatement::blob(int column) const {
    ASSAY_ASSERT(column >= 0 && column < columns());
    const void* data = sqlite3_column_blob(handle_, column);
    if (data == nullptr) return {};
    return {static_cast<const std::uint8_t*>(data), static_cast<std::size_t>(sqlite3_column_bytes(handle_, column))};
}

void SqliteIndex::Close::operator()(sqlite3* handle) const { sqlite3_close_v2(handle); }

Result<SqliteIndex> SqliteIndex::open(const std::filesystem::path& path, const Schema& schema) {
    return open(path, schema, Options{});
}

Result<SqliteIndex> SqliteIndex::open(const std::filesystem::path& path, const Schema& schema, Options options) {
    ASSAY_ASSERT(schema.version >= 1);
    std::error_code missing;
    if (options.read_only && !std::filesystem::exists(path, missing))
        return fail(ErrorCode::not_found, path.string() + ": there is no such index");
    Result<SqliteIndex> index = connect(path, options);
    Result<std::int64_t> version = index ? index->schema_version() : std::unexpected(index.error());
    if (version && *version == schema.version) return index;
    if (!version && version.error().code != ErrorCode::malformed) return std::unexpected(version.error());
    if (options.read_only)
        return fail(ErrorCode::malformed, path.string() + ": is damaged or has another schema than version " +
                                              std::to_string(schema.version));
    index = fail(ErrorCode::internal, "closed"); // before its files go
    remove_index(path);
    SqliteIndex made = TRY(connect(path, options));
    TRY_VOID(made.make_schema(schema));
    made.was_rebuilt_ = true;
    return made;
}

Result<SqliteIndex> SqliteIndex::connect(const std::filesystem::path& path, const Options& options) {
    if (!options.read_only) TRY_VOID(make_folders(std::filesystem::absolute(path).parent_path()));
    sqlite3* handle = nullptr;
    const int access = options.read_only ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
    const int code =
        sqlite3_open_v2(path.c_str(), &handle, access | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, nullptr);
    SqliteIndex index(handle);
    TRY_VOID(storage::check(handle, code));
    sqlite3_busy_timeout(handle, static_cast<int>(std::min(options.busy_timeout_ms, 1U << 30)));
    // The schema comes from the file, and the file may be damaged: it gets no functions with side effects.
    TRY_VOID(index.execute("PRAGMA trusted_schema=OFF; PRAGMA cell_size_check=ON; PRAGMA foreign_keys=ON"));
    if (!options.read_only) TRY_VOID(index.execute("PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL"));
    return index;
}

Result<std::int64_t> SqliteIndex::schema_version() {
    SqliteStatement statement = TRY(prepare("PRAGMA user_version"));
    if (!TRY(statement.step())) return fail(ErrorCode::malformed, "no schema version");
    return statement.integer(0);
}

Result<void> SqliteIndex::make_schema(const Schema& schema) {
    SqliteTransaction transaction = TRY(SqliteTransaction::begin(*this));
    if (schema.create) TRY_VOID(schema.create(*this));
    TRY_VOID(execute("PRAGMA user_version=" + std::to_string(schema.version))); // takes no parameter
    return transaction.commit();
}

Result<SqliteStatement> SqliteIndex::prepare(std::string_view sql) {
    const int bytes = length_of(sql.size());
    if (bytes < 0) return fail(ErrorCode::resource_exhausted, "SQL of over 2 GiB");
    sqlite3_stmt* handle = nullptr;
    const char* rest = nullptr;
    TRY_VOID(storage::check(handle_.get(), sqlite3_prepare_v2(handle_.get(), sql.data(), bytes, &handle, &rest)));
    SqliteStatement statement(handle);
    const std::string_view behind = sql.substr(static_cast<std::size_t>(rest - sql.data()));
    if (handle == nullptr || behind.find_first_not_of(" \t\r\n;") != std::string_view::npos)
        return fail(ErrorCode::invalid_argument, "SQL that is not one statement");
    return statement;
}

Result<void> SqliteIndex::execute(std::string_view sql) {
    const std::string text(sql);
    return storage::check(handle_.get(), sqlite3_exec(handle_.get(), text.c_str(), nullptr, nullptr, nullptr));
}

std::int64_t SqliteIndex::changes() const { return sqlite3_changes64(handle_.get()); }

Result<void> SqliteIndex::check() {
    SqliteStatement statement = TRY(prepare("PRAGMA integrity_check(1)"));
    if (!TRY(statement.step())) return fail(ErrorCode::malformed, "no answer to integrity_check");
    if (statement.text(0) != "ok") return fail(ErrorCode::malformed, std::string(statement.text(0)));
    return {};
}

Result<SqliteTransaction> SqliteTransaction::begin(SqliteIndex& index) {
    TRY_VOID(index.execute("BEGIN IMMEDIATE"));
    return SqliteTransaction(index);
}

SqliteTransaction::~SqliteTransaction() {
    if (index_ != nullptr) static_cast<void>(index_->execute("ROLLBACK"));
}

Result<void> SqliteTransaction::commit() {
    ASSAY_ASSERT(index_ != nullptr);
    TRY_VOID(index_->execute("COMMIT"));
    index_ = nullptr;
    return {};
}

} // namespace assay::storage
