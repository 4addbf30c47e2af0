#include "crypto/address.h"

#include "crypto/keccak.h"

#include <algorithm>

namespace assay::crypto {
namespace {

constexpr std::size_t kDigits = 40;

bool is_lower(char c) { return c >= 'a' && c <= 'f'; }
bool is_upper(char c) { return c >= 'A' && c <= 'F'; }

} // namespace

std::string to_string(const Address& address) {
    std::string digits = to_hex(address.bytes);
    const Digest hash = keccak256(as_byte_view(digits));
    for (std::size_t i = 0; i < digits.size(); ++i) {
        const unsigned nibble = i % 2 == 0 ? hash[i / 2] >> 4 : hash[i / 2] & 15;
        if (is_lower(digits[i]) && nibble >= 8) digits[i] = static_cast<char>(digits[i] - 'a' + 'A');
    }
    return "0x" + digits;
}

Result<Address> parse_address(std::string_view text) {
    if (!text.starts_with("0x")) return fail(ErrorCode::malformed, "address does not begin with 0x");
    const std::string_view digits = text.substr(2);
    if (digits.size() != kDigits) {
        return fail(ErrorCode::malformed,
                    "address has " + std::to_string(digits.size()) + " digits after 0x instead of 40");
    }
    const auto bytes = from_hex(text);
    if (!bytes) return fail_in("address", bytes.error());
    Address address;
    std::ranges::copy(*bytes, address.bytes.begin());
    const bool mixed = std::ranges::any_of(digits, is_lower) && std::ranges::any_of(digits, is_upper);
    if (mixed && to_string(address) != text) {
        return fail(ErrorCode::malformed,
                    "address has a wrong EIP-55 checksum (its mixed case); lower case is taken as it is");
    }
    return address;
}

} // namespace assay::crypto
