// Operators that are neither products nor attention (docs/spec/arithmetic.md, "Element operators").
#pragma once
#include "kernels/element_math.h"
#include "kernels/simd/lanes.h"

namespace assay::kernels {
namespace {

inline std::size_t lanes_left(std::size_t n, std::size_t i) { return n - i < kLanes ? n - i : kLanes; }

void rms_norm(const float* x, const float* weight, std::size_t n, float epsilon, float* y) {
    F squares = V::zero();
    for (std::size_t i = 0; i < n; i += kLanes) {
        const F v = load_some(x + i, lanes_left(n, i));
        squares = V::fma(v, v, squares);
    }
    const float mean = sum_across(squares) / static_cast<float>(n);
    const F inverse = V::set(1.0f / __builtin_sqrtf(mean + epsilon));
    for (std::size_t i = 0; i < n; i += kLanes) {
        const std::size_t count = lanes_left(n, i);
        const F scaled = V::flush(V::mul(load_some(x + i, count), inverse));
        store_some(y + i, V::flush(V::mul(scaled, load_some(weight + i, count))), count);
    }
}

void layer_norm(const float* x, const float* weight, const float* bias, std::size_t n, float epsilon, float* y) {
    F sum = V::zero();
    for (std::size_t i = 0; i < n; i += kLanes) sum = V::add(sum, load_some(x + i, lanes_left(n, i)));
    const F mean = V::set(sum_across(sum) / static_cast<float>(n));
    F squares = V::zero();
    for (std::size_t i = 0; i < n; i += kLanes) {
        const std::size_t count = lanes_left(n, i);
        const F centred = V::flush(V::sub(load_some(x + i, count), mean));
        store_some(y + i, centred, count);
        const F kept = load_some(y + i, count); // lanes past the end are zero again
        squares = V::fma(kept, kept, squares);
    }
    const float variance = sum_across(squares) / static_cast<float>(n);
    const F inverse = V::set(1.0f / __builtin_sqrtf(variance + epsilon));
    for (std::size_t i = 0; i < n; i += kLanes) {
        const std::size_t count = lanes_left(n, i);
        const F scaled = V::flush(V::mul(load_some(y + i, count), inverse));
        const F weighted = V::flush(V::mul(scaled, load_some(weight + i, count)));
        store_some(y + i, V::flush(V::add(weighted, load_some(bias + i, count))), count);
    }
}

void add(const float* a, const float* b, std::size_t n, float* y) {
    for (std::size_t i = 0; i < n; i += kLanes) {
        const std::size_t count = lanes_left(n, i);
        store_some(y + i, V::flush(V::add(load_some(a + i, count), load_some(b + i, count))), count);
    }
}

void silu_mul(const float* gate, const float* up, std::size_t n, float* y) {
    for (std::size_t i = 0; i < n; i += kLanes) {
        const std::size_t count = lanes_left(n, i);
        const F g = load_some(gate + i, count);
        store_some(y + i, V::flush(V::mul(times_sigmoid(g, g), load_some(up + i, count))), count);
    }
}

// 0.5 x (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3))) = x * sigmoid(2 sqrt(2/pi) (x + 0.044715 x^3))
void gelu_tanh(const float* x, std::size_t n, float* y) {
    for (std::size_t i = 0; i < n; i += kLanes) {
        const std::size_t count = lanes_left(n, i);
        const F v = load_some(x + i, count);
        const F square = V::flush(V::mul(v, v));
        const F z = V::flush(V::mul(v, V::fma(square, V::set(0.0713548162726f), V::set(1.59576912161f))));
        store_some(y + i, times_sigmoid(v, z), count);
    }
}

void gelu(const float* x, std::size_t n, bool tanh_form, float* y) {
    if (tanh_form) return gelu_tanh(x, n, y);
    for (std::size_t i = 0; i < n; ++i) y[i] = gelu_erf(x[i]);
}

void rope_pair(F& a, F& b, F cosine, F sine, F scale) {
    const F rotated_a = V::flush(V::fma(a, cosine, V::sub(V::zero(), V::mul(b, sine))));
    const F rotated_b = V::flush(V::fma(a, sine, V::mul(b, cosine)));
    a = V::flush(V::mul(rotated_a, scale));
    b = V::flush(V::mul(rotated_b, scale));
}

void rope(float* x, std::size_t size, std::size_t head_size, const float* cosines, const float* sines, bool interleaved,
          float scale) {
    const std::size_t half = size / 2;
    float first[kLanes];
    float second[kLanes];
    for (std::size_t i = 0; i < half; i += kLanes) {
        const std::size_t count = lanes_left(half, i);
        if (interleaved) {
            for (std::size_t j = 0; j < count; ++j) {
                first[j] = x[2 * (i + j)];
                second[j] = x[2 * (i + j) + 1];
            }
        }
        F a = interleaved ? load_some(first, count) : load_some(x + i, count);
        F b = interleaved ? load_some(second, count) : load_some(x + half + i, count);
        rope_pair(a, b, load_some(cosines + i, count), load_some(sines + i, count), V::set(scale));
        if (interleaved) {
            store_some(first, a, count);
            store_some(second, b, count);
            for (std::size_t j = 0; j < count; ++j) {
                x[2 * (i + j)] = first[j];
                x[2 * (i + j) + 1] = second[j];
            }
        } else {
            store_some(x + i, a, count);
            store_some(x + half + i, b, count);
        }
    }
    for (std::size_t i = size; i < head_size; i += kLanes) {
        const std::size_t count = lanes_left(head_size, i);
        store_some(x + i, V::flush(V::mul(load_some(x + i, count), V::set(scale))), count);
    }
}

} // namespace
} // namespace assay::kernels
