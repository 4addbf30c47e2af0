#pragma once
// Sixteen lanes on AVX-512 with VNNI. See vec_scalar.h for what every operation must compute.
// Anonymous namespace: no symbol of this translation unit may be merged into baseline code by the linker.
#include "kernels/simd/intrinsics.h"

#include <cstddef>
#include <cstdint>

namespace assay::kernels {
namespace {

struct V {
    static constexpr const char* kName = "avx512";
    using F = __m512;
    using I = __m512i;
    using B = __m512i;                      // 64 weight bytes: 16 outputs x 4 inputs
    static constexpr int kByteOffset = 128; // 8-bit weights enter as unsigned, biased
    static constexpr int kDecodeGroups = 4; // output groups side by side when there are few rows
    static constexpr int kAttentionRows = 6; // query rows whose accumulators fit the registers
    static constexpr std::size_t kScorePages = 2; // pages scored side by side
    static constexpr int kFloatRows = 6; // register tile of the float products: rows and groups,
    static constexpr int kFloatGroups = 4;
    static constexpr int kFloatDecodeGroups = 4; // and groups for a single row
    static constexpr int kBf16Rows = 4;
    static constexpr int kBf16Groups = 2;

    static F zero() { return _mm512_setzero_ps(); }
    static F set(float x) { return _mm512_set1_ps(x); }
    static F load(const float* p) { return _mm512_loadu_ps(p); }
    static void store(float* p, F x) { _mm512_storeu_ps(p, x); }
    static F add(F a, F b) { return _mm512_add_ps(a, b); }
    static F sub(F a, F b) { return _mm512_sub_ps(a, b); }
    static F mul(F a, F b) { return _mm512_mul_ps(a, b); }
    static F div(F a, F b) { return _mm512_div_ps(a, b); }
    static F fma(F a, F b, F c) { return _mm512_fmadd_ps(a, b, c); }
    static F max(F a, F b) { return _mm512_max_ps(a, b); }
    static F abs(F a) { return _mm512_abs_ps(a); }
    static F flush(F x) {
        return _mm512_maskz_mov_ps(_mm512_cmp_ps_mask(_mm512_abs_ps(x), _mm512_set1_ps(0x1p-40f), _CMP_NLT_UQ), x);
    }
    static F select_nonnegative(F x, F yes, F no) {
        return _mm512_mask_mov_ps(no, _mm512_cmp_ps_mask(x, _mm512_setzero_ps(), _CMP_GE_OQ), yes);
    }
    static F select_less(F a, F b, F yes, F no) {
        return _mm512_mask_mov_ps(no, _mm512_cmp_ps_mask(a, b, _CMP_LT_OQ), yes);
    }
    static F scale_by_exponent(F p, F t) {
        return _mm512_castsi512_ps(
            _mm512_add_epi32(_mm512_castps_si512(p), _mm512_slli_epi32(_mm512_castps_si512(t), 23)));
    }
    static F load_f16(const std::uint16_t* p) {
        return _mm512_cvtph_ps(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(p)));
    }
    static void store_f16(std::uint16_t* p, F x) {
        _mm256_storeu_si256(reinterpret_cast<__m256i*>(p), _mm512_cvtps_ph(x, _MM_FROUND_TO_NEAREST_INT));
    }

    // Rounds to bfloat16 and joins inputs i and i + 2 of every four in a word: two words for each four, `stride` words apart.
    static void store_bf16_words(std::uint32_t* p, std::size_t stride, F x) {
        const __m512i bits = _mm512_castps_si512(x);
        const __m512i odd = _mm512_and_si512(_mm512_srli_epi32(bits, 16), _mm512_set1_epi32(1));
        const __m512i rounded = _mm512_add_epi32(_mm512_add_epi32(bits, _mm512_set1_epi32(0x7fff)), odd);
        const __m512i whole =
            _mm512_mask_or_epi32(rounded, _mm512_cmp_ps_mask(x, x, _CMP_UNORD_Q), bits, _mm512_set1_epi32(0x400000));
        const __m512i first = _mm512_and_si512(whole, _mm512_set1_epi32(static_cast<int>(0xffff0000u)));
        const __m512i second = _mm512_srli_epi32(_mm512_shuffle_epi32(whole, _MM_PERM_BADC), 16);
        const __m512i words = _mm512_or_si512(first, second);
        _mm_storel_epi64(reinterpret_cast<__m128i*>(p), _mm512_castsi512_si128(words));
        _mm_storel_epi64(reinterpret_cast<__m128i*>(p + stride), _mm512_extracti32x4_epi32(words, 1));
        _mm_storel_epi64(reinterpret_cast<__m128i*>(p + 2 * stride), _mm512_extracti32x4_epi32(words, 2));
        _mm_storel_epi64(reinterpret_cast<__m128i*>(p + 3 * stride), _mm512_extracti32x4_epi32(words, 3));
    }
    // Even and odd bfloat16 of 16 interleaved pairs, widened.
    static F even_bf16(const std::uint16_t* p) {
        return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_loadu_si512(p), 16));
    }
    static F odd_bf16(const std::uint16_t* p) {
        return _mm512_castsi512_ps(
            _mm512_and_si512(_mm512_loadu_si512(p), _mm512_set1_epi32(static_cast<int>(0xffff0000u))));
    }
#if defined(ASSAY_AVX512_BF16)
    // VDPBF16PS adds the product of the upper halves, rounds, then that of the lower ones: both links of a chain.
    struct LinkPair {
        __m512bh even, odd;
    };
    static LinkPair bf16_links(const std::uint16_t* p) {
        constexpr __mmask32 kUpper = 0xaaaaaaaau;
        const __m512i a = _mm512_loadu_si512(p); // inputs k, k + 1
        const __m512i b = _mm512_loadu_si512(p + 32); // inputs k + 2, k + 3
        return {reinterpret_cast<__m512bh>(_mm512_mask_mov_epi16(b, kUpper, _mm512_slli_epi32(a, 16))),
                reinterpret_cast<__m512bh>(_mm512_mask_mov_epi16(_mm512_srli_epi32(b, 16), kUpper, a))};
    }
    static F chain_bf16(F acc, __m512bh w, std::uint32_t x) {
        return _mm512_dpbf16_ps(acc, reinterpret_cast<__m512bh>(_mm512_set1_epi32(static_cast<int>(x))), w);
    }
#else
    // bfloat16 weights of four inputs: the links of the even chain and of the odd one, and one chain taking both of its links.
    struct Links {
        F first, second;
    };
    struct LinkPair {
        Links even, odd;
    };
    static LinkPair bf16_links(const std::uint16_t* p) {
        return {{even_bf16(p), even_bf16(p + 32)}, {odd_bf16(p), odd_bf16(p + 32)}};
    }
    static F chain_bf16(F acc, const Links& w, std::uint32_t x) {
        acc = fma(set(__builtin_bit_cast(float, x & 0xffff0000u)), w.first, acc);
        return fma(set(__builtin_bit_cast(float, x << 16)), w.second, acc);
    }
#endif

    static I izero() { return _mm512_setzero_si512(); }
    static I iset(std::int32_t x) { return _mm512_set1_epi32(x); }
    static I iload(const std::int32_t* p) { return _mm512_loadu_si512(p); }
    static void istore(std::int32_t* p, I x) { _mm512_storeu_si512(p, x); }
    static I iadd(I a, I b) { return _mm512_add_epi32(a, b); }
    static I isub(I a, I b) { return _mm512_sub_epi32(a, b); }
    static I imax(I a, I b) { return _mm512_max_epi32(a, b); }
    static I magnitude_bits(F x) { return _mm512_and_si512(_mm512_castps_si512(x), _mm512_set1_epi32(0x7fffffff)); }
    static F to_float(I x) { return _mm512_cvtepi32_ps(x); }
    static I round_even(F x) { return _mm512_cvtps_epi32(x); }
    static std::int32_t imax_across(I x) { return _mm512_reduce_max_epi32(x); }
    static void store_i8(std::int8_t* p, I x) {
        _mm_storeu_si128(reinterpret_cast<__m128i*>(p), _mm512_cvtepi32_epi8(x));
    }

    static std::int32_t sum_i8(const std::int8_t* p) { // of 16, made unsigned for the sum of differences to zero
        const __m128i biased = _mm_xor_si128(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p)), _mm_set1_epi8(-128));
        const __m128i sums = _mm_sad_epu8(biased, _mm_setzero_si128());
        return _mm_cvtsi128_si32(sums) + _mm_extract_epi16(sums, 4) - 16 * 128;
    }

    static B load_bytes(const std::uint8_t* p) { return _mm512_loadu_si512(p); }
    static B low_nibbles(B x) { return _mm512_and_si512(x, _mm512_set1_epi8(15)); }
    static B high_nibbles(B x) { return _mm512_and_si512(_mm512_srli_epi16(x, 4), _mm512_set1_epi8(15)); }
    // Adds 1 << Bit to the bytes whose bit is set in a 64-bit plane.
    template <int Bit>
    static B with_plane(B x, const std::uint8_t* plane) {
        std::uint64_t mask;
        __builtin_memcpy(&mask, plane, 8);
        return _mm512_mask_add_epi8(x, _cvtu64_mask64(mask), x, _mm512_set1_epi8(1 << Bit));
    }
    template <int Bits>
    static I dot(I acc, B w, const std::int8_t* x4) {
        std::int32_t quad;
        __builtin_memcpy(&quad, x4, 4);
        return _mm512_dpbusd_epi32(acc, w, _mm512_set1_epi32(quad));
    }
};

} // namespace
} // namespace assay::kernels
