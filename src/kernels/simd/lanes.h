// Included by each instruction set's translation unit after its vec_*.h: operations on sixteen lanes that are built
// from the primitive ones, so that they have one definition. Everything is in an anonymous namespace (see vec_avx512.h).
#pragma once
#include "kernels/kernels.h"

namespace assay::kernels {
namespace {

using F = V::F;
using I = V::I;

inline F load_some(const float* p, std::size_t count) {
    if (count >= kLanes) return V::load(p);
    float lanes[kLanes] = {};
    __builtin_memcpy(lanes, p, count * sizeof(float));
    return V::load(lanes);
}
inline void store_some(float* p, F x, std::size_t count) {
    if (count >= kLanes) return V::store(p, x);
    float lanes[kLanes];
    V::store(lanes, x);
    __builtin_memcpy(p, lanes, count * sizeof(float));
}

// The reduction tree of the specification: lanes 8, 4, 2, 1 apart.
inline float sum_across(F x) {
    float a[kLanes];
    V::store(a, x);
    for (std::size_t width = kLanes / 2; width > 0; width /= 2) {
        for (std::size_t i = 0; i < width; ++i) a[i] += a[i + width];
    }
    return a[0];
}

// exp(x) for x <= 0, +0 below the store minimum. No intermediate is subnormal: x is 0 or at least 2^-63 in magnitude,
// and Horner's scheme adds a constant of order one at every step.
inline F exp_nonpositive(F x) {
    const F magic = V::set(12582912.0f);
    x = V::max(x, V::set(-30.0f));
    const F t = V::fma(x, V::set(1.44269504f), magic);
    const F n = V::sub(t, magic);
    F r = V::fma(n, V::set(-0.693359375f), x);
    r = V::fma(n, V::set(2.12194440e-4f), r);
    F p = V::set(1.9875691500e-4f);
    p = V::fma(p, r, V::set(1.3981999507e-3f));
    p = V::fma(p, r, V::set(8.3334519073e-3f));
    p = V::fma(p, r, V::set(4.1665795894e-2f));
    p = V::fma(p, r, V::set(1.6666665459e-1f));
    p = V::fma(p, r, V::set(5.0000001201e-1f));
    p = V::fma(p, r, V::set(1.0f));
    p = V::fma(p, r, V::set(1.0f));
    return V::flush(V::scale_by_exponent(p, t));
}

// x * sigmoid(z), with one exponential of a non-positive argument. NaN and infinities of z come out as NaN.
inline F times_sigmoid(F x, F z) {
    const F magnitude = V::abs(z);
    const F e = exp_nonpositive(V::sub(V::zero(), magnitude));
    const F numerator = V::select_nonnegative(z, x, V::flush(V::mul(x, e)));
    const F y = V::flush(V::div(numerator, V::add(V::set(1.0f), e)));
    return V::select_less(magnitude, V::set(__builtin_inff()), y, V::set(__builtin_nanf("")));
}

} // namespace
} // namespace assay::kernels
