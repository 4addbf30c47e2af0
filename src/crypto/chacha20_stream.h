#pragma once
/// Key stream of ChaCha20 (RFC 8439), zero nonce: reproducible bytes for golden files. For tests only.
#include "base/bytes.h"
#include "crypto/sha256.h"

#include <array>
#include <bit>

namespace assay::crypto {

inline void chacha20_quarter(std::array<std::uint32_t, 16>& x, int a, int b, int c, int d) {
    const auto mix = [&](int to, int from, int with, int rotation) {
        x[to] += x[from];
        x[with] = std::rotl(x[with] ^ x[to], rotation);
    };
    mix(a, b, d, 16), mix(c, d, b, 12), mix(a, b, d, 8), mix(c, d, b, 7);
}

/// `size` bytes under the key SHA-256(`seed`).
inline Bytes chacha20_stream(std::string_view seed, std::size_t size) {
    const Digest key = sha256(as_byte_view(seed));
    std::array<std::uint32_t, 16> start = {0x61707865, 0x3320646e, 0x79622d32, 0x6b206574};
    for (std::size_t i = 0; i < key.size(); ++i) start[4 + i / 4] |= std::uint32_t{key[i]} << (8 * (i % 4));
    Bytes out(size);
    for (std::size_t at = 0; at < size; at += 64, ++start[12]) {
        auto x = start;
        for (int round = 0; round < 10; ++round) {
            for (int i = 0; i < 4; ++i) chacha20_quarter(x, i, 4 + i, 8 + i, 12 + i);
            for (int i = 0; i < 4; ++i) chacha20_quarter(x, i, 4 + (i + 1) % 4, 8 + (i + 2) % 4, 12 + (i + 3) % 4);
        }
        for (std::size_t i = 0; i < 64 && at + i < size; ++i) {
            out[at + i] = static_cast<std::uint8_t>((x[i / 4] + start[i / 4]) >> (8 * (i % 4)));
        }
    }
    return out;
}

} // namespace assay::crypto
