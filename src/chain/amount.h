#pragma once
/// Money: unsigned 128-bit integers with checked arithmetic. Nothing here wraps, rounds silently or uses floating point.
/// Plain values; thread-safe; committed class. The native coin has 9 decimals: 1 ASSAY = 10^9 units.
#include "base/bytes.h"
#include "base/result.h"

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace assay::chain {

__extension__ typedef unsigned __int128 Uint128;

class Amount {
public:
    constexpr Amount() = default;
    constexpr explicit Amount(Uint128 units) : units_(units) {}
    static constexpr Amount max() { return Amount(~Uint128{0}); }

    constexpr Uint128 units() const { return units_; }
    constexpr bool is_zero() const { return units_ == 0; }
    constexpr auto operator<=>(const Amount&) const = default;

private:
    Uint128 units_ = 0;
};

/// Nothing when the result does not fit or would be negative.
constexpr std::optional<Amount> checked_add(Amount a, Amount b) {
    const Uint128 sum = a.units() + b.units();
    return sum < a.units() ? std::nullopt : std::optional(Amount(sum));
}
constexpr std::optional<Amount> checked_subtract(Amount a, Amount b) {
    return a < b ? std::nullopt : std::optional(Amount(a.units() - b.units()));
}

/// floor(a × numerator / denominator) through a 256-bit product. Nothing when it does not fit or `denominator` is 0.
std::optional<Amount> multiply_divide(Amount a, Uint128 numerator, Uint128 denominator);

/// Decimal units, no sign, no leading zeros ("0", "1500000000").
std::string to_string(Amount amount);
/// Errors: malformed (empty, sign, leading zero, other characters), resource_exhausted (2^128 or more).
Result<Amount> parse_amount(std::string_view decimal);

/// Big-endian, as short as it gets: zero is no bytes. The form of amounts in DAG-CBOR.
Bytes to_bytes(Amount amount);
/// Errors: malformed (leading zero byte, over 16 bytes).
Result<Amount> amount_from_bytes(ByteView bytes);

} // namespace assay::chain
