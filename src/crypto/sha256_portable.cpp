#include "crypto/sha256_compress.h"
#include "crypto/sha256_implementation.h"

#include <bit>

namespace assay::crypto {
namespace {

std::uint32_t load_big_endian(const std::uint8_t* in) {
    return (std::uint32_t{in[0]} << 24) | (std::uint32_t{in[1]} << 16) | (std::uint32_t{in[2]} << 8) | in[3];
}

/// FIPS 180-4 §6.2.2, with the message schedule kept in a ring of 16 words.
void compress_block(std::uint32_t* state, const std::uint8_t* block) {
    std::uint32_t w[16];
    for (int t = 0; t < 16; ++t) w[t] = load_big_endian(block + 4 * t);
    std::uint32_t a = state[0], b = state[1], c = state[2], d = state[3];
    std::uint32_t e = state[4], f = state[5], g = state[6], h = state[7];
    for (int t = 0; t < 64; ++t) {
        if (t >= 16) {
            const std::uint32_t w15 = w[(t + 1) & 15];
            const std::uint32_t w2 = w[(t + 14) & 15];
            const std::uint32_t s0 = std::rotr(w15, 7) ^ std::rotr(w15, 18) ^ (w15 >> 3);
            const std::uint32_t s1 = std::rotr(w2, 17) ^ std::rotr(w2, 19) ^ (w2 >> 10);
            w[t & 15] += s0 + w[(t + 9) & 15] + s1;
        }
        const std::uint32_t sum1 = std::rotr(e, 6) ^ std::rotr(e, 11) ^ std::rotr(e, 25);
        const std::uint32_t choice = (e & f) ^ (~e & g);
        const std::uint32_t t1 = h + sum1 + choice + kSha256Constants[static_cast<std::size_t>(t)] + w[t & 15];
        const std::uint32_t sum0 = std::rotr(a, 2) ^ std::rotr(a, 13) ^ std::rotr(a, 22);
        const std::uint32_t majority = (a & b) ^ (a & c) ^ (b & c);
        h = g, g = f, f = e, e = d + t1;
        d = c, c = b, b = a, a = t1 + sum0 + majority;
    }
    state[0] += a, state[1] += b, state[2] += c, state[3] += d;
    state[4] += e, state[5] += f, state[6] += g, state[7] += h;
}

} // namespace

void sha256_compress_portable(std::uint32_t* state, const std::uint8_t* blocks, std::size_t count) {
    for (; count > 0; --count, blocks += 64) compress_block(state, blocks);
}

void sha256_compress_pair_portable(std::uint32_t* state_a, std::uint32_t* state_b, const std::uint8_t* blocks_a,
                                   const std::uint8_t* blocks_b, std::size_t count) {
    sha256_compress_portable(state_a, blocks_a, count);
    sha256_compress_portable(state_b, blocks_b, count);
}

} // namespace assay::crypto
