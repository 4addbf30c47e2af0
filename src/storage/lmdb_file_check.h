#pragma once
/// Looks for damage in a database file by reading its format, without liblmdb and without trusting a byte of it: page
/// numbers, flags, offsets, overlaps, key order, depths, counts, overflow runs, the list of free pages, that every page
/// has exactly one owner, every entry's checksum, and the number of the commit. Run it before opening what may be damaged:
/// liblmdb itself trusts its pages.
///
/// What it cannot see: bytes that nothing reads (free pages, gaps between entries), and a whole older state put in place.
/// Source: the format of LMDB 0.9 (data version 1) on a little-endian 64-bit machine. Thread-safe. Committed class.
#include "storage/database.h"

namespace assay::storage {

struct LmdbFileReport {
    std::uint64_t commits = 0;
    std::uint64_t pages = 0; ///< up to the last one ever used
    std::uint64_t free_pages = 0;
    std::vector<TableStatistics> tables; ///< in order of names
};

/// The contents of a data.mdb. Errors: malformed, with the page and what is wrong with it; unsupported (another version).
Result<LmdbFileReport> check_lmdb_file(ByteView file);

/// The database in `folder`, which no process may have open meanwhile. Errors: as above; io (in use), not_found.
/// A page that the disk cannot read stops the process with a line that says so.
Result<LmdbFileReport> check_lmdb_folder(const std::filesystem::path& folder);

} // namespace assay::storage
