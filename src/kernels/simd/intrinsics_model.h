#pragma once
// SIMDe's portable definitions, under the intrinsics' own names, and what it lacks or has only nearly: multiplications and
// additions that are fused (its own are not), VDPBF16PS as processors compute it, some conversions.
// Everything is inlined or in an anonymous namespace, as in vec_avx512.h.
#define SIMDE_NO_NATIVE
#define SIMDE_NO_INLINE // else one file takes minutes to compile
#define SIMDE_ENABLE_NATIVE_ALIASES
#include <simde/x86/avx2.h>
#include <simde/x86/avx512.h>
#include <simde/x86/f16c.h>

#include "kernels/half.h"

#include <cstdint>
#include <mm_malloc.h>

#undef _mm256_fmadd_ps
#undef _mm512_fmadd_ps
#undef _mm512_dpbf16_ps
#undef _mm256_cvtph_ps
#undef _mm256_cvtps_ph
#undef _mm256_cvtps_epi32

namespace assay::kernels {
namespace {

using __mmask32 = std::uint32_t;

template <class To, class From>
To lanes_cast(const From& from) {
    static_assert(sizeof(To) == sizeof(From));
    To to;
    __builtin_memcpy(&to, &from, sizeof to);
    return to;
}

template <class T, int N>
struct LaneArray {
    T v[N];
};
using Floats8 = LaneArray<float, 8>;
using Floats16 = LaneArray<float, 16>;
using Words8 = LaneArray<std::int32_t, 8>;
using Words16 = LaneArray<std::int32_t, 16>;

// The vectors go by value: with the instruction set's registers missing, GCC would say that their ABI changes.
template <class Vector, int N>
inline Vector fused(const Vector& a, const Vector& b, const Vector& c) {
    using Lanes = LaneArray<float, N>;
    const auto x = lanes_cast<Lanes>(a), y = lanes_cast<Lanes>(b);
    auto sum = lanes_cast<Lanes>(c);
    for (int l = 0; l < N; ++l) sum.v[l] = __builtin_fmaf(x.v[l], y.v[l], sum.v[l]);
    return lanes_cast<Vector>(sum);
}
inline __m256 _mm256_fmadd_ps(const __m256& a, const __m256& b, const __m256& c) { return fused<__m256, 8>(a, b, c); }
inline __m512 _mm512_fmadd_ps(const __m512& a, const __m512& b, const __m512& c) { return fused<__m512, 16>(a, b, c); }

// Upper halves first, rounded, then the lower ones: two links, each fused.
inline __m512 _mm512_dpbf16_ps(const __m512& sum, const __m512bh& a, const __m512bh& b) {
    auto y = lanes_cast<Floats16>(sum);
    const auto x = lanes_cast<Words16>(a), w = lanes_cast<Words16>(b);
    const auto upper = [](std::int32_t word) {
        return __builtin_bit_cast(float, static_cast<std::uint32_t>(word) & 0xffff0000u);
    };
    const auto lower = [](std::int32_t word) {
        return __builtin_bit_cast(float, static_cast<std::uint32_t>(word) << 16);
    };
    for (int l = 0; l < 16; ++l) {
        y.v[l] = __builtin_fmaf(upper(x.v[l]), upper(w.v[l]), y.v[l]);
        y.v[l] = __builtin_fmaf(lower(x.v[l]), lower(w.v[l]), y.v[l]);
    }
    return lanes_cast<__m512>(y);
}

template <class Vector, class Halves, int N>
inline Vector widened(const Halves& halves) {
    const auto h = lanes_cast<LaneArray<std::uint16_t, N>>(halves);
    LaneArray<float, N> y;
    for (int l = 0; l < N; ++l) y.v[l] = f16_to_f32(h.v[l]);
    return lanes_cast<Vector>(y);
}
template <class Halves, class Vector, int N>
inline Halves narrowed(const Vector& x) {
    const auto f = lanes_cast<LaneArray<float, N>>(x);
    LaneArray<std::uint16_t, N> y;
    for (int l = 0; l < N; ++l) y.v[l] = f32_to_f16(f.v[l]);
    return lanes_cast<Halves>(y);
}
inline __m256 _mm256_cvtph_ps(const __m128i& x) { return widened<__m256, __m128i, 8>(x); }
inline __m512 _mm512_cvtph_ps(const __m256i& x) { return widened<__m512, __m256i, 16>(x); }
inline __m128i _mm256_cvtps_ph(const __m256& x, int) { return narrowed<__m128i, __m256, 8>(x); }
inline __m256i _mm512_cvtps_ph(const __m512& x, int) { return narrowed<__m256i, __m512, 16>(x); }

// To the nearest, ties to even; what does not fit, and NaN, become the "integer indefinite".
template <class Integers, class Vector, int N>
inline Integers rounded_integers(const Vector& x) {
    const auto f = lanes_cast<LaneArray<float, N>>(x);
    LaneArray<std::int32_t, N> y;
    for (int l = 0; l < N; ++l) {
        const float near = __builtin_nearbyintf(f.v[l]);
        y.v[l] = near >= -0x1p31f && near < 0x1p31f ? static_cast<std::int32_t>(near) : INT32_MIN;
    }
    return lanes_cast<Integers>(y);
}
inline __m256i _mm256_cvtps_epi32(const __m256& x) { return rounded_integers<__m256i, __m256, 8>(x); }
inline __m512i _mm512_cvtps_epi32(const __m512& x) { return rounded_integers<__m512i, __m512, 16>(x); }

inline __m512 _mm512_cvtepi32_ps(const __m512i& x) {
    const auto words = lanes_cast<Words16>(x);
    Floats16 y;
    for (int l = 0; l < 16; ++l) y.v[l] = static_cast<float>(words.v[l]);
    return lanes_cast<__m512>(y);
}
inline __m128i _mm512_cvtepi32_epi8(const __m512i& x) {
    const auto words = lanes_cast<Words16>(x);
    LaneArray<std::int8_t, 16> y;
    for (int l = 0; l < 16; ++l) y.v[l] = static_cast<std::int8_t>(words.v[l]);
    return lanes_cast<__m128i>(y);
}
inline std::int32_t _mm512_reduce_max_epi32(const __m512i& x) {
    const auto words = lanes_cast<Words16>(x);
    std::int32_t y = words.v[0];
    for (const std::int32_t word : words.v) y = word > y ? word : y;
    return y;
}
// Words 2, 3, 0, 1 of every four: the only order that the kernels ask for.
constexpr int _MM_PERM_BADC = 0x4e;
inline __m512i _mm512_shuffle_epi32(const __m512i& x, int order) {
    const auto words = lanes_cast<Words16>(x);
    Words16 y;
    for (int l = 0; l < 16; ++l) y.v[l] = words.v[l / 4 * 4 + (order >> (2 * (l % 4)) & 3)];
    return lanes_cast<__m512i>(y);
}
inline std::uint64_t _cvtu64_mask64(std::uint64_t mask) { return mask; }

} // namespace
} // namespace assay::kernels
