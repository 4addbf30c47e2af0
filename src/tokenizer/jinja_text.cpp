#include "tokenizer/jinja_text.h"

#include "tokenizer/unicode.h"

#include <algorithm>
#include <charconv>
#include <cmath>

namespace assay::tokenizer::jinja {
namespace {

std::string_view part(std::string_view text, std::size_t begin, std::size_t end) {
    return text.substr(begin, end - begin);
}

/// End of the run of characters from `at` that are whitespace (or are not).
std::size_t run_end(std::string_view text, std::size_t at, bool whitespace) {
    while (at < text.size()) {
        const Character c = character_at(text, at);
        if (is_space(c.value) != whitespace) break;
        at += c.size;
    }
    return at;
}

std::size_t run_begin(std::string_view text, std::size_t end, bool whitespace) {
    while (end > 0) {
        const std::size_t start = previous_start(text, end);
        if (is_space(character_at(text, start).value) != whitespace) break;
        end = start;
    }
    return end;
}

bool strips(std::string_view character, const std::string* chars) {
    if (chars == nullptr) return is_space(character_at(character, 0).value);
    return chars->find(character) != std::string::npos;
}

bool is_line_end(char32_t c) {
    return (c >= 0x0A && c <= 0x0D) || (c >= 0x1C && c <= 0x1E) || c == 0x85 || c == 0x2028 || c == 0x2029;
}

/// Digits with single underscores between them, as Python's number literals have them. False on anything else.
bool remove_underscores(std::string& text) {
    const auto is_digit = [](char c) {
        return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    };
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '_') continue;
        if (i == 0 || i + 1 == text.size() || !is_digit(text[i - 1]) || !is_digit(text[i + 1])) return false;
    }
    std::erase(text, '_');
    return true;
}

} // namespace

bool is_space(char32_t c) {
    return (c >= 0x09 && c <= 0x0D) || (c >= 0x1C && c <= 0x20) || c == 0x85 || c == 0xA0 || c == 0x1680 ||
           (c >= 0x2000 && c <= 0x200A) || c == 0x2028 || c == 0x2029 || c == 0x202F || c == 0x205F || c == 0x3000;
}

std::string_view strip(std::string_view text, const std::string* chars, bool left, bool right) {
    while (left && !text.empty()) {
        const std::size_t size = character_at(text, 0).size;
        if (!strips(text.substr(0, size), chars)) break;
        text.remove_prefix(size);
    }
    while (right && !text.empty()) {
        const std::size_t start = previous_start(text, text.size());
        if (!strips(text.substr(start), chars)) break;
        text = text.substr(0, start);
    }
    return text;
}

Result<std::size_t> find_text(Meter& meter, std::string_view text, std::string_view needle) {
    if (needle.size() > text.size()) return std::string::npos;
    TRY_VOID(meter.step(1 + text.size() * std::max<std::size_t>(needle.size(), 1) / 256));
    return text.find(needle);
}

Result<std::string> replace_text(Meter& meter, std::string_view text, std::string_view from, std::string_view to,
                                 std::int64_t count) {
    TRY_VOID(find_text(meter, text, from));
    std::string out;
    std::size_t at = 0;
    for (std::int64_t done = 0; count < 0 || done < count; ++done) {
        const std::size_t found = from.empty() && at > text.size() ? std::string::npos : text.find(from, at);
        if (found == std::string::npos) break;
        TRY_VOID(meter.bytes(to.size()));
        if (!from.empty()) {
            out += part(text, at, found);
            out += to;
            at = found + from.size();
        } else { // an empty `from` is before every character and at the end
            out += to;
            if (at == text.size()) return out;
            const std::size_t size = character_at(text, at).size;
            out += text.substr(at, size);
            at += size;
        }
    }
    return out += text.substr(at);
}

Result<std::vector<std::string_view>> split_text(Meter& meter, std::string_view text, const std::string* separator,
                                                 std::int64_t limit) {
    if (separator != nullptr && separator->empty()) return refuse("empty separator");
    TRY_VOID(find_text(meter, text, separator != nullptr ? std::string_view(*separator) : " "));
    std::vector<std::string_view> out;
    std::size_t at = separator == nullptr ? run_end(text, 0, true) : 0;
    while (separator != nullptr || at < text.size()) {
        TRY_VOID(meter.bytes(sizeof(Value)));
        const bool last = limit >= 0 && out.size() >= static_cast<std::size_t>(limit);
        if (separator != nullptr) {
            const std::size_t found = last ? std::string::npos : text.find(*separator, at);
            if (found == std::string::npos) {
                out.push_back(text.substr(at));
                break;
            }
            out.push_back(part(text, at, found));
            at = found + separator->size();
        } else {
            const std::size_t end = last ? text.size() : run_end(text, at, false);
            out.push_back(part(text, at, end));
            at = run_end(text, end, true);
        }
    }
    return out;
}

Result<std::vector<std::string_view>> split_text_from_right(Meter& meter, std::string_view text,
                                                            const std::string* separator, std::int64_t limit) {
    if (limit < 0) return split_text(meter, text, separator, limit);
    if (separator != nullptr && separator->empty()) return refuse("empty separator");
    TRY_VOID(find_text(meter, text, separator != nullptr ? std::string_view(*separator) : " "));
    std::vector<std::string_view> out;
    if (separator == nullptr) text = text.substr(0, run_begin(text, text.size(), true));
    while (separator != nullptr || !text.empty()) {
        TRY_VOID(meter.bytes(sizeof(Value)));
        const bool last = out.size() >= static_cast<std::size_t>(limit);
        if (separator != nullptr) {
            const std::size_t found = last ? std::string::npos : text.rfind(*separator);
            if (found == std::string::npos) {
                out.push_back(text);
                break;
            }
            out.push_back(text.substr(found + separator->size()));
            text = text.substr(0, found);
        } else {
            const std::size_t begin = last ? 0 : run_begin(text, text.size(), false);
            out.push_back(text.substr(begin));
            text = text.substr(0, run_begin(text, begin, true));
        }
    }
    std::reverse(out.begin(), out.end());
    return out;
}

std::vector<std::string_view> split_lines(std::string_view text, bool keep_ends) {
    std::vector<std::string_view> out;
    std::size_t start = 0;
    for (std::size_t at = 0; at < text.size();) {
        const Character c = character_at(text, at);
        std::size_t end = at + c.size;
        if (is_line_end(c.value)) {
            if (c.value == '\r' && end < text.size() && text[end] == '\n') ++end;
            out.push_back(part(text, start, keep_ends ? end : at));
            start = end;
        }
        at = end;
    }
    if (start < text.size()) out.push_back(text.substr(start));
    return out;
}

void append_json_string(std::string_view text, bool ascii, std::string& out) {
    static constexpr char kHex[] = "0123456789abcdef";
    const auto escape = [&](std::uint32_t unit) {
        out += "\\u";
        for (int shift = 12; shift >= 0; shift -= 4) out += kHex[unit >> shift & 15];
    };
    out += '"';
    for (std::size_t at = 0; at < text.size();) {
        const Character c = character_at(text, at);
        switch (c.value) {
            case '"': out += "\\\""; break;
            case '\\': out += "\\\\"; break;
            case '\n': out += "\\n"; break;
            case '\r': out += "\\r"; break;
            case '\t': out += "\\t"; break;
            case '\b': out += "\\b"; break;
            case '\f': out += "\\f"; break;
            default:
                if (c.value >= 0x10000 && ascii) {
                    escape(0xD800 + static_cast<std::uint32_t>((c.value - 0x10000) >> 10));
                    escape(0xDC00 + static_cast<std::uint32_t>((c.value - 0x10000) & 0x3FF));
                } else if (c.value < 0x20 || (ascii && c.value >= 0x7F)) {
                    escape(c.value);
                } else {
                    out += text.substr(at, c.size);
                }
        }
        at += c.size;
    }
    out += '"';
}

std::string escape_markup(std::string_view text) {
    std::string out;
    for (const char c : text) {
        switch (c) {
            case '&': out += "&amp;"; break;
            case '<': out += "&lt;"; break;
            case '>': out += "&gt;"; break;
            case '\'': out += "&#39;"; break;
            case '"': out += "&#34;"; break;
            default: out += c;
        }
    }
    return out;
}

bool parse_integer(std::string_view text, int base, std::int64_t& out) {
    std::string digits(strip(text, nullptr, true, true));
    const bool negative = digits.starts_with('-');
    if (negative || digits.starts_with('+')) digits.erase(0, 1);
    const char mark = digits.size() > 2 && digits[0] == '0' ? static_cast<char>(digits[1] | 0x20) : '\0';
    const int marked = mark == 'x' ? 16 : mark == 'o' ? 8 : mark == 'b' ? 2 : 0;
    if (marked != 0 && (base == marked || base == 0)) {
        digits.erase(0, digits[2] == '_' ? 3 : 2);
        base = marked;
    } else if (base == 0) {
        if (digits.size() > 1 && digits[0] == '0' && digits.find_first_not_of("0_") != std::string::npos) return false;
        base = 10;
    }
    if (base < 2 || base > 36 || !remove_underscores(digits)) return false;
    if (negative) digits.insert(0, 1, '-');
    const auto [end, problem] = std::from_chars(digits.data(), digits.data() + digits.size(), out, base);
    return problem == std::errc() && end == digits.data() + digits.size();
}

bool parse_real(std::string_view text, double& out) {
    std::string digits(strip(text, nullptr, true, true));
    if (!remove_underscores(digits)) return false;
    const bool negative = digits.starts_with('-');
    if (negative || digits.starts_with('+')) digits.erase(0, 1);
    if (digits.empty() || digits[0] == '-' || digits.find('(') != std::string::npos) return false;
    const auto [end, problem] = std::from_chars(digits.data(), digits.data() + digits.size(), out);
    if (end != digits.data() + digits.size()) return false;
    if (problem == std::errc::result_out_of_range)
        out = digits.find("e-") != std::string::npos || digits.find("E-") != std::string::npos ? 0 : HUGE_VAL;
    else if (problem != std::errc()) return false;
    if (negative) out = -out;
    return true;
}

} // namespace assay::tokenizer::jinja
