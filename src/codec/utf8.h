#pragma once
/// UTF-8 validity as Unicode defines it: no overlong forms, no surrogates, nothing above U+10FFFF.
#include <cstddef>
#include <string_view>

namespace assay::codec {
bool is_valid_utf8(std::string_view text);
/// At most `bytes_max` bytes of valid text, not cut inside a character: for messages that quote what came from outside.
std::string_view utf8_prefix(std::string_view text, std::size_t bytes_max);
} // namespace assay::codec
