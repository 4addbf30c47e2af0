// Methods of strings, lists, dicts and loops (jinja_access.h).
#include "tokenizer/jinja_access.h"
#include "tokenizer/jinja_text.h"
#include "tokenizer/unicode.h"

#include <algorithm>

namespace assay::tokenizer::jinja {
namespace {

using Call = Result<Value> (*)(Meter& meter, const Value& self, const Bound& arguments);

struct MethodEntry {
    std::string_view name;
    Signature signature;
    Call call;
};

Result<Value> texts(Meter& meter, const std::vector<std::string_view>& parts, Sequence::Kind kind) {
    std::vector<Value> out;
    for (const std::string_view part : parts) out.push_back(TRY(make_text(meter, std::string(part))));
    return make_sequence(meter, kind, std::move(out));
}

/// The string given at `i`; null when left out or none.
Result<const std::string*> optional_text(const Bound& arguments, std::size_t i) {
    if (!arguments.has(i) || arguments[i].is<None>()) return static_cast<const std::string*>(nullptr);
    if (arguments[i].string() == nullptr) return refuse_value(arguments[i], "is not a string");
    return arguments[i].string();
}

Result<const std::string*> text_at(const Bound& arguments, std::size_t i) {
    const std::string* text = TRY(optional_text(arguments, i));
    if (text == nullptr) return refuse_value(arguments[i], "is not a string");
    return text;
}

template <bool left, bool right>
Result<Value> strip_method(Meter& meter, const Value& self, const Bound& arguments) {
    const std::string* chars = TRY(optional_text(arguments, 0));
    TRY_VOID(meter.step(1 + self.string()->size() * (chars != nullptr ? chars->size() + 1 : 1) / 256));
    return make_text(meter, std::string(strip(*self.string(), chars, left, right)));
}

template <bool from_right>
Result<Value> split_method(Meter& meter, const Value& self, const Bound& arguments) {
    const std::string* separator = TRY(optional_text(arguments, 0));
    const std::int64_t limit = TRY(arguments.integer(1, -1));
    const auto split = from_right ? split_text_from_right : split_text;
    return texts(meter, TRY(split(meter, *self.string(), separator, limit)), Sequence::Kind::list);
}

template <bool at_end>
Result<Value> affix_method(Meter& meter, const Value& self, const Bound& arguments) {
    const Value& affix = arguments[0];
    const std::vector<Value> one{affix};
    const bool is_tuple = affix.is_list_or_tuple() && affix.sequence()->kind == Sequence::Kind::tuple;
    const std::size_t size = TRY(length(meter, self));
    std::string_view text = *self.string();
    const std::int64_t begin = TRY(arguments.integer(1, 0)),
                       end = TRY(arguments.integer(2, static_cast<std::int64_t>(size)));
    Value held;
    if (arguments.has(1) || arguments.has(2)) {
        held = TRY(slice(meter, self, begin, end, Value(None{})));
        text = *held.string();
        if (begin > static_cast<std::int64_t>(size)) return false;
    }
    for (const Value& candidate : is_tuple ? affix.sequence()->items : one) {
        if (candidate.string() == nullptr) return refuse_value(candidate, "is no start or end of a string");
        if (at_end ? text.ends_with(*candidate.string()) : text.starts_with(*candidate.string())) return true;
    }
    return false;
}

/// str.find and its kin: the character position, or -1.
template <bool from_right, bool raises>
Result<Value> find_method_of(Meter& meter, const Value& self, const Bound& arguments) {
    const std::string* needle = TRY(text_at(arguments, 0));
    const std::string& text = *self.string();
    const auto size = static_cast<std::int64_t>(TRY(length(meter, self)));
    const auto position = [&](std::int64_t at) { return std::clamp<std::int64_t>(at < 0 ? at + size : at, 0, size); };
    const std::int64_t first = TRY(arguments.integer(1, 0));
    const std::size_t begin = byte_offset(text, static_cast<std::size_t>(position(first)));
    const std::size_t end = byte_offset(text, static_cast<std::size_t>(position(TRY(arguments.integer(2, size)))));
    TRY_VOID(find_text(meter, text, *needle));
    std::size_t found = std::string_view::npos;
    if (begin <= end && first <= size) {
        const std::string_view part = std::string_view(text).substr(begin, end - begin);
        found = from_right ? part.rfind(*needle) : part.find(*needle);
    }
    if (found != std::string_view::npos) {
        return static_cast<std::int64_t>(character_count(std::string_view(text).substr(0, begin + found)));
    }
    if (raises) return refuse("substring not found");
    return std::int64_t{-1};
}

Result<Value> count_method(Meter& meter, const Value& self, const Bound& arguments) {
    const std::string* needle = TRY(text_at(arguments, 0));
    const std::string& text = *self.string();
    if (needle->empty()) return static_cast<std::int64_t>(TRY(length(meter, self)) + 1);
    TRY_VOID(find_text(meter, text, *needle));
    std::int64_t count = 0;
    for (std::size_t at = 0; (at = text.find(*needle, at)) != std::string::npos; at += needle->size()) ++count;
    return count;
}

Result<Value> replace_method(Meter& meter, const Value& self, const Bound& arguments) {
    const std::string *from = TRY(text_at(arguments, 0)), *to = TRY(text_at(arguments, 1));
    const std::int64_t count = TRY(arguments.integer(2, -1));
    return make_text(meter, TRY(replace_text(meter, *self.string(), *from, *to, count)));
}

Result<Value> join_method(Meter& meter, const Value& self, const Bound& arguments) {
    std::string out;
    bool first = true;
    for (const Value& item : TRY(elements(meter, arguments[0]))) {
        if (item.string() == nullptr) return refuse_value(item, "cannot be joined: expected a string");
        if (!std::exchange(first, false)) out += *self.string();
        out += *item.string();
        TRY_VOID(meter.bytes(self.string()->size() + item.string()->size()));
    }
    return make_text(meter, std::move(out));
}

template <std::string (*change)(std::string_view)>
Result<Value> case_method(Meter& meter, const Value& self, const Bound&) {
    TRY_VOID(meter.step(1 + self.string()->size() / 32));
    return make_text(meter, change(*self.string()));
}

template <bool suffix>
Result<Value> remove_method(Meter& meter, const Value& self, const Bound& arguments) {
    std::string_view text = *self.string();
    const std::string* affix = TRY(text_at(arguments, 0));
    if (suffix ? text.ends_with(*affix) : text.starts_with(*affix)) {
        text = suffix ? text.substr(0, text.size() - affix->size()) : text.substr(affix->size());
    }
    return make_text(meter, std::string(text));
}

Result<Value> splitlines_method(Meter& meter, const Value& self, const Bound& arguments) {
    TRY_VOID(meter.bytes(self.string()->size() * sizeof(std::string_view)));
    return texts(meter, split_lines(*self.string(), arguments.flag(0)), Sequence::Kind::list);
}

template <bool from_right>
Result<Value> partition_method(Meter& meter, const Value& self, const Bound& arguments) {
    const std::string* separator = TRY(text_at(arguments, 0));
    const std::string_view text = *self.string();
    if (separator->empty()) return refuse("empty separator");
    TRY_VOID(find_text(meter, text, *separator));
    const std::size_t at = from_right ? text.rfind(*separator) : text.find(*separator);
    if (at != std::string_view::npos) {
        return texts(meter, {text.substr(0, at), *separator, text.substr(at + separator->size())},
                     Sequence::Kind::tuple);
    }
    if (from_right) return texts(meter, {"", "", text}, Sequence::Kind::tuple);
    return texts(meter, {text, "", ""}, Sequence::Kind::tuple);
}

template <bool (*is)(char32_t)>
Result<Value> every_method(Meter& meter, const Value& self, const Bound&) {
    const std::string& text = *self.string();
    TRY_VOID(meter.step(1 + text.size() / 64));
    for (std::size_t at = 0; at < text.size();) {
        const Character c = character_at(text, at);
        if (!is(c.value)) return false;
        at += c.size;
    }
    return !text.empty();
}

bool is_digit_character(char32_t c) { return c < 0x80 ? c >= '0' && c <= '9' : is_decimal(c); }
bool is_letter(char32_t c) { return has_property(c, kLetter); }
bool is_alphanumeric(char32_t c) { return has_property(c, kLetter) || is_digit_character(c); }

constexpr MethodEntry kTextMethods[] = {
    {"strip", {{"chars"}, 0}, strip_method<true, true>},
    {"lstrip", {{"chars"}, 0}, strip_method<true, false>},
    {"rstrip", {{"chars"}, 0}, strip_method<false, true>},
    {"split", {{"sep", "maxsplit"}, 0}, split_method<false>},
    {"rsplit", {{"sep", "maxsplit"}, 0}, split_method<true>},
    {"splitlines", {{"keepends"}, 0}, splitlines_method},
    {"startswith", {{"prefix", "start", "end"}, 1}, affix_method<false>},
    {"endswith", {{"suffix", "start", "end"}, 1}, affix_method<true>},
    {"upper", {}, case_method<upper_text>},
    {"lower", {}, case_method<lower_text>},
    {"title", {}, case_method<title_text>},
    {"capitalize", {}, case_method<capitalize_text>},
    {"replace", {{"old", "new", "count"}, 2}, replace_method},
    {"find", {{"sub", "start", "end"}, 1}, find_method_of<false, false>},
    {"rfind", {{"sub", "start", "end"}, 1}, find_method_of<true, false>},
    {"index", {{"sub", "start", "end"}, 1}, find_method_of<false, true>},
    {"rindex", {{"sub", "start", "end"}, 1}, find_method_of<true, true>},
    {"count", {{"sub"}, 1}, count_method},
    {"join", {{"iterable"}, 1}, join_method},
    {"removeprefix", {{"prefix"}, 1}, remove_method<false>},
    {"removesuffix", {{"suffix"}, 1}, remove_method<true>},
    {"partition", {{"sep"}, 1}, partition_method<false>},
    {"rpartition", {{"sep"}, 1}, partition_method<true>},
    {"isspace", {}, every_method<is_space>},
    {"isdigit", {}, every_method<is_digit_character>},
    {"isdecimal", {}, every_method<is_digit_character>},
    {"isalpha", {}, every_method<is_letter>},
    {"isalnum", {}, every_method<is_alphanumeric>},
};

/// Python has them and this does not: calling one is refused rather than taken for a missing attribute.
constexpr std::string_view kOtherTextMethods[] = {"casefold",    "center",       "encode",  "expandtabs", "format_map",
                                                  "isascii",     "isidentifier", "islower", "isnumeric",  "isupper",
                                                  "isprintable", "istitle",      "ljust",   "maketrans",  "rjust",
                                                  "swapcase",    "translate",    "zfill"};

Result<Value> get_method(Meter& meter, const Value& self, const Bound& arguments) {
    const Value* found = TRY(self.dict()->find(meter, arguments[0]));
    return found != nullptr ? *found : arguments.or_else(1, Value(None{}));
}

template <Sequence::Kind kind>
Result<Value> view_method(Meter& meter, const Value& self, const Bound&) {
    std::vector<Value> out;
    for (const auto& [key, value] : self.dict()->entries()) {
        if (kind == Sequence::Kind::keys) out.push_back(key);
        if (kind == Sequence::Kind::values) out.push_back(value);
        if (kind == Sequence::Kind::items)
            out.push_back(TRY(make_sequence(meter, Sequence::Kind::tuple, {key, value})));
    }
    return make_sequence(meter, kind, std::move(out));
}

Result<Value> copy_method(Meter&, const Value& self, const Bound&) { return self; } // values never change

constexpr MethodEntry kDictMethods[] = {
    {"get", {{"key", "default"}, 1}, get_method},
    {"keys", {}, view_method<Sequence::Kind::keys>},
    {"values", {}, view_method<Sequence::Kind::values>},
    {"items", {}, view_method<Sequence::Kind::items>},
    {"copy", {}, copy_method},
};

Result<Value> count_items(Meter& meter, const Value& self, const Bound& arguments) {
    std::int64_t count = 0;
    for (const Value& item : self.sequence()->items) count += TRY(equals(meter, item, arguments[0]));
    return count;
}

Result<Value> index_of_item(Meter& meter, const Value& self, const Bound& arguments) {
    const auto& items = self.sequence()->items;
    for (std::size_t i = 0; i < items.size(); ++i) {
        if (TRY(equals(meter, items[i], arguments[0]))) return static_cast<std::int64_t>(i);
    }
    return refuse("the value is not in the list");
}

constexpr MethodEntry kListMethods[] = {
    {"count", {{"value"}, 1}, count_items}, {"index", {{"value"}, 1}, index_of_item}, {"copy", {}, copy_method}};

constexpr std::string_view kUnsafeListMethods[] = {"append", "clear",  "extend",  "insert",
                                                   "pop",    "remove", "reverse", "sort"};
constexpr std::string_view kUnsafeDictMethods[] = {"clear", "pop", "popitem", "setdefault", "update"};

std::span<const MethodEntry> methods_of(const Value& value) {
    if (value.string() != nullptr) return kTextMethods;
    if (value.dict() != nullptr) return kDictMethods;
    if (!value.is_list_or_tuple()) return {};
    return std::span(kListMethods).first(value.sequence()->kind == Sequence::Kind::list ? 3 : 2);
}

const MethodEntry* find_entry(const Value& value, std::string_view name) {
    for (const MethodEntry& entry : methods_of(value)) {
        if (entry.name == name) return &entry;
    }
    return nullptr;
}

bool is_among(std::span<const std::string_view> names, std::string_view name) {
    return std::find(names.begin(), names.end(), name) != names.end();
}

Result<Value> call_loop(Meter& meter, const Loop& loop, const std::string& name, const Arguments& arguments) {
    if (!arguments.named.empty()) return refuse("loop." + name + " takes no keyword arguments");
    const auto& given = arguments.positional;
    if (name == "cycle") {
        if (given.empty()) return refuse("no items for cycling given");
        return given[loop.at % given.size()];
    }
    bool same = loop.changed.size() == given.size() && loop.has_changed_before;
    for (std::size_t i = 0; same && i < given.size(); ++i) same = TRY(equals(meter, loop.changed[i], given[i]));
    loop.changed = given;
    loop.has_changed_before = true;
    return !same;
}

} // namespace

MethodAccess find_method(const Value& value, std::string_view name) {
    using enum MethodAccess;
    if (find_entry(value, name) != nullptr) return allowed;
    if (value.string() != nullptr) return name == "format" || is_among(kOtherTextMethods, name) ? allowed : absent;
    if (value.dict() != nullptr) return is_among(kUnsafeDictMethods, name) ? unsafe : absent;
    if (value.is<std::shared_ptr<const Loop>>()) return name == "cycle" || name == "changed" ? allowed : absent;
    const bool is_list = value.is_list_or_tuple() && value.sequence()->kind == Sequence::Kind::list;
    return is_list && is_among(kUnsafeListMethods, name) ? unsafe : absent;
}

Result<Value> call_method(Meter& meter, const Method& method, const Arguments& arguments) {
    if (const auto* loop = method.self.get<std::shared_ptr<const Loop>>()) {
        return call_loop(meter, **loop, method.name, arguments);
    }
    if (const MethodEntry* entry = find_entry(method.self, method.name)) {
        return entry->call(meter, method.self, TRY(bind(entry->signature, arguments, method.name)));
    }
    if (method.name == "format") return format_braces(meter, *method.self.string(), arguments);
    return fail(ErrorCode::unsupported, "chat template: the string method '" + method.name + "'");
}

} // namespace assay::tokenizer::jinja
