// bfloat16 linear layers over sixteen lanes (docs/spec/arithmetic.md, "Products").
// Even/odd-32: per 32 inputs E and O are ascending chains over the even and the odd ones, then acc + (E + O). The products of two
// bfloat16 are exact in binary32, so that fma and multiply-add agree.
#pragma once
#include "kernels/half.h"
#include "kernels/simd/lanes.h"

namespace assay::kernels {
namespace {

// Four inputs k .. k+3 against 16 outputs: E takes k and k+2, O takes k+1 and k+3. Activations come as two words:
// (x[k+2], x[k]) and (x[k+3], x[k+1]), the first of the chain in the upper half. Where the CPU multiplies pairs of bfloat16
// (VDPBF16PS: upper half first, each product added with its own rounding), V does both links of a chain at once.
template <int R, int G>
inline void bf16_quad(const std::uint16_t* w, std::size_t group_stride, const std::uint32_t* x, F (&even)[R][G], F (&odd)[R][G]) {
#pragma GCC unroll 4
    for (int g = 0; g < G; ++g) {
        const auto weights = V::bf16_links(w + static_cast<std::size_t>(g) * group_stride);
#pragma GCC unroll 8
        for (int r = 0; r < R; ++r) {
            even[r][g] = V::chain_bf16(even[r][g], weights.even, x[2 * r]);
            odd[r][g] = V::chain_bf16(odd[r][g], weights.odd, x[2 * r + 1]);
        }
    }
}

template <int R, int G>
inline void bf16_tile(const PackedWeights& weights, std::size_t group, const std::uint32_t* x, std::size_t padded_inputs, float* y, std::size_t y_stride) {
    F acc[R][G];
    const auto* w = reinterpret_cast<const std::uint16_t*>(weights.group(group));
    const std::size_t group_stride = weights.group_bytes / sizeof(std::uint16_t);
#pragma GCC unroll 8
    for (int r = 0; r < R; ++r) {
#pragma GCC unroll 4
        for (int g = 0; g < G; ++g) acc[r][g] = V::zero();
    }
    for (std::size_t k = 0; k < padded_inputs; k += kBlock) {
        F even[R][G];
        F odd[R][G];
#pragma GCC unroll 8
        for (int r = 0; r < R; ++r) {
#pragma GCC unroll 4
            for (int g = 0; g < G; ++g) even[r][g] = odd[r][g] = V::zero();
        }
        for (std::size_t quad = 0; quad < kBlock / 4; ++quad, w += 4 * kLanes, x += 2 * R) bf16_quad<R, G>(w, group_stride, x, even, odd);
#pragma GCC unroll 8
        for (int r = 0; r < R; ++r) {
#pragma GCC unroll 4
            for (int g = 0; g < G; ++g) acc[r][g] = V::add(acc[r][g], V::add(even[r][g], odd[r][g]));
        }
    }
#pragma GCC unroll 8
    for (int r = 0; r < R; ++r) {
#pragma GCC unroll 4
        for (int g = 0; g < G; ++g) {
            V::store(y + static_cast<std::size_t>(r) * y_stride + (group + static_cast<std::size_t>(g)) * kLanes, V::flush(acc[r][g]));
        }
    }
}

template <int R>
inline void bf16_rest(const PackedWeights& weights, std::size_t group, const std::uint32_t* x, std::size_t rows, std::size_t padded_inputs, float* y,
                      std::size_t y_stride) {
    if constexpr (R > 0) {
        if (rows == R) return bf16_tile<R, 1>(weights, group, x, padded_inputs, y, y_stride);
        bf16_rest<R - 1>(weights, group, x, rows, padded_inputs, y, y_stride);
    }
}

// Tiles of kBf16Rows rows as [four inputs][row][two words], rounded to bfloat16, zero beyond the inputs.
void gather_bf16_rows(const float* x, std::size_t x_stride, std::size_t rows, std::size_t inputs, std::size_t padded_inputs, std::uint32_t* out) {
    while (rows > 0) {
        const std::size_t count = rows < V::kBf16Rows ? rows : V::kBf16Rows;
        for (std::size_t k = 0; k < padded_inputs; k += 4) {
            for (std::size_t r = 0; r < count; ++r) {
                const float* from = x + r * x_stride + k;
                std::uint32_t half[4];
                for (std::size_t i = 0; i < 4; ++i) half[i] = k + i < inputs ? f32_to_bf16(from[i]) : 0u;
                *out++ = half[0] << 16 | half[2];
                *out++ = half[1] << 16 | half[3];
            }
        }
        x += count * x_stride;
        rows -= count;
    }
}

void bf16_one_row(const PackedWeights& weights, const std::uint32_t* x, std::size_t padded_inputs, std::size_t group_begin, std::size_t group_end, float* y) {
    constexpr std::size_t kGroups = V::kFloatDecodeGroups;
    std::size_t g = group_begin;
    for (; g + kGroups <= group_end; g += kGroups) bf16_tile<1, V::kFloatDecodeGroups>(weights, g, x, padded_inputs, y, 0);
    for (; g < group_end; ++g) bf16_tile<1, 1>(weights, g, x, padded_inputs, y, 0);
}

// The weights of one group stay in the nearest caches while the rows of a strip pass by.
void linear_bf16(const PackedWeights& weights, const float* x, std::size_t x_stride, std::size_t rows, std::size_t group_begin,
                 std::size_t group_end, float* y, std::size_t y_stride) {
    constexpr std::size_t kRows = V::kBf16Rows;
    constexpr std::size_t kStrip = 24 * kRows;
    const std::size_t padded_inputs = (weights.inputs + kBlock - 1) / kBlock * kBlock;
    const std::size_t strip = rows < kStrip ? rows : kStrip;
    const std::size_t row_words = padded_inputs / 2;
    auto* rounded = static_cast<std::uint32_t*>(__builtin_malloc((strip * row_words + 1) * sizeof(std::uint32_t)));
    if (rounded == nullptr) __builtin_trap();
    for (std::size_t row = 0; row < rows; row += strip) {
        const std::size_t count = rows - row < strip ? rows - row : strip;
        gather_bf16_rows(x + row * x_stride, x_stride, count, weights.inputs, padded_inputs, rounded);
        if (count == 1) {
            bf16_one_row(weights, rounded, padded_inputs, group_begin, group_end, y + row * y_stride);
            continue;
        }
        for (std::size_t g = group_begin; g < group_end; ++g) {
            std::size_t r = 0;
            for (; r + kRows <= count; r += kRows) {
                bf16_tile<V::kBf16Rows, 1>(weights, g, rounded + r * row_words, padded_inputs, y + (row + r) * y_stride, y_stride);
            }
            bf16_rest<V::kBf16Rows - 1>(weights, g, rounded + r * row_words, count - r, padded_inputs, y + (row + r) * y_stride, y_stride);
        }
    }
    __builtin_free(rounded);
}

} // namespace
} // namespace assay::kernels
