// Letter case and repr() of jinja_text.h.
#include "tokenizer/jinja_case_tables.h"
#include "tokenizer/jinja_text.h"
#include "tokenizer/unicode.h"

#include <algorithm>

namespace assay::tokenizer::jinja {
namespace {

bool is_in(std::span<const CodeRange> ranges, char32_t c) {
    const auto after =
        std::upper_bound(ranges.begin(), ranges.end(), c, [](char32_t x, const CodeRange& r) { return x < r.first; });
    return after != ranges.begin() && c <= (after - 1)->last;
}

void append_mapped(const CaseTable& table, char32_t c, std::string& out) {
    const auto text = std::lower_bound(table.texts.begin(), table.texts.end(), c,
                                       [](const CaseText& t, char32_t x) { return t.from < x; });
    if (text != table.texts.end() && text->from == c) {
        out += text->to;
        return;
    }
    // Runs of stride 2 interleave, so the run before the nearest may be the one.
    auto run = std::upper_bound(table.runs.begin(), table.runs.end(), c,
                                [](char32_t x, const CaseRun& r) { return x < r.first; });
    for (int looked = 0; run != table.runs.begin() && looked < 3; ++looked) {
        --run;
        if (c <= run->last && (c - run->first) % run->stride == 0) {
            append_utf8(out, static_cast<char32_t>(static_cast<std::int64_t>(c) + run->delta));
            return;
        }
    }
    append_utf8(out, c);
}

bool changes(const CaseTable& table, char32_t c) {
    std::string before, after;
    append_utf8(before, c);
    append_mapped(table, c, after);
    return before != after;
}

bool is_cased(char32_t c) {
    return changes(upper_table(), c) || changes(lower_table(), c) || changes(title_table(), c);
}

/// What the rule of the final sigma looks through.
bool is_ignorable(char32_t c) {
    return has_property(c, kNonspacing) || c == '\'' || c == '.' || c == ':' || c == '^' || c == '`' || c == 0xA8 ||
           c == 0xAD || c == 0xAF || c == 0xB4 || c == 0xB7 || c == 0xB8 || c == 0x2019;
}

/// Whether the sigma at `at` ends a word: a cased letter before it and none after.
bool is_final_sigma(std::string_view text, std::size_t at) {
    std::size_t before = at;
    bool follows_letter = false;
    while (before > 0) {
        before = previous_start(text, before);
        const char32_t c = character_at(text, before).value;
        if (is_ignorable(c)) continue;
        follows_letter = is_cased(c);
        break;
    }
    if (!follows_letter) return false;
    for (std::size_t after = at + 2; after < text.size();) {
        const Character c = character_at(text, after);
        if (!is_ignorable(c.value)) return !is_cased(c.value);
        after += c.size;
    }
    return true;
}

void append_lower(std::string_view text, std::size_t at, char32_t c, std::string& out) {
    constexpr char32_t kSigma = 0x3A3, kFinalSigma = 0x3C2;
    if (c == kSigma && is_final_sigma(text, at)) {
        append_utf8(out, kFinalSigma);
    } else {
        append_mapped(lower_table(), c, out);
    }
}

/// Appends each character of `text` by `append(at, character)`.
template <class Append>
std::string mapped(std::string_view text, Append append) {
    std::string out;
    out.reserve(text.size());
    for (std::size_t at = 0; at < text.size();) {
        const Character c = character_at(text, at);
        append(at, c.value, out);
        at += c.size;
    }
    return out;
}

} // namespace

bool is_decimal(char32_t c) { return is_in(decimal_ranges(), c); }

std::string upper_text(std::string_view text) {
    return mapped(text, [](std::size_t, char32_t c, std::string& out) { append_mapped(upper_table(), c, out); });
}

std::string lower_text(std::string_view text) {
    return mapped(text, [&](std::size_t at, char32_t c, std::string& out) { append_lower(text, at, c, out); });
}

std::string capitalize_text(std::string_view text) {
    return mapped(text, [&](std::size_t at, char32_t c, std::string& out) {
        if (at == 0) append_mapped(title_table(), c, out);
        else append_lower(text, at, c, out);
    });
}

std::string title_text(std::string_view text) {
    bool in_word = false;
    return mapped(text, [&](std::size_t at, char32_t c, std::string& out) {
        if (in_word) append_lower(text, at, c, out);
        else append_mapped(title_table(), c, out);
        in_word = is_cased(c);
    });
}

void append_quoted(std::string_view text, std::string& out) {
    static constexpr char kHex[] = "0123456789abcdef";
    const bool has_single = text.find('\'') != std::string_view::npos,
               has_double = text.find('"') != std::string_view::npos;
    const char quote = has_single && !has_double ? '"' : '\'';
    out += quote;
    for (std::size_t at = 0; at < text.size();) {
        const Character c = character_at(text, at);
        if (c.value == static_cast<char32_t>(quote) || c.value == '\\') {
            (out += '\\') += static_cast<char>(c.value);
        } else if (c.value == '\n' || c.value == '\r' || c.value == '\t') {
            out += c.value == '\n' ? "\\n" : c.value == '\r' ? "\\r" : "\\t";
        } else if (is_in(unprintable_ranges(), c.value)) {
            const int digits = c.value < 0x100 ? 2 : c.value < 0x10000 ? 4 : 8;
            (out += '\\') += digits == 2 ? 'x' : digits == 4 ? 'u' : 'U';
            for (int i = digits - 1; i >= 0; --i) out += kHex[static_cast<std::uint32_t>(c.value) >> (4 * i) & 15];
        } else {
            out += text.substr(at, c.size);
        }
        at += c.size;
    }
    out += quote;
}

} // namespace assay::tokenizer::jinja
