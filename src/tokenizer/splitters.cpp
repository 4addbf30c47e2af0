#include "tokenizer/splitters.h"

#include "tokenizer/unicode.h"

#include <array>
#include <utility>

namespace assay::tokenizer {
namespace {

constexpr std::size_t kNone = static_cast<std::size_t>(-1);

/// The text with its properties at hand.
class Cursor {
public:
    explicit Cursor(std::string_view text) : text_(text), properties_(Properties::get()) {}

    bool ended(std::size_t at) const { return at >= text_.size(); }
    Character character(std::size_t at) const { return character_at(text_, at); }
    std::uint8_t flags(char32_t c) const { return properties_[c]; }
    char byte(std::size_t at) const { return at < text_.size() ? text_[at] : '\0'; }
    bool is(std::size_t at, std::uint8_t mask) const { return !ended(at) && (flags(character(at).value) & mask) != 0; }
    bool is_not(std::size_t at, std::uint8_t mask) const {
        return !ended(at) && (flags(character(at).value) & mask) == 0;
    }
    /// End of the run from `at` whose characters have (`wanted`) or lack (!`wanted`) a property of `mask`.
    std::size_t run(std::size_t at, std::uint8_t mask, bool wanted) const {
        while (!ended(at)) {
            const Character c = character(at);
            if (((flags(c.value) & mask) != 0) != wanted) break;
            at += c.size;
        }
        return at;
    }
    /// `[^\s\p{L}\p{N}]+` and then, when `newlines`, `[\r\n]*`.
    std::size_t symbols(std::size_t at, bool newlines) const {
        at = run(at, kSpace | kLetter | kNumber, false);
        while (newlines && (byte(at) == '\r' || byte(at) == '\n')) ++at;
        return at;
    }
    /// `\s+(?!\S)|\s+` from `at`, a space: the whole run at the end of the text, else all but its last character.
    std::size_t spaces(std::size_t at) const {
        const std::size_t end = run(at, kSpace, true);
        if (ended(end)) return end;
        const std::size_t last = previous_start(text_, end);
        return last > at ? last : end;
    }
    /// `\s*[\r\n]+` from `at`: through the last line break of the run of spaces, or kNone.
    std::size_t line_breaks(std::size_t at) const {
        std::size_t found = kNone;
        while (!ended(at)) {
            const Character c = character(at);
            if ((flags(c.value) & kSpace) == 0) break;
            at += c.size;
            if (c.value == '\r' || c.value == '\n') found = at;
        }
        return found;
    }

private:
    std::string_view text_;
    const Properties& properties_;
};

/// End of 's 't 're 've 'm 'll 'd at the apostrophe `at`, or kNone. Ignoring case, ſ (U+017F) folds to s.
std::size_t contraction(const Cursor& cursor, std::size_t at, bool ignore_case) {
    const auto letter = [&](std::size_t i) {
        const char c = cursor.byte(i);
        return ignore_case && c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
    };
    const char first = letter(at + 1);
    if (first == 's' || first == 't' || first == 'm' || first == 'd') return at + 2;
    if (ignore_case && first == '\xC5' && cursor.byte(at + 2) == '\xBF') return at + 3;
    const char second = letter(at + 2);
    if ((first == 'r' || first == 'v') && second == 'e') return at + 3;
    return first == 'l' && second == 'l' ? at + 3 : kNone;
}

std::size_t match_modern(std::string_view text, std::size_t at, int digits) {
    const Cursor cursor(text);
    const Character c = cursor.character(at);
    const std::uint8_t flags = cursor.flags(c.value);
    const std::size_t next = at + c.size;
    if (c.value == '\'') {
        if (const std::size_t end = contraction(cursor, at, true); end != kNone) return end;
    }
    if (flags & kLetter) return cursor.run(next, kLetter, true);
    if ((flags & kNumber) == 0 && c.value != '\r' && c.value != '\n' && cursor.is(next, kLetter)) {
        return cursor.run(next, kLetter, true);
    }
    if (flags & kNumber) {
        std::size_t end = next;
        for (int i = 1; i < digits && cursor.is(end, kNumber); ++i) end += cursor.character(end).size;
        return end;
    }
    if ((flags & kSpace) == 0) return cursor.symbols(at, true);
    if (c.value == ' ' && cursor.is_not(next, kSpace | kLetter | kNumber)) return cursor.symbols(next, true);
    if (const std::size_t end = cursor.line_breaks(at); end != kNone) return end;
    return cursor.spaces(at);
}

} // namespace

std::size_t match_gpt2(std::string_view text, std::size_t at) {
    const Cursor cursor(text);
    const Character c = cursor.character(at);
    if (c.value == '\'') {
        if (const std::size_t end = contraction(cursor, at, false); end != kNone) return end;
    }
    std::size_t body = at;
    std::uint8_t flags = cursor.flags(c.value);
    if (c.value == ' ' && cursor.is_not(at + 1, kSpace)) {
        body = at + 1;
        flags = cursor.flags(cursor.character(body).value);
    }
    if (flags & kLetter) return cursor.run(body, kLetter, true);
    if (flags & kNumber) return cursor.run(body, kNumber, true);
    if ((flags & kSpace) == 0) return cursor.symbols(body, false);
    return cursor.spaces(at);
}

std::size_t match_llama3(std::string_view text, std::size_t at) { return match_modern(text, at, 3); }
std::size_t match_qwen2(std::string_view text, std::size_t at) { return match_modern(text, at, 1); }

MatchEnd splitter_for_regex(std::string_view regex) {
    static constexpr std::array<std::pair<std::string_view, MatchEnd>, 4> kKnown = {{
        {R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)", match_gpt2},
        {R"('(?:[sdmt]|ll|ve|re)| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)", match_gpt2},
        {R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)",
         match_llama3},
        {R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)",
         match_qwen2},
    }};
    for (const auto& [pattern, match] : kKnown) {
        if (pattern == regex) return match;
    }
    return nullptr;
}

} // namespace assay::tokenizer
