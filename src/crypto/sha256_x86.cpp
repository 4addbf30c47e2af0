#include "crypto/sha256_compress.h"
#include "crypto/sha256_implementation.h"

#if defined(__x86_64__)
#include <immintrin.h>

#define ASSAY_SHA_TARGET __attribute__((target("sha,sse4.1,ssse3")))
#define ASSAY_SHA_INLINE __attribute__((target("sha,sse4.1,ssse3"), always_inline)) inline

namespace assay::crypto {
namespace {

/// The two halves of the state in the order that SHA256RNDS2 wants: words A B E F and C D G H, highest lane first.
struct Halves {
    __m128i abef;
    __m128i cdgh;
};

ASSAY_SHA_INLINE Halves load_state(const std::uint32_t* state) {
    const __m128i dcba = _mm_loadu_si128(reinterpret_cast<const __m128i*>(state));
    const __m128i hgfe = _mm_loadu_si128(reinterpret_cast<const __m128i*>(state + 4));
    const __m128i cdab = _mm_shuffle_epi32(dcba, 0xb1);
    const __m128i efgh = _mm_shuffle_epi32(hgfe, 0x1b);
    return {_mm_alignr_epi8(cdab, efgh, 8), _mm_blend_epi16(efgh, cdab, 0xf0)};
}

ASSAY_SHA_INLINE void store_state(const Halves& halves, std::uint32_t* state) {
    const __m128i feba = _mm_shuffle_epi32(halves.abef, 0x1b);
    const __m128i dchg = _mm_shuffle_epi32(halves.cdgh, 0xb1);
    _mm_storeu_si128(reinterpret_cast<__m128i*>(state), _mm_blend_epi16(feba, dchg, 0xf0));
    _mm_storeu_si128(reinterpret_cast<__m128i*>(state + 4), _mm_alignr_epi8(dchg, feba, 8));
}

ASSAY_SHA_INLINE void load_message(const std::uint8_t* block, __m128i* w) {
    const __m128i to_big_endian = _mm_set_epi64x(0x0c0d0e0f08090a0b, 0x0405060700010203);
    for (int i = 0; i < 4; ++i) {
        w[i] = _mm_shuffle_epi8(_mm_loadu_si128(reinterpret_cast<const __m128i*>(block + 16 * i)), to_big_endian);
    }
}

/// Four rounds; `w` is a ring of the last 16 schedule words, and group g ≥ 4 first makes its own four.
ASSAY_SHA_INLINE void four_rounds(int g, __m128i* w, Halves& s) {
    __m128i& now = w[g & 3];
    const __m128i last = w[(g + 3) & 3];
    if (g >= 4) {
        const __m128i w7 = _mm_alignr_epi8(last, w[(g + 2) & 3], 4);
        now = _mm_sha256msg2_epu32(_mm_add_epi32(_mm_sha256msg1_epu32(now, w[(g + 1) & 3]), w7), last);
    }
    const __m128i k = _mm_loadu_si128(reinterpret_cast<const __m128i*>(kSha256Constants.data() + 4 * g));
    const __m128i sum = _mm_add_epi32(now, k);
    s.cdgh = _mm_sha256rnds2_epu32(s.cdgh, s.abef, sum);
    s.abef = _mm_sha256rnds2_epu32(s.abef, s.cdgh, _mm_shuffle_epi32(sum, 0x0e));
}

ASSAY_SHA_INLINE void add(Halves& to, const Halves& from) {
    to.abef = _mm_add_epi32(to.abef, from.abef);
    to.cdgh = _mm_add_epi32(to.cdgh, from.cdgh);
}

} // namespace

ASSAY_SHA_TARGET void sha256_compress_sha_ni(std::uint32_t* state, const std::uint8_t* blocks, std::size_t count) {
    Halves s = load_state(state);
    for (; count > 0; --count, blocks += 64) {
        const Halves before = s;
        __m128i w[4];
        load_message(blocks, w);
#pragma GCC unroll 16
        for (int g = 0; g < 16; ++g) four_rounds(g, w, s);
        add(s, before);
    }
    store_state(s, state);
}

ASSAY_SHA_TARGET void sha256_compress_pair_sha_ni(std::uint32_t* state_a, std::uint32_t* state_b,
                                                  const std::uint8_t* blocks_a, const std::uint8_t* blocks_b,
                                                  std::size_t count) {
    Halves a = load_state(state_a);
    Halves b = load_state(state_b);
    for (; count > 0; --count, blocks_a += 64, blocks_b += 64) {
        const Halves before_a = a;
        const Halves before_b = b;
        __m128i wa[4];
        __m128i wb[4];
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
