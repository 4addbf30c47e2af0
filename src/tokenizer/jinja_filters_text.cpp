// Filters that make text (jinja_filters.h).
#include "tokenizer/jinja_access.h"
#include "tokenizer/jinja_filters.h"
#include "tokenizer/jinja_print.h"
#include "tokenizer/jinja_text.h"
#include "tokenizer/unicode.h"

#include <algorithm>

namespace assay::tokenizer::jinja {
namespace {

template <std::string (*change)(std::string_view)>
Result<Value> change_case(Meter& meter, const Value& value, const Bound&) {
    const std::string text = TRY(to_text(meter, value));
    TRY_VOID(meter.step(1 + text.size() / 32));
    return make_text(meter, change(text));
}

/// Unlike str.title: words begin after spaces, hyphens and opening brackets only.
std::string title_words(std::string_view text) {
    std::string out;
    bool begins = true;
    for (std::size_t at = 0; at < text.size();) {
        const Character c = character_at(text, at);
        std::size_t end = at + c.size;
        const bool splits =
            is_space(c.value) || (c.value < 0x80 && std::string_view("-({[<").find(text[at]) != std::string_view::npos);
        if (!splits && !begins) { // the rest of a word is lowered at once: a final sigma looks at its neighbours
            while (end < text.size()) {
                const Character next = character_at(text, end);
                if (is_space(next.value) ||
                    (next.value < 0x80 && std::string_view("-({[<").find(text[end]) != std::string_view::npos))
                    break;
                end += next.size;
            }
        }
        const std::string_view part = text.substr(at, end - at);
        out += splits ? std::string(part) : begins ? upper_text(part) : lower_text(part);
        begins = splits;
        at = end;
    }
    return out;
}

Result<Value> trim(Meter& meter, const Value& value, const Bound& arguments) {
    const std::string text = TRY(to_text(meter, value));
    const std::string* chars = nullptr;
    if (arguments.has(0) && !arguments[0].is<None>()) {
        chars = arguments[0].string();
        if (chars == nullptr) return refuse_value(arguments[0], "is not a string");
    }
    TRY_VOID(meter.step(1 + text.size() * (chars != nullptr ? chars->size() + 1 : 1) / 256));
    return make_text(meter, std::string(strip(text, chars, true, true)));
}

Result<Value> to_string(Meter& meter, const Value& value, const Bound&) {
    return value.is<Text>() ? Result<Value>(value) : make_text(meter, TRY(to_text(meter, value)));
}

Result<Value> replace(Meter& meter, const Value& value, const Bound& arguments) {
    const std::string text = TRY(to_text(meter, value));
    const std::string from = TRY(to_text(meter, arguments[0])), to = TRY(to_text(meter, arguments[1]));
    const std::int64_t count = TRY(arguments.integer(2, -1));
    return make_text(meter, TRY(replace_text(meter, text, from, to, count)));
}

Result<std::string> indention(Meter& meter, const Value& width) {
    if (const std::string* text = width.string()) return *text;
    if (!width.is_integral()) return refuse_value(width, "is no width");
    const std::int64_t count = std::max<std::int64_t>(width.integral(), 0);
    TRY_VOID(meter.bytes(static_cast<std::uint64_t>(count)));
    return std::string(static_cast<std::size_t>(count), ' ');
}

Result<Value> indent(Meter& meter, const Value& value, const Bound& arguments) {
    if (value.string() == nullptr) return refuse_value(value, "cannot be indented");
    const std::string width = TRY(indention(meter, arguments.or_else(0, std::int64_t{4})));
    const bool first = arguments.flag(1), blank = arguments.flag(2);
    TRY_VOID(meter.bytes(value.string()->size() * sizeof(std::string_view)));
    const std::string text = *value.string() + "\n";
    std::string out;
    bool begins = true;
    for (const std::string_view line : split_lines(text, false)) {
        if (!begins) out += '\n';
        if (begins ? first : blank || !line.empty()) out += width;
        out += line;
        begins = false;
        TRY_VOID(meter.bytes(width.size()));
    }
    return make_text(meter, std::move(out));
}

Result<Value> center(Meter& meter, const Value& value, const Bound& arguments) {
    const std::string text = TRY(to_text(meter, value));
    const std::int64_t width = TRY(arguments.integer(0, 80));
    const auto size = static_cast<std::int64_t>(character_count(text));
    if (width <= size) return make_text(meter, text);
    const std::int64_t missing = width - size, left = missing / 2 + (missing & width & 1);
    TRY_VOID(meter.bytes(static_cast<std::uint64_t>(missing)));
    return make_text(meter, std::string(static_cast<std::size_t>(left), ' ') + text +
                                std::string(static_cast<std::size_t>(missing - left), ' '));
}

Result<Value> truncate(Meter& meter, const Value& value, const Bound& arguments) {
    if (value.string() == nullptr) return refuse_value(value, "cannot be truncated");
    const Value end_value = arguments.or_else(2, Value::text("..."));
    if (end_value.string() == nullptr) return refuse_value(end_value, "is not a string");
    const std::string end = *end_value.string();
    const std::int64_t length_max = TRY(arguments.integer(0, 255)), leeway = TRY(arguments.integer(3, 5));
    const auto end_size = static_cast<std::int64_t>(character_count(end));
    if (length_max < end_size || leeway < 0) return refuse("truncate: the length is below that of the end");
    if (static_cast<std::int64_t>(TRY(length(meter, value))) - leeway <= length_max) return value;
    std::string text =
        value.string()->substr(0, byte_offset(*value.string(), static_cast<std::size_t>(length_max - end_size)));
    if (!arguments.flag(1)) text.resize(std::min(text.rfind(' '), text.size()));
    return make_text(meter, text + end);
}

Result<Value> word_count(Meter& meter, const Value& value, const Bound&) {
    const std::string text = TRY(to_text(meter, value));
    std::int64_t count = 0;
    bool in_word = false;
    for (std::size_t at = 0; at < text.size();) {
        const Character c = character_at(text, at);
        const bool is_word = c.value == '_' || has_property(c.value, kLetter | kNumber);
        count += is_word && !in_word;
        in_word = is_word;
        at += c.size;
    }
    return count;
}

Result<Value> escape(Meter& meter, const Value& value, const Bound&) {
    if (value.is<Text>() && value.get<Text>()->markup) return value;
    return make_text(meter, escape_markup(TRY(to_text(meter, value))), true);
}

Result<Value> force_escape(Meter& meter, const Value& value, const Bound&) {
    return make_text(meter, escape_markup(TRY(to_text(meter, value))), true);
}

Result<Value> mark_safe(Meter& meter, const Value& value, const Bound&) {
    return make_text(meter, TRY(to_text(meter, value)), true);
}

Result<Value> url_encode(Meter& meter, const Value& value, const Bound&) {
    constexpr std::string_view kPlain = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-~/";
    constexpr char kHex[] = "0123456789ABCDEF";
    if (value.dict() != nullptr || value.sequence() != nullptr) return refuse_value(value, "is not URL-encoded here");
    std::string out;
    for (const char c : TRY(to_text(meter, value))) {
        const auto byte = static_cast<unsigned char>(c);
        if (kPlain.find(c) != std::string_view::npos) {
            out += c;
        } else {
            ((out += '%') += kHex[byte >> 4]) += kHex[byte & 15];
        }
    }
    return make_text(meter, std::move(out));
}

Result<Value> format(Meter& meter, const Value& value, const Arguments& arguments) {
    if (!arguments.positional.empty() && !arguments.named.empty()) {
        return refuse("format takes arguments with names or without, not both");
    }
    return format_percent(meter, TRY(to_text(meter, value)), arguments);
}

Result<Value> tojson(Meter& meter, const Value& value, const Bound& arguments) {
    JsonStyle style;
    style.ascii = arguments.flag(0);
    style.sort_keys = arguments.flag(3);
    if (arguments.has(1) && !arguments[1].is<None>()) {
        style.indent = TRY(indention(meter, arguments[1]));
        style.item_separator = ",";
    }
    if (arguments.has(2) && !arguments[2].is<None>()) {
        const std::vector<Value> separators = TRY(elements(meter, arguments[2]));
        if (separators.size() != 2 || separators[0].string() == nullptr || separators[1].string() == nullptr) {
            return refuse("tojson: separators are two strings");
        }
        style.item_separator = *separators[0].string();
        style.key_separator = *separators[1].string();
    }
    return make_text(meter, TRY(to_json(meter, value, style)));
}

constexpr Filter kFilters[] = {
    {"trim", {{"chars"}, 0}, trim},
    {"string", {}, to_string},
    {"upper", {}, change_case<upper_text>},
    {"lower", {}, change_case<lower_text>},
    {"capitalize", {}, change_case<capitalize_text>},
    {"title", {}, change_case<title_words>},
    {"replace", {{"old", "new", "count"}, 2}, replace},
    {"indent", {{"width", "first", "blank"}, 0}, indent},
    {"center", {{"width"}, 0}, center},
    {"truncate", {{"length", "killwords", "end", "leeway"}, 0}, truncate},
    {"wordcount", {}, word_count},
    {"e", {}, escape},
    {"escape", {}, escape},
    {"forceescape", {}, force_escape},
    {"safe", {}, mark_safe},
    {"urlencode", {}, url_encode},
    {"format", {}, nullptr, format},
    {"tojson", {{"ensure_ascii", "indent", "separators", "sort_keys"}, 0}, tojson},
};

} // namespace

std::span<const Filter> text_filters() { return kFilters; }

} // namespace assay::tokenizer::jinja
