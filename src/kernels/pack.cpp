// Repacking of published weights into groups of 16 outputs (layout.h), so that the decode path (one row) and the prefill
// path (many rows) read the same bytes and compute the same bits.
#include "base/assert.h"
#include "kernels/blocks.h"
#include "kernels/kernels.h"
#include "kernels/layout.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <utility>

#include <sys/mman.h>
#include <unistd.h>

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

// Block b of 16 rows, before it is laid out.
struct UnpackedGroup {
    std::uint8_t q[kLanes][kBlock] = {};
    float first[kLanes] = {}; // d, or d of inputs 0-15
    float second[kLanes] = {}; // m, or d of inputs 16-31
};

// Four bytes of 0 or 1, one an input, become four bits.
std::uint32_t gather_bits(std::uint32_t bytes) { return (bytes * 0x01020408u) >> 24 & 15u; }

void place_planes(int bits, const std::uint32_t (&quads)[8][kLanes], std::uint8_t* planes) {
    for (int bit = 4; bit < bits; ++bit) {
        for (const auto& quad : quads) {
            std::uint64_t word = 0;
            for (std::size_t o = 0; o < kLanes; ++o) {
                word |= static_cast<std::uint64_t>(gather_bits((quad[o] >> bit) & 0x01010101u)) << (4 * o);
            }
            std::memcpy(planes, &word, 8);
            planes += 8;
        }
    }
}

// Whole lines of 64 bytes: 16 outputs by 4 inputs.
void place_quants(int bits, const std::uint8_t (&q)[kLanes][kBlock], std::uint8_t* block) {
    std::uint32_t quads[8][kLanes];
    for (std::size_t o = 0; o < kLanes; ++o) {
        std::uint32_t row[8];
        std::memcpy(row, q[o], sizeof row);
        for (std::size_t quad = 0; quad < 8; ++quad) quads[quad][o] = row[quad];
    }
    if (bits == 8) {
        std::memcpy(block, quads, sizeof quads);
        return;
    }
    for (std::size_t pair = 0; pair < 4; ++pair) {
        std::uint32_t line[kLanes];
        for (std::size_t o = 0; o < kLanes; ++o)
            line[o] = (quads[2 * pair][o] & 0x0f0f0f0fu) | ((quads[2 * pair + 1][o] & 0x0f0f0f0fu) << 4);
        std::memcpy(block + pair * 64, line, sizeof line);
    }
    place_planes(bits, quads, block + 256);
}

// Published binary16 scales move as they are; those of K-quants are products in binary32.
bool place_scales(WeightKind kind, const UnpackedGroup& group, std::uint8_t* scales) {
    const bool halves = kind != WeightKind::q4_dm32 && kind != WeightKind::q5_dm32 && kind != WeightKind::q6_dd32;
    const bool second = kind != WeightKind::q4_d && kind != WeightKind::q5_d && kind != WeightKind::q8_d;
    bool finite = true;
    for (std::size_t o = 0; o < kLanes; ++o)
        finite = finite && std::isfinite(group.first[o]) && std::isfinite(group.second[o]);
    if (!finite) return false;
    if (!halves) {
        std::memcpy(scales, group.first, sizeof group.first);
        std::memcpy(scales + 64, group.second, sizeof group.second);
        return true;
    }
    std::uint16_t bits[2][kLanes];
    for (std::size_t o = 0; o < kLanes; ++o) {
        bits[0][o] = f32_to_f16(group.first[o]); // exact: it was one
        if (second) bits[1][o] = f32_to_f16(group.second[o]);
    }
    std::memcpy(scales, bits, second ? 64 : 32);
    return true;
}

// Where a type with 32 inputs a block and binary16 scales keeps its parts; these are moved without unpacking.
struct PlainFormat {
    std::size_t bytes;
    std::size_t scales; // 1 or 2, at the front
    std::size_t fifth; // offset of the fifth bits, 0 when there are none
    std::size_t quants;
};

PlainFormat plain_format(DType type) {
    switch (type) {
        case DType::q4_0: return {18, 1, 0, 2};
        case DType::q4_1: return {20, 2, 0, 4};
        case DType::q5_0: return {22, 1, 2, 6};
        case DType::q5_1: return {24, 2, 4, 8};
        default: return {};
    }
}

bool finite_half(std::uint16_t bits) { return (bits & 0x7c00u) != 0x7c00u; }

// Published nibbles: byte i holds inputs i and i + 16. False when a scale is not finite.
bool pack_plain_block(const PlainFormat& format, const std::uint8_t* rows, std::size_t row_bytes, std::size_t outputs,
                      std::uint8_t* out) {
    std::uint32_t lines[4][kLanes] = {};
    std::uint64_t planes[8] = {};
    std::uint16_t scales[2][kLanes] = {};
    bool finite = true;
    for (std::size_t o = 0; o < outputs; ++o) {
        const std::uint8_t* block = rows + o * row_bytes;
        for (std::size_t i = 0; i < format.scales; ++i) {
            std::memcpy(&scales[i][o], block + 2 * i, 2);
            finite = finite && finite_half(scales[i][o]);
        }
        std::uint32_t quads[4];
        std::memcpy(quads, block + format.quants, sizeof quads);
        lines[0][o] = (quads[0] & 0x0f0f0f0fu) | ((quads[1] & 0x0f0f0f0fu) << 4);
        lines[1][o] = (quads[2] & 0x0f0f0f0fu) | ((quads[3] & 0x0f0f0f0fu) << 4);
        lines[2][o] = ((quads[0] >> 4) & 0x0f0f0f0fu) | (quads[1] & 0xf0f0f0f0u);
        lines[3][o] = ((quads[2] >> 4) & 0x0f0f0f0fu) | (quads[3] & 0xf0f0f0f0u);
        if (format.fifth != 0) {
            std::uint32_t bits;
            std::memcpy(&bits, block + format.fifth, 4);
            for (std::size_t quad = 0; quad < 8; ++quad)
                planes[quad] |= static_cast<std::uint64_t>((bits >> (4 * quad)) & 15u) << (4 * o);
        }
    }
    std::memcpy(out, lines, sizeof lines);
    out += sizeof lines;
    if (format.fifth != 0) {
        std::memcpy(out, planes, sizeof planes);
        out += sizeof planes;
    }
    std::memcpy(out, scales, format.scales * sizeof scales[0]);
    return finite;
}

// Any type, through its unpacked form.
bool pack_unpacked_block(DType type, WeightKind kind, const std::uint8_t* rows, std::size_t row_bytes,
                         std::size_t outputs, std::size_t block, std::uint8_t* out) {
    UnpackedGroup group;
    for (std::size_t o = 0; o < outputs; ++o) {
        UnpackedBlock unpacked;
        unpack_block(type, rows + o * row_bytes, block, unpacked);
        std::memcpy(group.q[o], unpacked.q, kBlock);
        group.first[o] = unpacked.d[0];
        group.second[o] = kind == WeightKind::q6_dd32 ? unpacked.d[1] : unpacked.m;
    }
    const int bits = bits_of(kind);
    place_quants(bits, group.q, out);
    return place_scales(kind, group, out + (bits == 8 ? 512 : 256 + 64 * (bits - 4)));
}

std::string bad_scale(const tensor::TensorView& matrix, std::size_t first_row, std::size_t block) {
    const std::size_t row_bytes = tensor::bytes_of(matrix.dtype, matrix.columns());
    std::size_t row = first_row;
    UnpackedBlock unpacked;
    for (;; ++row) {
        unpack_block(matrix.dtype, matrix.bytes.data() + row * row_bytes, block, unpacked);
        if (!std::isfinite(unpacked.d[0]) || !std::isfinite(unpacked.d[1]) || !std::isfinite(unpacked.m)) break;
    }
    return "scale of row " + std::to_string(row) + ", block " + std::to_string(block) + " is not finite";
}

Result<void> pack_quantized_group(const tensor::TensorView& matrix, std::size_t group, PackedWeights& packed) {
    const std::size_t blocks = packed.inputs / kBlock;
    const std::size_t row_bytes = tensor::bytes_of(matrix.dtype, packed.inputs);
    const std::size_t bytes = block_bytes(packed.kind);
    const std::size_t outputs = std::min(kLanes, packed.outputs - group * kLanes);
    const std::uint8_t* rows = matrix.bytes.data() + group * kLanes * row_bytes;
    std::uint8_t* out = packed.bytes.data() + group * packed.group_bytes;
    const PlainFormat plain = plain_format(matrix.dtype);
    for (std::size_t b = 0; b < blocks; ++b, out += bytes) {
        const bool finite = plain.bytes != 0
                                ? pack_plain_block(plain, rows + b * plain.bytes, row_bytes, outputs, out)
                                : pack_unpacked_block(matrix.dtype, packed.kind, rows, row_bytes, outputs, b, out);
        if (!finite) return fail(ErrorCode::malformed, bad_scale(matrix, group * kLanes, b));
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

constexpr std::size_t kStrip = 64; // inputs gathered at a time: one transposed column touches many lines

// A float as it lies in a file; the store rule applies to it.
template <DType Type>
float read_float(const std::uint8_t* at) {
    if constexpr (Type == DType::f32) {
        float value;
        std::memcpy(&value, at, 4);
        return stored(value);
    } else {
        std::uint16_t bits;
        std::memcpy(&bits, at, 2);
        return Type == DType::f16 ? stored(f16_to_f32(bits)) : stored(bf16_to_f32(bits));
    }
}

struct Strip {
    const std::uint8_t* origin; // first output, first input
    std::size_t output_stride; // bytes
    std::size_t input_stride;
    std::size_t outputs;
    std::size_t inputs;
};

// Lanes beyond the outputs and rows beyond the inputs stay as they are: zero.
template <DType Type>
void read_strip(const Strip& from, float (&strip)[kStrip][kLanes]) {
    if (from.output_stride < from.input_stride) {
        for (std::size_t k = 0; k < from.inputs; ++k) {
            for (std::size_t o = 0; o < from.outputs; ++o)
                strip[k][o] = read_float<Type>(from.origin + k * from.input_stride + o * from.output_stride);
        }
        return;
    }
    for (std::size_t o = 0; o < from.outputs; ++o) {
        for (std::size_t k = 0; k < from.inputs; ++k)
            strip[k][o] = read_float<Type>(from.origin + k * from.input_stride + o * from.output_stride);
    }
}

void read_strip(DType type, const Strip& from, float (&strip)[kStrip][kLanes]) {
    if (type == DType::f32) return read_strip<DType::f32>(from, strip);
    if (type == DType::f16) return read_strip<DType::f16>(from, strip);
    return read_strip<DType::bf16>(from, strip);
}

bool all_finite(const float (&strip)[kStrip][kLanes]) {
    float lanes[kLanes] = {}; // not finite times zero is NaN
    for (const auto& row : strip) {
        for (std::size_t o = 0; o < kLanes; ++o) lanes[o] += row[o] * 0.0f;
    }
    for (const float lane : lanes) {
        if (lane != 0) return false;
    }
    return true;
}

void place_strip(const float (&strip)[kStrip][kLanes], std::size_t first_input, std::size_t inputs, WeightKind kind,
                 std::uint8_t* out) {
    if (kind == WeightKind::f32) {
        std::memcpy(out + first_input * kLanes * 4, strip, inputs * sizeof strip[0]);
        return;
    }
    for (std::size_t k = 0; k < inputs;
         k += 2) { // pairs of inputs side by side: [pair][output][even, odd]; an odd tail meets zeros
        std::uint16_t line[kLanes][2];
        for (std::size_t o = 0; o < kLanes; ++o) {
            line[o][0] = f32_to_bf16(strip[k][o]);
            line[o][1] = f32_to_bf16(strip[k + 1][o]);
        }
        std::memcpy(out + (first_input + k) * kLanes * 2, line, sizeof line);
    }
}

std::string bad_weight(const float (&strip)[kStrip][kLanes], std::size_t first_output, std::size_t first_input) {
    std::size_t i = 0;
    while (std::isfinite(strip[i / kLanes][i % kLanes])) ++i;
    return "weight at output " + std::to_string(first_output + i % kLanes) + ", input " +
           std::to_string(first_input + i / kLanes) + " is not finite";
}

Result<void> pack_float_group(const tensor::TensorView& matrix, bool transposed, std::size_t group,
                              PackedWeights& packed) {
    std::uint8_t* out = packed.bytes.data() + group * packed.group_bytes;
    const std::size_t first = group * kLanes;
    const std::size_t outputs = std::min(kLanes, packed.outputs - first);
    const std::size_t size = tensor::bytes_of(matrix.dtype, 1);
    const std::size_t output_stride = size * (transposed ? 1 : packed.inputs);
    const std::size_t input_stride = size * (transposed ? packed.outputs : 1);
    float strip[kStrip][kLanes] = {};
    for (std::size_t k = 0; k < packed.inputs; k += kStrip) {
        const std::size_t inputs = std::min(kStrip, packed.inputs - k);
        if (inputs < kStrip) std::memset(strip, 0, sizeof strip);
        const std::uint8_t* origin = matrix.bytes.data() + first * output_stride + k * input_stride;
        read_strip(matrix.dtype, {origin, output_stride, input_stride, outputs, inputs}, strip);
        if (!all_finite(strip)) return fail(ErrorCode::malformed, bad_weight(strip, first, k));
        place_strip(strip, k, inputs, packed.kind, out);
    }
    return {};
}

/// From this size on memory comes straight from the system: it is zero already, and first touched by the thread that fills it.
constexpr std::size_t kMappedBytes = std::size_t{64} << 10;

std::uint8_t* map_zeroed(std::size_t size) {
    const auto page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
    const std::size_t wanted = (size + page - 1) / page * page;
    const std::size_t mapped =
        wanted + (size >= kHugePage ? kHugePage : 0); // room to start at a multiple of a huge page
    void* memory = ::mmap(nullptr, mapped, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    ASSAY_ASSERT(memory != MAP_FAILED);
    auto* begin = static_cast<std::uint8_t*>(memory);
    if (mapped == wanted) return begin;
    const std::size_t before = (kHugePage - reinterpret_cast<std::uintptr_t>(begin) % kHugePage) % kHugePage;
    if (before != 0) ::munmap(begin, before);
    begin += before;
    ::munmap(begin + wanted, kHugePage - before); // before is less than a huge page
    ::madvise(begin, wanted, MADV_HUGEPAGE); // fewer address translations when streaming weights
    return begin;
}

} // namespace

AlignedBytes::AlignedBytes(std::size_t size) : size_(size) {
    if (size == 0) return;
    if (size >= kMappedBytes) {
        data_ = map_zeroed(size);
        return;
    }
    data_ = static_cast<std::uint8_t*>(std::aligned_alloc(64, (size + 63) / 64 * 64));
    ASSAY_ASSERT(data_ != nullptr);
    std::memset(data_, 0, size);
}
AlignedBytes::AlignedBytes(AlignedBytes&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}
AlignedBytes& AlignedBytes::operator=(AlignedBytes&& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    return *this;
}
AlignedBytes::~AlignedBytes() {
    if (size_ >= kMappedBytes) {
        ::munmap(data_, size_);
    } else {
        std::free(data_);
    }
}

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

Result<void> pack_groups(const tensor::TensorView& matrix, bool transposed, std::size_t group_begin,
                         std::size_t group_end, PackedWeights& packed) {
    for (std::size_t g = group_begin; g < group_end; ++g) {
        TRY_VOID(tensor::is_quantized(matrix.dtype) ? pack_quantized_group(matrix, g, packed)
                                                    : pack_float_group(matrix, transposed, g, packed));
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
