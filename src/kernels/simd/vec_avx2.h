#pragma once
// Sixteen lanes as two AVX2 registers, with FMA and F16C. See vec_scalar.h for what every operation computes.
#include "kernels/simd/intrinsics.h"

#include <cstddef>
#include <cstdint>

namespace assay::kernels {
namespace {

struct V {
    static constexpr const char* kName = "avx2";
    struct F {
        __m256 a, b;
    };
    struct I {
        __m256i a, b;
    };
    struct B {
        __m256i a, b;
    };
    static constexpr int kByteOffset = 0; // 8-bit weights are made signed again, since u8 x s8 pairs could saturate
    static constexpr int kDecodeGroups = 1;
    static constexpr int kAttentionRows = 3;
    static constexpr std::size_t kScorePages = 1; // pages scored side by side
    static constexpr int kFloatRows = 6; // register tile of the float products: rows and groups,
    static constexpr int kFloatGroups = 1;
    static constexpr int kFloatDecodeGroups = 4; // and groups for a single row
    static constexpr int kBf16Rows = 2;
    static constexpr int kBf16Groups = 1;

    static F set(float x) { return {_mm256_set1_ps(x), _mm256_set1_ps(x)}; }
    static F zero() { return {_mm256_setzero_ps(), _mm256_setzero_ps()}; }
    static F load(const float* p) { return {_mm256_loadu_ps(p), _mm256_loadu_ps(p + 8)}; }
    static void store(float* p, F x) {
        _mm256_storeu_ps(p, x.a);
        _mm256_storeu_ps(p + 8, x.b);
    }
    static F add(F x, F y) { return {_mm256_add_ps(x.a, y.a), _mm256_add_ps(x.b, y.b)}; }
    static F sub(F x, F y) { return {_mm256_sub_ps(x.a, y.a), _mm256_sub_ps(x.b, y.b)}; }
    static F mul(F x, F y) { return {_mm256_mul_ps(x.a, y.a), _mm256_mul_ps(x.b, y.b)}; }
    static F div(F x, F y) { return {_mm256_div_ps(x.a, y.a), _mm256_div_ps(x.b, y.b)}; }
    static F fma(F x, F y, F z) { return {_mm256_fmadd_ps(x.a, y.a, z.a), _mm256_fmadd_ps(x.b, y.b, z.b)}; }
    static F max(F x, F y) { return {_mm256_max_ps(x.a, y.a), _mm256_max_ps(x.b, y.b)}; }
    static F abs(F x) { return {abs8(x.a), abs8(x.b)}; }
    static F flush(F x) { return {flush8(x.a), flush8(x.b)}; }
    static F select_nonnegative(F x, F yes, F no) {
        const __m256 z = _mm256_setzero_ps();
        return {_mm256_blendv_ps(no.a, yes.a, _mm256_cmp_ps(x.a, z, _CMP_GE_OQ)),
                _mm256_blendv_ps(no.b, yes.b, _mm256_cmp_ps(x.b, z, _CMP_GE_OQ))};
    }
    static F select_less(F x, F y, F yes, F no) {
        return {_mm256_blendv_ps(no.a, yes.a, _mm256_cmp_ps(x.a, y.a, _CMP_LT_OQ)),
                _mm256_blendv_ps(no.b, yes.b, _mm256_cmp_ps(x.b, y.b, _CMP_LT_OQ))};
    }
    static F scale_by_exponent(F p, F t) { return {scale8(p.a, t.a), scale8(p.b, t.b)}; }
    static F load_f16(const std::uint16_t* p) {
        return {_mm256_cvtph_ps(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p))),
                _mm256_cvtph_ps(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p + 8)))};
    }
    static void store_f16(std::uint16_t* p, F x) {
        _mm_storeu_si128(reinterpret_cast<__m128i*>(p), _mm256_cvtps_ph(x.a, _MM_FROUND_TO_NEAREST_INT));
        _mm_storeu_si128(reinterpret_cast<__m128i*>(p + 8), _mm256_cvtps_ph(x.b, _MM_FROUND_TO_NEAREST_INT));
    }
    static void store_bf16_words(std::uint32_t* p, std::size_t stride, F x) {
        words8(p, stride, x.a);
        words8(p + 2 * stride, stride, x.b);
    }
    static F even_bf16(const std::uint16_t* p) {
        return {_mm256_castsi256_ps(_mm256_slli_epi32(load8(p), 16)),
                _mm256_castsi256_ps(_mm256_slli_epi32(load8(p + 16), 16))};
    }
    static F odd_bf16(const std::uint16_t* p) {
        const __m256i mask = _mm256_set1_epi32(static_cast<int>(0xffff0000u));
        return {_mm256_castsi256_ps(_mm256_and_si256(load8(p), mask)),
                _mm256_castsi256_ps(_mm256_and_si256(load8(p + 16), mask))};
    }
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

    static I iset(std::int32_t x) { return {_mm256_set1_epi32(x), _mm256_set1_epi32(x)}; }
    static I izero() { return {_mm256_setzero_si256(), _mm256_setzero_si256()}; }
    static I imax(I x, I y) { return {_mm256_max_epi32(x.a, y.a), _mm256_max_epi32(x.b, y.b)}; }
    static I magnitude_bits(F x) { return {_mm256_castps_si256(abs8(x.a)), _mm256_castps_si256(abs8(x.b))}; }
    static F to_float(I x) { return {_mm256_cvtepi32_ps(x.a), _mm256_cvtepi32_ps(x.b)}; }
    static I round_even(F x) { return {_mm256_cvtps_epi32(x.a), _mm256_cvtps_epi32(x.b)}; }
    static std::int32_t imax_across(I x) {
        std::int32_t v[8];
        _mm256_storeu_si256(reinterpret_cast<__m256i*>(v), _mm256_max_epi32(x.a, x.b));
        std::int32_t y = v[0];
        for (int l = 1; l < 8; ++l) y = v[l] > y ? v[l] : y;
        return y;
    }
    static void store_i8(std::int8_t* p, I x) {
        const __m256i words = _mm256_permute4x64_epi64(_mm256_packs_epi32(x.a, x.b), 0xd8);
        _mm_storeu_si128(reinterpret_cast<__m128i*>(p),
                         _mm_packs_epi16(_mm256_castsi256_si128(words), _mm256_extracti128_si256(words, 1)));
    }
    static std::int32_t sum_i8(const std::int8_t* p) { // of 16, made unsigned for the sum of differences to zero
        const __m128i biased = _mm_xor_si128(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p)), _mm_set1_epi8(-128));
        const __m128i sums = _mm_sad_epu8(biased, _mm_setzero_si128());
        return _mm_cvtsi128_si32(sums) + _mm_extract_epi16(sums, 4) - 16 * 128;
    }

    static B load_bytes(const std::uint8_t* p) { return {load8(p), load8(p + 32)}; }
    static B low_nibbles(B x) {
        const __m256i mask = _mm256_set1_epi8(15);
        return {_mm256_and_si256(x.a, mask), _mm256_and_si256(x.b, mask)};
    }
    static B high_nibbles(B x) {
        const __m256i mask = _mm256_set1_epi8(15);
        return {_mm256_and_si256(_mm256_srli_epi16(x.a, 4), mask), _mm256_and_si256(_mm256_srli_epi16(x.b, 4), mask)};
    }
    template <int Bit>
    static B with_plane(B x, const std::uint8_t* plane) {
        return {_mm256_or_si256(x.a, spread<Bit>(plane)), _mm256_or_si256(x.b, spread<Bit>(plane + 4))};
    }
    template <int Bits>
    static I dot(I acc, B w, const std::int8_t* x4) {
        std::int32_t quad;
        __builtin_memcpy(&quad, x4, 4);
        const __m256i x = _mm256_set1_epi32(quad);
        return {_mm256_add_epi32(acc.a, dot8<Bits>(w.a, x)), _mm256_add_epi32(acc.b, dot8<Bits>(w.b, x))};
    }

private:
    static __m256 abs8(__m256 x) { return _mm256_and_ps(x, _mm256_castsi256_ps(_mm256_set1_epi32(0x7fffffff))); }
    static __m256 flush8(__m256 x) {
        return _mm256_and_ps(x, _mm256_cmp_ps(abs8(x), _mm256_set1_ps(0x1p-40f), _CMP_NLT_UQ));
    }
    static __m256 scale8(__m256 p, __m256 t) {
        return _mm256_castsi256_ps(
            _mm256_add_epi32(_mm256_castps_si256(p), _mm256_slli_epi32(_mm256_castps_si256(t), 23)));
    }
    static void words8(std::uint32_t* p, std::size_t stride, __m256 x) {
        const __m256i bits = _mm256_castps_si256(x);
        const __m256i odd = _mm256_and_si256(_mm256_srli_epi32(bits, 16), _mm256_set1_epi32(1));
        const __m256i rounded = _mm256_add_epi32(_mm256_add_epi32(bits, _mm256_set1_epi32(0x7fff)), odd);
        const __m256i quiet = _mm256_or_si256(bits, _mm256_set1_epi32(0x400000));
        const __m256i whole =
            _mm256_blendv_epi8(rounded, quiet, _mm256_castps_si256(_mm256_cmp_ps(x, x, _CMP_UNORD_Q)));
        const __m256i first = _mm256_and_si256(whole, _mm256_set1_epi32(static_cast<int>(0xffff0000u)));
        const __m256i words = _mm256_or_si256(first, _mm256_srli_epi32(_mm256_shuffle_epi32(whole, 0x4e), 16));
        _mm_storel_epi64(reinterpret_cast<__m128i*>(p), _mm256_castsi256_si128(words));
        _mm_storel_epi64(reinterpret_cast<__m128i*>(p + stride), _mm256_extracti128_si256(words, 1));
    }
    static __m256i load8(const void* p) { return _mm256_loadu_si256(static_cast<const __m256i*>(p)); }
    // 32 bits of a plane become 1 << Bit in 32 bytes.
    template <int Bit>
    static __m256i spread(const std::uint8_t* plane) {
        std::int32_t bits;
        __builtin_memcpy(&bits, plane, 4);
        const __m256i bytes = _mm256_shuffle_epi8(
            _mm256_set1_epi32(bits), _mm256_setr_epi64x(0, 0x0101010101010101, 0x0202020202020202, 0x0303030303030303));
        const __m256i selected =
            _mm256_and_si256(bytes, _mm256_set1_epi64x(static_cast<long long>(0x8040201008040201ull)));
        return _mm256_andnot_si256(_mm256_cmpeq_epi8(selected, _mm256_setzero_si256()), _mm256_set1_epi8(1 << Bit));
    }
    template <int Bits>
    static __m256i dot8(__m256i w, __m256i x) {
        if constexpr (Bits == 8) { // |w| <= 128 times |x| <= 127: pairs stay below 2^15
            const __m256i w_signed = _mm256_xor_si256(w, _mm256_set1_epi8(-128));
            return _mm256_madd_epi16(_mm256_maddubs_epi16(_mm256_abs_epi8(w_signed), _mm256_sign_epi8(x, w_signed)),
                                     _mm256_set1_epi16(1));
        } else {
            return _mm256_madd_epi16(_mm256_maddubs_epi16(w, x), _mm256_set1_epi16(1));
        }
    }
};

} // namespace
} // namespace assay::kernels
