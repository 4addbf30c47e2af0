#pragma once
/// Accounts are named as in Ethereum: the last 20 bytes of a public key's Keccak-256. Text by EIP-55, whose mixed case
/// is a checksum. Plain value, thread-safe; committed class.
#include "base/bytes.h"
#include "base/result.h"

#include <array>
#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

namespace assay::crypto {

struct Address {
    std::array<std::uint8_t, 20> bytes{};

    auto operator<=>(const Address&) const = default;
};

/// EIP-55, "0x…".
std::string to_string(const Address& address);

/// `0x` and 40 digits: all lower case, all upper case, or in the right mixed case.
/// Errors: malformed (no 0x, another length, other characters, a mixed case that is not the checksum).
Result<Address> parse_address(std::string_view text);

} // namespace assay::crypto
