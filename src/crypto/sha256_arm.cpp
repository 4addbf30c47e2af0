#include "crypto/sha256_compress.h"
#include "crypto/sha256_implementation.h"

#if defined(__aarch64__)
#include <arm_neon.h>

#if defined(__clang__)
#define ASSAY_SHA_FEATURES "sha2"
#else
#define ASSAY_SHA_FEATURES "+crypto" // arm_neon.h of g++ 12 guards the SHA-2 intrinsics by it; no AES is used
#endif
#define ASSAY_SHA_TARGET __attribute__((target(ASSAY_SHA_FEATURES)))
#define ASSAY_SHA_INLINE __attribute__((target(ASSAY_SHA_FEATURES), always_inline)) inline

namespace assay::crypto {
namespace {

struct Halves {
    uint32x4_t abcd;
    uint32x4_t efgh;
};

ASSAY_SHA_INLINE Halves load_state(const std::uint32_t* state) { return {vld1q_u32(state), vld1q_u32(state + 4)}; }

ASSAY_SHA_INLINE void store_state(const Halves& halves, std::uint32_t* state) {
    vst1q_u32(state, halves.abcd);
    vst1q_u32(state + 4, halves.efgh);
}

ASSAY_SHA_INLINE void load_message(const std::uint8_t* block, uint32x4_t* w) {
    for (int i = 0; i < 4; ++i) w[i] = vreinterpretq_u32_u8(vrev32q_u8(vld1q_u8(block + 16 * i)));
}

/// Four rounds; `w` is a ring of the last 16 schedule words, and group g ≥ 4 first makes its own four.
ASSAY_SHA_INLINE void four_rounds(int g, uint32x4_t* w, Halves& s) {
    uint32x4_t& now = w[g & 3];
    if (g >= 4) now = vsha256su1q_u32(vsha256su0q_u32(now, w[(g + 1) & 3]), w[(g + 2) & 3], w[(g + 3) & 3]);
    const uint32x4_t sum = vaddq_u32(now, vld1q_u32(kSha256Constants.data() + 4 * g));
    const uint32x4_t abcd = s.abcd;
    s.abcd = vsha256hq_u32(s.abcd, s.efgh, sum);
    s.efgh = vsha256h2q_u32(s.efgh, abcd, sum);
}

ASSAY_SHA_INLINE void add(Halves& to, const Halves& from) {
    to.abcd = vaddq_u32(to.abcd, from.abcd);
    to.efgh = vaddq_u32(to.efgh, from.efgh);
}

} // namespace

ASSAY_SHA_TARGET void sha256_compress_armv8(std::uint32_t* state, const std::uint8_t* blocks, std::size_t count) {
    Halves s = load_state(state);
    for (; count > 0; --count, blocks += 64) {
        const Halves before = s;
        uint32x4_t w[4];
        load_message(blocks, w);
#pragma GCC unroll 16
        for (int g = 0; g < 16; ++g) four_rounds(g, w, s);
        add(s, before);
    }
    store_state(s, state);
}

ASSAY_SHA_TARGET void sha256_compress_pair_armv8(std::uint32_t* state_a, std::uint32_t* state_b,
                                                 const std::uint8_t* blocks_a, const std::uint8_t* blocks_b,
                                                 std::size_t count) {
    Halves a = load_state(state_a);
    Halves b = load_state(state_b);
    for (; count > 0; --count, blocks_a += 64, blocks_b += 64) {
        const Halves before_a = a;
        const Halves before_b = b;
        uint32x4_t wa[4];
        uint32x4_t wb[4];
        load_message(blocks_a, wa);
        load_message(blocks_b, wb);
#pragma GCC unroll 16
        for (int g = 0; g < 16; ++g) {
            four_rounds(g, wa, a);
            four_rounds(g, wb, b);
        }
        add(a, before_a);
        add(b, before_b);
    }
    store_state(a, state_a);
    store_state(b, state_b);
}

} // namespace assay::crypto
#endif
