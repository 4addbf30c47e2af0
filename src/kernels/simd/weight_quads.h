// Packed block-quantised weights as the bytes that the integer products take.
#pragma once
#include "kernels/layout.h"
#include "kernels/simd/lanes.h"

namespace assay::kernels {
namespace {

// The weights of inputs 4 * Quad .. 4 * Quad + 3 of one block: four bytes for each of 16 outputs.
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

// What those bytes exceed the true weights by.
template <class L>
inline constexpr int offset_of() {
    return L::kBits == 8 ? V::kByteOffset : L::kOffset;
}

} // namespace
} // namespace assay::kernels
