#pragma once
/// binary16 and bfloat16 conversions in plain integer arithmetic (round to nearest even). Committed class.
#include <bit>
#include <cstdint>

namespace assay::kernels {

// Selects only, no branches: loops over it become vector code.
static inline float f16_to_f32(std::uint16_t half) {
    const std::uint32_t sign = static_cast<std::uint32_t>(half & 0x8000u) << 16;
    const std::uint32_t exponent = half & 0x7c00u;
    const std::uint32_t shifted = static_cast<std::uint32_t>(half & 0x7fffu) << 13;
    const auto subnormal =
        std::bit_cast<std::uint32_t>(static_cast<float>(static_cast<std::int32_t>(half & 0x3ffu)) * 0x1p-24f); // exact
    const std::uint32_t finite = exponent == 0 ? subnormal : shifted + (112u << 23);
    return std::bit_cast<float>(sign | (exponent == 0x7c00u ? shifted | 0x7f800000u : finite));
}

static inline std::uint16_t f32_to_f16(float value) {
    const std::uint32_t bits = std::bit_cast<std::uint32_t>(value);
    const auto sign = static_cast<std::uint16_t>((bits >> 16) & 0x8000u);
    const std::uint32_t magnitude = bits & 0x7fffffffu;
    if (magnitude > 0x7f800000u) return static_cast<std::uint16_t>(sign | 0x7e00u);
    if (magnitude >= 0x477ff000u) return static_cast<std::uint16_t>(sign | 0x7c00u); // rounds to 2^16 or more
    if (magnitude < 0x33000001u) return sign; // at most half of the smallest half
    const std::uint32_t exponent = magnitude >> 23;
    std::uint32_t mantissa = (magnitude & 0x7fffffu) | 0x800000u;
    std::uint32_t shift = 13;
    std::uint32_t base = 0;
    if (exponent >= 113) {
        base = (exponent - 113) << 10; // the implicit bit adds the missing one
    } else {
        shift = 126 - exponent;
    }
    const std::uint32_t rest = mantissa & ((1u << shift) - 1u);
    const std::uint32_t half_way = 1u << (shift - 1);
    mantissa >>= shift;
    if (rest > half_way || (rest == half_way && (mantissa & 1u))) ++mantissa;
    return static_cast<std::uint16_t>(sign | (base + mantissa));
}

static inline float bf16_to_f32(std::uint16_t value) {
    return std::bit_cast<float>(static_cast<std::uint32_t>(value) << 16);
}

/// NaN keeps its sign and becomes quiet.
static inline std::uint16_t f32_to_bf16(float value) {
    const std::uint32_t bits = std::bit_cast<std::uint32_t>(value);
    const std::uint32_t rounded = (bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16;
    return static_cast<std::uint16_t>((bits & 0x7fffffffu) > 0x7f800000u ? (bits >> 16) | 0x40u : rounded);
}

/// The store rule.
static inline float stored(float value) { return (value < 0 ? -value : value) < 0x1p-40f ? 0.0f : value; }

} // namespace assay::kernels
