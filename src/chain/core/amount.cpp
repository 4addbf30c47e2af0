#include "chain/amount.h"

#include <algorithm>

namespace assay::chain {
namespace {

constexpr std::size_t kAmountBytes = 16;

struct Wide {
    Uint128 high = 0;
    Uint128 low = 0;
};

/// The full product, by halves of 64 bits.
Wide multiply(Uint128 a, Uint128 b) {
    constexpr Uint128 kHalf = ~std::uint64_t{0};
    const Uint128 a0 = a & kHalf, a1 = a >> 64, b0 = b & kHalf, b1 = b >> 64;
    const Uint128 low = a0 * b0;
    const Uint128 middle = a1 * b0 + (low >> 64);
    const Uint128 other = a0 * b1 + (middle & kHalf);
    return {a1 * b1 + (middle >> 64) + (other >> 64), (other << 64) | (low & kHalf)};
}

/// Schoolbook division, bit by bit; `number.high < denominator`.
Uint128 divide(const Wide& number, Uint128 denominator) {
    Uint128 remainder = number.high;
    Uint128 quotient = 0;
    for (int bit = 127; bit >= 0; --bit) {
        const bool carry = (remainder >> 127) != 0;
        remainder = (remainder << 1) | ((number.low >> bit) & 1);
        if (!carry && remainder < denominator) continue;
        remainder -= denominator;
        quotient |= Uint128{1} << bit;
    }
    return quotient;
}

} // namespace

std::optional<Amount> multiply_divide(Amount a, Uint128 numerator, Uint128 denominator) {
    if (denominator == 0) return std::nullopt;
    const Wide product = multiply(a.units(), numerator);
    if (product.high == 0) return Amount(product.low / denominator);
    if (product.high >= denominator) return std::nullopt;
    return Amount(divide(product, denominator));
}

std::string to_string(Amount amount) {
    std::string digits;
    Uint128 rest = amount.units();
    do {
        digits.push_back(static_cast<char>('0' + static_cast<int>(rest % 10)));
        rest /= 10;
    } while (rest != 0);
    std::ranges::reverse(digits);
    return digits;
}

Result<Amount> parse_amount(std::string_view decimal) {
    if (decimal.empty()) return fail(ErrorCode::malformed, "amount is empty");
    if (decimal.size() > 1 && decimal[0] == '0') return fail(ErrorCode::malformed, "amount begins with a zero");
    Uint128 units = 0;
    for (const char c : decimal) {
        if (c < '0' || c > '9') return fail(ErrorCode::malformed, "amount holds other characters than digits");
        const auto digit = static_cast<Uint128>(c - '0');
        if (units > (~Uint128{0} - digit) / 10) return fail(ErrorCode::resource_exhausted, "amount is 2^128 or more");
        units = units * 10 + digit;
    }
    return Amount(units);
}

Bytes to_bytes(Amount amount) {
    Bytes bytes;
    for (int shift = 120; shift >= 0; shift -= 8) {
        const auto byte = static_cast<std::uint8_t>(amount.units() >> shift);
        if (byte != 0 || !bytes.empty()) bytes.push_back(byte);
    }
    return bytes;
}

Result<Amount> amount_from_bytes(ByteView bytes) {
    if (bytes.size() > kAmountBytes) return fail(ErrorCode::malformed, "amount has more than 16 bytes");
    if (!bytes.empty() && bytes[0] == 0) return fail(ErrorCode::malformed, "amount begins with a zero byte");
    Uint128 units = 0;
    for (const std::uint8_t byte : bytes) units = (units << 8) | byte;
    return Amount(units);
}

} // namespace assay::chain
