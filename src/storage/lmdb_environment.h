#pragma once
/// An open LMDB environment, shared by the database object and its transactions. Internal to the room.
/// Thread-safe, but for what the comments restrict.
#include "storage/damage.h"
#include "storage/entry_checksum.h"
#include "storage/files.h"
#include "storage/lmdb_database.h"

#include <atomic>
#include <condition_variable>
#include <lmdb.h>
#include <mutex>
#include <thread>

namespace assay::storage {

inline MDB_val to_lmdb(ByteView bytes) { return {bytes.size(), const_cast<std::uint8_t*>(bytes.data())}; }
inline ByteView from_lmdb(const MDB_val& value) {
    return {static_cast<const std::uint8_t*>(value.mv_data), value.mv_size};
}

class LmdbEnvironment {
public:
    struct Table {
        std::string name;
        MDB_dbi handle = 0;
        EntryChecksum checksum;
    };

    static Result<std::unique_ptr<LmdbEnvironment>> open(const std::filesystem::path& folder,
                                                         const LmdbDatabase::Options& options);
    ~LmdbEnvironment();
    LmdbEnvironment(const LmdbEnvironment&) = delete;

    MDB_env* handle() const { return handle_; }
    const char* file() const { return file_.c_str(); }
    const LmdbDatabase::Options& options() const { return options_; }

    /// It is a bug to name a table that this object has not opened.
    const Table& table(TableId id) const;
    std::size_t table_count() const { return table_count_; }
    Result<TableId> open_table(std::string_view name);

    /// Read transactions stand between these two, so that the map moves only while there is none.
    void enter_reader();
    void leave_reader();

    /// Lets one writer in, with a map that has room. The same thread calls leave_writer.
    Result<void> enter_writer();
    void leave_writer();
    bool writes_in_this_thread() const { return writer_thread_ == std::this_thread::get_id(); }

    /// Notes in the transaction which commit it is, then commits. The handle is gone whatever comes back.
    Result<void> commit(MDB_txn* transaction);
    Error error(const char* what, int code) const;
    /// What `code` of a failed write means: stops the process where it means damage.
    Error write_error(int code);
    /// Stops the process: reading cannot fail otherwise.
    [[noreturn]] void stop_reading(int code) const;
    /// The value without its checksum; stops the process where that does not match.
    ByteView checked(const Table& table, ByteView key, const MDB_val& stored) const;

private:
    LmdbEnvironment(const std::filesystem::path& folder, const LmdbDatabase::Options& options);
    Result<void> lock_folder();
    Result<void> create_database();
    Result<void> open_at(const std::filesystem::path& folder);
    /// The code that LMDB gives: ENOMEM where the address space has no such room.
    int open_mapped(const std::filesystem::path& folder, std::uint64_t map_bytes);
    Result<void> check_commit_record();
    std::uint64_t first_map_bytes() const;
    Result<MDB_dbi> open_handle(const std::string& name);
    void grow_if_short();

    std::filesystem::path folder_;
    std::string file_;
    LmdbDatabase::Options options_;
    Descriptor lock_;
    MDB_env* handle_ = nullptr;
    MDB_dbi main_ = 0;

    std::mutex tables_mutex_; ///< held while a table is opened
    std::unique_ptr<Table[]> tables_;
    std::atomic<std::size_t> table_count_ = 0;

    std::mutex writer_; ///< held by the write transaction
    std::atomic<std::thread::id> writer_thread_;
    bool commit_failed_ = false; ///< guarded by writer_
    bool map_was_full_ = false;  ///< guarded by writer_

    std::mutex readers_mutex_;
    std::condition_variable readers_changed_;
    std::size_t readers_ = 0;
    bool growing_ = false; ///< new readers wait
};

} // namespace assay::storage
