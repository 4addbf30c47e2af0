#pragma once
/// Events as modules write them. Addresses are in lower case there: an EIP-55 checksum costs a hash, and a transfer has three.
#include "chain/context.h"
#include "chain/amount.h"

#include <string>

namespace assay::chain {

inline std::string event_text(const Address& address) { return "0x" + to_hex(address.bytes); }
inline std::string event_text(const Digest& digest) { return "0x" + to_hex(digest); }
inline std::string event_text(Amount amount) { return to_string(amount); }
inline std::string event_text(std::uint64_t number) { return std::to_string(number); }
inline std::string event_text(std::string_view text) { return std::string(text); }

} // namespace assay::chain
