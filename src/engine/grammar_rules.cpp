#include "engine/grammar_rules.h"

#include "engine/grammar_numbers.h"

#include <algorithm>
#include <cmath>

namespace assay::engine::grammar {
namespace {

constexpr std::size_t kIndentMax = 32;
constexpr std::int64_t kIntegerOpen = 999'999'999'999'999'999; ///< magnitude of integers without bounds
constexpr std::size_t kNumberDigits = 20, kFractionDigits = 24;
constexpr std::uint64_t kExponentMax = 279, kExponentDown = 330; ///< so that every number is a finite double

Shape unconstrained() {
    Shape shape;
    shape.additional.emplace();
    return shape;
}

std::string key_of(const std::optional<Bound>& bound) {
    if (!bound) return "-";
    return bound->value.dump() + (bound->is_exclusive ? "!" : "");
}

/// Least integer not below (direction 1), greatest not above (-1). Nothing when no 64-bit integer is.
std::optional<std::int64_t> integer_bound(const Bound& bound, int direction) {
    if (bound.value.is_number_unsigned() && bound.value.get<std::uint64_t>() > INT64_MAX) {
        return direction > 0 ? std::nullopt : std::optional(INT64_MAX);
    }
    std::int64_t value;
    bool is_exact = true;
    if (bound.value.is_number_integer()) {
        value = bound.value.get<std::int64_t>();
    } else {
        const double real = bound.value.get<double>();
        const double rounded = direction > 0 ? std::ceil(real) : std::floor(real);
        if (rounded >= 0x1p63) return direction > 0 ? std::nullopt : std::optional(INT64_MAX);
        if (rounded < -0x1p63) return direction < 0 ? std::nullopt : std::optional(INT64_MIN);
        value = static_cast<std::int64_t>(rounded);
        is_exact = rounded == real;
    }
    if (!bound.is_exclusive || !is_exact) return value;
    if (value == (direction > 0 ? INT64_MAX : INT64_MIN)) return std::nullopt;
    return value + direction;
}

} // namespace

RuleBuilder::RuleBuilder() { rules_.push_back({nfa_.add(), nfa_.add()}); }

Result<Machine> RuleBuilder::from_schema(SchemaReader& reader, const std::bitset<256>& usable) {
    reader_ = &reader;
    call_each(rules_[0].start, TRY(rules_for(reader.root())), rules_[0].accept);
    TRY_VOID(fill_all());
    return Machine::build(nfa_, rules_, usable);
}

Result<Machine> RuleBuilder::any_object(const std::bitset<256>& usable) {
    nfa_.call(rules_[0].start, TRY(object_rule(unconstrained())), rules_[0].accept);
    TRY_VOID(fill_all());
    return Machine::build(nfa_, rules_, usable);
}

Result<Machine> RuleBuilder::choice(std::span<const std::string> choices, const std::bitset<256>& usable) {
    for (const auto& text : choices) {
        if (!text.empty()) nfa_.text(rules_[0].start, text, rules_[0].accept);
    }
    return Machine::build(nfa_, rules_, usable);
}

Result<RuleId> RuleBuilder::rule_for(const std::string& key, std::function<Result<void>(Rule)> fill) {
    const auto [found, added] = known_.try_emplace(key, static_cast<RuleId>(rules_.size()));
    if (!added) return found->second;
    rules_.push_back({nfa_.add(), nfa_.add()});
    open_.push_back([fill = std::move(fill), rule = rules_.back()] { return fill(rule); });
    return found->second;
}

Result<void> RuleBuilder::fill_all() {
    for (; !open_.empty(); open_.pop_front()) {
        TRY_VOID(open_.front()());
        if (nfa_.overflowed()) break; // Machine::build says so
    }
    return {};
}

void RuleBuilder::call_each(StateId from, const Rules& rules, StateId to) {
    for (const RuleId rule : rules) nfa_.call(from, rule, to);
}

std::string RuleBuilder::place_key(const AllOf& schemas) {
    return std::to_string(places_.try_emplace(schemas, places_.size()).first->second);
}

Result<RuleBuilder::Rules> RuleBuilder::rules_for(const AllOf& schemas) {
    if (schemas.empty()) return any_value();
    Rules rules;
    for (const Shape& shape : TRY(reader_->shapes(schemas))) TRY_VOID(add_rules_for(shape, rules));
    return rules;
}

Result<RuleBuilder::Rules> RuleBuilder::any_value() {
    Rules rules;
    TRY_VOID(add_rules_for(unconstrained(), rules));
    return rules;
}

Result<void> RuleBuilder::add_rules_for(const Shape& shape, Rules& rules) {
    const auto add = [&](RuleId rule) {
        if (std::ranges::find(rules, rule) == rules.end()) rules.push_back(rule);
    };
    if (shape.values) {
        for (const Json& value : *shape.values) add(TRY(literal_rule(value)));
        return {};
    }
    if ((shape.types & kNull) != 0) add(TRY(literal_rule(nullptr)));
    if ((shape.types & kBoolean) != 0) {
        add(TRY(literal_rule(false)));
        add(TRY(literal_rule(true)));
    }
    if ((shape.types & kNumber) != 0) add(TRY(number_rule(shape)));
    if ((shape.types & kString) != 0) add(TRY(string_rule(shape)));
    if ((shape.types & kArray) != 0) add(TRY(array_rule(shape)));
    if ((shape.types & kObject) != 0) add(TRY(object_rule(shape)));
    return {};
}

Result<RuleId> RuleBuilder::literal_rule(const Json& value) {
    return rule_for("literal " + value.dump(), [this, value](Rule rule) -> Result<void> {
        nfa_.empty(literal(rule.start, value), rule.accept);
        return {};
    });
}

Result<RuleId> RuleBuilder::string_rule(const Shape& shape) {
    std::string key = "string " + std::to_string(shape.length_min) + " " +
                      (shape.length_max ? std::to_string(*shape.length_max) : "-");
    for (const auto& pattern : shape.patterns) key += " " + Json(pattern).dump();
    return rule_for(key, [this, shape](Rule rule) { return fill_string(shape, rule); });
}

Result<RuleId> RuleBuilder::number_rule(const Shape& shape) {
    const bool is_integer = (shape.types & kFraction) == 0;
    if (!is_integer && (shape.minimum || shape.maximum)) {
        return rule_for("number " + key_of(shape.minimum) + " " + key_of(shape.maximum), [this, shape](Rule rule) {
            return add_numbers_between(nfa_, rule.start, shape.minimum, shape.maximum, rule.accept);
        });
    }
    if (!is_integer) {
        return rule_for("number", [this](Rule rule) -> Result<void> {
            fill_number(rule);
            return {};
        });
    }
    return rule_for(
        "integer " + key_of(shape.minimum) + " " + key_of(shape.maximum), [this, shape](Rule rule) -> Result<void> {
            const auto low = shape.minimum ? integer_bound(*shape.minimum, 1) : std::optional(-kIntegerOpen);
            const auto high = shape.maximum ? integer_bound(*shape.maximum, -1) : std::optional(kIntegerOpen);
            if (!low || !high) return {};
            const bool is_open_above = !shape.maximum && *low > *high, is_open_below = !shape.minimum && *high < *low;
            fill_integers(is_open_below ? INT64_MIN : *low, is_open_above ? INT64_MAX : *high, rule);
            return {};
        });
}

Result<RuleId> RuleBuilder::array_rule(const Shape& shape) {
    std::string key =
        "array " + std::to_string(shape.items_min) + " " + (shape.items_max ? std::to_string(*shape.items_max) : "-");
    for (const AllOf& schemas : shape.prefix) key += " " + place_key(schemas);
    key += " and " + place_key(shape.items);
    return rule_for(key, [this, shape](Rule rule) { return fill_array(shape, rule); });
}

Result<RuleId> RuleBuilder::object_rule(const Shape& shape) {
    std::string key = "object";
    for (const Property& property : shape.properties) {
        key += " " + Json(property.name).dump() + (property.is_required ? "!" : "?") + place_key(property.schemas);
    }
    key += " and " + place_key(*shape.additional);
    return rule_for(key, [this, shape](Rule rule) { return fill_object(shape, rule); });
}

StateId RuleBuilder::byte(StateId from, char c) {
    const StateId to = nfa_.add();
    byte(from, c, to);
    return to;
}

void RuleBuilder::byte(StateId from, char c, StateId to) {
    nfa_.bytes(from, static_cast<std::uint8_t>(c), static_cast<std::uint8_t>(c), to);
}

/// Nothing, one blank, or a line feed and an indent: enough for every usual layout, and never without end.
StateId RuleBuilder::space(StateId from) {
    const StateId end = nfa_.add();
    nfa_.empty(from, end);
    byte(from, ' ', end);
    StateId at = byte(from, '\n');
    nfa_.empty(at, end);
    for (std::size_t i = 0; i < kIndentMax; ++i) {
        const StateId next = nfa_.add();
        byte(at, ' ', next);
        byte(at, '\t', next);
        nfa_.empty(next, end);
        at = next;
    }
    return end;
}

StateId RuleBuilder::quoted(StateId from, std::string_view text) {
    StateId at = byte(from, '"');
    for (const char32_t c : characters_of(text)) {
        const StateId next = nfa_.add();
        add_json_character(nfa_, at, {{c, c}}, Escapes::needed, next);
        at = next;
    }
    return byte(at, '"');
}

StateId RuleBuilder::scalar(StateId from, const Json& value) {
    const StateId end = nfa_.text(from, value.dump());
    const bool is_whole =
        value.is_number_float() && type_of(value) == kInteger && std::abs(value.get<double>()) < 0x1p53;
    if (is_whole) nfa_.text(from, std::to_string(value.get<std::int64_t>()), end);
    return end;
}

StateId RuleBuilder::literal(StateId from, const Json& value) {
    if (value.is_string()) return quoted(from, value.get_ref<const std::string&>());
    if (!value.is_structured()) return scalar(from, value);
    StateId at = space(byte(from, value.is_object() ? '{' : '['));
    bool is_first = true;
    for (const auto& [name, child] : value.items()) {
        if (!is_first) at = space(byte(at, ','));
        if (value.is_object()) at = space(byte(quoted(at, name), ':'));
        at = literal(at, child);
        is_first = false;
    }
    if (!is_first) at = space(at);
    return byte(at, value.is_object() ? '}' : ']');
}

StateId RuleBuilder::digits(StateId from, std::size_t most) {
    const StateId end = nfa_.add();
    for (std::size_t i = 0; i < most; ++i) {
        const StateId next = nfa_.add();
        nfa_.bytes(from, '0', '9', next);
        nfa_.empty(next, end);
        from = next;
    }
    return end;
}

void RuleBuilder::fill_number(Rule rule) {
    const StateId sign = nfa_.add(), whole = nfa_.add(), mantissa = nfa_.add();
    nfa_.empty(rule.start, sign);
    byte(rule.start, '-', sign);
    byte(sign, '0', whole);
    const StateId first = nfa_.add();
    nfa_.bytes(sign, '1', '9', first);
    nfa_.empty(first, whole);
    nfa_.empty(digits(first, kNumberDigits - 1), whole);
    nfa_.empty(whole, mantissa);
    nfa_.empty(digits(byte(whole, '.'), kFractionDigits), mantissa);
    nfa_.empty(mantissa, rule.accept);

    const StateId mark = nfa_.add(), up = nfa_.add(), down = nfa_.add(), up_digits = nfa_.add(),
                  down_digits = nfa_.add();
    byte(mantissa, 'e', mark);
    byte(mantissa, 'E', mark);
    nfa_.empty(mark, up);
    byte(mark, '+', up);
    byte(mark, '-', down);
    for (const auto& [from, to] : {std::pair{up, up_digits}, {down, down_digits}}) {
        nfa_.empty(from, to);
        byte(from, '0', to); // writers pad to two digits
    }
    add_decimal_range(nfa_, up_digits, 0, kExponentMax, rule.accept);
    add_decimal_range(nfa_, down_digits, 0, kExponentDown, rule.accept);
}

void RuleBuilder::fill_integers(std::int64_t low, std::int64_t high, Rule rule) {
    if (low > high) return;
    const auto magnitude = [](std::int64_t value) {
        return value < 0 ? ~static_cast<std::uint64_t>(value) + 1 : static_cast<std::uint64_t>(value);
    };
    if (low < 0) {
        const std::uint64_t least = high < 0 ? magnitude(high) : 1;
        add_decimal_range(nfa_, byte(rule.start, '-'), least, magnitude(low), rule.accept);
    }
    if (high >= 0)
        add_decimal_range(nfa_, rule.start, static_cast<std::uint64_t>(std::max<std::int64_t>(low, 0)), magnitude(high),
                          rule.accept);
}

Result<void> RuleBuilder::fill_string(const Shape& shape, Rule rule) {
    StringLanguage language = any_string();
    const std::size_t limit = StringLanguage::kStatesMax;
    if (shape.length_min > limit || shape.length_max.value_or(0) > limit) {
        return fail(ErrorCode::resource_exhausted,
                    "schema: strings longer than " + std::to_string(limit) + " characters cannot be counted");
    }
    if (shape.length_max) {
        if (*shape.length_max < shape.length_min) return {};
        language = strings_of_length(shape.length_min, *shape.length_max);
    } else if (shape.length_min > 0) {
        language = strings_of_length_at_least(shape.length_min);
    }
    for (const auto& pattern : shape.patterns) {
        auto matching = strings_matching(pattern);
        if (!matching) return fail_in("schema: 'pattern' " + Json(pattern).dump(), std::move(matching.error()));
        language = TRY(both(language, *matching));
    }
    const Escapes escapes = shape.patterns.empty() ? Escapes::all : Escapes::needed;
    const StateId end = nfa_.add();
    add_json_strings(nfa_, byte(rule.start, '"'), language, escapes, end);
    byte(end, '"', rule.accept);
    return {};
}

Result<void> RuleBuilder::fill_array(const Shape& shape, Rule rule) {
    const bool is_bounded = shape.items_max.has_value();
    const std::size_t unrolled = is_bounded ? *shape.items_max : std::max(shape.prefix.size(), shape.items_min);
    const Rules rest = unrolled <= shape.prefix.size() && is_bounded ? Rules() : TRY(rules_for(shape.items));
    const StateId open = space(byte(rule.start, '[')), close = nfa_.add(), closing = nfa_.add();
    if (shape.items_min == 0) byte(open, ']', rule.accept);
    nfa_.empty(space(close), closing);
    byte(closing, ']', rule.accept);
    StateId at = open;
    for (std::size_t i = 0; i < unrolled && !nfa_.overflowed(); ++i) {
        const StateId after = nfa_.add();
        call_each(at, i < shape.prefix.size() ? TRY(rules_for(shape.prefix[i])) : rest, after);
        if (i + 1 >= shape.items_min) nfa_.empty(after, close);
        if (i + 1 < unrolled || !is_bounded) at = space(byte(after, ','));
    }
    if (is_bounded) return {};
    const StateId more = nfa_.add(), after = nfa_.add(); // apart from `at`, which may allow the end
    nfa_.empty(at, more);
    call_each(more, rest, after);
    nfa_.empty(after, close);
    nfa_.empty(space(byte(after, ',')), more);
    return {};
}

/// Members in the order declared. At each property there are two states: before the first member, and after one.
Result<void> RuleBuilder::fill_object(const Shape& shape, Rule rule) {
    StateId none = space(byte(rule.start, '{')), some = nfa_.add();
    std::vector<std::string> names;
    for (const Property& property : shape.properties) {
        names.push_back(property.name);
        const StateId name = nfa_.add(), next_none = nfa_.add(), next_some = nfa_.add();
        nfa_.empty(none, name);
        nfa_.empty(space(byte(some, ',')), name);
        call_each(space(byte(quoted(name, property.name), ':')), TRY(rules_for(property.schemas)), next_some);
        if (!property.is_required) {
            nfa_.empty(none, next_none);
            nfa_.empty(some, next_some);
        }
        none = next_none;
        some = next_some;
        if (nfa_.overflowed()) return {};
    }
    const Rules values = TRY(rules_for(*shape.additional));
    const StateId name = nfa_.add(), named = nfa_.add();
    nfa_.empty(none, name);
    nfa_.empty(space(byte(some, ',')), name);
    add_json_strings(nfa_, byte(name, '"'), strings_except(names), Escapes::all, named);
    call_each(space(byte(byte(named, '"'), ':')), values, some);
    byte(none, '}', rule.accept);
    byte(space(some), '}', rule.accept);
    return {};
}

} // namespace assay::engine::grammar
