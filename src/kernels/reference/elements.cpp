// Norms, activations, residual adds, rotary embedding, the sampler's exponentials (docs/spec/arithmetic.md, "Element operators").
#include "kernels/element_math.h"
#include "kernels/half.h"
#include "kernels/reference/operators.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

namespace assay::kernels::reference {
namespace {

float sum_of_squares(const float* x, std::size_t n) {
    float lanes[kLanes] = {};
    for (std::size_t i = 0; i < n; ++i) lanes[i % kLanes] = std::fma(x[i], x[i], lanes[i % kLanes]);
    return combine_lanes(lanes);
}

// x * sigmoid(z)
float times_sigmoid(float x, float z) {
    if (!std::isfinite(z)) return std::numeric_limits<float>::quiet_NaN();
    const float e = exp_nonpositive(0.0f - std::fabs(z));
    const float numerator = z >= 0 ? x : stored(x * e);
    return stored(numerator / (1.0f + e));
}

} // namespace

float combine_lanes(const float* lanes) {
    float a[kLanes];
    std::copy(lanes, lanes + kLanes, a);
    for (std::size_t width : {8u, 4u, 2u, 1u}) {
        for (std::size_t i = 0; i < width; ++i) a[i] = a[i] + a[i + width];
    }
    return a[0];
}

float exp_nonpositive(float x) {
    constexpr float kMagic = 12582912.0f; // 1.5 * 2^23: adding it rounds to an integer
    if (!(x > -30.0f)) x = -30.0f;
    const float t = std::fma(x, 1.44269504f, kMagic);
    const float n = t - kMagic;
    float r = std::fma(n, -0.693359375f, x);
    r = std::fma(n, 2.12194440e-4f, r);
    float p = 1.9875691500e-4f;
    for (const float c :
         {1.3981999507e-3f, 8.3334519073e-3f, 4.1665795894e-2f, 1.6666665459e-1f, 5.0000001201e-1f, 1.0f, 1.0f}) {
        p = std::fma(p, r, c);
    }
    return stored(std::ldexp(p, static_cast<int>(n)));
}

void rms_norm(const float* x, const float* weight, std::size_t n, float epsilon, float* y) {
    const float mean = sum_of_squares(x, n) / static_cast<float>(n);
    const float inverse = 1.0f / std::sqrt(mean + epsilon);
    for (std::size_t i = 0; i < n; ++i) y[i] = stored(stored(x[i] * inverse) * weight[i]);
}

void layer_norm(const float* x, const float* weight, const float* bias, std::size_t n, float epsilon, float* y) {
    float lanes[kLanes] = {};
    for (std::size_t i = 0; i < n; ++i) lanes[i % kLanes] = lanes[i % kLanes] + x[i];
    const float mean = combine_lanes(lanes) / static_cast<float>(n);
    for (std::size_t i = 0; i < n; ++i) y[i] = stored(x[i] - mean);
    const float variance = sum_of_squares(y, n) / static_cast<float>(n);
    const float inverse = 1.0f / std::sqrt(variance + epsilon);
    for (std::size_t i = 0; i < n; ++i) y[i] = stored(stored(stored(y[i] * inverse) * weight[i]) + bias[i]);
}

void add(const float* a, const float* b, std::size_t n, float* y) {
    for (std::size_t i = 0; i < n; ++i) y[i] = stored(a[i] + b[i]);
}

void silu_mul(const float* gate, const float* up, std::size_t n, float* y) {
    for (std::size_t i = 0; i < n; ++i) y[i] = stored(times_sigmoid(gate[i], gate[i]) * up[i]);
}

void gelu(const float* x, std::size_t n, bool tanh_form, float* y) {
    for (std::size_t i = 0; i < n; ++i) {
        if (!tanh_form) {
            y[i] = gelu_erf(x[i]);
            continue;
        }
        const float square = stored(x[i] * x[i]);
        const float z = stored(x[i] * std::fma(square, 0.0713548162726f, 1.59576912161f));
        y[i] = times_sigmoid(x[i], z);
    }
}

void rope(float* x, std::size_t size, std::size_t head_size, const float* cosines, const float* sines, bool interleaved,
          float scale) {
    for (std::size_t i = 0; i < size / 2; ++i) {
        float& first = x[interleaved ? 2 * i : i];
        float& second = x[interleaved ? 2 * i + 1 : size / 2 + i];
        const float a = first;
        const float b = second;
        first = stored(stored(std::fma(a, cosines[i], 0.0f - b * sines[i])) * scale);
        second = stored(stored(std::fma(a, sines[i], b * cosines[i])) * scale);
    }
    for (std::size_t i = size; i < head_size; ++i) x[i] = stored(x[i] * scale);
}

bool row_maximum(const float* x, std::size_t n, float* maximum) {
    *maximum = std::numeric_limits<float>::lowest();
    bool finite = true;
    for (std::size_t i = 0; i < n; ++i) {
        finite = finite && std::isfinite(x[i]);
        *maximum = std::max(*maximum, x[i]);
    }
    return finite;
}

void exponentials(const float* x, std::size_t n, float maximum, float scale, float* y) {
    for (std::size_t i = 0; i < n; ++i) y[i] = exp_nonpositive(stored(stored(x[i] - maximum) * scale));
}

} // namespace assay::kernels::reference
