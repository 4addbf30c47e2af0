#pragma once
// Sixteen lanes in plain C++: what every operation of the other vec_*.h must compute. Where the CPU has no FMA,
// __builtin_fmaf is the C library's exact software one.
#include "kernels/half.h"

#include <cstddef>
#include <cstdint>

namespace assay::kernels {
namespace {

struct V {
    static constexpr const char* kName = "scalar";
    struct F {
        float v[16];
    };
    struct I {
        std::int32_t v[16];
    };
    struct B {
        std::uint8_t v[64];
    };
    static constexpr int kByteOffset = 128;
    static constexpr int kDecodeGroups = 1;
    static constexpr int kAttentionRows = 4;
    static constexpr std::size_t kScorePages = 1; // pages scored side by side
    static constexpr int kFloatRows = 4; // register tile of the float products: rows and groups,
    static constexpr int kFloatGroups = 1;
    static constexpr int kFloatDecodeGroups = 1; // and groups for a single row
    static constexpr int kBf16Rows = 2;
    static constexpr int kBf16Groups = 1;

#define ASSAY_LANES(type, expression)                                                                                  \
    type y;                                                                                                            \
    for (int l = 0; l < 16; ++l) y.v[l] = expression;                                                                  \
    return y
    static F set(float x) { ASSAY_LANES(F, x); }
    static F zero() { return set(0.0f); }
    static F load(const float* p) { ASSAY_LANES(F, p[l]); }
    static void store(float* p, F x) { __builtin_memcpy(p, x.v, sizeof x.v); }
    static F add(F a, F b) { ASSAY_LANES(F, a.v[l] + b.v[l]); }
    static F sub(F a, F b) { ASSAY_LANES(F, a.v[l] - b.v[l]); }
    static F mul(F a, F b) { ASSAY_LANES(F, a.v[l] * b.v[l]); }
    static F div(F a, F b) { ASSAY_LANES(F, a.v[l] / b.v[l]); }
    static F fma(F a, F b, F c) { ASSAY_LANES(F, __builtin_fmaf(a.v[l], b.v[l], c.v[l])); }
    static F max(F a, F b) { ASSAY_LANES(F, a.v[l] > b.v[l] ? a.v[l] : b.v[l]); }
    static F abs(F a) { ASSAY_LANES(F, __builtin_fabsf(a.v[l])); }
    static F flush(F x) { ASSAY_LANES(F, __builtin_fabsf(x.v[l]) < 0x1p-40f ? 0.0f : x.v[l]); }
    static F select_nonnegative(F x, F yes, F no) { ASSAY_LANES(F, x.v[l] >= 0.0f ? yes.v[l] : no.v[l]); }
    static F select_less(F a, F b, F yes, F no) { ASSAY_LANES(F, a.v[l] < b.v[l] ? yes.v[l] : no.v[l]); }
    static F scale_by_exponent(F p, F t) { ASSAY_LANES(F, from_bits(to_bits(p.v[l]) + (to_bits(t.v[l]) << 23))); }
    static F load_f16(const std::uint16_t* p) { ASSAY_LANES(F, f16_to_f32(p[l])); }
    static void store_f16(std::uint16_t* p, F x) {
        for (int l = 0; l < 16; ++l) p[l] = f32_to_f16(x.v[l]);
    }
    // Rounds to bfloat16 and joins inputs i and i + 2 of every four in a word: two words for each four, `stride` words apart.
    static void store_bf16_words(std::uint32_t* p, std::size_t stride, F x) {
        for (int l = 0; l < 16; l += 4, p += stride) {
            for (int i = 0; i < 2; ++i)
                p[i] = std::uint32_t{f32_to_bf16(x.v[l + i])} << 16 | f32_to_bf16(x.v[l + i + 2]);
        }
    }
    static F even_bf16(const std::uint16_t* p) { ASSAY_LANES(F, bf16_to_f32(p[2 * l])); }
    static F odd_bf16(const std::uint16_t* p) { ASSAY_LANES(F, bf16_to_f32(p[2 * l + 1])); }
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

    static I iset(std::int32_t x) { ASSAY_LANES(I, x); }
    static I izero() { return iset(0); }
    static I iload(const std::int32_t* p) { ASSAY_LANES(I, p[l]); }
    static I imax(I a, I b) { ASSAY_LANES(I, a.v[l] > b.v[l] ? a.v[l] : b.v[l]); }
    static I magnitude_bits(F x) { ASSAY_LANES(I, static_cast<std::int32_t>(to_bits(x.v[l]) & 0x7fffffffu)); }
    static F to_float(I x) { ASSAY_LANES(F, static_cast<float>(x.v[l])); }
    static I round_even(F x) { ASSAY_LANES(I, static_cast<std::int32_t>(__builtin_nearbyintf(x.v[l]))); }
    static std::int32_t imax_across(I x) {
        std::int32_t y = x.v[0];
        for (int l = 1; l < 16; ++l) y = x.v[l] > y ? x.v[l] : y;
        return y;
    }
    static std::int32_t sum_i8(const std::int8_t* p) {
        std::int32_t y = 0;
        for (int l = 0; l < 16; ++l) y += p[l];
        return y;
    }
    static void store_i8(std::int8_t* p, I x) {
        for (int l = 0; l < 16; ++l) p[l] = static_cast<std::int8_t>(x.v[l]);
    }

    static B load_bytes(const std::uint8_t* p) {
        B y;
        __builtin_memcpy(y.v, p, 64);
        return y;
    }
    static B low_nibbles(B x) {
        for (std::uint8_t& byte : x.v) byte &= 15;
        return x;
    }
    static B high_nibbles(B x) {
        for (std::uint8_t& byte : x.v) byte = static_cast<std::uint8_t>(byte >> 4);
        return x;
    }
    template <int Bit>
    static B with_plane(B x, const std::uint8_t* plane) {
        for (int i = 0; i < 64; ++i)
            x.v[i] = static_cast<std::uint8_t>(x.v[i] + (((plane[i / 8] >> (i % 8)) & 1) << Bit));
        return x;
    }
    template <int Bits>
    static I dot(I acc, B w, const std::int8_t* x4) {
        for (int l = 0; l < 16; ++l) {
            acc.v[l] += w.v[4 * l] * x4[0] + w.v[4 * l + 1] * x4[1] + w.v[4 * l + 2] * x4[2] + w.v[4 * l + 3] * x4[3];
        }
        return acc;
    }
#undef ASSAY_LANES

private:
    static std::uint32_t to_bits(float x) { return __builtin_bit_cast(std::uint32_t, x); }
    static float from_bits(std::uint32_t x) { return __builtin_bit_cast(float, x); }
};

} // namespace
} // namespace assay::kernels
