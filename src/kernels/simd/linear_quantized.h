// Block-quantised linear layers over sixteen lanes (docs/spec/arithmetic.md, "Block-quantised products").
#pragma once
#include "kernels/simd/lanes.h"
#include "kernels/simd/weight_quads.h"
#if defined(ASSAY_ROW_PAIRS)
#include "kernels/simd/linear_pairs.h"
#endif

namespace assay::kernels {
namespace {

template <class L>
inline I start_sum(std::int32_t activation_sum) {
    return offset_of<L>() == 0 ? V::izero() : V::iset(-offset_of<L>() * activation_sum);
}

template <class L, int R, int QuadBegin, int QuadEnd>
inline void dot_quads(const std::uint8_t* w, const ActivationBlock& x, I (&sums)[R]) {
    if constexpr (QuadBegin < QuadEnd) {
        const V::B weights = weight_quad<L, QuadBegin>(w);
#pragma GCC unroll 8
        for (int r = 0; r < R; ++r) sums[r] = V::dot<L::kBits>(sums[r], weights, x.q[QuadBegin][r]);
        dot_quads<L, R, QuadBegin + 1, QuadEnd>(w, x, sums);
    }
}

template <class L, int R, int QuadBegin, int QuadEnd>
inline void integer_sums(const std::uint8_t* w, const ActivationBlock& x, I (&sums)[R]) {
#if defined(ASSAY_ROW_PAIRS)
    if constexpr (R % 2 == 0) return pair_quads<L, R, QuadBegin, QuadEnd>(w, x, sums);
#endif
    dot_quads<L, R, QuadBegin, QuadEnd>(w, x, sums);
}

template <class L, int R>
inline void accumulate_block(const std::uint8_t* w, const ActivationBlock& x, F (&acc)[R]) {
    const std::uint8_t* scales = w + L::kQuantBytes;
    I sums[R];
    if constexpr (L::kScales == Scales::two_f32) {
#pragma GCC unroll 8
        for (int r = 0; r < R; ++r) sums[r] = start_sum<L>(x.half_sum[0][r]);
        integer_sums<L, R, 0, 4>(w, x, sums);
        const F d0 = V::load(reinterpret_cast<const float*>(scales));
#pragma GCC unroll 8
        for (int r = 0; r < R; ++r) acc[r] = V::fma(V::to_float(sums[r]), V::mul(d0, V::set(x.d[r])), acc[r]);
#pragma GCC unroll 8
        for (int r = 0; r < R; ++r) sums[r] = start_sum<L>(x.half_sum[1][r]);
        integer_sums<L, R, 4, 8>(w, x, sums);
        const F d1 = V::load(reinterpret_cast<const float*>(scales) + kLanes);
#pragma GCC unroll 8
        for (int r = 0; r < R; ++r) acc[r] = V::fma(V::to_float(sums[r]), V::mul(d1, V::set(x.d[r])), acc[r]);
    } else {
#pragma GCC unroll 8
        for (int r = 0; r < R; ++r) sums[r] = start_sum<L>(x.half_sum[0][r] + x.half_sum[1][r]);
        integer_sums<L, R, 0, 8>(w, x, sums);
        constexpr bool kWide = L::kScales == Scales::d_and_m_f32;
        const F d = kWide ? V::load(reinterpret_cast<const float*>(scales))
                          : V::load_f16(reinterpret_cast<const std::uint16_t*>(scales));
#pragma GCC unroll 8
        for (int r = 0; r < R; ++r) acc[r] = V::fma(V::to_float(sums[r]), V::mul(d, V::set(x.d[r])), acc[r]);
        if constexpr (L::kScales != Scales::d_f16) {
            const F m = kWide ? V::load(reinterpret_cast<const float*>(scales) + kLanes)
                              : V::load_f16(reinterpret_cast<const std::uint16_t*>(scales) + kLanes);
#pragma GCC unroll 8
            for (int r = 0; r < R; ++r) acc[r] = V::fma(m, V::set(x.s[r]), acc[r]);
        }
    }
}

// Where one pass stands: `blocks` blocks from `begin` on.
struct QuantizedPass {
    const PackedWeights& weights;
    std::size_t begin;
    std::size_t blocks;
    float* y;
    std::size_t y_stride;

    bool first() const { return begin == 0; }
    bool last() const { return (begin + blocks) * kBlock == weights.inputs; }
};

// Weights that are read once come from memory: the next groups' are asked for while these are multiplied.
template <class L>
inline void prefetch_block(const std::uint8_t* block) {
#pragma GCC unroll 10
    for (std::size_t line = 0; line < L::kBlockBytes; line += 64) __builtin_prefetch(block + line, 0, 2);
}

// `Groups` groups of 16 outputs side by side against R rows of one activation tile. A chain that goes on in a later pass rests
// in y, unrounded by the store rule until it ends.
template <class L, int R, int Groups, bool Streams>
inline void tile_product(const QuantizedPass& pass, std::size_t group, const ActivationBlock* x, std::size_t row) {
    float* y = pass.y + row * pass.y_stride + group * kLanes;
    const auto at = [&](int r, int g) {
        return y + static_cast<std::size_t>(r) * pass.y_stride + static_cast<std::size_t>(g) * kLanes;
    };
    F acc[Groups][R];
    for (int g = 0; g < Groups; ++g) {
        for (int r = 0; r < R; ++r) acc[g][r] = pass.first() ? V::zero() : V::load(at(r, g));
    }
    const std::uint8_t* w = pass.weights.group(group) + pass.begin * L::kBlockBytes;
    for (std::size_t b = 0; b < pass.blocks; ++b, w += L::kBlockBytes) {
#pragma GCC unroll 4
        for (int g = 0; g < Groups; ++g) {
            const std::uint8_t* block = w + static_cast<std::size_t>(g) * pass.weights.group_bytes;
            if (Streams) prefetch_block<L>(block + Groups * pass.weights.group_bytes);
            accumulate_block<L, R>(block, x[b], acc[g]);
        }
    }
    const bool last = pass.last();
    for (int g = 0; g < Groups; ++g) {
        for (int r = 0; r < R; ++r) V::store(at(r, g), last ? V::flush(acc[g][r]) : acc[g][r]);
    }
}

template <class L, int R, int Groups, bool Streams>
void tile_rows(const QuantizedPass& pass, std::size_t group_begin, std::size_t group_end, const ActivationBlock* x,
               std::size_t row) {
    std::size_t g = group_begin;
    for (; g + Groups <= group_end; g += Groups) tile_product<L, R, Groups, Streams>(pass, g, x, row);
    for (; g < group_end; ++g) tile_product<L, R, 1, Streams>(pass, g, x, row);
}

// Rows [row, row + rows), at most a tile of them; `x` is the pass's first block of that tile.
template <class L, bool Streams>
void few_rows(const QuantizedPass& pass, std::size_t rows, std::size_t group_begin, std::size_t group_end,
              const ActivationBlock* x, std::size_t row) {
    switch (rows) {
        case 1: return tile_rows<L, 1, V::kDecodeGroups, Streams>(pass, group_begin, group_end, x, row);
        case 2: return tile_rows<L, 2, 2, Streams>(pass, group_begin, group_end, x, row);
        case 3: return tile_rows<L, 3, 2, Streams>(pass, group_begin, group_end, x, row);
        case 4: return tile_rows<L, 4, 1, Streams>(pass, group_begin, group_end, x, row);
        case 5: return tile_rows<L, 5, 1, Streams>(pass, group_begin, group_end, x, row);
        case 6: return tile_rows<L, 6, 1, Streams>(pass, group_begin, group_end, x, row);
        case 7: return tile_rows<L, 7, 1, Streams>(pass, group_begin, group_end, x, row);
        default: return tile_rows<L, 8, 1, Streams>(pass, group_begin, group_end, x, row);
    }
}

constexpr std::size_t kDepthBlocks =
    48; // blocks a pass: a tile of activations and a group of weights fit the first-level cache
constexpr std::size_t kPanelBytes =
    256 << 10; // weights that stay in the second-level cache while the tiles of all rows pass by

template <class L>
void linear_kind(const PackedWeights& weights, const ActivationBlock* tiles, std::size_t rows, std::size_t group_begin,
                 std::size_t group_end, float* y, std::size_t y_stride) {
    const std::size_t blocks = weights.inputs / kBlock;
    if (rows <= kTileRows)
        return few_rows<L, true>({weights, 0, blocks, y, y_stride}, rows, group_begin, group_end, tiles, 0);
    const std::size_t passes = blocks / kDepthBlocks + 1;
    const std::size_t depth = (blocks + passes - 1) / passes;
    const std::size_t panel = kPanelBytes / (depth * L::kBlockBytes);
    for (std::size_t g = group_begin; g < group_end; g += panel) {
        const std::size_t end = group_end - g < panel ? group_end : g + panel;
        for (std::size_t begin = 0; begin < blocks; begin += depth) {
            const QuantizedPass pass{weights, begin, blocks - begin < depth ? blocks - begin : depth, y, y_stride};
            for (std::size_t row = 0; row < rows; row += kTileRows) {
                few_rows<L, false>(pass, rows - row < kTileRows ? rows - row : kTileRows, g, end,
                                   tiles + row / kTileRows * blocks + begin, row);
            }
        }
    }
}

void linear_quantized(const PackedWeights& weights, const ActivationBlock* tiles, std::size_t rows,
                      std::size_t group_begin, std::size_t group_end, float* y, std::size_t y_stride) {
    switch (weights.kind) {
        case WeightKind::q4_d: return linear_kind<LayoutQ4D>(weights, tiles, rows, group_begin, group_end, y, y_stride);
        case WeightKind::q4_dm:
            return linear_kind<LayoutQ4DM>(weights, tiles, rows, group_begin, group_end, y, y_stride);
        case WeightKind::q5_d: return linear_kind<LayoutQ5D>(weights, tiles, rows, group_begin, group_end, y, y_stride);
        case WeightKind::q5_dm:
            return linear_kind<LayoutQ5DM>(weights, tiles, rows, group_begin, group_end, y, y_stride);
        case WeightKind::q8_d: return linear_kind<LayoutQ8D>(weights, tiles, rows, group_begin, group_end, y, y_stride);
        case WeightKind::q4_dm32:
            return linear_kind<LayoutQ4DM32>(weights, tiles, rows, group_begin, group_end, y, y_stride);
        case WeightKind::q5_dm32:
            return linear_kind<LayoutQ5DM32>(weights, tiles, rows, group_begin, group_end, y, y_stride);
        case WeightKind::q6_dd32:
            return linear_kind<LayoutQ6DD32>(weights, tiles, rows, group_begin, group_end, y, y_stride);
        case WeightKind::f32:
        case WeightKind::bf16: break;
    }
    __builtin_trap();
}

// Returns what is left: x - d q, stored.
inline void quantize_row_block(F& low, F& high, std::size_t row, ActivationBlock& block) {
    const std::int32_t amax_bits = V::imax_across(V::imax(V::magnitude_bits(low), V::magnitude_bits(high)));
    float amax;
    __builtin_memcpy(&amax, &amax_bits, 4);
    const bool finite = amax_bits < 0x7f800000;
    const float d = finite ? amax / 127.0f : __builtin_nanf("");
    const bool live = finite && d >= kStoreMinimum;
    const F inverse = V::set(live ? 127.0f / amax : 0.0f);
    const I q_low = live ? V::round_even(V::mul(low, inverse)) : V::izero();
    const I q_high = live ? V::round_even(V::mul(high, inverse)) : V::izero();
    std::int8_t bytes[kBlock];
    V::store_i8(bytes, q_low);
    V::store_i8(bytes + kLanes, q_high);
    for (std::size_t quad = 0; quad < 8; ++quad) __builtin_memcpy(block.q[quad][row], bytes + 4 * quad, 4);
    block.half_sum[0][row] = V::sum_i8(bytes);
    block.half_sum[1][row] = V::sum_i8(bytes + kLanes);
    block.d[row] = live || !finite ? d : 0.0f;
    block.s[row] = block.d[row] * static_cast<float>(block.half_sum[0][row] + block.half_sum[1][row]);
    const F minus_d = V::set(-block.d[row]);
    low = V::flush(V::fma(minus_d, V::to_float(q_low), low));
    high = V::flush(V::fma(minus_d, V::to_float(q_high), high));
}

void quantize(const float* x, std::size_t x_stride, std::size_t count, std::size_t n, ActivationBlock* tiles) {
    const std::size_t blocks = n / kBlock;
    for (std::size_t row = 0; row < count; ++row) {
        ActivationBlock* tile = tiles + row / kTileRows * blocks;
        for (std::size_t b = 0; b < blocks; ++b) {
            const float* from = x + row * x_stride + b * kBlock;
            F low = V::load(from);
            F high = V::load(from + kLanes);
            quantize_row_block(low, high, row % kTileRows, tile[b]);
        }
    }
}

void quantize_twice(const float* x, std::size_t x_stride, std::size_t row_begin, std::size_t row_end, std::size_t count,
                    std::size_t n, ActivationBlock* tiles) {
    const std::size_t blocks = n / kBlock;
    for (std::size_t row = row_begin; row < row_end; ++row) {
        const std::size_t rest = count + row;
        ActivationBlock* tile = tiles + row / kTileRows * blocks;
        ActivationBlock* rest_tile = tiles + rest / kTileRows * blocks;
        for (std::size_t b = 0; b < blocks; ++b) {
            const float* from = x + row * x_stride + b * kBlock;
            F low = V::load(from);
            F high = V::load(from + kLanes);
            quantize_row_block(low, high, row % kTileRows, tile[b]);
            quantize_row_block(low, high, rest % kTileRows, rest_tile[b]);
        }
    }
}

} // namespace
} // namespace assay::kernels
