// Repacking of published weights into groups of 16 outputs (layout.h), so that the decode path (one row) and the prefill
// path (many rows) read the same bytes and compute the same bits.
#include "base/assert.h"
#include "kernels/blocks.h"
#include "kernels/kernels.h"
#include "kernels/layout.h"

#include <cmath>
#include <cstdlib>
#include <cstring>
#include <utility>

#include <sys/mman.h>

namespace assay::kernels {
namespace {

using tensor::DType;

constexpr std::size_t kHugePage = std::size_t{2} << 20;

WeightKind kind_of(DType type) {
    switch (type) {
        case DType::q4_0: return WeightKind::q4_d;
        case DType::q4_1: return WeightKind::q4_dm;
        case DType::q5_0: return WeightKind::q5_d;
        case DType::q5_1: return WeightKind::q5_dm;
        case DType::q8_0: return WeightKind::q8_d;
        case DType::q4_k: return WeightKind::q4_dm32;
        case DType::q5_k: return WeightKind::q5_dm32;
        case DType::q6_k: return WeightKind::q6_dd32;
        case DType::bf16: return WeightKind::bf16;
        case DType::f32:
        case DType::f16: return WeightKind::f32;
    }
    return WeightKind::f32;
}

std::size_t block_bytes(WeightKind kind) {
    switch (kind) {
        case WeightKind::q4_d: return LayoutQ4D::kBlockBytes;
        case WeightKind::q4_dm: return LayoutQ4DM::kBlockBytes;
        case WeightKind::q5_d: return LayoutQ5D::kBlockBytes;
        case WeightKind::q5_dm: return LayoutQ5DM::kBlockBytes;
        case WeightKind::q8_d: return LayoutQ8D::kBlockBytes;
        case WeightKind::q4_dm32: return LayoutQ4DM32::kBlockBytes;
        case WeightKind::q5_dm32: return LayoutQ5DM32::kBlockBytes;
        case WeightKind::q6_dd32: return LayoutQ6DD32::kBlockBytes;
        case WeightKind::f32:
        case WeightKind::bf16: break;
    }
    return 0;
}

int bits_of(WeightKind kind) {
    switch (kind) {
        case WeightKind::q8_d: return 8;
        case WeightKind::q6_dd32: return 6;
        case WeightKind::q5_d:
        case WeightKind::q5_dm:
        case WeightKind::q5_dm32: return 5;
        default: return 4;
    }
}

void place_quants(int bits, const std::uint8_t* q, std::size_t output, std::uint8_t* block) {
    if (bits == 8) {
        for (std::size_t quad = 0; quad < 8; ++quad) std::memcpy(block + quad * 64 + output * 4, q + quad * 4, 4);
        return;
    }
    for (std::size_t pair = 0; pair < 4; ++pair) {
        for (std::size_t i = 0; i < 4; ++i) {
            block[pair * 64 + output * 4 + i] = static_cast<std::uint8_t>((q[pair * 8 + i] & 15) | ((q[pair * 8 + 4 + i] & 15) << 4));
        }
    }
    for (int bit = 4; bit < bits; ++bit) {
        std::uint8_t* plane = block + 256 + (bit - 4) * 64;
        for (std::size_t k = 0; k < 32; ++k) {
            const std::size_t at = k / 4 * 64 + output * 4 + k % 4;
            plane[at / 8] = static_cast<std::uint8_t>(plane[at / 8] | (((q[k] >> bit) & 1) << (at % 8)));
        }
    }
}

void place_scales(WeightKind kind, const UnpackedBlock& unpacked, std::size_t output, std::uint8_t* scales) {
    const auto half = [&](std::size_t at, float value) {
        const std::uint16_t bits = f32_to_f16(value); // exact: the published scale is a binary16
        std::memcpy(scales + at * 32 + output * 2, &bits, 2);
    };
    const auto single = [&](std::size_t at, float value) { std::memcpy(scales + at * 64 + output * 4, &value, 4); };
    switch (kind) {
        case WeightKind::q4_dm:
        case WeightKind::q5_dm: half(1, unpacked.m); [[fallthrough]];
        case WeightKind::q4_d:
        case WeightKind::q5_d:
        case WeightKind::q8_d: return half(0, unpacked.d[0]);
        case WeightKind::q6_dd32: single(0, unpacked.d[0]); return single(1, unpacked.d[1]);
        default: single(0, unpacked.d[0]); return single(1, unpacked.m);
    }
}

Result<void> pack_quantized_group(const tensor::TensorView& matrix, std::size_t group, PackedWeights& packed) {
    const std::size_t blocks = packed.inputs / kBlock;
    const std::size_t row_bytes = tensor::bytes_of(matrix.dtype, packed.inputs);
    const std::size_t bytes = block_bytes(packed.kind);
    const int bits = bits_of(packed.kind);
    const std::size_t quant_bytes = bits == 8 ? 512 : 256 + 64 * static_cast<std::size_t>(bits - 4);
    std::uint8_t* out = packed.bytes.data() + group * packed.group_bytes;
    for (std::size_t o = 0; o < kLanes && group * kLanes + o < packed.outputs; ++o) {
        const std::uint8_t* row = matrix.bytes.data() + (group * kLanes + o) * row_bytes;
        for (std::size_t b = 0; b < blocks; ++b) {
            UnpackedBlock unpacked;
            unpack_block(matrix.dtype, row, b, unpacked);
            if (!std::isfinite(unpacked.d[0]) || !std::isfinite(unpacked.d[1]) || !std::isfinite(unpacked.m)) {
                return fail(ErrorCode::malformed, "scale of row " + std::to_string(group * kLanes + o) + ", block " + std::to_string(b) + " is not finite");
            }
            place_quants(bits, unpacked.q, o, out + b * bytes);
            place_scales(packed.kind, unpacked, o, out + b * bytes + quant_bytes);
        }
    }
    return {};
}

float float_at(const tensor::TensorView& matrix, std::size_t index) {
    if (matrix.dtype == DType::f32) {
        float value;
        std::memcpy(&value, matrix.bytes.data() + index * 4, 4);
        return value;
    }
    std::uint16_t bits;
    std::memcpy(&bits, matrix.bytes.data() + index * 2, 2);
    return matrix.dtype == DType::f16 ? f16_to_f32(bits) : bf16_to_f32(bits);
}

Result<void> pack_float_group(const tensor::TensorView& matrix, bool transposed, std::size_t group, PackedWeights& packed) {
    std::uint8_t* out = packed.bytes.data() + group * packed.group_bytes;
    for (std::size_t o = 0; o < kLanes && group * kLanes + o < packed.outputs; ++o) {
        const std::size_t output = group * kLanes + o;
        for (std::size_t k = 0; k < packed.inputs; ++k) {
            const float value = stored(float_at(matrix, transposed ? k * packed.outputs + output : output * packed.inputs + k));
            if (!std::isfinite(value)) {
                return fail(ErrorCode::malformed, "weight at output " + std::to_string(output) + ", input " + std::to_string(k) + " is not finite");
            }
            if (packed.kind == WeightKind::f32) {
                std::memcpy(out + (k * kLanes + o) * 4, &value, 4);
            } else {
                // pairs of inputs side by side: [pair][output][even, odd]
                const std::uint16_t bits = f32_to_bf16(value);
                std::memcpy(out + (k / 2 * 2 * kLanes + o * 2 + k % 2) * 2, &bits, 2);
            }
        }
    }
    return {};
}

} // namespace

AlignedBytes::AlignedBytes(std::size_t size) : size_(size) {
    if (size == 0) return;
    const std::size_t alignment = size >= kHugePage ? kHugePage : 64;
    const std::size_t rounded = (size + alignment - 1) / alignment * alignment;
    data_ = static_cast<std::uint8_t*>(std::aligned_alloc(alignment, rounded));
    ASSAY_ASSERT(data_ != nullptr);
    if (alignment == kHugePage) ::madvise(data_, rounded, MADV_HUGEPAGE); // fewer address translations when streaming weights
    std::memset(data_, 0, size);
}
AlignedBytes::AlignedBytes(AlignedBytes&& other) noexcept : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}
AlignedBytes& AlignedBytes::operator=(AlignedBytes&& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    return *this;
}
AlignedBytes::~AlignedBytes() { std::free(data_); }

Result<PackedWeights> prepare_pack(const tensor::TensorView& matrix, bool transposed) {
    if (matrix.shape.size() != 2) return fail(ErrorCode::malformed, "a linear weight must have two dimensions");
    PackedWeights packed;
    packed.kind = kind_of(matrix.dtype);
    packed.outputs = matrix.shape[transposed ? 1 : 0];
    packed.inputs = matrix.shape[transposed ? 0 : 1];
    if (tensor::is_quantized(matrix.dtype)) {
        if (transposed) return fail(ErrorCode::unsupported, "a block-quantised weight cannot be stored transposed");
        if (packed.inputs % kBlock != 0) return fail(ErrorCode::malformed, "columns are not a multiple of 32");
        packed.group_bytes = packed.inputs / kBlock * block_bytes(packed.kind);
    } else if (packed.kind == WeightKind::bf16) {
        packed.group_bytes = (packed.inputs + kBlock - 1) / kBlock * kBlock * kLanes * 2; // zero-padded tail
    } else {
        packed.group_bytes = packed.inputs * kLanes * 4;
    }
    packed.bytes = AlignedBytes(packed.group_bytes * packed.groups());
    return packed;
}

Result<void> pack_groups(const tensor::TensorView& matrix, bool transposed, std::size_t group_begin, std::size_t group_end, PackedWeights& packed) {
    for (std::size_t g = group_begin; g < group_end; ++g) {
        TRY_VOID(tensor::is_quantized(matrix.dtype) ? pack_quantized_group(matrix, g, packed) : pack_float_group(matrix, transposed, g, packed));
    }
    return {};
}

void dequantize_row(const tensor::TensorView& matrix, std::size_t row, float* out) {
    const std::size_t columns = matrix.columns();
    if (!tensor::is_quantized(matrix.dtype)) {
        for (std::size_t k = 0; k < columns; ++k) out[k] = stored(float_at(matrix, row * columns + k));
        return;
    }
    const std::uint8_t* bytes = matrix.bytes.data() + row * tensor::bytes_of(matrix.dtype, columns);
    const int offset = quant_offset(matrix.dtype);
    UnpackedBlock block;
    for (std::size_t b = 0; b < columns / kBlock; ++b) {
        unpack_block(matrix.dtype, bytes, b, block);
        for (std::size_t i = 0; i < kBlock; ++i) {
            out[b * kBlock + i] = stored(std::fma(static_cast<float>(block.q[i] - offset), block.d[i / 16], block.m));
        }
    }
}

} // namespace assay::kernels
