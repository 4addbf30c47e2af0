#include "storage/lmdb_database.h"

#include "base/assert.h"
#include "storage/lmdb_transaction.h"

#include <algorithm>
#include <cstring>
#include <fcntl.h>
#include <unistd.h>

namespace assay::storage {
namespace {

constexpr MDB_dbi kFreeTable = 0; // LMDB's own: transaction number -> count and page numbers

Result<std::uint64_t> free_pages(const LmdbEnvironment& environment, MDB_txn* transaction) {
    const DamageGuard guard(environment.file());
    MDB_cursor* cursor = nullptr;
    if (const int code = mdb_cursor_open(transaction, kFreeTable, &cursor))
        return std::unexpected(environment.error("cannot read the list of free pages", code));
    std::uint64_t pages = 0;
    MDB_val key{};
    MDB_val list{};
    int code = 0;
    while ((code = mdb_cursor_get(cursor, &key, &list, MDB_NEXT)) == 0) {
        std::uint64_t count = 0;
        if (list.mv_size < sizeof count) environment.stop_reading(MDB_CORRUPTED);
        std::memcpy(&count, list.mv_data, sizeof count);
        pages += count;
    }
    mdb_cursor_close(cursor);
    if (code != MDB_NOTFOUND) environment.stop_reading(code);
    return pages;
}

Result<void> copy_into(LmdbEnvironment& environment, const std::filesystem::path& folder) {
    const std::filesystem::path file = folder / "data.mdb";
    const Descriptor target(::open(file.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644));
    if (!target.is_open()) return std::unexpected(system_error(file, "cannot create"));
    environment.enter_reader();
    int code = 0;
    {
        const DamageGuard guard(environment.file());
        code = mdb_env_copyfd(environment.handle(), target.number());
    }
    environment.leave_reader();
    if (code != 0) return std::unexpected(environment.error("cannot copy", code));
    if (::fsync(target.number()) != 0) return std::unexpected(system_error(file, "cannot sync"));
    return sync_folder(folder);
}

} // namespace

LmdbDatabase::LmdbDatabase(std::unique_ptr<LmdbEnvironment> environment) : environment_(std::move(environment)) {}
LmdbDatabase::~LmdbDatabase() = default;

Result<std::unique_ptr<LmdbDatabase>> LmdbDatabase::open(const std::filesystem::path& folder) {
    return open(folder, Options{});
}

Result<std::unique_ptr<LmdbDatabase>> LmdbDatabase::open(const std::filesystem::path& folder, Options options) {
    return std::unique_ptr<LmdbDatabase>(new LmdbDatabase(TRY(LmdbEnvironment::open(folder, options))));
}

Result<TableId> LmdbDatabase::open_table(std::string_view name) {
    ASSAY_ASSERT(!environment_->writes_in_this_thread());
    return environment_->open_table(name);
}

Result<std::unique_ptr<ReadTransaction>> LmdbDatabase::begin_read() { return LmdbRead::begin(*environment_); }

Result<std::unique_ptr<WriteTransaction>> LmdbDatabase::begin_write() { return LmdbWrite::begin(*environment_); }

Result<DatabaseStatistics> LmdbDatabase::statistics() {
    const std::size_t tables = environment_->table_count();
    environment_->enter_reader();
    MDB_txn* transaction = nullptr;
    MDB_envinfo info{};
    MDB_stat status{};
    const int code = mdb_txn_begin(environment_->handle(), nullptr, MDB_RDONLY, &transaction);
    struct Leave {
        LmdbEnvironment& environment;
        MDB_txn* transaction;
        ~Leave() {
            if (transaction != nullptr) mdb_txn_abort(transaction);
            environment.leave_reader();
        }
    } const leave{*environment_, transaction};
    if (code != 0) return std::unexpected(environment_->error("cannot begin to read", code));
    mdb_env_info(environment_->handle(), &info);
    mdb_env_stat(environment_->handle(), &status);

    DatabaseStatistics result;
    result.file_bytes = (info.me_last_pgno + 1) * std::uint64_t{status.ms_psize};
    result.free_bytes = TRY(free_pages(*environment_, transaction)) * status.ms_psize;
    result.map_bytes = info.me_mapsize;
    result.commits = mdb_txn_id(transaction);
    for (std::size_t index = 0; index < tables; ++index) {
        const auto& table = environment_->table(TableId{static_cast<std::uint32_t>(index)});
        const DamageGuard guard(environment_->file());
        if (const int failed = mdb_stat(transaction, table.handle, &status)) environment_->stop_reading(failed);
        result.tables.push_back({table.name, status.ms_entries});
    }
    std::ranges::sort(result.tables, {}, &TableStatistics::name);
    return result;
}

Result<void> LmdbDatabase::copy_to(const std::filesystem::path& path) {
    ASSAY_ASSERT(!environment_->writes_in_this_thread());
    std::error_code error;
    if (std::filesystem::exists(path, error)) return fail(ErrorCode::invalid_argument, path.string() + ": exists");
    const std::filesystem::path part = path.string() + ".part";
    std::filesystem::remove_all(part, error);
    TRY_VOID(make_folders(part));
    Result<void> copied = copy_into(*environment_, part);
    if (copied) copied = rename_durably(part, std::filesystem::absolute(path));
    if (!copied) std::filesystem::remove_all(part, error);
    return copied;
}

} // namespace assay::storage
