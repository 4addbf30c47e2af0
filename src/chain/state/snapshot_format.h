#pragma once
/// The bytes of snapshots. Internal to the room; total on any input.
#include "base/result.h"
#include "chain/state/state_snapshot.h"

#include <vector>

namespace assay::chain {

struct SnapshotMetadata {
    std::uint64_t height = 0;
    Digest app_hash{};
    Bytes extra;
    std::vector<Digest> chunks;
};
/// Errors: resource_exhausted (over kSnapshotMetadataBytesMax).
Result<Bytes> encode_metadata(const SnapshotMetadata& metadata);
/// Errors: malformed, unsupported, resource_exhausted.
Result<SnapshotMetadata> decode_metadata(ByteView bytes);

struct SnapshotEntry {
    std::size_t module = 0;
    ByteView key;
    ByteView value;
};
inline constexpr std::size_t kSnapshotEntryHeaderBytes = 1 + 2 + 4;
void encode_entry(const SnapshotEntry& entry, Bytes& chunk);
/// Reads from the front of `chunk` and advances it. Errors: malformed.
Result<SnapshotEntry> read_entry(ByteView& chunk);

} // namespace assay::chain
