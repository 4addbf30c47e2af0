#pragma once
/// Tables and records of a stored state, but for tree nodes (node.h). Internal to the room.
///
///   state.nodes     version ‖ module ‖ depth ‖ path       → node
///   state.values    version ‖ index                       → one change: put or erase, module, raw key, value
///   state.index     module ‖ raw key                      → location; ordered collections, at the last version
///   state.stale     version ‖ count of records            → what that version replaced: node keys and locations
///   state.versions  version                               → app hash, roots, the application's bytes
///   state.meta      "format", "restore"
///
/// Integers in keys are big-endian. Decoders are total. Committed class.
#include "chain/state/node.h"
#include "storage/database.h"

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace assay::chain {

/// Of state.meta: there while a state sync is not finished.
inline constexpr std::string_view kRestoreKey = "restore";

struct StateTables {
    storage::TableId nodes, values, index, stale, versions, meta;

    /// Opens all six, and writes the format's number where there is none.
    /// Errors: unsupported (another format); as Database::open_table.
    static Result<StateTables> open(storage::Database& database);
};

inline constexpr std::size_t kLocationBytes = 12;
using LocationKey = std::array<std::uint8_t, kLocationBytes>;
LocationKey location_key(const Location& location);
std::optional<Location> parse_location(ByteView bytes);

std::array<std::uint8_t, 8> version_key(std::uint64_t version);
std::uint64_t parse_version(ByteView key); ///< of the first 8 bytes, which must be there

/// One change as it is stored. Views into the record.
struct ValueRecord {
    bool is_erase = false;
    std::size_t module = 0;
    ByteView key;
    ByteView value;
};
void encode_value(const ValueRecord& value, Bytes& out);
Result<ValueRecord> decode_value(ByteView record);

Bytes index_key(std::size_t module, ByteView raw_key);
inline bool is_ordered(ByteView raw_key) { return raw_key[0] < kFirstPointCollection; }

/// One version: what is needed to read it and to answer Info.
struct VersionRecord {
    std::uint64_t version = 0; ///< the record's key
    Digest app_hash{};
    std::array<Child, kModuleCount> roots{};
    Bytes extra;

    ModuleRoots root_hashes() const;
    bool operator==(const VersionRecord&) const = default;
};
/// Before the first commit.
VersionRecord empty_version();
void encode_version(const VersionRecord& version, Bytes& out);
Result<VersionRecord> decode_version(std::uint64_t version, ByteView record);

/// Errors: malformed. The last version, or empty_version().
Result<VersionRecord> read_last_version(const storage::ReadTransaction& transaction, const StateTables& tables);
/// Errors: not_found (never committed, pruned or rolled back), malformed.
Result<VersionRecord> read_version(const storage::ReadTransaction& transaction, const StateTables& tables,
                                   std::uint64_t version);

/// What one version replaced, as pruning will remove it.
struct StaleList {
    std::vector<NodeKey> nodes;
    std::vector<Location> values;
};
void encode_stale(const StaleList& list, Bytes& out);
Result<void> decode_stale(ByteView record, StaleList& list); ///< appends

} // namespace assay::chain
