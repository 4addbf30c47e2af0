#include "tokenizer/jinja_lexer.h"

#include "tokenizer/jinja_text.h"
#include "tokenizer/unicode.h"

#include <algorithm>

namespace assay::tokenizer::jinja {
namespace {

constexpr std::string_view kOperators[] = {"**", "//", "==", "!=", ">=", "<=", "+", "-", "*", "/", "%", "~", "[",
                                           "]",  "(",  ")",  "{",  "}",  "=",  "<", ">", ".", ":", "|", ",", ";"};

/// \r\n, \r and \n become \n; one line end at the very end goes.
std::string normal_newlines(std::string_view source, bool drop_last) {
    std::string out;
    out.reserve(source.size());
    for (std::size_t i = 0; i < source.size(); ++i) {
        if (source[i] != '\r') {
            out += source[i];
        } else {
            out += '\n';
            if (i + 1 < source.size() && source[i + 1] == '\n') ++i;
        }
    }
    if (drop_last && out.ends_with('\n')) out.pop_back();
    return out;
}

bool is_name_start(char32_t c) { return c == '_' || has_property(c, kLetter); }
bool is_name_part(char32_t c) { return c == '_' || has_property(c, kLetter | kNumber | kWord); }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

class Lexer {
public:
    explicit Lexer(std::string source) : source_(std::move(source)) {}

    Result<std::vector<Token>> run() {
        while (at_ < source_.size()) TRY_VOID(next_tag());
        add(TokenKind::end, "");
        return std::move(tokens_);
    }

private:
    std::string_view rest() const { return std::string_view(source_).substr(at_); }
    bool at(std::string_view text) const { return rest().starts_with(text); }

    void advance(std::size_t to) {
        line_ += static_cast<int>(std::count(source_.begin() + static_cast<std::ptrdiff_t>(at_),
                                             source_.begin() + static_cast<std::ptrdiff_t>(to), '\n'));
        at_ = to;
    }

    void add(TokenKind kind, std::string text) { tokens_.push_back({kind, line_, std::move(text), 0, 0}); }

    std::size_t skip_space(std::size_t from) const {
        while (from < source_.size()) {
            const Character c = character_at(source_, from);
            if (!is_space(c.value)) break;
            from += c.size;
        }
        return from;
    }

    /// If `from` is at `-}`, `+}` or `}` of a tag that ends in `end`: where the text goes on. Else npos.
    std::size_t tag_end(std::size_t from, std::string_view end, bool trims) const {
        const std::string_view text = std::string_view(source_).substr(from);
        if (text.starts_with('-') && text.substr(1).starts_with(end)) return skip_space(from + 1 + end.size());
        if (trims && text.starts_with('+') && text.substr(1).starts_with(end)) return from + 1 + end.size();
        if (!text.starts_with(end)) return std::string::npos;
        from += end.size();
        return trims && from < source_.size() && source_[from] == '\n' ? from + 1 : from;
    }

    /// The first `{%`, `{{` or `{#` from `from`.
    std::size_t find_tag(std::size_t from) const {
        while ((from = source_.find('{', from)) != std::string::npos) {
            const char c = from + 1 < source_.size() ? source_[from + 1] : '\0';
            if (c == '%' || c == '{' || c == '#') return from;
            ++from;
        }
        return std::string::npos;
    }

    /// Text before a tag, without the whitespace that `sign` or lstrip_blocks removes.
    std::string_view before_tag(std::size_t tag, char sign, bool is_variable) const {
        const std::string_view text = std::string_view(source_).substr(at_, tag - at_);
        if (sign == '-') return strip(text, nullptr, false, true);
        if (sign == '+' || is_variable) return text;
        const std::size_t line_start = text.rfind('\n') + 1; // 0 when there is none
        if (line_start == 0 && !line_starting_) return text;
        return strip(text.substr(line_start), nullptr, true, false).empty() ? text.substr(0, line_start) : text;
    }

    void add_data(std::string_view text) {
        if (!text.empty()) add(TokenKind::data, std::string(text));
    }

    /// A tag was left at `to`; text goes on there.
    void leave(std::size_t to) {
        line_starting_ = to > 0 && source_[to - 1] == '\n';
        advance(to);
    }

    /// One stretch of text and the tag after it.
    Result<void> next_tag() {
        const std::size_t tag = find_tag(at_);
        if (tag == std::string::npos) {
            add_data(rest());
            advance(source_.size());
            return {};
        }
        const char kind = source_[tag + 1];
        const std::size_t after = tag + 2;
        const char sign =
            after < source_.size() && (source_[after] == '-' || source_[after] == '+') ? source_[after] : '\0';
        const std::size_t inside = after + (sign != '\0');
        add_data(before_tag(tag, sign, kind == '{'));
        advance(tag);
        if (kind == '#') return comment(inside);
        if (kind == '%') {
            if (const std::size_t body = raw_body(inside); body != std::string::npos) return raw(body);
        }
        const bool is_block = kind == '%';
        add(is_block ? TokenKind::block_begin : TokenKind::variable_begin, "");
        advance(inside);
        return tag_tokens(is_block);
    }

    Result<void> comment(std::size_t from) {
        if (from >= source_.size()) { // Jinja lets a comment pass that has begun and not one character more
            advance(source_.size());
            return {};
        }
        const std::size_t end = source_.find("#}", from);
        if (end != std::string::npos) {
            const bool is_signed = end > from && (source_[end - 1] == '-' || source_[end - 1] == '+');
            leave(tag_end(is_signed ? end - 1 : end, "#}", true));
            return {};
        }
        return fail_at(line_, ErrorCode::malformed, "a comment has no end");
    }

    /// After `{% raw %}` if that is what begins at `from` (past `{%`); else npos.
    std::size_t raw_body(std::size_t from) const {
        from = skip_space(from);
        if (source_.compare(from, 3, "raw") != 0) return std::string::npos;
        from = skip_space(from + 3);
        return tag_end(from, "%}", false);
    }

    Result<void> raw(std::size_t body) {
        line_starting_ = source_[body - 1] == '\n';
        advance(body);
        for (std::size_t tag = body; (tag = source_.find("{%", tag)) != std::string::npos; ++tag) {
            std::size_t from = tag + 2;
            const char sign =
                from < source_.size() && (source_[from] == '-' || source_[from] == '+') ? source_[from] : '\0';
            from = skip_space(from + (sign != '\0'));
            if (source_.compare(from, 6, "endraw") != 0) continue;
            const std::size_t end = tag_end(skip_space(from + 6), "%}", true);
            if (end == std::string::npos) continue;
            add_data(before_tag(tag, sign, false));
            leave(end);
            return {};
        }
        return fail_at(line_, ErrorCode::malformed, "a raw block has no end");
    }

    /// The tokens of an expression or statement, through the end of its tag.
    Result<void> tag_tokens(bool is_block) {
        std::string open; // brackets to close, so that `}}` of a dict in a dict is no end
        while (true) {
            if (open.empty()) {
                const std::size_t end = is_block ? tag_end(at_, "%}", true) : tag_end(at_, "}}", false);
                if (end != std::string::npos) {
                    add(is_block ? TokenKind::block_end : TokenKind::variable_end, "");
                    leave(end);
                    return {};
                }
            }
            if (at_ >= source_.size()) return {}; // the parser sees that the tag has no end
            const std::size_t past_space = skip_space(at_);
            if (past_space != at_) {
                advance(past_space);
            } else {
                TRY_VOID(token(open));
            }
        }
    }

    Result<void> token(std::string& open) {
        const char c = source_[at_];
        if (is_digit(c)) return number();
        if (c == '"' || c == '\'') return string(c);
        if (is_name_start(character_at(source_, at_).value)) {
            std::size_t end = at_;
            while (end < source_.size() && is_name_part(character_at(source_, end).value)) {
                end += character_at(source_, end).size;
            }
            add(TokenKind::name, source_.substr(at_, end - at_));
            advance(end);
            return {};
        }
        for (const std::string_view op : kOperators) {
            if (at(op)) return operation(op, open);
        }
        return fail_at(line_, ErrorCode::malformed,
                       "unexpected character " + source_.substr(at_, character_at(source_, at_).size));
    }

    Result<void> operation(std::string_view op, std::string& open) {
        if (op == "{") open += '}';
        if (op == "(") open += ')';
        if (op == "[") open += ']';
        if (op == "}" || op == ")" || op == "]") {
            if (open.empty() || open.back() != op[0]) {
                return fail_at(line_, ErrorCode::malformed, "unexpected '" + std::string(op) + "'");
            }
            open.pop_back();
        }
        add(TokenKind::op, std::string(op));
        advance(at_ + op.size());
        return {};
    }

    std::size_t digits_end(std::size_t from, std::string_view digits) const {
        while (from < source_.size()) {
            std::size_t next = source_[from] == '_' ? from + 1 : from;
            if (next >= source_.size() || digits.find(source_[next]) == std::string_view::npos) break;
            from = next + 1;
        }
        return from;
    }

    /// Where a number's fraction and exponent end; `from` itself when it has neither.
    std::size_t fraction_end(std::size_t from) const {
        constexpr std::string_view kDecimal = "0123456789";
        std::size_t end = from;
        if (end + 1 < source_.size() && source_[end] == '.' && is_digit(source_[end + 1]))
            end = digits_end(end + 1, kDecimal);
        if (end < source_.size() && (source_[end] | 0x20) == 'e') {
            std::size_t digits = end + 1;
            if (digits < source_.size() && (source_[digits] == '-' || source_[digits] == '+')) ++digits;
            if (digits < source_.size() && is_digit(source_[digits])) end = digits_end(digits, kDecimal);
        }
        return end;
    }

    Result<void> number() {
        const char mark =
            at_ + 1 < source_.size() && source_[at_] == '0' ? static_cast<char>(source_[at_ + 1] | 0x20) : '\0';
        const std::string_view digits = mark == 'x'   ? "0123456789abcdefABCDEF"
                                        : mark == 'o' ? "01234567"
                                        : mark == 'b' ? "01"
                                                      : "0123456789";
        const bool is_decimal = digits.size() == 10;
        std::size_t end = digits_end(is_decimal ? at_ : at_ + 2, digits);
        if (!is_decimal && end == at_ + 2) end = at_ + 1; // "0x" alone: the number 0 and a name
        if (is_decimal && source_[at_] == '0') end = digits_end(at_, "0");
        Token token{TokenKind::integer, line_, "", 0, 0};
        const bool after_dot = !tokens_.empty() && tokens_.back().kind == TokenKind::op && tokens_.back().text == ".";
        const std::size_t whole_end = is_decimal ? digits_end(at_, digits) : end;
        const std::size_t real_end = is_decimal && !after_dot ? fraction_end(whole_end) : whole_end;
        if (real_end != whole_end) {
            token.kind = TokenKind::real;
            end = real_end;
            std::string text = source_.substr(at_, end - at_);
            if (!parse_real(text, token.real)) return fail_at(line_, ErrorCode::malformed, "bad number " + text);
        } else if (!parse_integer(source_.substr(at_, end - at_), 0, token.integer)) {
            return fail_at(line_, ErrorCode::unsupported, "integer beyond 64 bits: " + source_.substr(at_, end - at_));
        }
        tokens_.push_back(std::move(token));
        advance(end);
        return {};
    }

    Result<void> string(char quote) {
        std::size_t end = at_ + 1;
        while (end < source_.size() && source_[end] != quote) end += source_[end] == '\\' ? 2 : 1;
        if (end >= source_.size()) return fail_at(line_, ErrorCode::malformed, "a string has no end");
        add(TokenKind::string, TRY(unescaped(std::string_view(source_).substr(at_ + 1, end - at_ - 1))));
        advance(end + 1);
        return {};
    }

    Result<std::string> unescaped(std::string_view text) const {
        constexpr std::string_view kNames = "\\'\"abfnrtv";
        constexpr std::string_view kValues = "\\'\"\a\b\f\n\r\t\v";
        std::string out;
        for (std::size_t i = 0; i < text.size();) {
            if (text[i] != '\\') {
                out += text[i++];
                continue;
            }
            const char c = text[i + 1]; // the pattern leaves no lone backslash at the end
            i += 2;
            if (const std::size_t known = kNames.find(c); known != std::string_view::npos) {
                out += kValues[known];
            } else if (c == 'x' || c == 'u' || c == 'U') {
                const std::size_t size = c == 'x' ? 2 : c == 'u' ? 4 : 8;
                TRY_VOID(append_code(text.substr(i, size), size, 16, out));
                i += size;
            } else if (c >= '0' && c <= '7') {
                const std::size_t size = std::min(text.substr(i - 1).find_first_not_of("01234567"), std::size_t{3});
                const std::size_t digits = std::min(size, text.size() - i + 1);
                TRY_VOID(append_code(text.substr(i - 1, digits), digits, 8, out));
                i += digits - 1;
            } else if (c == 'N') {
                return fail_at(line_, ErrorCode::unsupported, "character names (\\N{…}) in a string");
            } else if (c != '\n') {
                (out += '\\') += c;
            }
        }
        return out;
    }

    Result<void> append_code(std::string_view digits, std::size_t size, int base, std::string& out) const {
        std::int64_t code = 0;
        const bool digits_only = digits.find_first_not_of("0123456789abcdefABCDEF") == std::string_view::npos;
        if (digits.size() != size || !digits_only || !parse_integer(digits, base, code) || code > 0x10FFFF ||
            (code >= 0xD800 && code < 0xE000)) {
            return fail_at(line_, ErrorCode::malformed, "bad escape in a string");
        }
        append_utf8(out, static_cast<char32_t>(code));
        return {};
    }

    const std::string source_;
    std::size_t at_ = 0;
    int line_ = 1;
    bool line_starting_ = true; ///< the text before this point ended a line (or is the start)
    std::vector<Token> tokens_;
};

} // namespace

std::unexpected<Error> fail_at(int line, ErrorCode code, std::string_view message) {
    return fail(code, "chat template line " + std::to_string(line) + ": " + std::string(message));
}

Result<std::vector<Token>> tokenize(std::string_view source) { return Lexer(normal_newlines(source, true)).run(); }

} // namespace assay::tokenizer::jinja
