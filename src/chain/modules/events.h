#pragma once
/// Events as modules write them. Addresses are in lower case there: an EIP-55 checksum costs a hash, and a transfer has three.
#include "chain/context.h"
#include "chain/amount.h"

#include <string>

namespace assay::chain {

/// "0x…", in one allocation.
inline std::string event_text(ByteView bytes) {
    constexpr std::string_view kDigits = "0123456789abcdef";
    std::string text(2 + 2 * bytes.size(), '0');
    text[1] = 'x';
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        text[2 + 2 * i] = kDigits[bytes[i] >> 4];
        text[3 + 2 * i] = kDigits[bytes[i] & 0xf];
    }
    return text;
}
inline std::string event_text(const Address& address) { return event_text(ByteView(address.bytes)); }
inline std::string event_text(const Digest& digest) { return event_text(ByteView(digest)); }
inline std::string event_text(Amount amount) { return to_string(amount); }
inline std::string event_text(std::uint64_t number) { return std::to_string(number); }
inline std::string event_text(std::string_view text) { return std::string(text); }

} // namespace assay::chain
