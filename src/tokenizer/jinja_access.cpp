#include "tokenizer/jinja_access.h"

#include "tokenizer/jinja_eval.h"
#include "tokenizer/jinja_text.h"
#include "tokenizer/unicode.h"

#include <algorithm>
#include <optional>

namespace assay::tokenizer::jinja {
namespace {

std::string object_name(const Value& value) {
    return value.is<None>() ? "None" : std::string(type_name(value)) + " object";
}

Value missing_attribute(const Value& value, const std::string& name) {
    return Value::undefined("'" + object_name(value) + "' has no attribute '" + name + "'");
}

Value unsafe_attribute(const Value& value, const std::string& name) {
    return Value::undefined("access to attribute '" + name + "' of '" + std::string(type_name(value)) +
                            "' object is unsafe.");
}

std::optional<Value> loop_attribute(const Loop& loop, std::string_view name) {
    const auto number = [](std::size_t n) { return Value(static_cast<std::int64_t>(n)); };
    const std::size_t size = loop.items.size();
    if (name == "index") return number(loop.at + 1);
    if (name == "index0") return number(loop.at);
    if (name == "revindex") return number(size - loop.at);
    if (name == "revindex0") return number(size - loop.at - 1);
    if (name == "first") return Value(loop.at == 0);
    if (name == "last") return Value(loop.at + 1 == size);
    if (name == "length") return number(size);
    if (name == "depth") return Value(std::int64_t{1}); // counts the levels of a recursive loop only
    if (name == "depth0") return Value(std::int64_t{0});
    if (name == "previtem")
        return loop.at > 0 ? loop.items[loop.at - 1] : Value::undefined("there is no previous item");
    if (name == "nextitem")
        return loop.at + 1 < size ? loop.items[loop.at + 1] : Value::undefined("there is no next item");
    return std::nullopt;
}

/// What Python's getattr finds; nothing when there is no such attribute.
Result<std::optional<Value>> own_attribute(Meter& meter, const Value& value, const std::string& name) {
    if (value.is<Undefined>()) return refuse_value(value, "");
    if (const auto* space = value.get<Namespace*>()) {
        const Value* found = (*space)->attributes.find(name);
        return found != nullptr ? std::optional(*found) : std::nullopt;
    }
    if (name.size() > 4 && name.starts_with("__") && name.ends_with("__")) return unsafe_attribute(value, name);
    if (const auto* loop = value.get<std::shared_ptr<const Loop>>()) {
        if (auto found = loop_attribute(**loop, name)) return found;
    }
    if (const auto* macro = value.get<const Macro*>(); macro != nullptr && name == "name")
        return Value::text((*macro)->name);
    switch (find_method(value, name)) {
        case MethodAccess::absent: return std::nullopt;
        case MethodAccess::unsafe: return unsafe_attribute(value, name);
        case MethodAccess::allowed: break;
    }
    TRY_VOID(meter.bytes(sizeof(Method) + name.size()));
    return Value(std::make_shared<const Method>(Method{value, name}));
}

/// The element that Python's `value[key]` finds; nothing where it raises.
Result<std::optional<Value>> own_item(Meter& meter, const Value& value, const Value& key) {
    if (const Dict* dict = value.dict()) {
        const auto found = dict->find(meter, key);
        if (!found && found.error().code != ErrorCode::invalid_argument) return std::unexpected(found.error());
        return found && *found != nullptr ? std::optional(**found) : std::nullopt;
    }
    if (!key.is_integral()) return std::nullopt;
    std::int64_t at = key.integral();
    if (const std::string* text = value.string()) {
        const auto size = static_cast<std::int64_t>(TRY(length(meter, value)));
        if (at < 0) at += size;
        if (at < 0 || at >= size) return std::nullopt;
        const std::size_t offset = byte_offset(*text, static_cast<std::size_t>(at));
        return TRY(make_text(meter, text->substr(offset, character_at(*text, offset).size)));
    }
    const Sequence* sequence = value.sequence();
    if (sequence == nullptr || sequence->kind > Sequence::Kind::range) return std::nullopt;
    const auto size = static_cast<std::int64_t>(sequence->items.size());
    if (at < 0) at += size;
    if (at < 0 || at >= size) return std::nullopt;
    return sequence->items[static_cast<std::size_t>(at)];
}

struct Bounds {
    std::int64_t begin, end, step;
};

Result<std::optional<std::int64_t>> bound(const Value& value) {
    if (value.is<None>()) return std::nullopt;
    if (!value.is_integral()) return refuse("slice indices must be integers or None");
    return value.integral();
}

/// Python's slice.indices.
Result<Bounds> slice_bounds(std::int64_t size, const Value& begin, const Value& end, const Value& step) {
    Bounds out{0, size, TRY(bound(step)).value_or(1)};
    if (out.step == 0) return refuse("slice step cannot be zero");
    const bool back = out.step < 0;
    const auto clamp = [&](std::int64_t at) {
        if (at < 0) at = at < -size ? -1 - size : at;
        if (at < 0) at += size;
        return std::clamp<std::int64_t>(at, back ? -1 : 0, back ? size - 1 : size);
    };
    const auto first = TRY(bound(begin)), last = TRY(bound(end));
    out.begin = first ? clamp(*first) : back ? size - 1 : 0;
    out.end = last ? clamp(*last) : back ? -1 : size;
    return out;
}

/// Calls `take(index)` for each position of the slice.
template <class Take>
void for_slice(const Bounds& bounds, std::int64_t size, Take take) {
    const std::int64_t step = std::clamp(bounds.step, -size - 1, size + 1); // a longer step takes one element as well
    for (std::int64_t i = bounds.begin; step > 0 ? i < bounds.end : i > bounds.end; i += step) {
        take(static_cast<std::size_t>(i));
    }
}

} // namespace

Result<Value> get_attribute(Meter& meter, const Value& value, const std::string& name) {
    if (auto found = TRY(own_attribute(meter, value, name))) return std::move(*found);
    if (auto found = TRY(own_item(meter, value, Value::text(name)))) return std::move(*found);
    return missing_attribute(value, name);
}

Result<Value> get_item(Meter& meter, const Value& value, const Value& key) {
    if (value.is<Undefined>()) return refuse_value(value, "");
    if (auto found = TRY(own_item(meter, value, key))) return std::move(*found);
    if (const std::string* name = key.string()) {
        if (auto found = TRY(own_attribute(meter, value, *name))) return std::move(*found);
        return missing_attribute(value, *name);
    }
    std::string shown;
    TRY_VOID(append_repr(meter, key, shown));
    return Value::undefined(object_name(value) + " has no element " + shown);
}

Result<Value> get_path(Meter& meter, const Value& value, const Value& path, const Value& otherwise) {
    if (path.string() == nullptr) return get_item(meter, value, path);
    Value at = value;
    const std::string dot = ".";
    for (const std::string_view part : TRY(split_text(meter, *path.string(), &dot, -1))) {
        std::int64_t index = 0;
        const bool is_index = !part.empty() && part.find_first_not_of("0123456789") == std::string_view::npos &&
                              parse_integer(part, 10, index);
        at = TRY(get_item(meter, at, is_index ? Value(index) : Value::text(std::string(part))));
        if (at.is<Undefined>() && !otherwise.is<Undefined>()) at = otherwise;
    }
    return at;
}

Result<Value> slice(Meter& meter, const Value& value, const Value& begin, const Value& end, const Value& step) {
    if (const std::string* text = value.string()) {
        const auto size = static_cast<std::int64_t>(TRY(length(meter, value)));
        const Bounds bounds = TRY(slice_bounds(size, begin, end, step));
        if (bounds.step == 1) {
            const std::size_t from = byte_offset(*text, static_cast<std::size_t>(bounds.begin));
            const std::int64_t count = std::max<std::int64_t>(bounds.end - bounds.begin, 0);
            const std::string_view rest = std::string_view(*text).substr(from);
            return make_text(meter, std::string(rest.substr(0, byte_offset(rest, static_cast<std::size_t>(count)))));
        }
        const std::vector<Value> characters = TRY(elements(meter, value));
        std::string out;
        for_slice(bounds, size, [&](std::size_t i) { out += *characters[i].string(); });
        return make_text(meter, std::move(out));
    }
    const Sequence* sequence = value.sequence();
    if (sequence == nullptr || sequence->kind > Sequence::Kind::range) return refuse_value(value, "cannot be sliced");
    const auto size = static_cast<std::int64_t>(sequence->items.size());
    std::vector<Value> out;
    for_slice(TRY(slice_bounds(size, begin, end, step)), size,
              [&](std::size_t i) { out.push_back(sequence->items[i]); });
    return make_sequence(meter, sequence->kind, std::move(out));
}

} // namespace assay::tokenizer::jinja
