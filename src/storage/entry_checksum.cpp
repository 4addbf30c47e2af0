#include "storage/entry_checksum.h"

#include "storage/crc32c.h"

#include <algorithm>

namespace assay::storage {
namespace {

template <class Integer>
void write_little_endian(Integer number, std::uint8_t* out) {
    for (std::size_t i = 0; i < sizeof number; ++i) out[i] = static_cast<std::uint8_t>(number >> (8 * i));
}

} // namespace

EntryChecksum::EntryChecksum(std::string_view table_name) : seed_(crc32c(0, as_byte_view(table_name))) {}

std::uint32_t EntryChecksum::compute(ByteView key, ByteView value) const {
    std::array<std::uint8_t, 2> key_bytes{};
    write_little_endian(static_cast<std::uint16_t>(key.size()), key_bytes.data());
    return crc32c(crc32c(crc32c(seed_, key_bytes), key), value);
}

void EntryChecksum::seal(ByteView key, std::uint8_t* value, std::size_t value_bytes) const {
    write_little_endian(compute(key, {value, value_bytes}), value + value_bytes);
}

std::optional<ByteView> EntryChecksum::value_of(ByteView key, ByteView stored) const {
    if (stored.size() < kChecksumBytes) return std::nullopt;
    const ByteView value = stored.first(stored.size() - kChecksumBytes);
    std::array<std::uint8_t, kChecksumBytes> expected{};
    write_little_endian(compute(key, value), expected.data());
    return std::ranges::equal(stored.last(kChecksumBytes), expected) ? std::optional(value) : std::nullopt;
}

std::array<std::uint8_t, 8 + kChecksumBytes> commit_record(std::uint64_t number) {
    std::array<std::uint8_t, 8 + kChecksumBytes> record{};
    write_little_endian(number, record.data());
    EntryChecksum(kCommitRecordKey).seal({}, record.data(), 8);
    return record;
}

bool is_commit_record(std::string_view key, ByteView record, std::uint64_t number) {
    return key == kCommitRecordKey && std::ranges::equal(record, commit_record(number));
}

} // namespace assay::storage
