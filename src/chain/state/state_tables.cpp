#include "chain/state/state_tables.h"

#include <cstring>

namespace assay::chain {
namespace {

constexpr std::uint8_t kStateFormat = 1;
constexpr std::uint8_t kPut = 1;
constexpr std::uint8_t kErase = 0;
constexpr std::size_t kValueHeaderBytes = 4;
constexpr std::size_t kRootBytes = 1 + 8 + 32;
constexpr std::size_t kVersionHeaderBytes = 1 + 32 + kModuleCount * kRootBytes;
constexpr std::string_view kFormatKey = "format";

void add_u64(Bytes& out, std::uint64_t value) {
    for (int shift = 56; shift >= 0; shift -= 8) out.push_back(static_cast<std::uint8_t>(value >> shift));
}

template <class Integer>
Integer read_big_endian(ByteView bytes) {
    Integer value = 0;
    for (std::size_t i = 0; i < sizeof(Integer); ++i) value = static_cast<Integer>(value << 8) | bytes[i];
    return value;
}

Result<void> check_format(storage::Database& database, storage::TableId meta) {
    auto transaction = TRY(database.begin_write());
    if (const auto found = transaction->get(meta, as_byte_view(kFormatKey))) {
        if (found->size() == 1 && (*found)[0] == kStateFormat) return {};
        return fail(ErrorCode::unsupported, "state: stored in another format than 1");
    }
    transaction->put(meta, as_byte_view(kFormatKey), ByteView(&kStateFormat, 1));
    return transaction->commit();
}

} // namespace

Result<StateTables> StateTables::open(storage::Database& database) {
    StateTables tables{};
    tables.nodes = TRY(database.open_table("state.nodes"));
    tables.values = TRY(database.open_table("state.values"));
    tables.index = TRY(database.open_table("state.index"));
    tables.stale = TRY(database.open_table("state.stale"));
    tables.versions = TRY(database.open_table("state.versions"));
    tables.meta = TRY(database.open_table("state.meta"));
    {
        const auto transaction = TRY(database.begin_read());
        const auto format = transaction->get(tables.meta, as_byte_view(kFormatKey));
        if (format && format->size() == 1 && (*format)[0] == kStateFormat) return tables;
    }
    TRY_VOID(check_format(database, tables.meta));
    return tables;
}

LocationKey location_key(const Location& location) {
    LocationKey key;
    for (std::size_t i = 0; i < 8; ++i) key[i] = static_cast<std::uint8_t>(location.version >> (56 - 8 * i));
    for (std::size_t i = 0; i < 4; ++i) key[8 + i] = static_cast<std::uint8_t>(location.index >> (24 - 8 * i));
    return key;
}

std::optional<Location> parse_location(ByteView bytes) {
    if (bytes.size() != kLocationBytes) return std::nullopt;
    return Location{read_big_endian<std::uint64_t>(bytes), read_big_endian<std::uint32_t>(bytes.subspan(8))};
}

std::array<std::uint8_t, 8> version_key(std::uint64_t version) {
    std::array<std::uint8_t, 8> key;
    for (std::size_t i = 0; i < 8; ++i) key[i] = static_cast<std::uint8_t>(version >> (56 - 8 * i));
    return key;
}

std::uint64_t parse_version(ByteView key) { return read_big_endian<std::uint64_t>(key); }

void encode_value(const ValueRecord& value, Bytes& out) {
    const std::size_t size = value.key.size();
    out.insert(out.end(), {value.is_erase ? kErase : kPut, static_cast<std::uint8_t>(value.module),
                           static_cast<std::uint8_t>(size >> 8), static_cast<std::uint8_t>(size)});
    out.insert(out.end(), value.key.begin(), value.key.end());
    out.insert(out.end(), value.value.begin(), value.value.end());
}

Result<ValueRecord> decode_value(ByteView record) {
    if (record.size() < kValueHeaderBytes) return fail(ErrorCode::malformed, "change is cut short");
    if (record[0] != kPut && record[0] != kErase) return fail(ErrorCode::malformed, "change of an unknown kind");
    ValueRecord value;
    value.is_erase = record[0] == kErase;
    value.module = record[1];
    const std::size_t size = std::size_t{record[2]} << 8 | record[3];
    record = record.subspan(kValueHeaderBytes);
    if (record.size() < size) return fail(ErrorCode::malformed, "change is cut short");
    value.key = record.first(size);
    value.value = record.subspan(size);
    if (value.module >= kModuleCount) return fail(ErrorCode::malformed, "change of an unknown module");
    if (size == 0 || size > kStateKeyBytesMax) return fail(ErrorCode::malformed, "change with an impossible key");
    if (value.value.size() > kStateValueBytesMax || (value.is_erase && !value.value.empty())) {
        return fail(ErrorCode::malformed, "change with an impossible value");
    }
    return value;
}

Bytes index_key(std::size_t module, ByteView raw_key) {
    Bytes key;
    key.reserve(1 + raw_key.size());
    key.push_back(static_cast<std::uint8_t>(module));
    key.insert(key.end(), raw_key.begin(), raw_key.end());
    return key;
}

ModuleRoots VersionRecord::root_hashes() const {
    ModuleRoots hashes;
    for (std::size_t i = 0; i < kModuleCount; ++i) hashes[i] = roots[i].hash;
    return hashes;
}

VersionRecord empty_version() {
    VersionRecord version;
    version.app_hash = app_hash_of(ModuleRoots{});
    return version;
}

void encode_version(const VersionRecord& version, Bytes& out) {
    out.push_back(kStateFormat);
    out.insert(out.end(), version.app_hash.begin(), version.app_hash.end());
    for (const Child& root : version.roots) {
        out.push_back(root.leaves);
        add_u64(out, root.version);
        out.insert(out.end(), root.hash.begin(), root.hash.end());
    }
    out.insert(out.end(), version.extra.begin(), version.extra.end());
}

Result<VersionRecord> decode_version(std::uint64_t number, ByteView record) {
    const std::string where = "state version " + std::to_string(number);
    if (record.size() < kVersionHeaderBytes) return fail(ErrorCode::malformed, where + ": record is cut short");
    if (record[0] != kStateFormat) return fail(ErrorCode::unsupported, where + ": record of another format");
    VersionRecord version;
    version.version = number;
    std::memcpy(version.app_hash.data(), record.data() + 1, 32);
    for (std::size_t i = 0; i < kModuleCount; ++i) {
        const ByteView at = record.subspan(1 + 32 + i * kRootBytes, kRootBytes);
        Child& root = version.roots[i];
        root.leaves = at[0];
        root.version = read_big_endian<std::uint64_t>(at.subspan(1));
        std::memcpy(root.hash.data(), at.data() + 9, 32);
        if (root.leaves > kBucketLeavesMax && !root.is_inner()) {
            return fail(ErrorCode::malformed, where + ": root of an impossible kind");
        }
        if (root.version > number) return fail(ErrorCode::malformed, where + ": root of a later version");
    }
    const ByteView extra = record.subspan(kVersionHeaderBytes);
    version.extra.assign(extra.begin(), extra.end());
    return version;
}

Result<VersionRecord> read_last_version(const storage::ReadTransaction& transaction, const StateTables& tables) {
    const auto cursor = transaction.cursor(tables.versions);
    if (!cursor->last()) return empty_version();
    if (cursor->key().size() != 8) return fail(ErrorCode::malformed, "state versions: key of an impossible length");
    return decode_version(parse_version(cursor->key()), cursor->value());
}

Result<VersionRecord> read_version(const storage::ReadTransaction& transaction, const StateTables& tables,
                                   std::uint64_t version) {
    const auto record = transaction.get(tables.versions, version_key(version));
    if (record) return decode_version(version, *record);
    if (version == 0 && transaction.entries(tables.versions) == 0) return empty_version();
    return fail(ErrorCode::not_found, "state version " + std::to_string(version) + " is not kept");
}

void encode_stale(const StaleList& list, Bytes& out) {
    for (const NodeKey& key : list.nodes) {
        out.push_back(key.size);
        out.insert(out.end(), key.view().begin(), key.view().end());
    }
    for (const Location& location : list.values) {
        const LocationKey key = location_key(location);
        out.push_back(0);
        out.insert(out.end(), key.begin(), key.end());
    }
}

Result<void> decode_stale(ByteView record, StaleList& list) {
    constexpr std::size_t kNodeKeyBytesMin = 8 + 1 + 1;
    while (!record.empty()) {
        const std::size_t size = record[0];
        const std::size_t bytes = size == 0 ? kLocationBytes : size;
        record = record.subspan(1);
        NodeKey key;
        if (record.size() < bytes || bytes > key.bytes.size() || (size != 0 && size < kNodeKeyBytesMin)) {
            return fail(ErrorCode::malformed, "stale list is cut short");
        }
        if (size == 0) {
            list.values.push_back(*parse_location(record.first(bytes)));
        } else {
            std::memcpy(key.bytes.data(), record.data(), size);
            key.size = static_cast<std::uint8_t>(size);
            list.nodes.push_back(key);
        }
        record = record.subspan(bytes);
    }
    return {};
}

} // namespace assay::chain
