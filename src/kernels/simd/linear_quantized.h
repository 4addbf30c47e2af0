// Block-quantised linear layers over sixteen lanes (docs/spec/arithmetic.md, "Block-quantised products").
#pragma once
#include "kernels/layout.h"
#include "kernels/simd/lanes.h"

namespace assay::kernels {
namespace {

// Eight quads of four inputs against 16 outputs: 32 inputs, exact in int32. `Half` -1: all, 0: inputs 0-15, 1: 16-31.
template <class L, int Quad>
inline V::B weight_quad(const std::uint8_t* w) {
    if constexpr (L::kBits == 8) {
        return V::load_bytes(w + Quad * 64);
    } else {
        const V::B pair = V::load_bytes(w + Quad / 2 * 64);
        V::B x = Quad % 2 == 0 ? V::low_nibbles(pair) : V::high_nibbles(pair);
        if constexpr (L::kBits >= 5) x = V::with_plane<4>(x, w + 256 + Quad * 8);
        if constexpr (L::kBits == 6) x = V::with_plane<5>(x, w + 320 + Quad * 8);
        return x;
    }
}

template <class L>
inline constexpr int offset_of() {
    return L::kBits == 8 ? V::kByteOffset : L::kOffset;
}

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

template <class L, int R>
inline void accumulate_block(const std::uint8_t* w, const ActivationBlock& x, F (&acc)[R]) {
    const std::uint8_t* scales = w + L::kQuantBytes;
    I sums[R];
    if constexpr (L::kScales == Scales::two_f32) {
#pragma GCC unroll 8
        for (int r = 0; r < R; ++r) sums[r] = start_sum<L>(x.half_sum[0][r]);
        dot_quads<L, R, 0, 4>(w, x, sums);
        const F d0 = V::load(reinterpret_cast<const float*>(scales));
#pragma GCC unroll 8
        for (int r = 0; r < R; ++r) acc[r] = V::fma(V::to_float(sums[r]), V::mul(d0, V::set(x.d[r])), acc[r]);
#pragma GCC unroll 8
        for (int r = 0; r < R; ++r) sums[r] = start_sum<L>(x.half_sum[1][r]);
        dot_quads<L, R, 4, 8>(w, x, sums);
        const F d1 = V::load(reinterpret_cast<const float*>(scales) + kLanes);
#pragma GCC unroll 8
        for (int r = 0; r < R; ++r) acc[r] = V::fma(V::to_float(sums[r]), V::mul(d1, V::set(x.d[r])), acc[r]);
    } else {
#pragma GCC unroll 8
        for (int r = 0; r < R; ++r) sums[r] = start_sum<L>(x.half_sum[0][r] + x.half_sum[1][r]);
        dot_quads<L, R, 0, 8>(w, x, sums);
        constexpr bool kWide = L::kScales == Scales::d_and_m_f32;
        const F d = kWide ? V::load(reinterpret_cast<const float*>(scales)) : V::load_f16(reinterpret_cast<const std::uint16_t*>(scales));
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

// `Groups` groups of 16 outputs side by side against R rows of one activation tile.
template <class L, int R, int Groups>
inline void tile_product(const PackedWeights& weights, std::size_t group, const ActivationBlock* x, float* y, std::size_t y_stride) {
    const std::size_t blocks = weights.inputs / kBlock;
    F acc[Groups][R];
    for (int g = 0; g < Groups; ++g) {
        for (int r = 0; r < R; ++r) acc[g][r] = V::zero();
    }
    const std::uint8_t* w = weights.group(group);
    for (std::size_t b = 0; b < blocks; ++b, w += L::kBlockBytes) {
#pragma GCC unroll 4
        for (int g = 0; g < Groups; ++g) accumulate_block<L, R>(w + static_cast<std::size_t>(g) * weights.group_bytes, x[b], acc[g]);
    }
    for (int g = 0; g < Groups; ++g) {
        for (int r = 0; r < R; ++r) {
            V::store(y + static_cast<std::size_t>(r) * y_stride + (group + static_cast<std::size_t>(g)) * kLanes, V::flush(acc[g][r]));
        }
    }
}

template <class L, int R, int Groups>
void tile_rows(const PackedWeights& weights, std::size_t group_begin, std::size_t group_end, const ActivationBlock* x, float* y,
               std::size_t y_stride) {
    std::size_t g = group_begin;
    for (; g + Groups <= group_end; g += Groups) tile_product<L, R, Groups>(weights, g, x, y, y_stride);
    for (; g < group_end; ++g) tile_product<L, R, 1>(weights, g, x, y, y_stride);
}

template <class L>
void few_rows(const PackedWeights& weights, std::size_t rows, std::size_t group_begin, std::size_t group_end, const ActivationBlock* x, float* y,
              std::size_t y_stride) {
    switch (rows) {
        case 1: return tile_rows<L, 1, V::kDecodeGroups>(weights, group_begin, group_end, x, y, y_stride);
        case 2: return tile_rows<L, 2, 2>(weights, group_begin, group_end, x, y, y_stride);
        case 3: return tile_rows<L, 3, 2>(weights, group_begin, group_end, x, y, y_stride);
        case 4: return tile_rows<L, 4, 1>(weights, group_begin, group_end, x, y, y_stride);
        case 5: return tile_rows<L, 5, 1>(weights, group_begin, group_end, x, y, y_stride);
        case 6: return tile_rows<L, 6, 1>(weights, group_begin, group_end, x, y, y_stride);
        case 7: return tile_rows<L, 7, 1>(weights, group_begin, group_end, x, y, y_stride);
        default: return tile_rows<L, 8, 1>(weights, group_begin, group_end, x, y, y_stride);
    }
}

// Weights of one group stay in the first-level cache while the tiles of all rows pass by.
template <class L>
void linear_kind(const PackedWeights& weights, const ActivationBlock* tiles, std::size_t rows, std::size_t group_begin, std::size_t group_end,
                 float* y, std::size_t y_stride) {
    const std::size_t blocks = weights.inputs / kBlock;
    if (rows <= kTileRows) return few_rows<L>(weights, rows, group_begin, group_end, tiles, y, y_stride);
    for (std::size_t g = group_begin; g < group_end; ++g) {
        for (std::size_t row = 0; row < rows; row += kTileRows) {
            const std::size_t count = rows - row < kTileRows ? rows - row : kTileRows;
            few_rows<L>(weights, count, g, g + 1, tiles + row / kTileRows * blocks, y + row * y_stride, y_stride);
        }
    }
}

void linear_quantized(const PackedWeights& weights, const ActivationBlock* tiles, std::size_t rows, std::size_t group_begin,
                      std::size_t group_end, float* y, std::size_t y_stride) {
    switch (weights.kind) {
        case WeightKind::q4_d: return linear_kind<LayoutQ4D>(weights, tiles, rows, group_begin, group_end, y, y_stride);
        case WeightKind::q4_dm: return linear_kind<LayoutQ4DM>(weights, tiles, rows, group_begin, group_end, y, y_stride);
        case WeightKind::q5_d: return linear_kind<LayoutQ5D>(weights, tiles, rows, group_begin, group_end, y, y_stride);
        case WeightKind::q5_dm: return linear_kind<LayoutQ5DM>(weights, tiles, rows, group_begin, group_end, y, y_stride);
        case WeightKind::q8_d: return linear_kind<LayoutQ8D>(weights, tiles, rows, group_begin, group_end, y, y_stride);
        case WeightKind::q4_dm32: return linear_kind<LayoutQ4DM32>(weights, tiles, rows, group_begin, group_end, y, y_stride);
        case WeightKind::q5_dm32: return linear_kind<LayoutQ5DM32>(weights, tiles, rows, group_begin, group_end, y, y_stride);
        case WeightKind::q6_dd32: return linear_kind<LayoutQ6DD32>(weights, tiles, rows, group_begin, group_end, y, y_stride);
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
    block.half_sum[0][row] = V::isum_across(q_low);
    block.half_sum[1][row] = V::isum_across(q_high);
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

void quantize_twice(const float* x, std::size_t x_stride, std::size_t row_begin, std::size_t row_end, std::size_t count, std::size_t n,
                    ActivationBlock* tiles) {
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
