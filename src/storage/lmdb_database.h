#pragma once
/// The key-value port over LMDB (Debian's liblmdb 0.9.24): one folder with data.mdb and lock.mdb, one process at a time.
///
/// Durability: commit() returns after the pages were synced and then the meta page, which is what makes them visible.
/// A crash in between leaves the state before. Each entry ends in a CRC-32C over table, key and value, checked when it is
/// read, and each commit records its own number, checked against the meta page when the folder is opened.
///
/// The map is address space, not memory and not disk: at least twice the file system, so that the disk is full before
/// the map is. Where the system refuses that much, the map starts smaller and grows between transactions.
/// Thread safety, errors and class as database.h says.
#include "storage/database.h"

namespace assay::storage {

class LmdbEnvironment;

class LmdbDatabase final : public Database {
public:
    struct Options {
        bool create = true; ///< make the folder and an empty database where there is none
        bool read_only = false; ///< begin_write refuses; nothing in the folder's data changes
        bool unsafe_no_sync = false; ///< for benchmarks only: a crash of the machine may lose or destroy the database
        bool read_ahead = false; ///< let the kernel read ahead: for scans of a file larger than memory
        std::uint32_t readers_max = 512; ///< read transactions open at once
        std::uint32_t tables_max = 64;
        std::uint64_t map_bytes = 0; ///< address space to start with; 0: twice the file system, at least 64 GiB
    };

    /// Errors: not_found (no database and not `create`), io (in use by another process, unreadable),
    /// malformed (not a database of this kind, damaged meta pages), unsupported (another version of the format).
    static Result<std::unique_ptr<LmdbDatabase>> open(const std::filesystem::path& folder, Options options);
    static Result<std::unique_ptr<LmdbDatabase>> open(const std::filesystem::path& folder);
    ~LmdbDatabase() override; ///< every transaction must have ended

    Result<TableId> open_table(std::string_view name) override;
    Result<std::unique_ptr<ReadTransaction>> begin_read() override;
    Result<std::unique_ptr<WriteTransaction>> begin_write() override;
    Result<DatabaseStatistics> statistics() override;
    Result<void> copy_to(const std::filesystem::path& path) override;

private:
    explicit LmdbDatabase(std::unique_ptr<LmdbEnvironment> environment);
    std::unique_ptr<LmdbEnvironment> environment_;
};

} // namespace assay::storage
