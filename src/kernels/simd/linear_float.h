// Float linear layers over sixteen lanes (docs/spec/arithmetic.md, "Float products").
#pragma once
#include "kernels/half.h"
#include "kernels/simd/lanes.h"

namespace assay::kernels {
namespace {

constexpr std::size_t kFloatDepth =
    512; // inputs a pass: the weights of one register tile stay in the second-level cache
constexpr std::size_t kFloatTall = 144;  // rows a pass: so do their activations

// One register tile: R rows by G groups of 16 outputs, one fma chain an output, ascending over `depth` inputs. `x` is
// [input][R]. A chain that goes on in a later pass rests in y, unrounded by the store rule until it ends.
template <int R, int G>
inline void float_tile(const float* x, const float* w, std::size_t group_stride, std::size_t depth, bool first,
                       bool last, float* y, std::size_t y_stride) {
    F acc[R][G];
#pragma GCC unroll 8
    for (int r = 0; r < R; ++r) {
#pragma GCC unroll 8
        for (int g = 0; g < G; ++g)
            acc[r][g] =
                first ? V::zero()
                      : V::load(y + static_cast<std::size_t>(r) * y_stride + static_cast<std::size_t>(g) * kLanes);
    }
    for (std::size_t k = 0; k < depth; ++k, x += R, w += kLanes) {
        F column[G];
#pragma GCC unroll 8
        for (int g = 0; g < G; ++g) column[g] = V::load(w + static_cast<std::size_t>(g) * group_stride);
#pragma GCC unroll 8
        for (int r = 0; r < R; ++r) {
            const F value = V::set(x[r]);
#pragma GCC unroll 8
            for (int g = 0; g < G; ++g) acc[r][g] = V::fma(value, column[g], acc[r][g]);
        }
    }
#pragma GCC unroll 8
    for (int r = 0; r < R; ++r) {
#pragma GCC unroll 8
        for (int g = 0; g < G; ++g) {
            V::store(y + static_cast<std::size_t>(r) * y_stride + static_cast<std::size_t>(g) * kLanes,
                     last ? V::flush(acc[r][g]) : acc[r][g]);
        }
    }
}

// Where one pass stands: `depth` inputs from `begin` on.
struct FloatPass {
    const PackedWeights& weights;
    std::size_t begin;
    std::size_t depth;
    float* y;
    std::size_t y_stride;

    const float* panel(std::size_t g) const {
        return reinterpret_cast<const float*>(weights.group(g)) + begin * kLanes;
    }
    std::size_t group_stride() const { return weights.group_bytes / sizeof(float); }
    bool first() const { return begin == 0; }
    bool last() const { return begin + depth == weights.inputs; }
};

template <int R, int G>
inline void float_tile_at(const FloatPass& pass, const float* x, std::size_t row, std::size_t g) {
    float_tile<R, G>(x, pass.panel(g), pass.group_stride(), pass.depth, pass.first(), pass.last(),
                     pass.y + row * pass.y_stride + g * kLanes, pass.y_stride);
}

template <int G, int R>
inline void float_rest(const FloatPass& pass, const float* x, std::size_t row, std::size_t rows, std::size_t g) {
    if constexpr (R > 0) {
        if (rows == R) return float_tile_at<R, G>(pass, x, row, g);
        float_rest<G, R - 1>(pass, x, row, rows, g);
    }
}

// All rows of a pass against G groups, whose weights stay near meanwhile.
template <int G>
void float_panel(const FloatPass& pass, const float* x, std::size_t row, std::size_t rows, std::size_t g) {
    constexpr std::size_t kRows = V::kFloatRows;
    for (; rows >= kRows; rows -= kRows, row += kRows, x += kRows * pass.depth)
        float_tile_at<V::kFloatRows, G>(pass, x, row, g);
    float_rest<G, V::kFloatRows - 1>(pass, x, row, rows, g);
}

// Tiles of kFloatRows rows as [input][row]; the last tile holds what is left.
void gather_float_rows(const float* x, std::size_t x_stride, std::size_t rows, std::size_t depth, float* out) {
    while (rows > 0) {
        const std::size_t count = rows < V::kFloatRows ? rows : V::kFloatRows;
        for (std::size_t k = 0; k < depth; ++k) {
            for (std::size_t r = 0; r < count; ++r) *out++ = x[r * x_stride + k];
        }
        x += count * x_stride;
        rows -= count;
    }
}

void linear_f32_one(const PackedWeights& weights, const float* x, std::size_t group_begin, std::size_t group_end,
                    float* y) {
    constexpr std::size_t kGroups = V::kFloatDecodeGroups;
    const FloatPass pass{weights, 0, weights.inputs, y, 0};
    std::size_t g = group_begin;
    for (; g + kGroups <= group_end; g += kGroups) float_tile_at<1, V::kFloatDecodeGroups>(pass, x, 0, g);
    for (; g < group_end; ++g) float_tile_at<1, 1>(pass, x, 0, g);
}

void linear_f32(const PackedWeights& weights, const float* x, std::size_t x_stride, std::size_t rows,
                std::size_t group_begin, std::size_t group_end, float* y, std::size_t y_stride) {
    if (rows == 1) return linear_f32_one(weights, x, group_begin, group_end, y);
    const std::size_t passes = (weights.inputs + kFloatDepth - 1) / kFloatDepth;
    const std::size_t depth = passes == 0 ? 0 : (weights.inputs + passes - 1) / passes;
    const std::size_t tall = rows < kFloatTall ? rows : kFloatTall;
    auto* gathered = static_cast<float*>(__builtin_malloc((tall * depth + 1) * sizeof(float)));
    if (gathered == nullptr) __builtin_trap();
    constexpr std::size_t kGroups = V::kFloatGroups;
    for (std::size_t begin = 0; begin < weights.inputs; begin += depth) {
        const FloatPass pass{weights, begin, weights.inputs - begin < depth ? weights.inputs - begin : depth, y,
                             y_stride};
        for (std::size_t row = 0; row < rows; row += tall) {
            const std::size_t count = rows - row < tall ? rows - row : tall;
            gather_float_rows(x + row * x_stride + begin, x_stride, count, pass.depth, gathered);
            std::size_t g = group_begin;
            for (; g + kGroups <= group_end; g += kGroups) float_panel<V::kFloatGroups>(pass, gathered, row, count, g);
            for (; g < group_end; ++g) float_panel<1>(pass, gathered, row, count, g);
        }
    }
    __builtin_free(gathered);
}

} // namespace
} // namespace assay::kernels
