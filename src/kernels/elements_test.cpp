// Element operators and the sampler's: every back end equals the reference; conversions and exp against wider arithmetic.
#include "kernels/element_math.h"
#include "kernels/reference/reference.h"
#include "kernels/test_values.h"

namespace assay::kernels::test {
namespace {

const std::size_t kLengths[] = {1, 2, 7, 15, 16, 17, 31, 32, 48, 63, 100, 576, 1000};

// Runs `operate` on the reference and on every set; the outputs must be the same.
template <class Operate>
void check(std::size_t n, Operate operate) {
    std::vector<float> expected(n, 1.0f);
    operate(reference_kernels(), expected.data());
    for (const KernelSet* set : sets()) {
        std::vector<float> got(n, 1.0f);
        operate(*set, got.data());
        ASSERT_EQ(difference(expected, got), -1) << set->isa << " n " << n;
    }
}

TEST(Elements, EqualTheReference) {
    Values values(11);
    for (const Mood mood : kMoods) {
        for (const std::size_t n : kLengths) {
            SCOPED_TRACE("mood " + std::to_string(static_cast<int>(mood)));
            const auto a = values.many(n, mood);
            const auto b = values.many(n, mood);
            const auto c = values.many(n, mood);
            check(n, [&](const KernelSet& s, float* y) { s.rms_norm(a.data(), b.data(), n, 1e-5f, y); });
            check(n, [&](const KernelSet& s, float* y) { s.layer_norm(a.data(), b.data(), c.data(), n, 1e-12f, y); });
            check(n, [&](const KernelSet& s, float* y) { s.add(a.data(), b.data(), n, y); });
            check(n, [&](const KernelSet& s, float* y) { s.silu_mul(a.data(), b.data(), n, y); });
            check(n, [&](const KernelSet& s, float* y) { s.gelu(a.data(), n, true, y); });
            check(n, [&](const KernelSet& s, float* y) { s.gelu(a.data(), n, false, y); });
        }
    }
}

TEST(Elements, OperateInPlace) {
    Values values(12);
    const std::size_t n = 77;
    const auto a = values.many(n, Mood::normal);
    const auto b = values.many(n, Mood::normal);
    check(n, [&](const KernelSet& s, float* y) {
        std::copy(a.begin(), a.end(), y);
        s.add(y, b.data(), n, y);
        s.rms_norm(y, b.data(), n, 1e-6f, y);
        s.silu_mul(y, b.data(), n, y);
    });
}

TEST(Rope, EqualsTheReference) {
    Values values(13);
    for (const Mood mood : kMoods) {
        for (const std::size_t head_size : {32, 48, 64, 80, 96, 128}) {
            for (const std::size_t size : {head_size, head_size / 2, std::size_t{20}}) {
                const auto frequencies = rope_frequencies(10000.0, size);
                std::vector<float> cosines(size / 2);
                std::vector<float> sines(size / 2);
                rope_tables(static_cast<std::uint32_t>(values.below(100000)), frequencies, cosines.data(),
                            sines.data());
                const auto x = values.many(head_size, mood);
                for (const bool interleaved : {false, true}) {
                    check(head_size, [&](const KernelSet& s, float* y) {
                        std::copy(x.begin(), x.end(), y);
                        s.rope(y, size, head_size, cosines.data(), sines.data(), interleaved, 0.125f);
                    });
                }
            }
        }
    }
}

TEST(Rope, TablesAreCloseToLongDouble) {
    const auto frequencies = rope_frequencies(10000.0, 64);
    std::vector<float> cosines(32);
    std::vector<float> sines(32);
    for (const std::uint32_t position : {0u, 1u, 7u, 511u, 8191u, 131071u, 1048575u}) {
        rope_tables(position, frequencies, cosines.data(), sines.data());
        for (std::size_t i = 0; i < 32; ++i) {
            const long double angle = position * std::pow(10000.0L, -2.0L * static_cast<long double>(i) / 64.0L);
            EXPECT_LT(std::fabs(cosines[i] - std::cos(angle)), 1e-7L + angle * 1e-15L);
            EXPECT_LT(std::fabs(sines[i] - std::sin(angle)), 1e-7L + angle * 1e-15L);
        }
    }
}

TEST(Sampling, MaximumAndExponentialsEqualTheReference) {
    Values values(14);
    for (const Mood mood : kMoods) {
        for (const std::size_t n : kLengths) {
            const auto x = values.many(n, mood);
            float top = 0;
            const bool finite = reference_kernels().row_maximum(x.data(), n, &top);
            for (const KernelSet* set : sets()) {
                float got = 0;
                ASSERT_EQ(set->row_maximum(x.data(), n, &got), finite) << set->isa;
                if (finite) {
                    ASSERT_TRUE(same(got, top)) << set->isa;
                }
            }
            if (!finite) continue;
            for (const float scale : {1.0f, 0.7f, 1e6f, 0x1p-30f}) {
                check(n, [&](const KernelSet& s, float* y) { s.exponentials(x.data(), n, top, scale, y); });
            }
        }
    }
}

TEST(Exp, IsWithinTwoUnitsOfLongDouble) {
    long double worst = 0;
    for (std::uint32_t i = 0; i < 3000000; ++i) {
        const float x = -static_cast<float>(i) * (27.7f / 3000000.0f);
        const long double exact = std::exp(static_cast<long double>(x));
        worst = std::max(worst, std::fabs((reference::exp_nonpositive(x) - exact) / exact));
    }
    EXPECT_LT(worst, 2.0L * 0x1p-24L);
    EXPECT_EQ(reference::exp_nonpositive(0.0f), 1.0f);
    EXPECT_EQ(reference::exp_nonpositive(-28.0f), 0.0f);
    EXPECT_EQ(reference::exp_nonpositive(-std::numeric_limits<float>::infinity()), 0.0f);
}

TEST(ElementMath, BinarySixtyFourFunctionsAreAccurate) {
    for (int i = -4000; i <= 4000; ++i) {
        const double x = i * 0.0171;
        const long double wide = x;
        EXPECT_NEAR(static_cast<double>(exp_f64(x) / std::exp(wide)), 1.0, 4e-15) << x;
        if (x > 0) {
            EXPECT_NEAR(log_f64(x), static_cast<double>(std::log(wide)), 1e-15 * (1 + std::fabs(std::log(x)))) << x;
        }
        double sine = 0;
        double cosine = 0;
        sin_cos_f64(x * 1000, sine, cosine);
        EXPECT_NEAR(sine, static_cast<double>(std::sin(static_cast<long double>(x * 1000))), 1e-15) << x;
        EXPECT_NEAR(cosine, static_cast<double>(std::cos(static_cast<long double>(x * 1000))), 1e-15) << x;
        const auto narrow = static_cast<float>(x);
        const long double exact = 0.5L * narrow * (1.0L + std::erf(narrow / std::sqrt(2.0L)));
        EXPECT_LT(std::fabs(gelu_erf(narrow) - exact), 1e-7L * std::fabs(exact) + 1e-12L) << x;
    }
}

TEST(Half, EveryBinary16WidensAndNarrowsBack) {
    for (std::uint32_t h = 0; h < 65536; ++h) {
        const auto half = static_cast<std::uint16_t>(h);
        const int exponent = (half >> 10) & 31;
        const int mantissa = half & 1023;
        const double sign = half & 0x8000 ? -1.0 : 1.0;
        const float wide = f16_to_f32(half);
        if (exponent == 31 && mantissa != 0) {
            EXPECT_TRUE(std::isnan(wide));
            continue;
        }
        const double exact = exponent == 31  ? std::numeric_limits<double>::infinity()
                             : exponent == 0 ? std::ldexp(mantissa, -24)
                                             : std::ldexp(1024 + mantissa, exponent - 25);
        ASSERT_EQ(static_cast<double>(wide), sign * exact);
        ASSERT_EQ(f32_to_f16(wide), half);
    }
}

// Nearest binary16, ties to even, found by comparing with both neighbours.
TEST(Half, NarrowingRoundsToNearestEven) {
    Values values(15);
    for (std::uint32_t h = 0; h < 0x7bff; ++h) {
        const auto low = static_cast<std::uint16_t>(h);
        const auto high = static_cast<std::uint16_t>(h + 1);
        const float a = f16_to_f32(low);
        const float b = f16_to_f32(high);
        const float middle = (a + b) / 2; // exact: one more bit
        ASSERT_EQ(f32_to_f16(middle), h % 2 == 0 ? low : high);
        ASSERT_EQ(f32_to_f16(std::nextafter(middle, 0.0f)), low);
        ASSERT_EQ(f32_to_f16(std::nextafter(middle, b)), high);
        ASSERT_EQ(f32_to_f16(-middle), (h % 2 == 0 ? low : high) | 0x8000);
    }
    EXPECT_EQ(f32_to_f16(65519.996f), 0x7bff);
    EXPECT_EQ(f32_to_f16(65520.0f), 0x7c00);
}

} // namespace
} // namespace assay::kernels::test
