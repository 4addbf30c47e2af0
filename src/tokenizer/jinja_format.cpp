// Python's two ways of formatting strings (jinja_access.h), without what chat templates have no use for.
#include "tokenizer/jinja_access.h"
#include "tokenizer/jinja_text.h"
#include "tokenizer/unicode.h"

#include <charconv>
#include <cmath>

namespace assay::tokenizer::jinja {
namespace {

constexpr std::int64_t kWidthMax = 4096; // of a field; keeps a short format from making a long text

std::unexpected<Error> bad_format(std::string_view what) { return refuse("bad format: " + std::string(what)); }

bool is_digit(char c) { return c >= '0' && c <= '9'; }

struct Layout {
    std::string fill = " ";
    char align = '\0', sign = '-', type = '\0';
    bool comma = false;
    std::int64_t width = 0, precision = -1;
};

/// Reads digits at the start of `text`; `otherwise` when there are none.
Result<std::int64_t> take_number(std::string_view& text, std::int64_t otherwise) {
    std::int64_t out = otherwise;
    for (bool first = true; !text.empty() && is_digit(text[0]); text.remove_prefix(1), first = false) {
        out = (first ? 0 : out * 10) + (text[0] - '0');
        if (out > kWidthMax) return bad_format("a field is wider than " + std::to_string(kWidthMax));
    }
    return out;
}

bool take(std::string_view& text, char c) {
    const bool found = text.starts_with(c);
    if (found) text.remove_prefix(1);
    return found;
}

Result<Layout> read_layout(std::string_view text) {
    constexpr std::string_view kAligns = "<>^=";
    Layout out;
    const std::size_t size = text.empty() ? 0 : character_at(text, 0).size;
    if (size > 0 && text.size() > size && kAligns.find(text[size]) != std::string_view::npos) {
        out.fill = text.substr(0, size);
        out.align = text[size];
        text.remove_prefix(size + 1);
    } else if (!text.empty() && kAligns.find(text[0]) != std::string_view::npos) {
        out.align = text[0];
        text.remove_prefix(1);
    }
    for (const char sign : {'+', '-', ' '}) {
        if (take(text, sign)) out.sign = sign;
    }
    if (text.starts_with('0')) {
        if (out.align == '\0') {
            out.fill = "0";
            out.align = '=';
        }
        text.remove_prefix(1);
    }
    out.width = TRY(take_number(text, 0));
    out.comma = take(text, ',');
    if (take(text, '.')) {
        out.precision = TRY(take_number(text, -1));
        if (out.precision < 0) return bad_format("a precision is missing");
    }
    if (!text.empty()) out.type = text[0];
    if (text.size() > 1) return bad_format("'" + std::string(text) + "'");
    return out;
}

std::string real_digits(double value, char type, std::int64_t precision) {
    if (!std::isfinite(value)) return std::isnan(value) ? "nan" : "inf";
    const auto format = type == 'f' || type == 'F' || type == '%' ? std::chars_format::fixed
                        : type == 'e'                             ? std::chars_format::scientific
                                                                  : std::chars_format::general;
    if (type == 'g' && precision == 0) precision = 1;
    std::string out(512 + static_cast<std::size_t>(precision), '\0');
    const auto result = std::to_chars(out.data(), out.data() + out.size(), value, format, static_cast<int>(precision));
    out.resize(static_cast<std::size_t>(result.ptr - out.data()));
    return type == '%' ? out + "%" : out;
}

/// The number without its sign.
Result<std::string> number_digits(const Value& value, const Layout& layout) {
    if (value.is<double>() || std::string_view("fFeg%").find(layout.type) != std::string_view::npos) {
        const double real = std::fabs(value.real()) * (layout.type == '%' ? 100 : 1);
        if (layout.type == '\0' && layout.precision < 0) return real_text(real);
        if (layout.type == '\0' || layout.type == 'd') return bad_format("a float needs the type f, e, g or %");
        return real_digits(real, layout.type, layout.precision < 0 ? 6 : layout.precision);
    }
    if (layout.precision >= 0) return bad_format("an integer has no precision");
    const int base = layout.type == 'x' || layout.type == 'X' ? 16
                     : layout.type == 'o'                     ? 8
                     : layout.type == 'b'                     ? 2
                                                              : 10;
    if (base == 10 && layout.type != 'd' && layout.type != '\0') return bad_format("unknown type of an integer");
    const std::int64_t number = value.integral();
    const auto magnitude = number < 0 ? 0 - static_cast<std::uint64_t>(number) : static_cast<std::uint64_t>(number);
    char buffer[72];
    std::string out(buffer, std::to_chars(buffer, buffer + sizeof buffer, magnitude, base).ptr);
    return layout.type == 'X' ? upper_text(out) : out;
}

void add_commas(std::string& digits) {
    const std::size_t whole = std::min(digits.find('.'), digits.size());
    for (std::size_t at = whole; at > 3;) digits.insert(at -= 3, ",");
}

std::string padded(const Layout& layout, std::string sign, const std::string& body, char align) {
    const auto size = static_cast<std::int64_t>(character_count(sign) + character_count(body));
    const std::int64_t missing = std::max<std::int64_t>(layout.width - size, 0);
    const std::int64_t before = align == '<' ? 0 : align == '^' ? missing / 2 : missing;
    std::string out;
    if (align == '=') out = std::exchange(sign, "");
    for (std::int64_t i = 0; i < before; ++i) out += layout.fill;
    (out += sign) += body;
    for (std::int64_t i = before; i < missing; ++i) out += layout.fill;
    return out;
}

/// "0", "name" or "" (the next one) of a replacement field.
Result<Value> field_value(std::string_view name, const Arguments& arguments, std::size_t& next) {
    std::int64_t index = 0;
    if (name.empty() || parse_integer(name, 10, index)) {
        const std::size_t at = name.empty() ? next++ : static_cast<std::size_t>(index);
        if (at >= arguments.positional.size()) return refuse("a replacement field of a format has no argument");
        return arguments.positional[at];
    }
    for (const auto& [known, value] : arguments.named) {
        if (known == name) return value;
    }
    return refuse("format has no argument '" + std::string(name) + "'");
}

struct Conversion {
    Layout layout;
    std::string_view name;
    bool has_name = false;
};

Result<Conversion> take_conversion(std::string_view& text) {
    Conversion out;
    out.layout.align = '>';
    if (take(text, '(')) {
        const std::size_t end = text.find(')');
        if (end == std::string_view::npos) return bad_format("a name has no end");
        out.name = text.substr(0, end);
        out.has_name = true;
        text.remove_prefix(end + 1);
    }
    while (true) {
        if (take(text, '-')) out.layout.align = '<';
        else if (take(text, '0')) out.layout.fill = "0";
        else if (take(text, '+')) out.layout.sign = '+';
        else break;
    }
    out.layout.width = TRY(take_number(text, 0));
    if (take(text, '.')) out.layout.precision = TRY(take_number(text, 0));
    if (text.empty()) return bad_format("a conversion is not complete");
    out.layout.type = text[0];
    text.remove_prefix(1);
    return out;
}

Result<std::string> convert(Meter& meter, Layout layout, const Value& value) {
    if (layout.type == 's' || layout.type == 'r') {
        std::string text = layout.type == 's' ? TRY(to_text(meter, value)) : std::string();
        if (layout.type == 'r') TRY_VOID(append_repr(meter, value, text));
        if (layout.precision >= 0 && static_cast<std::size_t>(layout.precision) < character_count(text)) {
            text.resize(byte_offset(text, static_cast<std::size_t>(layout.precision)));
        }
        if (layout.align != '<') layout.fill = " ";
        return padded(layout, "", text, layout.align);
    }
    if (!value.is_number()) return bad_format("a number is required, not " + std::string(type_name(value)));
    Value number = value;
    if (layout.type == 'd' || layout.type == 'i' || layout.type == 'u') {
        if (value.is<double>() && !(std::fabs(value.real()) < 9e18)) return bad_format("a float is no 64-bit integer");
        if (value.is<double>()) number = static_cast<std::int64_t>(value.real());
        layout.type = 'd';
        layout.precision = -1;
    } else if (std::string_view("feFgxXo").find(layout.type) == std::string_view::npos) {
        return bad_format("unsupported conversion '" + std::string(1, layout.type) + "'");
    }
    const bool negative = number.is<double>() ? std::signbit(number.real()) : number.integral() < 0;
    const char align = layout.align == '>' && layout.fill == "0" ? '=' : layout.align;
    if (align == '<') layout.fill = " ";
    return padded(layout, negative ? "-" : layout.sign == '+' ? "+" : "", TRY(number_digits(number, layout)), align);
}

} // namespace

Result<std::string> format_value(Meter& meter, const Value& value, std::string_view specification) {
    if (specification.empty()) return to_text(meter, value);
    const Layout layout = TRY(read_layout(specification));
    if (value.is_number() && !(value.is<bool>() && layout.type == '\0')) {
        const bool negative = value.is<double>() ? std::signbit(value.real()) : value.integral() < 0;
        std::string digits = TRY(number_digits(value, layout));
        if (layout.comma) add_commas(digits);
        std::string sign = negative ? "-" : layout.sign == '-' ? "" : std::string(1, layout.sign);
        return padded(layout, std::move(sign), digits, layout.align == '\0' ? '>' : layout.align);
    }
    if (value.string() == nullptr && !value.is<bool>()) return refuse_value(value, "takes no format");
    if (layout.align == '=' || layout.comma || (layout.type != 's' && layout.type != '\0')) {
        return bad_format("'" + std::string(specification) + "' is not for a string");
    }
    std::string text = TRY(to_text(meter, value));
    if (layout.precision >= 0 && static_cast<std::size_t>(layout.precision) < character_count(text)) {
        text.resize(byte_offset(text, static_cast<std::size_t>(layout.precision)));
    }
    return padded(layout, "", text, layout.align == '\0' ? '<' : layout.align);
}

Result<Value> format_braces(Meter& meter, const std::string& format, const Arguments& arguments) {
    std::string out;
    std::size_t next = 0;
    std::string_view text = format;
    while (!text.empty()) {
        const char c = text[0];
        text.remove_prefix(1);
        if ((c == '{' || c == '}') && take(text, c)) {
            out += c;
        } else if (c == '}') {
            return bad_format("single '}'");
        } else if (c != '{') {
            out += c;
        } else {
            const std::size_t end = text.find('}');
            if (end == std::string_view::npos) return bad_format("expected '}'");
            std::string_view field = text.substr(0, end);
            text.remove_prefix(end + 1);
            const std::size_t colon = std::min(field.find(':'), field.size());
            const std::string_view name = field.substr(0, colon);
            if (name.find_first_of(".[!{") != std::string_view::npos || field.find('{') != std::string_view::npos) {
                return fail(ErrorCode::unsupported, "chat template: the format field '" + std::string(field) + "'");
            }
            const Value value = TRY(field_value(name, arguments, next));
            out += TRY(format_value(meter, value, colon < field.size() ? field.substr(colon + 1) : ""));
            TRY_VOID(meter.step());
        }
    }
    return make_text(meter, std::move(out));
}

Result<Value> format_percent(Meter& meter, const std::string& format, const Arguments& arguments) {
    std::string out;
    std::size_t next = 0;
    bool by_name = !arguments.named.empty();
    std::string_view text = format;
    while (!text.empty()) {
        const std::size_t plain = std::min(text.find('%'), text.size());
        out += text.substr(0, plain);
        text.remove_prefix(plain);
        if (text.empty()) break;
        text.remove_prefix(1);
        if (take(text, '%')) {
            out += '%';
            continue;
        }
        const Conversion conversion = TRY(take_conversion(text));
        Value value;
        if (conversion.has_name && arguments.positional.size() == 1 && arguments.positional[0].dict() != nullptr) {
            const Value* found = arguments.positional[0].dict()->find(conversion.name);
            if (found == nullptr) return refuse("format has no argument '" + std::string(conversion.name) + "'");
            value = *found;
            by_name = true;
        } else if (conversion.has_name) {
            value = TRY(field_value(conversion.name, arguments, next));
        } else {
            if (next >= arguments.positional.size()) return refuse("not enough arguments for format string");
            value = arguments.positional[next++];
        }
        out += TRY(convert(meter, conversion.layout, value));
        TRY_VOID(meter.step());
    }
    const bool takes_all = arguments.positional.size() == 1 && arguments.positional[0].dict() != nullptr;
    if (!by_name && !takes_all && next < arguments.positional.size()) {
        return refuse("not all arguments converted during string formatting");
    }
    return make_text(meter, std::move(out));
}

} // namespace assay::tokenizer::jinja
