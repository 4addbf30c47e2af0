#pragma once
/// What Assay adds to LMDB's format: four bytes at the end of each value, and a record of each commit.
/// Internal to the room. Thread-safe. Committed class.
#include "base/bytes.h"

#include <array>
#include <optional>
#include <string_view>

namespace assay::storage {

inline constexpr std::size_t kChecksumBytes = 4;

/// The checksum of a table's entries: CRC-32C over table name, key length (2 bytes), key and value, little-endian
/// behind the value. The name is in it so that an entry of one table is damage in another.
class EntryChecksum {
public:
    EntryChecksum() = default;
    explicit EntryChecksum(std::string_view table_name);

    /// Writes the checksum behind `value_bytes` bytes at `value`.
    void seal(ByteView key, std::uint8_t* value, std::size_t value_bytes) const;
    /// `stored` without its checksum, or nothing where that does not match.
    std::optional<ByteView> value_of(ByteView key, ByteView stored) const;

private:
    std::uint32_t compute(ByteView key, ByteView value) const;
    std::uint32_t seed_ = 0;
};

/// Stands among the table names and is none: the number of the last commit, and its checksum.
inline constexpr std::string_view kCommitRecordKey = "assay/commit";
std::array<std::uint8_t, 8 + kChecksumBytes> commit_record(std::uint64_t number);
bool is_commit_record(std::string_view key, ByteView record, std::uint64_t number);

} // namespace assay::storage
