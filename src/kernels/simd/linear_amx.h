// Linear layers over AMX tiles, 16 rows at a time; fewer rows take the AVX-512 path. The integer sums of a block come from
// the tile unit, the float chain over blocks is the same as everywhere.
#pragma once
#include "kernels/simd/amx_tiles.h"
#include "kernels/simd/lanes.h"
#include "kernels/simd/linear_bf16.h"
#include "kernels/simd/linear_quantized.h"

namespace assay::kernels {
namespace {

constexpr std::size_t kAmxRows = 16;

// Scratch of one call; the kernels must not throw, so that running out of memory ends the process.
class Scratch {
public:
    explicit Scratch(std::size_t bytes) : data_(static_cast<std::uint8_t*>(_mm_malloc(bytes, 64))) {
        if (data_ == nullptr) __builtin_trap();
    }
    Scratch(const Scratch&) = delete;
    Scratch& operator=(const Scratch&) = delete;
    ~Scratch() { _mm_free(data_); }
    std::uint8_t* data() { return data_; }

private:
    std::uint8_t* data_;
};

// Activations as the tile unit reads them: [block][row][32 inputs].
void gather_rows(const ActivationBlock* tiles, std::size_t blocks, std::int8_t* out) {
    for (std::size_t b = 0; b < blocks; ++b) {
        for (std::size_t row = 0; row < kAmxRows; ++row, out += kBlock) {
            const ActivationBlock& tile = tiles[row / kTileRows * blocks + b];
            for (std::size_t quad = 0; quad < 8; ++quad)
                __builtin_memcpy(out + 4 * quad, tile.q[quad][row % kTileRows], 4);
        }
    }
}

template <class L, int Quad>
inline void spread_quads(const std::uint8_t* w, std::uint8_t* out) {
    if constexpr (Quad < 8) {
        const V::B quad = weight_quad<L, Quad>(w);
        _mm512_store_si512(out + Quad * 64, quad);
        spread_quads<L, Quad + 1>(w, out);
    }
}

// Weight bytes of one group as [block][quad][output][input].
template <class L>
const std::uint8_t* spread_group(const std::uint8_t* group, std::size_t blocks, std::uint8_t* out) {
    for (std::size_t b = 0; b < blocks; ++b)
        spread_quads<L, 0>(group + b * L::kBlockBytes, out + b * 512); // scales taken out
    return out;
}

using Sums = std::int32_t[kAmxRows][kLanes];

// 16 rows by 16 outputs of half `Half` of a block (-1: the whole block) through tile C.
template <int C, int Half>
inline void block_sums(const std::int8_t* x, const std::uint8_t* w, Sums& sums) {
    constexpr int kHalf = Half < 0 ? 0 : Half;
    Tiles::zero<C>();
    Tiles::load<4 + C>(x + 16 * kHalf, kBlock);
    Tiles::load<6 + C>(w + 256 * kHalf, 64);
    Tiles::dot_s8_u8<C, 4 + C, 6 + C>();
    Tiles::store<C>(sums, sizeof sums[0]);
}

// acc of rows [8 * Tile, 8 * Tile + 8) takes one block's sums.
template <class L, int Half>
inline void chain_block(const Sums& sums, std::size_t first_row, const ActivationBlock& x, const std::uint8_t* scales,
                        F* acc) {
    constexpr bool kWide = L::kScales == Scales::d_and_m_f32 || L::kScales == Scales::two_f32;
    constexpr std::size_t kHalf = Half < 0 ? 0 : Half;
    const F d = kWide ? V::load(reinterpret_cast<const float*>(scales) + kHalf * kLanes)
                      : V::load_f16(reinterpret_cast<const std::uint16_t*>(scales));
#pragma GCC unroll 8
    for (std::size_t r = 0; r < kTileRows; ++r) {
        I sum = V::iload(sums[first_row + r]);
        if constexpr (offset_of<L>() != 0) {
            const std::int32_t activation_sum = Half < 0 ? x.half_sum[0][r] + x.half_sum[1][r] : x.half_sum[kHalf][r];
            sum = V::isub(sum, V::iset(offset_of<L>() * activation_sum));
        }
        acc[r] = V::fma(V::to_float(sum), V::mul(d, V::set(x.d[r])), acc[r]);
    }
    if constexpr (L::kScales == Scales::d_and_m_f16 || L::kScales == Scales::d_and_m_f32) {
        const F m = kWide ? V::load(reinterpret_cast<const float*>(scales) + kLanes)
                          : V::load_f16(reinterpret_cast<const std::uint16_t*>(scales) + kLanes);
#pragma GCC unroll 8
        for (std::size_t r = 0; r < kTileRows; ++r) acc[r] = V::fma(m, V::set(x.s[r]), acc[r]);
    }
}

template <class L, int Half>
inline void chain_rows(const Sums& sums, const ActivationBlock* tiles, std::size_t blocks, std::size_t b,
                       const std::uint8_t* packed, F (&acc)[kAmxRows]) {
    const std::uint8_t* scales = packed + b * L::kBlockBytes + L::kQuantBytes;
    chain_block<L, Half>(sums, 0, tiles[b], scales, acc);
    chain_block<L, Half>(sums, kTileRows, tiles[blocks + b], scales, acc + kTileRows);
}

// 16 rows of one group. While the vector unit chains one block, the tile unit multiplies the next.
template <class L>
void amx_tile(const ActivationBlock* tiles, const std::int8_t* x, std::size_t blocks, const std::uint8_t* w,
              const std::uint8_t* packed, float* y, std::size_t y_stride) {
    alignas(64) Sums sums[2];
    F acc[kAmxRows];
    for (F& a : acc) a = V::zero();
    if constexpr (L::kScales == Scales::two_f32) {
        for (std::size_t b = 0; b < blocks; ++b) {
            block_sums<0, 0>(x + b * kAmxRows * kBlock, w + b * 512, sums[0]);
            block_sums<1, 1>(x + b * kAmxRows * kBlock, w + b * 512, sums[1]);
            chain_rows<L, 0>(sums[0], tiles, blocks, b, packed, acc);
            chain_rows<L, 1>(sums[1], tiles, blocks, b, packed, acc);
        }
    } else {
        block_sums<0, -1>(x, w, sums[0]);
        for (std::size_t b = 0; b < blocks; ++b) {
            const std::size_t next = b + 1;
            if (next < blocks) {
                if (next % 2 == 0) {
                    block_sums<0, -1>(x + next * kAmxRows * kBlock, w + next * 512, sums[0]);
                } else {
                    block_sums<1, -1>(x + next * kAmxRows * kBlock, w + next * 512, sums[1]);
                }
            }
            chain_rows<L, -1>(sums[b % 2], tiles, blocks, b, packed, acc);
        }
    }
    for (std::size_t r = 0; r < kAmxRows; ++r) V::store(y + r * y_stride, V::flush(acc[r]));
}

template <class L>
void amx_kind(const PackedWeights& weights, const ActivationBlock* tiles, std::size_t rows, std::size_t group_begin,
              std::size_t group_end, float* y, std::size_t y_stride) {
    const std::size_t blocks = weights.inputs / kBlock;
    constexpr bool kHalves = L::kScales == Scales::two_f32;
    constexpr TileShape kSums = {16, 64};
    constexpr TileShape kRows = {16, kHalves ? 16 : 32};
    constexpr TileShape kWeights = {kHalves ? 4 : 8, 64};
    constexpr TileShape kShapes[8] = {kSums, kSums, kSums, kSums, kRows, kRows, kWeights, kWeights};
    Scratch x(rows * blocks * kBlock);
    Scratch spread(blocks * 512);
    for (std::size_t row = 0; row < rows; row += kAmxRows) {
        gather_rows(tiles + row / kTileRows * blocks, blocks,
                    reinterpret_cast<std::int8_t*>(x.data()) + row * blocks * kBlock);
    }
    Tiles::configure(kShapes);
    for (std::size_t g = group_begin; g < group_end; ++g) {
        const std::uint8_t* packed = weights.group(g);
        const std::uint8_t* w = spread_group<L>(packed, blocks, spread.data());
        for (std::size_t row = 0; row < rows; row += kAmxRows) {
            amx_tile<L>(tiles + row / kTileRows * blocks,
                        reinterpret_cast<const std::int8_t*>(x.data()) + row * blocks * kBlock, blocks, w, packed,
                        y + row * y_stride + g * kLanes, y_stride);
        }
    }
    Tiles::release();
}

void amx_tiled_rows(const PackedWeights& weights, const ActivationBlock* tiles, std::size_t rows,
                    std::size_t group_begin, std::size_t group_end, float* y, std::size_t y_stride) {
    switch (weights.kind) {
        case WeightKind::q4_d: return amx_kind<LayoutQ4D>(weights, tiles, rows, group_begin, group_end, y, y_stride);
        case WeightKind::q4_dm: return amx_kind<LayoutQ4DM>(weights, tiles, rows, group_begin, group_end, y, y_stride);
        case WeightKind::q5_d: return amx_kind<LayoutQ5D>(weights, tiles, rows, group_begin, group_end, y, y_stride);
        case WeightKind::q5_dm: return amx_kind<LayoutQ5DM>(weights, tiles, rows, group_begin, group_end, y, y_stride);
        case WeightKind::q8_d: return amx_kind<LayoutQ8D>(weights, tiles, rows, group_begin, group_end, y, y_stride);
        case WeightKind::q4_dm32:
            return amx_kind<LayoutQ4DM32>(weights, tiles, rows, group_begin, group_end, y, y_stride);
        case WeightKind::q5_dm32:
            return amx_kind<LayoutQ5DM32>(weights, tiles, rows, group_begin, group_end, y, y_stride);
        case WeightKind::q6_dd32:
            return amx_kind<LayoutQ6DD32>(weights, tiles, rows, group_begin, group_end, y, y_stride);
        case WeightKind::f32:
        case WeightKind::bf16: break;
    }
    __builtin_trap();
}

void amx_linear_quantized(const PackedWeights& weights, const ActivationBlock* tiles, std::size_t rows,
                          std::size_t group_begin, std::size_t group_end, float* y, std::size_t y_stride) {
    const std::size_t tiled = rows / kAmxRows * kAmxRows;
    if (tiled != 0) amx_tiled_rows(weights, tiles, tiled, group_begin, group_end, y, y_stride);
    if (tiled != rows) {
        const ActivationBlock* rest = tiles + tiled / kTileRows * (weights.inputs / kBlock);
        linear_quantized(weights, rest, rows - tiled, group_begin, group_end, y + tiled * y_stride, y_stride);
    }
}

// Up to two row tiles by two groups: four accumulators in tiles 0 to 3.
template <int Rows, int Groups>
void amx_bf16_tile(const PackedWeights& weights, std::size_t group, const std::uint16_t* x, std::size_t inputs,
                   float* y, std::size_t y_stride) {
    const std::size_t stride = inputs * sizeof(std::uint16_t);
    const std::uint8_t* w = weights.group(group);
    Tiles::zero<0>();
    if constexpr (Groups == 2) Tiles::zero<1>();
    if constexpr (Rows == 2) Tiles::zero<2>();
    if constexpr (Rows == 2 && Groups == 2) Tiles::zero<3>();
    for (std::size_t k = 0; k < inputs; k += kBlock, w += kBlock * kLanes * 2) {
        Tiles::load<4>(x + k, stride);
        Tiles::load<6>(w, 64);
        Tiles::dot_bf16<0, 4, 6>();
        if constexpr (Groups == 2) {
            Tiles::load<7>(w + weights.group_bytes, 64);
            Tiles::dot_bf16<1, 4, 7>();
        }
        if constexpr (Rows == 2) {
            Tiles::load<5>(x + kAmxRows * inputs + k, stride);
            Tiles::dot_bf16<2, 5, 6>();
        }
        if constexpr (Rows == 2 && Groups == 2) Tiles::dot_bf16<3, 5, 7>();
    }
    alignas(64) float sums[4][kAmxRows][kLanes];
    Tiles::store<0>(sums[0], 64);
    if constexpr (Groups == 2) Tiles::store<1>(sums[1], 64);
    if constexpr (Rows == 2) Tiles::store<2>(sums[2], 64);
    if constexpr (Rows == 2 && Groups == 2) Tiles::store<3>(sums[3], 64);
    for (std::size_t t = 0; t < Rows; ++t) {
        for (std::size_t g = 0; g < Groups; ++g) {
            for (std::size_t r = 0; r < kAmxRows; ++r) {
                V::store(y + (t * kAmxRows + r) * y_stride + (group + g) * kLanes,
                         V::flush(V::load(sums[2 * t + g][r])));
            }
        }
    }
}

template <int Rows>
void amx_bf16_rows(const PackedWeights& weights, std::size_t group_begin, std::size_t group_end, const std::uint16_t* x,
                   std::size_t inputs, float* y, std::size_t y_stride) {
    std::size_t g = group_begin;
    for (; g + 2 <= group_end; g += 2) amx_bf16_tile<Rows, 2>(weights, g, x, inputs, y, y_stride);
    if (g < group_end) amx_bf16_tile<Rows, 1>(weights, g, x, inputs, y, y_stride);
}

void amx_linear_bf16(const PackedWeights& weights, const float* x, std::size_t x_stride, std::size_t rows,
                     std::size_t group_begin, std::size_t group_end, float* y, std::size_t y_stride) {
    const std::size_t tiled = rows / kAmxRows * kAmxRows;
    const std::size_t inputs = (weights.inputs + kBlock - 1) / kBlock * kBlock;
    if (tiled != 0) {
        constexpr TileShape kWhole = {16, 64};
        constexpr TileShape kShapes[8] = {kWhole, kWhole, kWhole, kWhole, kWhole, kWhole, kWhole, kWhole};
        Scratch rounded(2 * kAmxRows * inputs * sizeof(std::uint16_t));
        auto* halves = reinterpret_cast<std::uint16_t*>(rounded.data());
        Tiles::configure(kShapes);
        for (std::size_t row = 0; row < tiled; row += 2 * kAmxRows) {
            const std::size_t count = tiled - row < 2 * kAmxRows ? kAmxRows : 2 * kAmxRows;
            for (std::size_t r = 0; r < count; ++r) {
                for (std::size_t k = 0; k < inputs; ++k) {
                    halves[r * inputs + k] =
                        k < weights.inputs ? f32_to_bf16(x[(row + r) * x_stride + k]) : std::uint16_t{0};
                }
            }
            if (count == kAmxRows) {
                amx_bf16_rows<1>(weights, group_begin, group_end, halves, inputs, y + row * y_stride, y_stride);
            } else {
                amx_bf16_rows<2>(weights, group_begin, group_end, halves, inputs, y + row * y_stride, y_stride);
            }
        }
        Tiles::release();
    }
    if (tiled != rows)
        linear_bf16(weights, x + tiled * x_stride, x_stride, rows - tiled, group_begin, group_end, y + tiled * y_stride,
                    y_stride);
}

} // namespace
} // namespace assay::kernels
