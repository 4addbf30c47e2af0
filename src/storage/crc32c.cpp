#include "storage/crc32c.h"

#include <array>
#include <bit>
#include <cstring>

#if defined(__SSE4_2__)
#include <nmmintrin.h>
#endif

namespace assay::storage {
namespace {

constexpr std::uint32_t kPolynomial = 0x82f63b78; // bits reversed
using Tables = std::array<std::array<std::uint32_t, 256>, 8>;

/// tables[k][b]: the remainder of byte b followed by k zero bytes.
constexpr Tables make_tables() {
    Tables tables{};
    for (std::uint32_t byte = 0; byte < 256; ++byte) {
        std::uint32_t crc = byte;
        for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1) != 0 ? kPolynomial : 0);
        tables[0][byte] = crc;
    }
    for (std::size_t k = 1; k < tables.size(); ++k)
        for (std::size_t byte = 0; byte < 256; ++byte)
            tables[k][byte] = (tables[k - 1][byte] >> 8) ^ tables[0][tables[k - 1][byte] & 0xff];
    return tables;
}
constexpr Tables kTables = make_tables();

std::uint64_t little_endian_word(const std::uint8_t* bytes) {
    std::uint64_t word;
    std::memcpy(&word, bytes, sizeof word);
    if constexpr (std::endian::native == std::endian::big) word = __builtin_bswap64(word);
    return word;
}

} // namespace

std::uint32_t crc32c_portable(std::uint32_t crc, ByteView bytes) {
    crc = ~crc;
    const std::uint8_t* at = bytes.data();
    std::size_t left = bytes.size();
    for (; left >= 8; at += 8, left -= 8) {
        const std::uint64_t word = little_endian_word(at) ^ crc;
        crc = 0;
        for (std::size_t k = 0; k < 8; ++k) crc ^= kTables[7 - k][(word >> (8 * k)) & 0xff];
    }
    for (; left > 0; ++at, --left) crc = (crc >> 8) ^ kTables[0][(crc ^ *at) & 0xff];
    return ~crc;
}

#if defined(__SSE4_2__)
std::uint32_t crc32c(std::uint32_t crc, ByteView bytes) {
    std::uint64_t running = ~crc;
    const std::uint8_t* at = bytes.data();
    std::size_t left = bytes.size();
    for (; left >= 8; at += 8, left -= 8) running = _mm_crc32_u64(running, little_endian_word(at));
    auto rest = static_cast<std::uint32_t>(running);
    for (; left > 0; ++at, --left) rest = _mm_crc32_u8(rest, *at);
    return ~rest;
}
#else
std::uint32_t crc32c(std::uint32_t crc, ByteView bytes) { return crc32c_portable(crc, bytes); }
#endif

} // namespace assay::storage
