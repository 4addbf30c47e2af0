#include "kernels/blocks.h"

#include "base/assert.h"

#include <cstring>

namespace assay::kernels {
namespace {

float half_at(const std::uint8_t* p) {
    std::uint16_t half;
    std::memcpy(&half, p, 2);
    return f16_to_f32(half);
}

void nibbles(const std::uint8_t* qs, std::uint8_t* q) {
    for (int i = 0; i < 16; ++i) {
        q[i] = qs[i] & 15;
        q[i + 16] = qs[i] >> 4;
    }
}

void fifth_bits(const std::uint8_t* qh, std::uint8_t* q) {
    std::uint32_t bits;
    std::memcpy(&bits, qh, 4);
    for (int i = 0; i < 32; ++i) q[i] = static_cast<std::uint8_t>(q[i] | (((bits >> i) & 1u) << 4));
}

// Six-bit scale and minimum of sub-block j of a K-quant super-block.
void scale_and_minimum(const std::uint8_t* packed, std::size_t j, int& scale, int& minimum) {
    if (j < 4) {
        scale = packed[j] & 63;
        minimum = packed[j + 4] & 63;
    } else {
        scale = (packed[j + 4] & 15) | ((packed[j - 4] >> 6) << 4);
        minimum = (packed[j + 4] >> 4) | ((packed[j] >> 6) << 4);
    }
}

void k_scales(const std::uint8_t* super, std::size_t j, UnpackedBlock& out) {
    int scale = 0;
    int minimum = 0;
    scale_and_minimum(super + 4, j, scale, minimum);
    out.d[0] = out.d[1] = half_at(super) * static_cast<float>(scale);
    out.m = -(half_at(super + 2) * static_cast<float>(minimum));
}

// 64 inputs share 32 bytes: the first 32 in the low nibbles, the next in the high ones.
void k_nibbles(const std::uint8_t* qs, std::size_t j, std::uint8_t* q) {
    const std::uint8_t* bytes = qs + j / 2 * 32;
    for (int i = 0; i < 32; ++i) q[i] = j % 2 == 0 ? bytes[i] & 15 : bytes[i] >> 4;
}

void unpack_q6_k(const std::uint8_t* super, std::size_t j, UnpackedBlock& out) {
    // 128 inputs share 64 bytes of low nibbles (ql) and 32 bytes of high pairs (qh); j counts blocks of 32 inputs.
    const std::uint8_t* ql = super + j / 4 * 64 + (j % 2) * 32;
    const std::uint8_t* qh = super + 128 + j / 4 * 32;
    const bool high_nibble = j % 4 >= 2;
    const int shift = static_cast<int>(j % 4) * 2;
    for (int i = 0; i < 32; ++i) {
        const int low = high_nibble ? ql[i] >> 4 : ql[i] & 15;
        out.q[i] = static_cast<std::uint8_t>(low | (((qh[i] >> shift) & 3) << 4));
    }
    const auto* scales = reinterpret_cast<const std::int8_t*>(super + 192) + 2 * j;
    const float d = half_at(super + 208);
    out.d[0] = d * static_cast<float>(scales[0]);
    out.d[1] = d * static_cast<float>(scales[1]);
}

} // namespace

int quant_offset(tensor::DType type) {
    switch (type) {
        case tensor::DType::q4_0: return 8;
        case tensor::DType::q5_0: return 16;
        case tensor::DType::q6_k: return 32;
        case tensor::DType::q8_0: return 128;
        default: return 0;
    }
}

void unpack_block(tensor::DType type, const std::uint8_t* row, std::size_t block, UnpackedBlock& out) {
    using tensor::DType;
    const tensor::DTypeTraits& t = tensor::traits(type);
    const std::size_t per_storage = t.block_elements / 32;
    const std::uint8_t* p = row + block / per_storage * t.block_bytes;
    const std::size_t j = block % per_storage;
    out.m = 0.0f;
    switch (type) {
        case DType::q8_0:
            for (int i = 0; i < 32; ++i) out.q[i] = static_cast<std::uint8_t>(p[2 + i] ^ 0x80);
            out.d[0] = out.d[1] = half_at(p);
            return;
        case DType::q4_0:
            nibbles(p + 2, out.q);
            out.d[0] = out.d[1] = half_at(p);
            return;
        case DType::q4_1:
            nibbles(p + 4, out.q);
            out.d[0] = out.d[1] = half_at(p);
            out.m = half_at(p + 2);
            return;
        case DType::q5_0:
            nibbles(p + 6, out.q);
            fifth_bits(p + 2, out.q);
            out.d[0] = out.d[1] = half_at(p);
            return;
        case DType::q5_1:
            nibbles(p + 8, out.q);
            fifth_bits(p + 4, out.q);
            out.d[0] = out.d[1] = half_at(p);
            out.m = half_at(p + 2);
            return;
        case DType::q4_k:
            k_scales(p, j, out);
            k_nibbles(p + 16, j, out.q);
            return;
        case DType::q5_k:
            k_scales(p, j, out);
            k_nibbles(p + 48, j, out.q);
            for (int i = 0; i < 32; ++i) out.q[i] = static_cast<std::uint8_t>(out.q[i] | (((p[16 + i] >> j) & 1) << 4));
            return;
        case DType::q6_k: return unpack_q6_k(p, j, out);
        case DType::f32:
        case DType::f16:
        case DType::bf16: break;
    }
    ASSAY_ASSERT(!"a block-quantised type");
}

} // namespace assay::kernels
