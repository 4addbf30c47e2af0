// Filters on lists, dicts and generators (jinja_filters.h).
#include "tokenizer/jinja_access.h"
#include "tokenizer/jinja_filters.h"
#include "tokenizer/jinja_text.h"

#include <algorithm>

namespace assay::tokenizer::jinja {
namespace {

using Values = std::vector<Value>;

Result<Value> generator(Meter& meter, Values items) {
    return make_sequence(meter, Sequence::Kind::generator, std::move(items));
}

/// The part of an element that a filter looks at: itself, or what the attribute leads to; text in lower case.
Result<Value> key_of(Meter& meter, const Value& item, const Value& path, bool case_sensitive) {
    Value key = path.is<None>() ? item : TRY(get_path(meter, item, path, Value()));
    if (case_sensitive || key.string() == nullptr) return key;
    return make_text(meter, lower_text(*key.string()));
}

struct Keyed {
    Value key, item;
};

Result<std::vector<Keyed>> keyed(Meter& meter, const Values& items, const Value& path, bool case_sensitive) {
    std::vector<Keyed> out;
    for (const Value& item : items) out.push_back({TRY(key_of(meter, item, path, case_sensitive)), item});
    return out;
}

/// Stable; `reverse` keeps equal ones in their order, as Python does.
Result<void> sort_keyed(Meter& meter, std::vector<Keyed>& items, bool reverse) {
    // A merge sort of its own: std::stable_sort may not be given an order that stops being one after an error.
    std::vector<Keyed> merged(items.size());
    for (std::size_t width = 1; width < items.size(); width *= 2) {
        for (std::size_t begin = 0; begin < items.size(); begin += 2 * width) {
            const std::size_t middle = std::min(begin + width, items.size()),
                              end = std::min(begin + 2 * width, items.size());
            std::size_t a = begin, b = middle;
            for (std::size_t to = begin; to < end; ++to) {
                bool take_b = a == middle;
                if (a < middle && b < end) {
                    const Value &first = items[b].key, &second = items[a].key;
                    take_b = TRY(reverse ? compare(meter, second, first) : compare(meter, first, second)) == -1;
                }
                merged[to] = std::move(items[take_b ? b++ : a++]);
            }
        }
        items.swap(merged);
    }
    return {};
}

Result<Value> sort(Meter& meter, const Value& value, const Bound& arguments) {
    const Values items = TRY(elements(meter, value));
    const Value attribute = arguments.or_else(2, None{});
    std::vector<Keyed> sorted;
    const std::string comma = ",";
    for (const Value& item : items) {
        if (attribute.string() == nullptr || attribute.string()->find(',') == std::string::npos) {
            sorted.push_back({TRY(key_of(meter, item, attribute, arguments.flag(1))), item});
            continue;
        }
        Values keys;
        for (const std::string_view path : TRY(split_text(meter, *attribute.string(), &comma, -1))) {
            keys.push_back(TRY(key_of(meter, item, Value::text(std::string(path)), arguments.flag(1))));
        }
        sorted.push_back({TRY(make_sequence(meter, Sequence::Kind::list, std::move(keys))), item});
    }
    TRY_VOID(sort_keyed(meter, sorted, arguments.flag(0)));
    Values out;
    for (Keyed& entry : sorted) out.push_back(std::move(entry.item));
    return make_sequence(meter, Sequence::Kind::list, std::move(out));
}

Result<Value> dict_items(Meter& meter, const Dict& dict, Sequence::Kind kind) {
    Values out;
    for (const auto& [key, value] : dict.entries()) {
        out.push_back(TRY(make_sequence(meter, Sequence::Kind::tuple, {key, value})));
    }
    return make_sequence(meter, kind, std::move(out));
}

Result<Value> dict_sort(Meter& meter, const Value& value, const Bound& arguments) {
    const Value by = arguments.or_else(1, Value::text("key"));
    if (by.string() == nullptr || (*by.string() != "key" && *by.string() != "value")) {
        return refuse("dictsort: sorts by 'key' or 'value'");
    }
    if (value.dict() == nullptr) return refuse_value(value, "has no items to sort");
    const Value pairs = TRY(dict_items(meter, *value.dict(), Sequence::Kind::list));
    const Value position = *by.string() == "key" ? std::int64_t{0} : std::int64_t{1};
    std::vector<Keyed> sorted = TRY(keyed(meter, pairs.sequence()->items, position, arguments.flag(0)));
    TRY_VOID(sort_keyed(meter, sorted, arguments.flag(2)));
    Values out;
    for (Keyed& entry : sorted) out.push_back(std::move(entry.item));
    return make_sequence(meter, Sequence::Kind::list, std::move(out));
}

Result<Value> items(Meter& meter, const Value& value, const Bound&) {
    if (value.is<Undefined>()) return generator(meter, {});
    if (value.dict() == nullptr) return refuse("can only get item pairs from a mapping");
    return dict_items(meter, *value.dict(), Sequence::Kind::generator);
}

Result<Value> count(Meter& meter, const Value& value, const Bound&) {
    return static_cast<std::int64_t>(TRY(length(meter, value)));
}

Result<Value> list(Meter& meter, const Value& value, const Bound&) {
    return make_sequence(meter, Sequence::Kind::list, TRY(elements(meter, value)));
}

Result<Value> first(Meter& meter, const Value& value, const Bound&) {
    const Sequence* sequence = value.sequence();
    if (sequence != nullptr && sequence->read < sequence->items.size()) {
        return sequence->items[value.is_generator() ? sequence->read++ : 0];
    }
    Values all = TRY(elements(meter, value));
    return all.empty() ? Value::undefined("No first item, sequence was empty.") : std::move(all.front());
}

Result<Value> last(Meter& meter, const Value& value, const Bound&) {
    if (value.is_generator()) return refuse_value(value, "is not reversible");
    Values all = TRY(elements(meter, value));
    return all.empty() ? Value::undefined("No last item, sequence was empty.") : std::move(all.back());
}

Result<Value> reverse(Meter& meter, const Value& value, const Bound&) {
    if (value.string() != nullptr) return slice(meter, value, None{}, None{}, std::int64_t{-1});
    Values all = TRY(elements(meter, value));
    std::reverse(all.begin(), all.end());
    return make_sequence(meter, value.is_generator() ? Sequence::Kind::list : Sequence::Kind::generator,
                         std::move(all));
}

Result<Value> join(Meter& meter, const Value& value, const Bound& arguments) {
    const std::string between = arguments.has(0) ? TRY(to_text(meter, arguments[0])) : std::string();
    std::string out;
    bool begins = true;
    for (const Value& item : TRY(elements(meter, value))) {
        if (!std::exchange(begins, false)) out += between;
        const bool has_path = arguments.has(1) && !arguments[1].is<None>();
        const Value part = has_path ? TRY(get_path(meter, item, arguments[1], Value())) : item;
        out += TRY(to_text(meter, part));
        TRY_VOID(meter.bytes(between.size()));
    }
    return make_text(meter, std::move(out));
}

Result<Value> unique(Meter& meter, const Value& value, const Bound& arguments) {
    Dict seen;
    Values out;
    for (const Value& item : TRY(elements(meter, value))) {
        Value key = TRY(key_of(meter, item, arguments.or_else(1, None{}), arguments.flag(0)));
        if (TRY(seen.find(meter, key)) != nullptr) continue;
        TRY_VOID(seen.set(meter, std::move(key), Value()));
        out.push_back(item);
    }
    return generator(meter, std::move(out));
}

template <int order>
Result<Value> extreme(Meter& meter, const Value& value, const Bound& arguments) {
    const Values items = TRY(elements(meter, value));
    std::vector<Keyed> all = TRY(keyed(meter, items, arguments.or_else(1, None{}), arguments.flag(0)));
    if (all.empty()) return Value::undefined("No aggregated item, sequence was empty.");
    std::size_t best = 0;
    for (std::size_t i = 1; i < all.size(); ++i) {
        if (TRY(compare(meter, all[i].key, all[best].key)) == order) best = i;
    }
    return std::move(all[best].item);
}

Result<Value> sum(Meter& meter, const Value& value, const Bound& arguments) {
    Value total = arguments.or_else(1, std::int64_t{0});
    if (total.string() != nullptr) return refuse("sum() can't sum strings");
    for (const Value& item : TRY(elements(meter, value))) {
        const bool has_path = arguments.has(0) && !arguments[0].is<None>();
        const Value part = has_path ? TRY(get_path(meter, item, arguments[0], Value())) : item;
        total = TRY(calculate(meter, Operator::add, total, part));
    }
    return total;
}

Result<Value> batch(Meter& meter, const Value& value, const Bound& arguments) {
    const std::int64_t size = TRY(arguments.integer(0, 0));
    Values out, row;
    for (Value& item : TRY(elements(meter, value))) {
        if (static_cast<std::int64_t>(row.size()) == size) {
            out.push_back(TRY(make_sequence(meter, Sequence::Kind::list, std::exchange(row, {}))));
        }
        row.push_back(std::move(item));
    }
    if (!row.empty()) {
        if (arguments.has(1) && !arguments[1].is<None>() && size > static_cast<std::int64_t>(row.size())) {
            TRY_VOID(meter.bytes(static_cast<std::uint64_t>(size) * sizeof(Value)));
            row.resize(static_cast<std::size_t>(size), arguments[1]);
        }
        out.push_back(TRY(make_sequence(meter, Sequence::Kind::list, std::move(row))));
    }
    return generator(meter, std::move(out));
}

Result<Value> group_by(Meter& meter, const Value& value, const Bound& arguments) {
    const bool case_sensitive = arguments.flag(2);
    const Value otherwise = arguments.has(1) && !arguments[1].is<None>() ? arguments[1] : Value();
    std::vector<Keyed> sorted;
    for (const Value& item : TRY(elements(meter, value))) {
        Value key = TRY(get_path(meter, item, arguments[0], otherwise));
        if (!case_sensitive && key.string() != nullptr) key = TRY(make_text(meter, lower_text(*key.string())));
        sorted.push_back({std::move(key), item});
    }
    TRY_VOID(sort_keyed(meter, sorted, false));
    Values out;
    for (std::size_t at = 0; at < sorted.size();) {
        Values members;
        const Value shown = TRY(get_path(meter, sorted[at].item, arguments[0], otherwise));
        std::size_t end = at;
        while (end < sorted.size() && TRY(equals(meter, sorted[end].key, sorted[at].key)))
            members.push_back(sorted[end++].item);
        at = end;
        Value list = TRY(make_sequence(meter, Sequence::Kind::list, std::move(members)));
        out.push_back(TRY(make_sequence(meter, Sequence::Kind::tuple, {shown, std::move(list)})));
    }
    return make_sequence(meter, Sequence::Kind::list, std::move(out));
}

Result<std::string> name_in(const Arguments& arguments, std::size_t i) {
    const std::string* name = arguments.positional[i].string();
    if (name == nullptr) return refuse_value(arguments.positional[i], "is no name of a filter or test");
    return *name;
}

/// The arguments after the first `count`.
Arguments after(const Arguments& arguments, std::size_t count) {
    Arguments out = arguments;
    out.positional.erase(out.positional.begin(), out.positional.begin() + static_cast<std::ptrdiff_t>(count));
    return out;
}

Result<Value> map_attribute(Meter& meter, const Value& value, const Arguments& arguments) {
    const Bound bound = TRY(bind({{"attribute", "default"}, 1}, arguments, "map"));
    const Value otherwise = bound.has(1) && !bound[1].is<None>() ? bound[1] : Value();
    Values out;
    for (const Value& item : TRY(elements(meter, value)))
        out.push_back(TRY(get_path(meter, item, bound[0], otherwise)));
    return generator(meter, std::move(out));
}

Result<Value> map(Meter& meter, const Value& value, const Arguments& arguments) {
    if (!truth(value)) return generator(meter, {});
    if (arguments.positional.empty()) return map_attribute(meter, value, arguments);
    const std::string name = TRY(name_in(arguments, 0));
    const Filter* filter = find_filter(name);
    if (filter == nullptr) return refuse("no filter named '" + name + "'");
    const Arguments rest = after(arguments, 1);
    Values out;
    for (const Value& item : TRY(elements(meter, value))) out.push_back(TRY(apply(*filter, meter, item, rest)));
    return generator(meter, std::move(out));
}

template <bool by_attribute, bool wanted>
Result<Value> select(Meter& meter, const Value& value, const Arguments& arguments) {
    if (!truth(value)) return generator(meter, {});
    constexpr std::size_t kOffset = by_attribute ? 1 : 0;
    if (arguments.positional.size() < kOffset) return refuse("missing parameter for attribute name");
    const Test* test = nullptr;
    Arguments rest;
    if (arguments.positional.size() > kOffset) {
        const std::string name = TRY(name_in(arguments, kOffset));
        test = find_test(name);
        if (test == nullptr) return refuse("no test named '" + name + "'");
        rest = after(arguments, kOffset + 1);
    }
    Values out;
    for (const Value& item : TRY(elements(meter, value))) {
        const Value subject = by_attribute ? TRY(get_path(meter, item, arguments.positional[0], Value())) : item;
        const bool holds = test != nullptr ? TRY(apply(*test, meter, subject, rest)) : truth(subject);
        if (holds == wanted) out.push_back(item);
    }
    return generator(meter, std::move(out));
}

constexpr Filter kFilters[] = {
    {"length", {}, count},
    {"count", {}, count},
    {"list", {}, list},
    {"first", {}, first},
    {"last", {}, last},
    {"reverse", {}, reverse},
    {"join", {{"d", "attribute"}, 0}, join},
    {"items", {}, items},
    {"dictsort", {{"case_sensitive", "by", "reverse"}, 0}, dict_sort},
    {"sort", {{"reverse", "case_sensitive", "attribute"}, 0}, sort},
    {"unique", {{"case_sensitive", "attribute"}, 0}, unique},
    {"min", {{"case_sensitive", "attribute"}, 0}, extreme<-1>},
    {"max", {{"case_sensitive", "attribute"}, 0}, extreme<1>},
    {"sum", {{"attribute", "start"}, 0}, sum},
    {"batch", {{"linecount", "fill_with"}, 1}, batch},
    {"groupby", {{"attribute", "default", "case_sensitive"}, 1}, group_by},
    {"map", {}, nullptr, map},
    {"select", {}, nullptr, select<false, true>},
    {"reject", {}, nullptr, select<false, false>},
    {"selectattr", {}, nullptr, select<true, true>},
    {"rejectattr", {}, nullptr, select<true, false>},
};

} // namespace

std::span<const Filter> sequence_filters() { return kFilters; }

} // namespace assay::tokenizer::jinja
