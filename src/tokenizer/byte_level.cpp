#include "tokenizer/byte_level.h"

#include "tokenizer/unicode.h"

#include <array>

namespace assay::tokenizer {
namespace {

bool stands_for_itself(unsigned byte) {
    return (byte >= '!' && byte <= '~') || (byte >= 0xA1 && byte <= 0xAC) || byte >= 0xAE;
}

/// GPT-2's rule: printable Latin-1 stays, the other bytes take U+0100 onwards in order.
struct Mapping {
    std::array<char32_t, 256> character{};
    std::array<int, 0x180> byte{};

    Mapping() {
        byte.fill(-1);
        char32_t next = 0x100;
        for (unsigned b = 0; b < 256; ++b) {
            character[b] = stands_for_itself(b) ? static_cast<char32_t>(b) : next++;
            byte[character[b]] = static_cast<int>(b);
        }
    }
};

const Mapping& mapping() {
    static const Mapping instance;
    return instance;
}

} // namespace

char32_t byte_level_character(unsigned char byte) { return mapping().character[byte]; }

std::optional<std::string> byte_level_bytes(std::string_view token) {
    if (valid_prefix(token) != token.size()) return std::nullopt;
    std::string bytes;
    bytes.reserve(token.size());
    const Mapping& map = mapping();
    for (std::size_t at = 0; at < token.size();) {
        const Character c = character_at(token, at);
        if (c.value >= map.byte.size() || map.byte[c.value] < 0) return std::nullopt;
        bytes.push_back(static_cast<char>(map.byte[c.value]));
        at += c.size;
    }
    return bytes;
}

std::string fallback_entry(unsigned char byte) {
    static constexpr std::string_view kDigits = "0123456789ABCDEF";
    return std::string("<0x") + kDigits[byte >> 4] + kDigits[byte & 15] + ">";
}

} // namespace assay::tokenizer
