#pragma once
/// Character properties and UTF-8 walking for the tokenizers. Own tables: no locale, no ICU. Thread-safe.
#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace assay::tokenizer {

/// Bits of a character's property byte; tools/make_unicode_tables.py writes the same numbers.
enum Property : std::uint8_t {
    kLetter = 1,      ///< \p{L}
    kNumber = 2,      ///< \p{N}
    kSpace = 4,       ///< White_Space
    kWord = 8,        ///< \w
    kPunctuation = 16,///< what HF's Punctuation and BertPreTokenizer set apart
    kControl = 32,    ///< what BertNormalizer's clean_text removes
    kNonspacing = 64, ///< what BertNormalizer's strip_accents removes
    kCombining = 128, ///< what StripAccents removes
};

/// Flat over the first two planes, where nearly all text is; runs beyond.
class Properties {
public:
    static const Properties& get();
    std::uint8_t operator[](char32_t c) const { return c < kFlat ? flat_[c] : beyond(c); }

private:
    static constexpr std::size_t kFlat = 0x20000;
    Properties();
    static std::uint8_t beyond(char32_t c);
    std::array<std::uint8_t, kFlat> flat_;
};

inline bool has_property(char32_t c, std::uint8_t mask) { return (Properties::get()[c] & mask) != 0; }

/// One character and the bytes it takes.
struct Character {
    char32_t value;
    std::uint32_t size;
};

/// Character at `at`; `text` must be valid UTF-8 and `at` at a boundary before its end.
inline Character character_at(std::string_view text, std::size_t at) {
    const auto byte = [&](std::size_t i) {
        return static_cast<std::uint32_t>(static_cast<unsigned char>(text[at + i]));
    };
    const std::uint32_t lead = byte(0);
    if (lead < 0x80) return {lead, 1};
    if (lead < 0xE0) return {(lead & 0x1F) << 6 | (byte(1) & 0x3F), 2};
    if (lead < 0xF0) return {(lead & 0x0F) << 12 | (byte(1) & 0x3F) << 6 | (byte(2) & 0x3F), 3};
    return {(lead & 0x07) << 18 | (byte(1) & 0x3F) << 12 | (byte(2) & 0x3F) << 6 | (byte(3) & 0x3F), 4};
}

/// Start of the character that ends at `end` (> 0) of valid UTF-8.
inline std::size_t previous_start(std::string_view text, std::size_t end) {
    do {
        --end;
    } while ((static_cast<unsigned char>(text[end]) & 0xC0) == 0x80);
    return end;
}

/// Characters in valid UTF-8.
std::size_t character_count(std::string_view text);

void append_utf8(std::string& out, char32_t c);

/// Length of the longest valid UTF-8 prefix of `bytes`.
std::size_t valid_prefix(std::string_view bytes);

/// Length of the longest prefix of `bytes` (not valid at its start) that U+FFFD stands for: a maximal subpart, at least 1.
std::size_t invalid_length(std::string_view bytes);

/// True when `bytes` is the beginning of a longer valid sequence, so that more bytes may complete it.
bool is_incomplete_sequence(std::string_view bytes);

/// Valid UTF-8: each maximal ill-formed subpart becomes U+FFFD, as Python's errors="replace" and Rust's lossy decoding do.
/// Returns `text` itself when it is valid, otherwise a view of `storage`.
std::string_view replace_invalid(std::string_view text, std::string& storage);

} // namespace assay::tokenizer
