#include "kernels/element_math.h"

#include "kernels/half.h"

#include <bit>
#include <cmath>
#include <cstdint>

namespace assay::kernels {
namespace {

constexpr int kErfIntervals = 12;
constexpr int kErfDegree = 15;
constexpr double kErfTable[kErfIntervals][kErfDegree + 1] = {
#include "kernels/erf_table.inc"
};

double erf_f64(double x) {
    const double magnitude = std::fabs(x);
    double y = 1.0;
    if (magnitude < 0.5 * kErfIntervals) {
        const int i = static_cast<int>(2.0 * magnitude);
        const double t = magnitude - (0.5 * i + 0.25);
        y = kErfTable[i][kErfDegree];
        for (int j = kErfDegree - 1; j >= 0; --j) y = std::fma(y, t, kErfTable[i][j]);
    }
    return x < 0 ? -y : y;
}

constexpr double kLog2E = 1.4426950408889634;
constexpr double kLn2High = 0x1.62e42fefa3800p-1;
constexpr double kLn2Low = 0x1.ef35793c76730p-45;

} // namespace

double exp_f64(double x) {
    const double n = std::nearbyint(x * kLog2E);
    const double r = std::fma(n, -kLn2Low, std::fma(n, -kLn2High, x));
    double p = 1.0; // Taylor in Horner form: |r| <= 0.347, the fourteenth term is below 2^-55
    for (int k = 14; k >= 1; --k) p = std::fma(p, r / k, 1.0);
    return std::ldexp(p, static_cast<int>(n));
}

double log_f64(double x) {
    int exponent = 0;
    double m = std::frexp(x, &exponent); // [0.5, 1)
    if (m < 0.70710678118654752) {
        m *= 2.0;
        --exponent;
    }
    const double z = (m - 1.0) / (m + 1.0); // log m = 2 artanh z, |z| <= 0.172
    const double z2 = z * z;
    double p = 1.0 / 25.0;
    for (int k = 23; k >= 1; k -= 2) p = std::fma(p, z2, 1.0 / k);
    const double e = exponent;
    return std::fma(e, kLn2High, std::fma(e, kLn2Low, 2.0 * z * p));
}

void sin_cos_f64(double x, double& sine, double& cosine) {
    constexpr double kTwoOverPi = 0.63661977236758134;
    constexpr double kHalfPi1 =
        0x1.921fb54400000p+0; // pi / 2 in three parts of 33 bits: exact products up to 2^20 quadrants
    constexpr double kHalfPi2 = 0x1.0b4611a600000p-34;
    constexpr double kHalfPi3 = 0x1.3198a2e037073p-69;
    const double n = std::nearbyint(x * kTwoOverPi);
    const double r = std::fma(n, -kHalfPi3, std::fma(n, -kHalfPi2, std::fma(n, -kHalfPi1, x)));
    const double r2 = r * r;
    double s = 1.0;
    for (int k = 18; k >= 2; k -= 2) s = std::fma(-s, r2 / (k * (k + 1.0)), 1.0);
    s *= r;
    double c = 1.0;
    for (int k = 19; k >= 1; k -= 2) c = std::fma(-c, r2 / (k * (k + 1.0)), 1.0);
    switch (static_cast<std::int64_t>(n) & 3) {
        case 0:
            sine = s;
            cosine = c;
            return;
        case 1:
            sine = c;
            cosine = -s;
            return;
        case 2:
            sine = -s;
            cosine = -c;
            return;
        default:
            sine = -c;
            cosine = s;
            return;
    }
}

float gelu_erf(float x) {
    constexpr double kInverseSqrt2 = 0.70710678118654752;
    const double wide = static_cast<double>(x);
    return stored(static_cast<float>(0.5 * wide * (1.0 + erf_f64(wide * kInverseSqrt2))));
}

} // namespace assay::kernels
