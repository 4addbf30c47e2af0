#pragma once
/// Byte spans and hexadecimal text.
#include "base/result.h"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace assay {

using Bytes = std::vector<std::uint8_t>;
using ByteView = std::span<const std::uint8_t>;

inline ByteView as_byte_view(std::string_view text) {
    return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}
inline std::string_view as_string_view(ByteView bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

/// Lower-case hexadecimal, two digits a byte, no prefix.
std::string to_hex(ByteView bytes);

/// Accepts upper and lower case and an optional 0x. Errors: malformed (odd length, other characters).
Result<Bytes> from_hex(std::string_view text);

} // namespace assay
