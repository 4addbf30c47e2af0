#pragma once
/// UTF-8 validity as Unicode defines it: no overlong forms, no surrogates, nothing above U+10FFFF.
#include <string_view>

namespace assay::codec {
bool is_valid_utf8(std::string_view text);
} // namespace assay::codec
