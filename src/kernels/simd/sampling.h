// What the sampler needs of a row of logits.
#pragma once
#include "kernels/simd/lanes.h"

namespace assay::kernels {
namespace {

bool row_maximum(const float* x, std::size_t n, float* maximum) {
    F largest = V::set(-__FLT_MAX__);
    I bits = V::izero();
    std::size_t i = 0;
    for (; i + kLanes <= n; i += kLanes) {
        const F v = V::load(x + i);
        largest = V::max(largest, v);
        bits = V::imax(bits, V::magnitude_bits(v));
    }
    float lanes[kLanes];
    V::store(lanes, largest);
    float top = lanes[0];
    for (std::size_t l = 1; l < kLanes; ++l) top = lanes[l] > top ? lanes[l] : top;
    bool finite = V::imax_across(bits) < 0x7f800000;
    for (; i < n; ++i) {
        finite = finite && __builtin_isfinite(x[i]);
        top = x[i] > top ? x[i] : top;
    }
    *maximum = top;
    return finite;
}

void exponentials(const float* x, std::size_t n, float maximum, float scale, float* y) {
    const F top = V::set(maximum);
    const F factor = V::set(scale);
    for (std::size_t i = 0; i < n; i += kLanes) {
        const std::size_t count = n - i < kLanes ? n - i : kLanes;
        store_some(y + i, exp_nonpositive(V::flush(V::mul(V::flush(V::sub(load_some(x + i, count), top)), factor))),
                   count);
    }
}

} // namespace
} // namespace assay::kernels
