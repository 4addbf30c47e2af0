// Linear layers (docs/spec/arithmetic.md, "Products").
#include "kernels/blocks.h"
#include "kernels/half.h"
#include "kernels/layout.h"
#include "kernels/reference/operators.h"

#include "base/assert.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

namespace assay::kernels::reference {
namespace {

// What a block product needs to know of 32 weights of one output.
struct WeightBlock {
    int q[kBlock]; // the offset already taken off
    float d[2];    // inputs 0-15, inputs 16-31
    float m;
    bool halves;   // Q6_K: each half is a product of its own
    bool has_minimum;
};

int dot(const int* a, const int* b, std::size_t n) {
    int sum = 0;
    for (std::size_t i = 0; i < n; ++i) sum += a[i] * b[i];
    return sum;
}

float block_product(const WeightBlock& w, const QuantizedBlock& x, float acc) {
    if (w.halves) {
        acc = std::fma(static_cast<float>(dot(w.q, x.q, 16)), w.d[0] * x.d, acc);
        return std::fma(static_cast<float>(dot(w.q + 16, x.q + 16, 16)), w.d[1] * x.d, acc);
    }
    acc = std::fma(static_cast<float>(dot(w.q, x.q, 32)), w.d[0] * x.d, acc);
    return w.has_minimum ? std::fma(w.m, x.s, acc) : acc;
}

template <class L>
WeightBlock read_packed(const std::uint8_t* block, std::size_t output) {
    WeightBlock w{};
    for (std::size_t i = 0; i < kBlock; ++i) {
        const std::size_t quad = i / 4;
        const std::size_t at = output * 4 + i % 4; // byte of a 64-byte line, and bit of a 64-bit word
        int q = 0;
        if constexpr (L::kBits == 8) {
            q = block[quad * 64 + at];
        } else {
            const int byte = block[quad / 2 * 64 + at];
            q = quad % 2 == 0 ? byte & 15 : byte >> 4;
            for (int bit = 4; bit < L::kBits; ++bit) {
                const std::uint8_t* plane = block + 256 + (bit - 4) * 64 + quad * 8;
                q |= ((plane[at / 8] >> (at % 8)) & 1) << bit;
            }
        }
        w.q[i] = q - L::kOffset;
    }
    const std::uint8_t* scales = block + L::kQuantBytes;
    const auto scale = [&](std::size_t which) {
        if constexpr (L::kScales == Scales::d_f16 || L::kScales == Scales::d_and_m_f16) {
            std::uint16_t bits;
            std::memcpy(&bits, scales + which * 32 + output * 2, 2);
            return f16_to_f32(bits);
        } else {
            float value;
            std::memcpy(&value, scales + which * 64 + output * 4, 4);
            return value;
        }
    };
    w.halves = L::kScales == Scales::two_f32;
    w.has_minimum = L::kScales == Scales::d_and_m_f16 || L::kScales == Scales::d_and_m_f32;
    w.d[0] = w.d[1] = scale(0);
    if (w.halves) w.d[1] = scale(1);
    if (w.has_minimum) w.m = scale(1);
    return w;
}

using Reader = WeightBlock (*)(const std::uint8_t*, std::size_t);

struct PackedFormat {
    Reader read;
    std::size_t block_bytes;
};

template <class L>
PackedFormat format() {
    return {read_packed<L>, L::kBlockBytes};
}

PackedFormat format_of(WeightKind kind) {
    switch (kind) {
        case WeightKind::q4_d: return format<LayoutQ4D>();
        case WeightKind::q4_dm: return format<LayoutQ4DM>();
        case WeightKind::q5_d: return format<LayoutQ5D>();
        case WeightKind::q5_dm: return format<LayoutQ5DM>();
        case WeightKind::q8_d: return format<LayoutQ8D>();
        case WeightKind::q4_dm32: return format<LayoutQ4DM32>();
        case WeightKind::q5_dm32: return format<LayoutQ5DM32>();
        case WeightKind::q6_dd32: return format<LayoutQ6DD32>();
        case WeightKind::f32:
        case WeightKind::bf16: break;
    }
    ASSAY_ASSERT(!"a block-quantised kind");
    return {};
}

WeightBlock read_published(tensor::DType type, const std::uint8_t* row, std::size_t block) {
    using tensor::DType;
    UnpackedBlock unpacked;
    unpack_block(type, row, block, unpacked);
    WeightBlock w{};
    for (std::size_t i = 0; i < kBlock; ++i) w.q[i] = unpacked.q[i] - quant_offset(type);
    w.d[0] = unpacked.d[0];
    w.d[1] = unpacked.d[1];
    w.m = unpacked.m;
    w.halves = type == DType::q6_k;
    w.has_minimum = type == DType::q4_1 || type == DType::q5_1 || type == DType::q4_k || type == DType::q5_k;
    return w;
}

QuantizedBlock read_tile(const ActivationBlock& tile, std::size_t row) {
    QuantizedBlock x{};
    for (std::size_t i = 0; i < kBlock; ++i) x.q[i] = tile.q[i / 4][row][i % 4];
    x.d = tile.d[row];
    x.s = tile.s[row];
    return x;
}

} // namespace

QuantizedBlock quantize_block(const float* x) {
    QuantizedBlock block{};
    float largest = 0;
    bool finite = true;
    for (std::size_t i = 0; i < kBlock; ++i) {
        finite = finite && std::isfinite(x[i]);
        largest = std::max(largest, std::fabs(x[i]));
    }
    if (!finite) {
        block.d = block.s = std::numeric_limits<float>::quiet_NaN();
        return block;
    }
    const float d = largest / 127.0f;
    if (d < kStoreMinimum) return block; // d = s = +0 and every q = 0
    const float inverse = 127.0f / largest;
    int sum = 0;
    for (std::size_t i = 0; i < kBlock; ++i) {
        block.q[i] = static_cast<int>(std::nearbyint(x[i] * inverse));
        sum += block.q[i];
    }
    block.d = d;
    block.s = d * static_cast<float>(sum);
    return block;
}

void put_block(const QuantizedBlock& block, std::size_t row, std::size_t b, std::size_t n, ActivationBlock* tiles) {
    ActivationBlock& tile = tiles[row / kTileRows * (n / kBlock) + b];
    const std::size_t r = row % kTileRows;
    tile.half_sum[0][r] = tile.half_sum[1][r] = 0;
    for (std::size_t i = 0; i < kBlock; ++i) {
        tile.q[i / 4][r][i % 4] = static_cast<std::int8_t>(block.q[i]);
        tile.half_sum[i / 16][r] += block.q[i];
    }
    tile.d[r] = block.d;
    tile.s[r] = block.s;
}

void quantize(const float* x, std::size_t x_stride, std::size_t count, std::size_t n, ActivationBlock* tiles) {
    for (std::size_t row = 0; row < count; ++row) {
        for (std::size_t b = 0; b < n / kBlock; ++b)
            put_block(quantize_block(x + row * x_stride + b * kBlock), row, b, n, tiles);
    }
}

void quantize_twice(const float* x, std::size_t x_stride, std::size_t row_begin, std::size_t row_end, std::size_t count,
                    std::size_t n, ActivationBlock* tiles) {
    for (std::size_t row = row_begin; row < row_end; ++row) {
        for (std::size_t b = 0; b < n / kBlock; ++b) {
            const float* from = x + row * x_stride + b * kBlock;
            const QuantizedBlock block = quantize_block(from);
            float rest[kBlock];
            for (std::size_t i = 0; i < kBlock; ++i)
                rest[i] = stored(std::fma(-block.d, static_cast<float>(block.q[i]), from[i]));
            put_block(block, row, b, n, tiles);
            put_block(quantize_block(rest), count + row, b, n, tiles);
        }
    }
}

void linear_quantized(const PackedWeights& weights, const ActivationBlock* tiles, std::size_t rows,
                      std::size_t group_begin, std::size_t group_end, float* y, std::size_t y_stride) {
    const PackedFormat packed = format_of(weights.kind);
    const std::size_t blocks = weights.inputs / kBlock;
    for (std::size_t output = group_begin * kLanes; output < group_end * kLanes; ++output) {
        for (std::size_t row = 0; row < rows; ++row) {
            float acc = 0;
            for (std::size_t b = 0; b < blocks; ++b) {
                const WeightBlock w =
                    packed.read(weights.group(output / kLanes) + b * packed.block_bytes, output % kLanes);
                acc = block_product(w, read_tile(tiles[row / kTileRows * blocks + b], row % kTileRows), acc);
            }
            y[row * y_stride + output] = stored(acc);
        }
    }
}

void linear_from_blocks(const tensor::TensorView& matrix, const float* x, std::size_t x_stride, std::size_t rows,
                        float* y, std::size_t y_stride) {
    const std::size_t inputs = matrix.columns();
    const std::size_t row_bytes = tensor::bytes_of(matrix.dtype, inputs);
    for (std::size_t output = 0; output < matrix.rows(); ++output) {
        for (std::size_t row = 0; row < rows; ++row) {
            float acc = 0;
            for (std::size_t b = 0; b < inputs / kBlock; ++b) {
                const WeightBlock w = read_published(matrix.dtype, matrix.bytes.data() + output * row_bytes, b);
                acc = block_product(w, quantize_block(x + row * x_stride + b * kBlock), acc);
            }
            y[row * y_stride + output] = stored(acc);
        }
    }
}

void linear_f32(const PackedWeights& weights, const float* x, std::size_t x_stride, std::size_t rows,
                std::size_t group_begin, std::size_t group_end, float* y, std::size_t y_stride) {
    for (std::size_t output = group_begin * kLanes; output < group_end * kLanes; ++output) {
        const auto* w = reinterpret_cast<const float*>(weights.group(output / kLanes)) + output % kLanes;
        for (std::size_t row = 0; row < rows; ++row) {
            float acc = 0;
            for (std::size_t k = 0; k < weights.inputs; ++k) acc = std::fma(x[row * x_stride + k], w[k * kLanes], acc);
            y[row * y_stride + output] = stored(acc);
        }
    }
}

void linear_bf16(const PackedWeights& weights, const float* x, std::size_t x_stride, std::size_t rows,
                 std::size_t group_begin, std::size_t group_end, float* y, std::size_t y_stride) {
    for (std::size_t output = group_begin * kLanes; output < group_end * kLanes; ++output) {
        const auto* w = reinterpret_cast<const std::uint16_t*>(weights.group(output / kLanes)) + output % kLanes * 2;
        for (std::size_t row = 0; row < rows; ++row) {
            float acc = 0;
            for (std::size_t begin = 0; begin < weights.inputs; begin += kBlock) {
                float chain[2] = {0, 0}; // even and odd inputs
                for (std::size_t k = begin; k < std::min(begin + kBlock, weights.inputs); ++k) {
                    const float weight = bf16_to_f32(w[k / 2 * 2 * kLanes + k % 2]);
                    const float value = bf16_to_f32(f32_to_bf16(x[row * x_stride + k]));
                    chain[k % 2] = std::fma(value, weight, chain[k % 2]);
                }
                acc = acc + (chain[0] + chain[1]);
            }
            y[row * y_stride + output] = stored(acc);
        }
    }
}

} // namespace assay::kernels::reference
