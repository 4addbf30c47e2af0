#pragma once
/// Byte layouts of packed block-quantised weights, shared by the packer and every back end.
///
/// A group holds 16 outputs; its blocks of 32 inputs follow one another:
///   4 to 6 bits: 256 bytes, byte [pair of quads p][output o][input i of the quad]: low nibble = quad 2p, high nibble = quad 2p + 1,
///                where quad q covers inputs 4q .. 4q+3;
///                5 bits: + 64 bytes, bit 4*o + i of 64-bit word q is bit 4 of the weight; 6 bits: + 64 bytes more for bit 5
///   8 bits:      512 bytes [quad][output][input], biased by 128
/// then the scales of the 16 outputs.
#include <cstddef>

namespace assay::kernels {

enum class Scales {
    d_f16, ///< d[16] binary16
    d_and_m_f16, ///< d[16], m[16] binary16
    d_and_m_f32, ///< d[16], m[16] binary32 (K-quants: products of a binary16 and a 6-bit integer are exact)
    two_f32, ///< d[16] of inputs 0-15, d[16] of inputs 16-31, binary32 (Q6_K)
};

template <int Bits, Scales ScaleKind, int Offset>
struct Layout {
    static constexpr int kBits = Bits;
    static constexpr Scales kScales = ScaleKind;
    static constexpr int kOffset = Offset; ///< what the stored unsigned weight exceeds the true one by (8 bits: 128)
    static constexpr std::size_t kQuantBytes = Bits == 8 ? 512 : 256 + (Bits >= 5 ? 64 : 0) + (Bits == 6 ? 64 : 0);
    static constexpr std::size_t kScaleBytes = ScaleKind == Scales::d_f16         ? 32
                                               : ScaleKind == Scales::d_and_m_f16 ? 64
                                                                                  : 128;
    static constexpr std::size_t kBlockBytes = kQuantBytes + kScaleBytes;
};

using LayoutQ4D = Layout<4, Scales::d_f16, 8>; // Q4_0
using LayoutQ4DM = Layout<4, Scales::d_and_m_f16, 0>; // Q4_1
using LayoutQ5D = Layout<5, Scales::d_f16, 16>; // Q5_0
using LayoutQ5DM = Layout<5, Scales::d_and_m_f16, 0>; // Q5_1
using LayoutQ8D = Layout<8, Scales::d_f16, 128>; // Q8_0
using LayoutQ4DM32 = Layout<4, Scales::d_and_m_f32, 0>; // Q4_K
using LayoutQ5DM32 = Layout<5, Scales::d_and_m_f32, 0>; // Q5_K
using LayoutQ6DD32 = Layout<6, Scales::two_f32, 32>; // Q6_K

} // namespace assay::kernels
