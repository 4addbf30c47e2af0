#pragma once
/// The key-value port: ordered tables of byte strings, any number of snapshot readers, one writer at a time.
/// LmdbDatabase (lmdb_database.h) keeps them in one file; MemoryDatabase (memory_database.h) in memory, for simulation
/// and tests. Both pass the same tests.
///
/// Keys have 1 to 511 bytes and are ordered as unsigned bytes, a prefix before what it begins. Values have 0 to 256 MiB.
///
/// Errors. Opening, beginning and committing return a Result. Reading has none: a key is there or it is not. A database
/// that turns out to be damaged while it is read (a checksum that does not match, a page that cannot be one) stops the
/// process with one line that names the database, as ASSAY_ASSERT does: a node that can no longer trust its state must
/// neither answer nor commit. LmdbDatabase::check_file finds such damage without stopping anything.
/// Writing keeps its first error: later writes do nothing, status() tells it, commit() returns it and commits nothing.
///
/// Thread safety: a Database by any thread. A read transaction and its cursors by one thread at a time, not always the
/// same one. A write transaction only by the thread that began it. Committed class: equal writes give equal reads.
#include "base/bytes.h"
#include "base/result.h"

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace assay::storage {

inline constexpr std::size_t kKeyBytesMax = 511;
inline constexpr std::size_t kValueBytesMax = std::size_t{256} << 20;
inline constexpr std::size_t kTableNameBytesMax = 64;

/// A table of one open Database; from Database::open_table only, and good for that object alone.
enum class TableId : std::uint32_t {};

/// A position in one table, within one transaction, which must outlive it. Starts out not valid.
/// A write in the same transaction unsets the position: valid() is false until the cursor is placed again.
class Cursor {
public:
    virtual ~Cursor() = default;

    /// Each places the cursor and says whether there is an entry there, as valid() does from then on.
    virtual bool first() = 0;
    virtual bool last() = 0;
    virtual bool
    seek_at_or_after(ByteView key) = 0; ///< the least key that is `key` or above; an empty `key` is first()
    virtual bool seek_before(ByteView key) = 0; ///< the greatest key strictly below `key`

    /// Only where valid(). Past either end the cursor is not valid any more.
    virtual bool next() = 0;
    virtual bool previous() = 0;

    virtual bool valid() const = 0;
    /// Only where valid(). The views live as those of ReadTransaction::get do.
    virtual ByteView key() const = 0;
    virtual ByteView value() const = 0; ///< checks the entry's checksum; key() alone does not
};

/// A view of the database as it was after one commit, in the tables that were opened before it began, however long it is held and whatever is committed since.
/// Hold it for as short as the work allows: pages that it can see are not reused meanwhile, so the file grows.
class ReadTransaction {
public:
    virtual ~ReadTransaction() = default;
    ReadTransaction() = default;
    ReadTransaction(const ReadTransaction&) = delete;
    ReadTransaction& operator=(const ReadTransaction&) = delete;

    /// The value, or nothing where the key is absent (also where no key can be so long, or is empty).
    /// The view is valid until the transaction ends or, in a write transaction, until its next write.
    virtual std::optional<ByteView> get(TableId table, ByteView key) const = 0;
    virtual std::unique_ptr<Cursor> cursor(TableId table) const = 0;
    virtual std::uint64_t entries(TableId table) const = 0;
};

/// All or nothing: what it wrote is seen by its own reads at once, and by others after commit(). Ends by commit() or by
/// destruction, which drops every write. Views and keys passed to a write must not point into the database itself.
class WriteTransaction : public ReadTransaction {
public:
    /// Inserts or replaces.
    virtual void put(TableId table, ByteView key, ByteView value) = 0;
    /// As put, for a key above all others in the table: faster, and fills pages. Error otherwise: invalid_argument.
    virtual void append(TableId table, ByteView key, ByteView value) = 0;
    /// As put, and returns the place for `value_bytes` bytes to be written before the next call on this transaction.
    /// Saves a copy of large values. The bytes are zero or arbitrary at first.
    virtual std::span<std::uint8_t> reserve(TableId table, ByteView key, std::size_t value_bytes) = 0;
    /// Says whether the key was there.
    virtual bool erase(TableId table, ByteView key) = 0;
    /// Removes every entry; faster than erasing each.
    virtual void clear(TableId table) = 0;

    /// The first error so far: invalid_argument (a key or value outside its limits, an append out of order),
    /// resource_exhausted (the map cannot hold more), io.
    virtual Result<void> status() const = 0;

    /// Makes every write durable: when it returns success they survive a crash of process or machine. On error nothing
    /// was committed, and after io or resource_exhausted from the system (disk full) this Database takes no more writes
    /// until it is opened again, which gives the state before. May be called once; only destruction is allowed after it.
    [[nodiscard]] virtual Result<void> commit() = 0;
};

struct TableStatistics {
    std::string name;
    std::uint64_t entries = 0;
};

struct DatabaseStatistics {
    std::uint64_t file_bytes = 0; ///< length of the file so far: pages in use and pages to be used again
    std::uint64_t free_bytes = 0; ///< of these, pages to be used again
    std::uint64_t map_bytes = 0; ///< address space set aside; the file cannot exceed it before it is grown
    std::uint64_t commits = 0; ///< number of the last commit
    std::vector<TableStatistics> tables; ///< in order of names
};

class Database {
public:
    virtual ~Database() = default;
    Database() = default;
    Database(const Database&) = delete;
    Database& operator=(const Database&) = delete;

    /// Opens a table, creating it where there is none. Waits for a write transaction to end; so never while the calling
    /// thread holds one. Errors: invalid_argument (name), resource_exhausted (too many tables), io.
    virtual Result<TableId> open_table(std::string_view name) = 0;

    /// Errors: resource_exhausted (too many readers at once), io.
    virtual Result<std::unique_ptr<ReadTransaction>> begin_read() = 0;
    /// Waits until the writer before has ended; it is a bug for a thread to begin a second one while it holds one.
    /// Errors: io (a commit failed before), invalid_argument (opened for reading only), resource_exhausted.
    virtual Result<std::unique_ptr<WriteTransaction>> begin_write() = 0;

    virtual Result<DatabaseStatistics> statistics() = 0;

    /// Writes a consistent copy of the last commit into the new folder `path` while readers and the writer go on; the
    /// copy is durable when it returns, and is absent where it fails. Errors: invalid_argument (exists), io, unsupported.
    virtual Result<void> copy_to(const std::filesystem::path& path) = 0;
};

} // namespace assay::storage
