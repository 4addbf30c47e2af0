// Integer products of two rows at once, for CPUs that multiply matrices of 2 x 8 bytes (ASSAY_ROW_PAIRS: V has Pair,
// multiply_pairs and add_pairs). Four outputs at a time, so that the sums of eight rows stay in registers.
#pragma once
#include "kernels/simd/weight_quads.h"

namespace assay::kernels {
namespace {

template <class L, int R, int Quad, int QuadEnd, int Quarter>
inline void pair_steps(const std::uint8_t* w, const ActivationBlock& x, V::Pair (&acc)[R / 2]) {
    if constexpr (Quad < QuadEnd) {
        const auto weights = V::eight_inputs<L::kBits, Quarter>(weight_quad<L, Quad>(w), weight_quad<L, Quad + 1>(w));
        for (int p = 0; p < R / 2; ++p)
            acc[p] = V::multiply_pairs(acc[p], weights, x.q[Quad][2 * p], x.q[Quad + 1][2 * p]);
        pair_steps<L, R, Quad + 2, QuadEnd, Quarter>(w, x, acc);
    }
}

template <class L, int R, int QuadBegin, int QuadEnd, int Quarter = 0>
inline void pair_quads(const std::uint8_t* w, const ActivationBlock& x, I (&sums)[R]) {
    if constexpr (Quarter < 4) {
        V::Pair acc[R / 2] = {};
        pair_steps<L, R, QuadBegin, QuadEnd, Quarter>(w, x, acc);
        for (int p = 0; p < R / 2; ++p) V::add_pairs<Quarter>(acc[p], sums[2 * p], sums[2 * p + 1]);
        pair_quads<L, R, QuadBegin, QuadEnd, Quarter + 1>(w, x, sums);
    }
}

} // namespace
} // namespace assay::kernels
