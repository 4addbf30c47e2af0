// Float linear layers over sixteen lanes (docs/spec/arithmetic.md, "Float products").
#pragma once
#include "kernels/half.h"
#include "kernels/simd/lanes.h"

namespace assay::kernels {
namespace {

// Rows and groups of 16 outputs that share registers: R * G accumulators, one fma chain each, ascending over inputs.
template <int R, int G>
inline void float_tile(const PackedWeights& weights, std::size_t group, const float* x, std::size_t x_stride, float* y, std::size_t y_stride) {
    F acc[R][G];
    const float* w[G];
    for (int g = 0; g < G; ++g) w[g] = reinterpret_cast<const float*>(weights.group(group + static_cast<std::size_t>(g)));
    for (int r = 0; r < R; ++r) {
        for (int g = 0; g < G; ++g) acc[r][g] = V::zero();
    }
    for (std::size_t k = 0; k < weights.inputs; ++k) {
        F column[G];
#pragma GCC unroll 4
        for (int g = 0; g < G; ++g) column[g] = V::load(w[g] + k * kLanes);
#pragma GCC unroll 8
        for (int r = 0; r < R; ++r) {
            const F value = V::set(x[static_cast<std::size_t>(r) * x_stride + k]);
#pragma GCC unroll 4
            for (int g = 0; g < G; ++g) acc[r][g] = V::fma(value, column[g], acc[r][g]);
        }
    }
    for (int r = 0; r < R; ++r) {
        for (int g = 0; g < G; ++g) {
            V::store(y + static_cast<std::size_t>(r) * y_stride + (group + static_cast<std::size_t>(g)) * kLanes, V::flush(acc[r][g]));
        }
    }
}

template <int R>
void float_rows(const PackedWeights& weights, std::size_t group_begin, std::size_t group_end, const float* x, std::size_t x_stride, float* y,
                std::size_t y_stride) {
    std::size_t g = group_begin;
    for (; g + 4 <= group_end; g += 4) float_tile<R, 4>(weights, g, x, x_stride, y, y_stride);
    for (; g < group_end; ++g) float_tile<R, 1>(weights, g, x, x_stride, y, y_stride);
}

void linear_f32(const PackedWeights& weights, const float* x, std::size_t x_stride, std::size_t rows, std::size_t group_begin,
                std::size_t group_end, float* y, std::size_t y_stride) {
    std::size_t row = 0;
    for (; row + V::kAttentionRows <= rows; row += V::kAttentionRows) {
        float_rows<V::kAttentionRows>(weights, group_begin, group_end, x + row * x_stride, x_stride, y + row * y_stride, y_stride);
    }
    for (; row < rows; ++row) float_rows<1>(weights, group_begin, group_end, x + row * x_stride, x_stride, y + row * y_stride, y_stride);
}

// Even/odd-32: per 32 inputs E and O are ascending chains over the even and the odd ones, then acc + (E + O).
// The products of two bfloat16 are exact in binary32, so fma and multiply-add agree.
template <int R>
inline void bf16_tile(const PackedWeights& weights, std::size_t group, const std::uint16_t* x, std::size_t x_stride, float* y, std::size_t y_stride) {
    F acc[R];
    for (int r = 0; r < R; ++r) acc[r] = V::zero();
    const auto* w = reinterpret_cast<const std::uint16_t*>(weights.group(group));
    for (std::size_t k = 0; k < weights.inputs; k += kBlock) {
        F even[R];
        F odd[R];
        for (int r = 0; r < R; ++r) even[r] = odd[r] = V::zero();
        for (std::size_t pair = 0; pair < kBlock / 2; ++pair, w += 2 * kLanes) {
            const F w_even = V::even_bf16(w);
            const F w_odd = V::odd_bf16(w);
#pragma GCC unroll 8
            for (int r = 0; r < R; ++r) {
                const std::uint16_t* at = x + static_cast<std::size_t>(r) * x_stride + k + 2 * pair;
                even[r] = V::fma(V::set(bf16_to_f32(at[0])), w_even, even[r]);
                odd[r] = V::fma(V::set(bf16_to_f32(at[1])), w_odd, odd[r]);
            }
        }
        for (int r = 0; r < R; ++r) acc[r] = V::add(acc[r], V::add(even[r], odd[r]));
    }
    for (int r = 0; r < R; ++r) V::store(y + static_cast<std::size_t>(r) * y_stride + group * kLanes, V::flush(acc[r]));
}


void linear_bf16(const PackedWeights& weights, const float* x, std::size_t x_stride, std::size_t rows, std::size_t group_begin,
                 std::size_t group_end, float* y, std::size_t y_stride) {
    constexpr std::size_t kRows = 4;
    const std::size_t padded_inputs = (weights.inputs + kBlock - 1) / kBlock * kBlock;
    auto* rounded = static_cast<std::uint16_t*>(__builtin_malloc(kRows * padded_inputs * sizeof(std::uint16_t)));
    if (rounded == nullptr) __builtin_trap();
    for (std::size_t row = 0; row < rows; row += kRows) {
        const std::size_t count = rows - row < kRows ? rows - row : kRows;
        for (std::size_t r = 0; r < count; ++r) {
            for (std::size_t k = 0; k < padded_inputs; ++k) {
                rounded[r * padded_inputs + k] = k < weights.inputs ? f32_to_bf16(x[(row + r) * x_stride + k]) : std::uint16_t{0};
            }
        }
        for (std::size_t g = group_begin; g < group_end; ++g) {
            if (count == kRows) {
                bf16_tile<kRows>(weights, g, rounded, padded_inputs, y + row * y_stride, y_stride);
            } else {
                for (std::size_t r = 0; r < count; ++r) {
                    bf16_tile<1>(weights, g, rounded + r * padded_inputs, padded_inputs, y + (row + r) * y_stride, y_stride);
                }
            }
        }
    }
    __builtin_free(rounded);
}

} // namespace
} // namespace assay::kernels
