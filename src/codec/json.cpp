#include "codec/json.h"

#include "codec/utf8.h"

#include <algorithm>
#include <cstdint>

namespace assay::codec {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

void append_utf8(std::string& out, std::uint32_t code) {
    const auto tail = [&](int shift) { out.push_back(static_cast<char>(0x80 | ((code >> shift) & 0x3f))); };
    if (code < 0x80) {
        out.push_back(static_cast<char>(code));
    } else if (code < 0x800) {
        out.push_back(static_cast<char>(0xc0 | (code >> 6)));
        tail(0);
    } else if (code < 0x10000) {
        out.push_back(static_cast<char>(0xe0 | (code >> 12)));
        tail(6), tail(0);
    } else {
        out.push_back(static_cast<char>(0xf0 | (code >> 18)));
        tail(12), tail(6), tail(0);
    }
}

const std::string* repeated_key(const Json::Object& members) {
    std::vector<const std::string*> keys;
    keys.reserve(members.size());
    for (const Json::Member& member : members) keys.push_back(&member.first);
    const auto less = [](const std::string* a, const std::string* b) { return *a < *b; };
    std::ranges::sort(keys, less);
    const auto twice = std::ranges::adjacent_find(keys, [](const auto* a, const auto* b) { return *a == *b; });
    return twice == keys.end() ? nullptr : *twice;
}

class Parser {
public:
    Parser(std::string_view text, const JsonLimits& limits)
        : text_(text), depth_max_(limits.depth_max), items_left_(limits.items_max) {}

    Result<Json> document() {
        auto result = value(0);
        if (!result) return result;
        skip_space();
        if (at_ != text_.size()) return malformed("text after the value");
        return result;
    }

private:
    std::unexpected<Error> malformed(std::string_view what) const {
        return fail(ErrorCode::malformed, "JSON, byte " + std::to_string(at_) + ": " + std::string(what));
    }

    char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }

    bool take(char c) {
        if (at_ == text_.size() || text_[at_] != c) return false;
        ++at_;
        return true;
    }

    void skip_space() {
        while (at_ < text_.size() && std::string_view(" \t\n\r").contains(text_[at_])) ++at_;
    }

    Result<Json> value(std::size_t depth) {
        if (items_left_-- == 0) return fail(ErrorCode::resource_exhausted, "JSON: more values than the limit");
        skip_space();
        if (at_ == text_.size()) return malformed("the text ends where a value is expected");
        const char first = peek();
        if (first == '{' || first == '[') {
            if (depth == depth_max_)
                return fail(ErrorCode::resource_exhausted, "JSON: nests deeper than " + std::to_string(depth_max_));
            ++at_;
            return first == '{' ? object(depth) : list(depth);
        }
        if (first == '"') return Json(TRY(string()));
        if (first == '-' || is_digit(first)) return number();
        return word();
    }

    Result<Json> word() {
        for (const auto& [name, meaning] : {std::pair<std::string_view, int>{"null", 2}, {"true", 1}, {"false", 0}}) {
            if (!text_.substr(at_).starts_with(name)) continue;
            at_ += name.size();
            return meaning == 2 ? Json() : Json(meaning == 1);
        }
        return malformed("no value begins like this");
    }

    bool digits() {
        const std::size_t from = at_;
        while (is_digit(peek())) ++at_;
        return at_ > from;
    }

    Result<Json> number() {
        const std::size_t from = at_;
        take('-');
        if (!take('0') && !digits()) return malformed("a number without digits");
        if (is_digit(peek())) return malformed("a number with a leading zero");
        if (take('.') && !digits()) return malformed("a number without digits after its point");
        if (take('e') || take('E')) {
            if (!take('+')) take('-');
            if (!digits()) return malformed("a number without digits in its exponent");
        }
        return Json(Json::Number{std::string(text_.substr(from, at_ - from))});
    }

    Result<std::uint32_t> hex4() {
        std::uint32_t code = 0;
        for (int i = 0; i < 4; ++i, ++at_) {
            const char c = peek();
            if (is_digit(c)) {
                code = code * 16 + static_cast<std::uint32_t>(c - '0');
            } else if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f') {
                code = code * 16 + static_cast<std::uint32_t>((c | 0x20) - 'a' + 10);
            } else {
                return malformed("\\u without four hexadecimal digits");
            }
        }
        return code;
    }

    Result<void> unicode_escape(std::string& out) {
        std::uint32_t code = TRY(hex4());
        if (code >= 0xd800 && code <= 0xdbff) {
            if (!take('\\') || !take('u')) return malformed("half of a surrogate pair");
            const std::uint32_t low = TRY(hex4());
            if (low < 0xdc00 || low > 0xdfff) return malformed("half of a surrogate pair");
            code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
        } else if (code >= 0xdc00 && code <= 0xdfff) {
            return malformed("half of a surrogate pair");
        }
        append_utf8(out, code);
        return {};
    }

    Result<void> escape(std::string& out) {
        static constexpr std::string_view kFrom = "\"\\/bfnrt", kTo = "\"\\/\b\f\n\r\t";
        if (take('u')) return unicode_escape(out);
        const std::size_t which = at_ < text_.size() ? kFrom.find(text_[at_]) : std::string_view::npos;
        if (which == std::string_view::npos) return malformed("a backslash before something it cannot escape");
        out.push_back(kTo[which]);
        ++at_;
        return {};
    }

    Result<std::string> string() {
        if (!take('"')) return malformed("a key must be a string");
        std::string out;
        for (;;) {
            const std::size_t from = at_;
            while (at_ < text_.size() && text_[at_] != '"' && text_[at_] != '\\' &&
                   static_cast<unsigned char>(text_[at_]) >= 0x20) {
                ++at_;
            }
            const std::string_view plain = text_.substr(from, at_ - from);
            if (!is_valid_utf8(plain)) return malformed("a string that is not UTF-8 ends here");
            out += plain;
            if (take('"')) return out;
            if (at_ == text_.size()) return malformed("a string without its closing quote");
            if (!take('\\')) return malformed("a control character inside a string");
            TRY_VOID(escape(out));
        }
    }

    /// Called after the opening bracket and after each item. True: another item comes.
    Result<bool> more(bool first, char end) {
        skip_space();
        if (take(end)) return false;
        if (first || take(',')) return true;
        return malformed(end == ']' ? "neither ',' nor ']' after a list's item" : "neither ',' nor '}' after a member");
    }

    Result<Json> list(std::size_t depth) {
        Json::List items;
        while (TRY(more(items.empty(), ']'))) {
            auto item = value(depth + 1); // not TRY: g++ 12 warns falsely of a free inside it
            if (!item) return item;
            items.push_back(std::move(*item));
        }
        return Json(std::move(items));
    }

    Result<Json> object(std::size_t depth) {
        Json::Object members;
        while (TRY(more(members.empty(), '}'))) {
            skip_space();
            std::string key = TRY(string());
            skip_space();
            if (!take(':')) return malformed("no ':' after a key");
            auto item = value(depth + 1);
            if (!item) return item;
            members.emplace_back(std::move(key), std::move(*item));
        }
        if (const std::string* key = repeated_key(members)) {
            std::string quoted;
            append_json_string(quoted, utf8_prefix(*key, 64));
            return malformed("key " + quoted + " appears twice in the object that ends here");
        }
        return Json(std::move(members));
    }

    std::string_view text_;
    std::size_t at_ = 0;
    std::size_t depth_max_;
    std::size_t items_left_;
};

} // namespace

const std::string* Json::number() const {
    const auto* number = std::get_if<Number>(&data_);
    return number == nullptr ? nullptr : &number->digits;
}

const Json* Json::find(std::string_view key) const {
    const Object* members = object();
    if (members == nullptr) return nullptr;
    const auto it = std::ranges::find(*members, key, &Member::first);
    return it == members->end() ? nullptr : &it->second;
}

std::string_view Json::kind() const {
    static constexpr std::string_view kKinds[] = {"null", "a boolean", "a number", "a string", "a list", "an object"};
    return kKinds[data_.index()];
}

Result<Json> parse_json(std::string_view text, const JsonLimits& limits) {
    if (text.size() > limits.size_max)
        return fail(ErrorCode::resource_exhausted,
                    "JSON: text is larger than " + std::to_string(limits.size_max) + " bytes");
    return Parser(text, limits).document();
}

void append_json_string(std::string& out, std::string_view text) {
    static constexpr char kDigits[] = "0123456789abcdef";
    static constexpr std::string_view kFrom = "\"\\\b\f\n\r\t", kTo = "\"\\bfnrt";
    out.push_back('"');
    for (const char c : text) {
        const std::size_t named = kFrom.find(c);
        if (named != std::string_view::npos) {
            out.push_back('\\');
            out.push_back(kTo[named]);
        } else if (static_cast<unsigned char>(c) < 0x20) {
            out += "\\u00";
            out.push_back(kDigits[c >> 4]);
            out.push_back(kDigits[c & 15]);
        } else {
            out.push_back(c);
        }
    }
    out.push_back('"');
}

} // namespace assay::codec
