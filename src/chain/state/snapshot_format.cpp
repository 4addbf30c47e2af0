#include "chain/state/snapshot_format.h"

#include "codec/dag_cbor.h"

#include <algorithm>
#include <cstring>

namespace assay::chain {
namespace {

using codec::Value;

Result<std::uint64_t> unsigned_field(const Value& map, std::string_view name) {
    const Value* value = map.find(name);
    const auto* integer = value != nullptr ? value->integer() : nullptr;
    const auto number = integer != nullptr ? integer->to_uint64() : std::nullopt;
    if (!number) return fail(ErrorCode::malformed, "snapshot metadata: no '" + std::string(name) + "'");
    return *number;
}

Result<Bytes> bytes_field(const Value& map, std::string_view name) {
    const Value* value = map.find(name);
    const Bytes* bytes = value != nullptr ? value->bytes() : nullptr;
    if (bytes == nullptr) return fail(ErrorCode::malformed, "snapshot metadata: no '" + std::string(name) + "'");
    return *bytes;
}

} // namespace

Result<Bytes> encode_metadata(const SnapshotMetadata& metadata) {
    Bytes chunks;
    for (const Digest& hash : metadata.chunks) chunks.insert(chunks.end(), hash.begin(), hash.end());
    const Value map(Value::Map{{"app_hash", Value(Bytes(metadata.app_hash.begin(), metadata.app_hash.end()))},
                               {"chunks", Value(std::move(chunks))},
                               {"extra", Value(metadata.extra)},
                               {"format", Value(kSnapshotFormat)},
                               {"height", Value(metadata.height)}});
    Bytes bytes = TRY(codec::encode_dag_cbor(map));
    if (bytes.size() > kSnapshotMetadataBytesMax) {
        return fail(ErrorCode::resource_exhausted, "snapshot: the state needs more chunks than its metadata can list");
    }
    return bytes;
}

Result<SnapshotMetadata> decode_metadata(ByteView bytes) {
    constexpr std::size_t kItemsMax = 16;
    const Value map =
        TRY(codec::decode_dag_cbor(bytes, {.size_max = kSnapshotMetadataBytesMax, .items_max = kItemsMax}));
    if (map.map() == nullptr || map.map()->size() != 5)
        return fail(ErrorCode::malformed, "snapshot metadata: not its five fields");
    if (TRY(unsigned_field(map, "format")) != kSnapshotFormat) {
        return fail(ErrorCode::unsupported, "snapshot metadata: another format than 1");
    }
    SnapshotMetadata metadata;
    metadata.height = TRY(unsigned_field(map, "height"));
    const Bytes app_hash = TRY(bytes_field(map, "app_hash"));
    const Bytes chunks = TRY(bytes_field(map, "chunks"));
    metadata.extra = TRY(bytes_field(map, "extra"));
    if (metadata.height == 0) return fail(ErrorCode::malformed, "snapshot metadata: height 0");
    if (metadata.extra.size() > kSnapshotExtraBytesMax)
        return fail(ErrorCode::malformed, "snapshot metadata: 'extra' is too long");
    if (app_hash.size() != crypto::kDigestBytes || chunks.size() % crypto::kDigestBytes != 0) {
        return fail(ErrorCode::malformed, "snapshot metadata: a hash of another length than 32 bytes");
    }
    std::ranges::copy(app_hash, metadata.app_hash.begin());
    metadata.chunks.resize(chunks.size() / crypto::kDigestBytes);
    for (std::size_t i = 0; i < metadata.chunks.size(); ++i) {
        std::memcpy(metadata.chunks[i].data(), chunks.data() + i * crypto::kDigestBytes, crypto::kDigestBytes);
    }
    return metadata;
}

void encode_entry(const SnapshotEntry& entry, Bytes& chunk) {
    const std::size_t key = entry.key.size();
    const std::size_t value = entry.value.size();
    chunk.insert(chunk.end(), {static_cast<std::uint8_t>(entry.module), static_cast<std::uint8_t>(key >> 8),
                               static_cast<std::uint8_t>(key), static_cast<std::uint8_t>(value >> 24),
                               static_cast<std::uint8_t>(value >> 16), static_cast<std::uint8_t>(value >> 8),
                               static_cast<std::uint8_t>(value)});
    chunk.insert(chunk.end(), entry.key.begin(), entry.key.end());
    chunk.insert(chunk.end(), entry.value.begin(), entry.value.end());
}

Result<SnapshotEntry> read_entry(ByteView& chunk) {
    if (chunk.size() < kSnapshotEntryHeaderBytes) return fail(ErrorCode::malformed, "entry is cut short");
    SnapshotEntry entry;
    entry.module = chunk[0];
    const std::size_t key = std::size_t{chunk[1]} << 8 | chunk[2];
    const std::size_t value =
        std::size_t{chunk[3]} << 24 | std::size_t{chunk[4]} << 16 | std::size_t{chunk[5]} << 8 | chunk[6];
    if (entry.module >= kModuleCount) return fail(ErrorCode::malformed, "entry of an unknown module");
    if (key == 0 || key > kStateKeyBytesMax) return fail(ErrorCode::malformed, "entry with an impossible key");
    if (value > kStateValueBytesMax) return fail(ErrorCode::malformed, "entry with an impossible value");
    chunk = chunk.subspan(kSnapshotEntryHeaderBytes);
    if (chunk.size() < key + value) return fail(ErrorCode::malformed, "entry is cut short");
    entry.key = chunk.first(key);
    entry.value = chunk.subspan(key, value);
    chunk = chunk.subspan(key + value);
    return entry;
}

} // namespace assay::chain
