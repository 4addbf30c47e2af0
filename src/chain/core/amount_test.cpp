#include "chain/amount.h"

#include <gtest/gtest.h>
#include <random>

namespace assay::chain {
namespace {

constexpr Uint128 kMax = ~Uint128{0};

TEST(Amount, AddsAndSubtractsWithoutWrapping) {
    EXPECT_EQ(checked_add(Amount(2), Amount(3)), Amount(5));
    EXPECT_EQ(checked_add(Amount::max(), Amount(1)), std::nullopt);
    EXPECT_EQ(checked_add(Amount::max(), Amount(0)), Amount::max());
    EXPECT_EQ(checked_subtract(Amount(3), Amount(3)), Amount(0));
    EXPECT_EQ(checked_subtract(Amount(3), Amount(4)), std::nullopt);
}

TEST(Amount, MultipliesAndDividesThroughTheWholeProduct) {
    EXPECT_EQ(multiply_divide(Amount(10), 3, 4), Amount(7));
    EXPECT_EQ(multiply_divide(Amount(10), 3, 0), std::nullopt);
    EXPECT_EQ(multiply_divide(Amount::max(), kMax, kMax), Amount::max());
    EXPECT_EQ(multiply_divide(Amount::max(), 2, 1), std::nullopt);
    EXPECT_EQ(multiply_divide(Amount::max(), kMax - 1, kMax), Amount(kMax - 1));
    EXPECT_EQ(multiply_divide(Amount(Uint128{1} << 127), 3, 2), std::optional(Amount(Uint128{3} << 126)));
}

/// floor(a·n/d) = q exactly when q·d ≤ a·n < (q+1)·d. Checked where the products fit, by quotients known beforehand.
TEST(Amount, DividesExactlyWhatWasMultiplied) {
    std::mt19937_64 random(7);
    for (int i = 0; i < 2000; ++i) {
        const Uint128 quotient = (Uint128{random()} << 64 | random()) >> (random() % 128);
        const Uint128 denominator = ((Uint128{random()} << 64 | random()) >> (random() % 127)) | 1;
        EXPECT_EQ(multiply_divide(Amount(quotient), denominator, denominator), Amount(quotient));
    }
}

TEST(Amount, IsReadAndWrittenInDecimal) {
    EXPECT_EQ(to_string(Amount(0)), "0");
    EXPECT_EQ(to_string(Amount(1'500'000'000)), "1500000000");
    EXPECT_EQ(to_string(Amount::max()), "340282366920938463463374607431768211455");
    EXPECT_EQ(parse_amount("340282366920938463463374607431768211455").value(), Amount::max());
    EXPECT_EQ(parse_amount("0").value(), Amount(0));
    EXPECT_EQ(parse_amount("340282366920938463463374607431768211456").error().code, ErrorCode::resource_exhausted);
    EXPECT_EQ(parse_amount("999999999999999999999999999999999999999999").error().code, ErrorCode::resource_exhausted);
    for (const char* bad : {"", "-1", "+1", "01", "00", "1.0", " 1", "1 ", "0x1", "1e9"})
        EXPECT_EQ(parse_amount(bad).error().code, ErrorCode::malformed) << bad;
}

TEST(Amount, HasOneFormInBytes) {
    EXPECT_EQ(to_bytes(Amount(0)), Bytes{});
    EXPECT_EQ(to_bytes(Amount(256)), (Bytes{1, 0}));
    EXPECT_EQ(to_bytes(Amount::max()), Bytes(16, 0xff));
    EXPECT_EQ(amount_from_bytes(Bytes{}).value(), Amount(0));
    EXPECT_EQ(amount_from_bytes(Bytes{1, 0}).value(), Amount(256));
    EXPECT_FALSE(amount_from_bytes(Bytes{0}));
    EXPECT_FALSE(amount_from_bytes(Bytes{0, 1}));
    EXPECT_FALSE(amount_from_bytes(Bytes(17, 1)));
}

} // namespace
} // namespace assay::chain
