#include "storage/lmdb_environment.h"

#include "base/assert.h"
#include "storage/limits.h"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/statvfs.h>
#include <unistd.h>

namespace assay::storage {
namespace {

constexpr std::uint64_t kMebibyte = std::uint64_t{1} << 20;
constexpr std::uint64_t kMapBytesMin = 64 * kMebibyte;
constexpr std::uint64_t kMapBytesDefault = std::uint64_t{64} << 30;
constexpr std::uint64_t kMapBytesMax = std::uint64_t{32} << 40;
constexpr const char* kUnfinished = "new"; ///< folder of a database that is being created
constexpr auto kGrowthPatience = std::chrono::seconds(10);

bool means_damage(int code) {
    return code == MDB_CORRUPTED || code == MDB_PAGE_NOTFOUND || code == MDB_CURSOR_FULL || code == MDB_PAGE_FULL ||
           code == MDB_INVALID || code == MDB_INCOMPATIBLE || code == MDB_BAD_VALSIZE || code == MDB_BAD_DBI;
}

/// The environment of one attempt to open; closed unless taken.
struct Attempt {
    MDB_env* handle = nullptr;
    ~Attempt() {
        if (handle != nullptr) mdb_env_close(handle);
    }
};

} // namespace

LmdbEnvironment::LmdbEnvironment(const std::filesystem::path& folder, const LmdbDatabase::Options& options)
    : folder_(folder), file_((folder / "data.mdb").string()), options_(options),
      tables_(std::make_unique<Table[]>(options.tables_max)) {}

LmdbEnvironment::~LmdbEnvironment() {
    ASSAY_ASSERT(readers_ == 0);
    if (handle_ != nullptr) mdb_env_close(handle_);
}

Result<std::unique_ptr<LmdbEnvironment>> LmdbEnvironment::open(const std::filesystem::path& folder,
                                                               const LmdbDatabase::Options& options) {
    install_damage_handlers();
    std::unique_ptr<LmdbEnvironment> result(new LmdbEnvironment(folder, options));
    std::error_code error;
    const bool exists = std::filesystem::exists(result->file_, error);
    if (!exists && (!options.create || options.read_only))
        return fail(ErrorCode::not_found, folder.string() + ": holds no database");
    TRY_VOID(make_folders(folder));
    TRY_VOID(result->lock_folder());
    std::filesystem::remove_all(folder / kUnfinished, error);
    if (!exists) TRY_VOID(result->create_database());
    std::filesystem::remove_all(folder / kUnfinished, error);
    TRY_VOID(result->open_at(folder));
    TRY_VOID(result->check_commit_record());
    return result;
}

Result<void> LmdbEnvironment::lock_folder() {
    const std::filesystem::path path = folder_ / "owner.lock";
    lock_ = Descriptor(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644));
    if (!lock_.is_open()) return std::unexpected(system_error(path, "cannot open"));
    if (::flock(lock_.number(), LOCK_EX | LOCK_NB) == 0) {
        const std::string owner = std::to_string(::getpid()) + "\n";
        [[maybe_unused]] const int cut = ::ftruncate(lock_.number(), 0); // who it is only helps people
        [[maybe_unused]] const ssize_t written = ::pwrite(lock_.number(), owner.data(), owner.size(), 0);
        return {};
    }
    if (errno != EWOULDBLOCK) return std::unexpected(system_error(path, "cannot lock"));
    char owner[24] = {};
    const ssize_t read = ::pread(lock_.number(), owner, sizeof owner - 1, 0);
    std::string number(owner, read > 0 ? static_cast<std::size_t>(read) : 0);
    std::erase_if(number, [](char c) { return c < '0' || c > '9'; });
    return fail(ErrorCode::io, folder_.string() + ": in use by process " + (number.empty() ? "?" : number));
}

/// A new database appears whole or not at all: made beside its place, with a first commit, then renamed.
Result<void> LmdbEnvironment::create_database() {
    const std::filesystem::path part = folder_ / kUnfinished;
    TRY_VOID(make_folders(part));
    TRY_VOID(open_at(part));
    MDB_txn* transaction = nullptr;
    if (const int code = mdb_txn_begin(handle_, nullptr, 0, &transaction))
        return std::unexpected(error("cannot begin the first transaction", code));
    TRY_VOID(commit(transaction));
    if (const int code = mdb_env_sync(handle_, 1)) return std::unexpected(error("cannot sync", code));
    mdb_env_close(std::exchange(handle_, nullptr));
    return rename_durably(part / "data.mdb", file_);
}

std::uint64_t LmdbEnvironment::first_map_bytes() const {
    if (options_.map_bytes != 0) return options_.map_bytes;
    struct statvfs system{};
    if (::statvfs(folder_.c_str(), &system) != 0) return kMapBytesDefault;
    return std::clamp(2 * system.f_blocks * system.f_frsize, kMapBytesDefault, kMapBytesMax);
}

Result<void> LmdbEnvironment::open_at(const std::filesystem::path& folder) {
    const std::uint64_t page_bytes = 65536; // no system has larger ones
    std::uint64_t map_bytes = first_map_bytes() / page_bytes * page_bytes;
    for (;;) { // a limit on address space shows as ENOMEM
        const int code = open_mapped(folder, map_bytes);
        if (code == 0) return {};
        if (code != ENOMEM || map_bytes <= kMapBytesMin) return std::unexpected(error("cannot open", code));
        map_bytes = std::max(map_bytes / 2, kMapBytesMin);
    }
}

int LmdbEnvironment::open_mapped(const std::filesystem::path& folder, std::uint64_t map_bytes) {
    const DamageGuard guard(file());
    Attempt attempt;
    int code = mdb_env_create(&attempt.handle);
    if (code == 0) code = mdb_env_set_mapsize(attempt.handle, map_bytes);
    if (code == 0) code = mdb_env_set_maxreaders(attempt.handle, options_.readers_max);
    if (code == 0) code = mdb_env_set_maxdbs(attempt.handle, options_.tables_max);
    if (code == 0) code = mdb_env_set_userctx(attempt.handle, const_cast<char*>(file()));
    if (code == 0)
        code = mdb_env_set_assert(attempt.handle, [](MDB_env* env, const char* message) {
            stop_for_damage(static_cast<const char*>(mdb_env_get_userctx(env)), message);
        });
    // A transaction is bound to no thread; keys are hashes, so reading ahead only pushes useful pages out of memory.
    unsigned flags = MDB_NOTLS;
    if (!options_.read_ahead) flags |= MDB_NORDAHEAD;
    if (options_.read_only) flags |= MDB_RDONLY;
    if (options_.unsafe_no_sync) flags |= MDB_NOSYNC;
    if (code == 0) code = mdb_env_open(attempt.handle, folder.c_str(), flags, 0644);
    if (code != 0) return code;
    int stale = 0; // of a process that was killed; LMDB would clear them when slots run out
    mdb_reader_check(attempt.handle, &stale);
    handle_ = std::exchange(attempt.handle, nullptr);
    return 0;
}

Result<void> LmdbEnvironment::check_commit_record() {
    const DamageGuard guard(file());
    MDB_txn* transaction = nullptr;
    if (const int code = mdb_txn_begin(handle_, nullptr, MDB_RDONLY, &transaction))
        return std::unexpected(error("cannot read", code));
    const std::uint64_t number = mdb_txn_id(transaction);
    MDB_val key = to_lmdb(as_byte_view(kCommitRecordKey));
    MDB_val stored{};
    int code = mdb_dbi_open(transaction, nullptr, 0, &main_);
    if (code == 0) code = mdb_get(transaction, main_, &key, &stored);
    const bool same = code == 0 && is_commit_record(kCommitRecordKey, from_lmdb(stored), number);
    if (code == 0) code = mdb_txn_commit(transaction); // keeps the handle of the main table
    else mdb_txn_abort(transaction);
    if (code == MDB_NOTFOUND)
        return fail(ErrorCode::malformed, file_ + ": holds no commit record: not made by Assay, or damaged");
    if (code != 0) return std::unexpected(error("cannot read the commit record", code));
    if (!same)
        return fail(ErrorCode::malformed, file_ + ": damaged: the meta page says commit " + std::to_string(number) +
                                              ", the commit record says otherwise");
    return {};
}

const LmdbEnvironment::Table& LmdbEnvironment::table(TableId id) const {
    const auto index = static_cast<std::size_t>(id);
    ASSAY_ASSERT(index < table_count_);
    return tables_[index];
}

Result<TableId> LmdbEnvironment::open_table(std::string_view name) {
    TRY_VOID(check_table_name(name));
    const std::scoped_lock lock(tables_mutex_);
    for (std::size_t index = 0; index < table_count_; ++index)
        if (tables_[index].name == name) return TableId{static_cast<std::uint32_t>(index)};
    if (table_count_ == options_.tables_max)
        return fail(ErrorCode::resource_exhausted,
                    file_ + ": more than " + std::to_string(options_.tables_max) + " tables");
    Table& table = tables_[table_count_];
    table.name = name;
    table.checksum = EntryChecksum(name);
    table.handle = TRY(open_handle(table.name));
    return TableId{static_cast<std::uint32_t>(table_count_++)};
}

Result<MDB_dbi> LmdbEnvironment::open_handle(const std::string& name) {
    TRY_VOID(options_.read_only ? Result<void>() : enter_writer());
    struct Leave {
        LmdbEnvironment& self;
        ~Leave() {
            if (!self.options_.read_only) self.leave_writer();
        }
    } const leave{*this};
    const DamageGuard guard(file());
    for (const unsigned access : {unsigned{MDB_RDONLY}, 0U}) {
        if (access == 0 && options_.read_only) break;
        MDB_txn* transaction = nullptr;
        MDB_dbi handle = 0;
        unsigned flags = 0;
        int code = mdb_txn_begin(handle_, nullptr, access, &transaction);
        if (code == 0) code = mdb_dbi_open(transaction, name.c_str(), access == 0 ? MDB_CREATE : 0, &handle);
        if (code == 0) code = mdb_dbi_flags(transaction, handle, &flags);
        if (code == 0 && flags != 0) stop_for_damage(file(), "a table has flags that none has");
        if (code != 0) {
            if (transaction != nullptr) mdb_txn_abort(transaction);
            if (code == MDB_NOTFOUND && access != 0) continue;
            return std::unexpected(error(("cannot open table " + name).c_str(), code));
        }
        if (access == 0) {
            TRY_VOID(commit(transaction));
        } else if ((code = mdb_txn_commit(transaction)) != 0) {
            return std::unexpected(error("cannot open a table", code));
        }
        return handle;
    }
    return fail(ErrorCode::not_found, file_ + ": has no table " + name);
}

void LmdbEnvironment::enter_reader() {
    std::unique_lock lock(readers_mutex_);
    readers_changed_.wait(lock, [&] { return !growing_; });
    ++readers_;
}

void LmdbEnvironment::leave_reader() {
    const std::scoped_lock lock(readers_mutex_);
    --readers_;
    if (readers_ == 0) readers_changed_.notify_all();
}

Result<void> LmdbEnvironment::enter_writer() {
    if (options_.read_only) return fail(ErrorCode::invalid_argument, file_ + ": opened for reading only");
    ASSAY_ASSERT(!writes_in_this_thread());
    writer_.lock();
    if (commit_failed_) {
        writer_.unlock();
        return fail(ErrorCode::io, file_ + ": a commit failed before; the database must be opened again");
    }
    writer_thread_ = std::this_thread::get_id();
    grow_if_short();
    return {};
}

void LmdbEnvironment::leave_writer() {
    writer_thread_ = std::thread::id();
    writer_.unlock();
}

/// Only where the first map had to be small. Half of it free is enough; without a quarter, waits for readers to end.
void LmdbEnvironment::grow_if_short() {
    MDB_envinfo info{};
    MDB_stat status{};
    mdb_env_info(handle_, &info);
    mdb_env_stat(handle_, &status);
    const std::uint64_t used = (info.me_last_pgno + 1) * std::uint64_t{status.ms_psize};
    if (!map_was_full_ && used <= info.me_mapsize / 2) return;
    const bool urgent = map_was_full_ || used > info.me_mapsize / 4 * 3;
    std::unique_lock lock(readers_mutex_);
    if (readers_ > 0 && !urgent) return;
    growing_ = true;
    if (readers_changed_.wait_for(lock, kGrowthPatience, [&] { return readers_ == 0; })) {
        // LMDB unmaps before it maps, and is left with nothing where that fails: see first that it will not.
        const std::size_t bytes = 2 * info.me_mapsize;
        void* room = ::mmap(nullptr, bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        if (room != MAP_FAILED) {
            ::munmap(room, bytes);
            ASSAY_ASSERT(mdb_env_set_mapsize(handle_, bytes) == 0);
            map_was_full_ = false;
        }
    }
    growing_ = false;
    readers_changed_.notify_all();
}

Result<void> LmdbEnvironment::commit(MDB_txn* transaction) {
    const DamageGuard guard(file());
    MDB_val key = to_lmdb(as_byte_view(kCommitRecordKey));
    const auto record = commit_record(mdb_txn_id(transaction));
    MDB_val value = to_lmdb(record);
    MDB_dbi main = 0;
    int code = mdb_dbi_open(transaction, nullptr, 0, &main);
    if (code == 0) code = mdb_put(transaction, main, &key, &value, 0);
    if (code == 0) code = mdb_txn_commit(transaction);
    else mdb_txn_abort(transaction);
    if (code == 0) return {};
    return std::unexpected(write_error(code));
}

Error LmdbEnvironment::write_error(int code) {
    if (means_damage(code)) stop_for_damage(file(), mdb_strerror(code));
    if (code == MDB_MAP_FULL) map_was_full_ = true;
    if (code != MDB_MAP_FULL && code != MDB_TXN_FULL) commit_failed_ = true;
    return error("cannot write", code);
}

void LmdbEnvironment::stop_reading(int code) const { stop_for_damage(file(), mdb_strerror(code)); }

ByteView LmdbEnvironment::checked(const Table& table, ByteView key, const MDB_val& stored) const {
    const auto value = table.checksum.value_of(key, from_lmdb(stored));
    if (!value) stop_for_damage(file(), "an entry does not match its checksum");
    return *value;
}

Error LmdbEnvironment::error(const char* what, int code) const {
    if (code > 0) return system_error(file_, what, code);
    ErrorCode kind = ErrorCode::io;
    if (means_damage(code)) kind = ErrorCode::malformed;
    if (code == MDB_VERSION_MISMATCH) kind = ErrorCode::unsupported;
    if (code == MDB_MAP_FULL || code == MDB_TXN_FULL || code == MDB_READERS_FULL || code == MDB_DBS_FULL)
        kind = ErrorCode::resource_exhausted;
    std::string text = mdb_strerror(code);
    return {kind, file_ + ": " + what + ": " + text};
}

} // namespace assay::storage
