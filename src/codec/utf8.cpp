#include "codec/utf8.h"

#include <cstddef>
#include <cstdint>

namespace assay::codec {
namespace {

/// Bytes of the well-formed sequence at `i`, or 0. Source: Unicode 15 table 3-7.
std::size_t sequence_size(std::string_view text, std::size_t i) {
    const auto at = [&](std::size_t k) {
        return i + k < text.size() ? static_cast<std::uint8_t>(text[i + k]) : std::uint8_t{0};
    };
    const auto tail = [&](std::size_t k) { return (at(k) & 0xc0) == 0x80; };
    const std::uint8_t lead = at(0);
    const std::uint8_t second = at(1);
    if (lead < 0x80) return 1;
    if (lead >= 0xc2 && lead <= 0xdf) return tail(1) ? 2 : 0;
    if (lead >= 0xe0 && lead <= 0xef) {
        if ((lead == 0xe0 && second < 0xa0) || (lead == 0xed && second > 0x9f)) return 0;
        return tail(1) && tail(2) ? 3 : 0;
    }
    if (lead >= 0xf0 && lead <= 0xf4) {
        if ((lead == 0xf0 && second < 0x90) || (lead == 0xf4 && second > 0x8f)) return 0;
        return tail(1) && tail(2) && tail(3) ? 4 : 0;
    }
    return 0;
}

} // namespace

bool is_valid_utf8(std::string_view text) {
    for (std::size_t i = 0; i < text.size();) {
        const std::size_t size = sequence_size(text, i);
        if (size == 0) return false;
        i += size;
    }
    return true;
}

std::string_view utf8_prefix(std::string_view text, std::size_t bytes_max) {
    if (text.size() <= bytes_max) return text;
    while (bytes_max > 0 && (static_cast<unsigned char>(text[bytes_max]) & 0xc0) == 0x80) --bytes_max;
    return text.substr(0, bytes_max);
}

} // namespace assay::codec
