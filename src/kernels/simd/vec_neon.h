#pragma once
// Sixteen lanes as four NEON registers. See vec_scalar.h for what every operation computes.
// ASSAY_NEON_DOT: the CPU has the dot product instructions. ASSAY_ROW_PAIRS: and those that multiply matrices of bytes.
#include <arm_neon.h>
#include <cstddef>
#include <cstdint>

namespace assay::kernels {
namespace {

struct V {
    static constexpr const char* kName = "neon";
    struct F {
        float32x4_t a, b, c, d;
    };
    struct I {
        int32x4_t a, b, c, d;
    };
    struct B {
        uint8x16_t a, b, c, d;
    };
    static constexpr int kByteOffset = 0; // 8-bit weights are made signed again
    static constexpr int kDecodeGroups = 1;
    static constexpr int kAttentionRows = 3;
    static constexpr std::size_t kScorePages = 1; // pages scored side by side
    static constexpr int kFloatRows = 6; // register tile of the float products: rows and groups,
    static constexpr int kFloatGroups = 1;
    static constexpr int kFloatDecodeGroups = 4; // and groups for a single row
    static constexpr int kBf16Rows = 2;
    static constexpr int kBf16Groups = 1;

    static F set(float x) { return {vdupq_n_f32(x), vdupq_n_f32(x), vdupq_n_f32(x), vdupq_n_f32(x)}; }
    static F zero() { return set(0.0f); }
    static F load(const float* p) { return {vld1q_f32(p), vld1q_f32(p + 4), vld1q_f32(p + 8), vld1q_f32(p + 12)}; }
    static void store(float* p, F x) {
        vst1q_f32(p, x.a);
        vst1q_f32(p + 4, x.b);
        vst1q_f32(p + 8, x.c);
        vst1q_f32(p + 12, x.d);
    }
    static F add(F x, F y) {
        return {vaddq_f32(x.a, y.a), vaddq_f32(x.b, y.b), vaddq_f32(x.c, y.c), vaddq_f32(x.d, y.d)};
    }
    static F sub(F x, F y) {
        return {vsubq_f32(x.a, y.a), vsubq_f32(x.b, y.b), vsubq_f32(x.c, y.c), vsubq_f32(x.d, y.d)};
    }
    static F mul(F x, F y) {
        return {vmulq_f32(x.a, y.a), vmulq_f32(x.b, y.b), vmulq_f32(x.c, y.c), vmulq_f32(x.d, y.d)};
    }
    static F div(F x, F y) {
        return {vdivq_f32(x.a, y.a), vdivq_f32(x.b, y.b), vdivq_f32(x.c, y.c), vdivq_f32(x.d, y.d)};
    }
    static F fma(F x, F y, F z) {
        return {vfmaq_f32(z.a, x.a, y.a), vfmaq_f32(z.b, x.b, y.b), vfmaq_f32(z.c, x.c, y.c), vfmaq_f32(z.d, x.d, y.d)};
    }
    // FMAX would hand on a NaN; the specification takes the second operand, as x86 does.
    static F max(F x, F y) { return {max4(x.a, y.a), max4(x.b, y.b), max4(x.c, y.c), max4(x.d, y.d)}; }
    static F abs(F x) { return {vabsq_f32(x.a), vabsq_f32(x.b), vabsq_f32(x.c), vabsq_f32(x.d)}; }
    static F flush(F x) { return {flush4(x.a), flush4(x.b), flush4(x.c), flush4(x.d)}; }
    static F select_nonnegative(F x, F yes, F no) {
        return {vbslq_f32(vcgezq_f32(x.a), yes.a, no.a), vbslq_f32(vcgezq_f32(x.b), yes.b, no.b),
                vbslq_f32(vcgezq_f32(x.c), yes.c, no.c), vbslq_f32(vcgezq_f32(x.d), yes.d, no.d)};
    }
    static F select_less(F x, F y, F yes, F no) {
        return {vbslq_f32(vcltq_f32(x.a, y.a), yes.a, no.a), vbslq_f32(vcltq_f32(x.b, y.b), yes.b, no.b),
                vbslq_f32(vcltq_f32(x.c, y.c), yes.c, no.c), vbslq_f32(vcltq_f32(x.d, y.d), yes.d, no.d)};
    }
    static F scale_by_exponent(F p, F t) {
        return {scale4(p.a, t.a), scale4(p.b, t.b), scale4(p.c, t.c), scale4(p.d, t.d)};
    }
    static F load_f16(const std::uint16_t* p) { return {widen4(p), widen4(p + 4), widen4(p + 8), widen4(p + 12)}; }
    static void store_f16(std::uint16_t* p, F x) {
        narrow4(p, x.a);
        narrow4(p + 4, x.b);
        narrow4(p + 8, x.c);
        narrow4(p + 12, x.d);
    }
    static void store_bf16_words(std::uint32_t* p, std::size_t stride, F x) {
        words4(p, x.a);
        words4(p + stride, x.b);
        words4(p + 2 * stride, x.c);
        words4(p + 3 * stride, x.d);
    }
    static F even_bf16(const std::uint16_t* p) { return {even4(p), even4(p + 8), even4(p + 16), even4(p + 24)}; }
    static F odd_bf16(const std::uint16_t* p) { return {odd4(p), odd4(p + 8), odd4(p + 16), odd4(p + 24)}; }
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

    static I iset(std::int32_t x) { return {vdupq_n_s32(x), vdupq_n_s32(x), vdupq_n_s32(x), vdupq_n_s32(x)}; }
    static I izero() { return iset(0); }
    static I imax(I x, I y) {
        return {vmaxq_s32(x.a, y.a), vmaxq_s32(x.b, y.b), vmaxq_s32(x.c, y.c), vmaxq_s32(x.d, y.d)};
    }
    static I magnitude_bits(F x) {
        return {vreinterpretq_s32_f32(vabsq_f32(x.a)), vreinterpretq_s32_f32(vabsq_f32(x.b)),
                vreinterpretq_s32_f32(vabsq_f32(x.c)), vreinterpretq_s32_f32(vabsq_f32(x.d))};
    }
    static F to_float(I x) { return {vcvtq_f32_s32(x.a), vcvtq_f32_s32(x.b), vcvtq_f32_s32(x.c), vcvtq_f32_s32(x.d)}; }
    static I round_even(F x) {
        return {vcvtnq_s32_f32(x.a), vcvtnq_s32_f32(x.b), vcvtnq_s32_f32(x.c), vcvtnq_s32_f32(x.d)};
    }
    static std::int32_t imax_across(I x) { return vmaxvq_s32(vmaxq_s32(vmaxq_s32(x.a, x.b), vmaxq_s32(x.c, x.d))); }
    static std::int32_t sum_i8(const std::int8_t* p) { return vaddlvq_s8(vld1q_s8(p)); }
    static void store_i8(std::int8_t* p, I x) {
        const int16x8_t low = vcombine_s16(vmovn_s32(x.a), vmovn_s32(x.b));
        const int16x8_t high = vcombine_s16(vmovn_s32(x.c), vmovn_s32(x.d));
        vst1q_s8(p, vcombine_s8(vmovn_s16(low), vmovn_s16(high)));
    }

    static B load_bytes(const std::uint8_t* p) {
        return {vld1q_u8(p), vld1q_u8(p + 16), vld1q_u8(p + 32), vld1q_u8(p + 48)};
    }
    static B low_nibbles(B x) {
        const uint8x16_t mask = vdupq_n_u8(15);
        return {vandq_u8(x.a, mask), vandq_u8(x.b, mask), vandq_u8(x.c, mask), vandq_u8(x.d, mask)};
    }
    static B high_nibbles(B x) {
        return {vshrq_n_u8(x.a, 4), vshrq_n_u8(x.b, 4), vshrq_n_u8(x.c, 4), vshrq_n_u8(x.d, 4)};
    }
    template <int Bit>
    static B with_plane(B x, const std::uint8_t* plane) {
        return {vorrq_u8(x.a, spread<Bit>(plane)), vorrq_u8(x.b, spread<Bit>(plane + 2)),
                vorrq_u8(x.c, spread<Bit>(plane + 4)), vorrq_u8(x.d, spread<Bit>(plane + 6))};
    }
    template <int Bits>
    static I dot(I acc, B w, const std::int8_t* x4) {
        std::int32_t quad;
        __builtin_memcpy(&quad, x4, 4);
        const int8x16_t x = vreinterpretq_s8_s32(vdupq_n_s32(quad));
        return {dot4(acc.a, weight<Bits>(w.a), x), dot4(acc.b, weight<Bits>(w.b), x), dot4(acc.c, weight<Bits>(w.c), x),
                dot4(acc.d, weight<Bits>(w.d), x)};
    }

#if defined(ASSAY_ROW_PAIRS)
    // Four outputs by two rows: SMMLA multiplies two rows of eight bytes by two others into a 2 x 2 matrix.
    struct Pair {
        int32x4_t low, high;
    }; // outputs 0 and 1, 2 and 3, each [output][row]
    struct Eight {
        int8x16_t low, high;
    }; // eight inputs of the same outputs
    template <int Bits, int Quarter>
    static Eight eight_inputs(B first, B second) {
        const int32x4_t a = vreinterpretq_s32_s8(weight<Bits>(quarter<Quarter>(first)));
        const int32x4_t b = vreinterpretq_s32_s8(weight<Bits>(quarter<Quarter>(second)));
        return {vreinterpretq_s8_s32(vzip1q_s32(a, b)), vreinterpretq_s8_s32(vzip2q_s32(a, b))};
    }
    // `first` and `second`: four inputs of the first row, then of the next.
    static Pair multiply_pairs(Pair acc, Eight w, const std::int8_t* first, const std::int8_t* second) {
        const int32x2_t a = vreinterpret_s32_s8(vld1_s8(first));
        const int32x2_t b = vreinterpret_s32_s8(vld1_s8(second));
        const int8x16_t x = vreinterpretq_s8_s32(vcombine_s32(vzip1_s32(a, b), vzip2_s32(a, b)));
        return {vmmlaq_s32(acc.low, w.low, x), vmmlaq_s32(acc.high, w.high, x)};
    }
    template <int Quarter>
    static void add_pairs(Pair p, I& row, I& next) {
        int32x4_t& to = quarter<Quarter>(row);
        int32x4_t& to_next = quarter<Quarter>(next);
        to = vaddq_s32(to, vuzp1q_s32(p.low, p.high));
        to_next = vaddq_s32(to_next, vuzp2q_s32(p.low, p.high));
    }
#endif

private:
#if defined(ASSAY_ROW_PAIRS)
    template <int Quarter, class Four>
    static auto& quarter(Four& x) {
        if constexpr (Quarter == 0) return x.a;
        else if constexpr (Quarter == 1) return x.b;
        else if constexpr (Quarter == 2) return x.c;
        else return x.d;
    }
#endif
    static float32x4_t max4(float32x4_t x, float32x4_t y) { return vbslq_f32(vcgtq_f32(x, y), x, y); }
    static float32x4_t flush4(float32x4_t x) {
        const uint32x4_t tiny = vcltq_f32(vabsq_f32(x), vdupq_n_f32(0x1p-40f));
        return vreinterpretq_f32_u32(vbicq_u32(vreinterpretq_u32_f32(x), tiny));
    }
    static float32x4_t scale4(float32x4_t p, float32x4_t t) {
        return vreinterpretq_f32_s32(vaddq_s32(vreinterpretq_s32_f32(p), vshlq_n_s32(vreinterpretq_s32_f32(t), 23)));
    }
    static void words4(std::uint32_t* p, float32x4_t x) {
        const uint32x4_t bits = vreinterpretq_u32_f32(x);
        const uint32x4_t odd = vandq_u32(vshrq_n_u32(bits, 16), vdupq_n_u32(1));
        const uint32x4_t rounded = vaddq_u32(vaddq_u32(bits, vdupq_n_u32(0x7fff)), odd);
        const uint32x4_t whole = vbslq_u32(vceqq_f32(x, x), rounded, vorrq_u32(bits, vdupq_n_u32(0x400000)));
        const uint32x2_t first = vand_u32(vget_low_u32(whole), vdup_n_u32(0xffff0000u));
        vst1_u32(p, vorr_u32(first, vshr_n_u32(vget_high_u32(whole), 16)));
    }
    static float32x4_t widen4(const std::uint16_t* p) { return vcvt_f32_f16(vreinterpret_f16_u16(vld1_u16(p))); }
    static void narrow4(std::uint16_t* p, float32x4_t x) { vst1_u16(p, vreinterpret_u16_f16(vcvt_f16_f32(x))); }
    static float32x4_t even4(const std::uint16_t* p) {
        return vreinterpretq_f32_u32(vshlq_n_u32(vreinterpretq_u32_u16(vld1q_u16(p)), 16));
    }
    static float32x4_t odd4(const std::uint16_t* p) {
        return vreinterpretq_f32_u32(vandq_u32(vreinterpretq_u32_u16(vld1q_u16(p)), vdupq_n_u32(0xffff0000u)));
    }
    // 16 bits of a plane become 1 << Bit in 16 bytes.
    template <int Bit>
    static uint8x16_t spread(const std::uint8_t* plane) {
        const uint8x8_t bits = vcreate_u8(0x8040201008040201ull);
        const uint8x16_t set = vtstq_u8(vcombine_u8(vdup_n_u8(plane[0]), vdup_n_u8(plane[1])), vcombine_u8(bits, bits));
        return vandq_u8(set, vdupq_n_u8(1 << Bit));
    }
    template <int Bits>
    static int8x16_t weight(uint8x16_t w) {
        return vreinterpretq_s8_u8(Bits == 8 ? veorq_u8(w, vdupq_n_u8(128)) : w);
    }
    static int32x4_t dot4(int32x4_t acc, int8x16_t w, int8x16_t x) {
#if defined(ASSAY_NEON_DOT)
        return vdotq_s32(acc, w, x);
#else
        // |w| <= 128 times |x| <= 127: two products fit 16 bits
        const int16x8_t pairs = vpaddq_s16(vmull_s8(vget_low_s8(w), vget_low_s8(x)), vmull_high_s8(w, x));
        return vpadalq_s16(acc, pairs);
#endif
    }
};

} // namespace
} // namespace assay::kernels
