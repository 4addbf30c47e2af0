// Expressions of jinja_evaluator.h.
#include "tokenizer/jinja_evaluator.h"

#include "tokenizer/jinja_text.h"

#include <algorithm>

namespace assay::tokenizer::jinja {
namespace {

constexpr std::int64_t kRangeMax = 100'000; // the sandbox's

} // namespace

Result<Value> Evaluator::evaluate(const Expression& expression) {
    TRY_VOID(meter_.step());
    const auto level = TRY(meter_.enter());
    using enum Expression::Kind;
    const auto child = [&](std::size_t i) { return evaluate(*expression.children[i]); };
    switch (expression.kind) {
        case constant: return expression.constant;
        case variable: return this->variable(expression);
        case list: return make_sequence(meter_, Sequence::Kind::list, TRY(this->all(expression.children)));
        case tuple: return make_sequence(meter_, Sequence::Kind::tuple, TRY(this->all(expression.children)));
        case dict: return this->dict(expression);
        case attribute: return get_attribute(meter_, TRY(child(0)), expression.name);
        case item: {
            const Value object = TRY(child(0));
            return get_item(meter_, object, TRY(child(1)));
        }
        case slice: return slice_of(expression);
        case call: return this->call(expression);
        case filter: {
            const Value subject = TRY(child(0));
            return apply(*expression.filter, meter_, subject, TRY(arguments(expression.arguments)));
        }
        case test: {
            const Value subject = TRY(child(0));
            const Arguments given = TRY(arguments(expression.arguments));
            return TRY(apply(*expression.test, meter_, subject, given));
        }
        case negate: return jinja::negate(TRY(child(0)));
        case plus: {
            Value value = TRY(child(0));
            if (value.is<bool>()) return value.integral();
            return value.is_number() ? Result<Value>(std::move(value)) : refuse_value(value, "has no sign");
        }
        case invert: return !truth(TRY(child(0)));
        case binary: {
            const Value left = TRY(child(0));
            return calculate(meter_, expression.op, left, TRY(child(1)));
        }
        case concat: return this->concat(expression);
        case Expression::Kind::all: {
            Value left = TRY(child(0));
            if (truth(left)) return child(1);
            return left;
        }
        case any: {
            Value left = TRY(child(0));
            if (!truth(left)) return child(1);
            return left;
        }
        case Expression::Kind::comparison: return this->comparison(expression);
        case condition:
            if (truth(TRY(child(1)))) return child(0);
            if (expression.children[2]) return child(2);
            return Value::undefined("the inline if-expression evaluated to false and no else section was defined.");
    }
    return Value();
}

Result<Value> Evaluator::variable(const Expression& expression) const {
    const Value* held = scope_->find(expression.id);
    if (held == nullptr) held = &globals_[expression.id];
    const auto* undefined = held->get<Undefined>();
    if (undefined != nullptr && !undefined->why) return Value::undefined("'" + expression.name + "' is undefined");
    return *held;
}

Result<std::vector<Value>> Evaluator::all(const std::vector<ExpressionPtr>& expressions) {
    std::vector<Value> out;
    for (const auto& expression : expressions) out.push_back(TRY(evaluate(*expression)));
    return out;
}

Result<Value> Evaluator::dict(const Expression& expression) {
    Dict out;
    for (std::size_t i = 0; i < expression.children.size(); i += 2) {
        Value key = TRY(evaluate(*expression.children[i]));
        Value value = TRY(evaluate(*expression.children[i + 1]));
        TRY_VOID(out.set(meter_, std::move(key), std::move(value)));
    }
    return make_dict(meter_, std::move(out));
}

Result<Value> Evaluator::slice_of(const Expression& expression) {
    const Value object = TRY(evaluate(*expression.children[0]));
    Value bounds[3];
    for (std::size_t i = 0; i < 3; ++i) {
        const auto& bound = expression.children[i + 1];
        bounds[i] = bound ? TRY(evaluate(*bound)) : Value(None{});
    }
    return slice(meter_, object, bounds[0], bounds[1], bounds[2]);
}

Result<bool> Evaluator::holds(Comparison comparison, const Value& a, const Value& b) {
    switch (comparison) {
        case Comparison::equal: return equals(meter_, a, b);
        case Comparison::unequal: return !TRY(equals(meter_, a, b));
        case Comparison::less: return TRY(compare(meter_, a, b)) == -1;
        case Comparison::greater: return TRY(compare(meter_, a, b)) == 1;
        case Comparison::in: return contains(meter_, b, a);
        case Comparison::not_in: return !TRY(contains(meter_, b, a));
        default: break;
    }
    const int order = TRY(compare(meter_, a, b)); // 2 where there is no order, for NaN
    return order == 0 || order == (comparison == Comparison::less_equal ? -1 : 1);
}

Result<Value> Evaluator::comparison(const Expression& expression) {
    Value left = TRY(evaluate(*expression.children[0]));
    for (std::size_t i = 0; i < expression.comparisons.size(); ++i) {
        Value right = TRY(evaluate(*expression.children[i + 1]));
        if (!TRY(holds(expression.comparisons[i], left, right))) return false;
        left = std::move(right);
    }
    return true;
}

Result<Value> Evaluator::concat(const Expression& expression) {
    std::string out;
    for (const auto& part : expression.children) {
        const Value value = TRY(evaluate(*part));
        out += value.string() != nullptr ? *value.string() : TRY(to_text(meter_, value));
    }
    return make_text(meter_, std::move(out));
}

Result<Arguments> Evaluator::arguments(const Call& call) {
    Arguments out;
    out.positional = TRY(all(call.positional));
    for (const auto& [name, expression] : call.named) out.named.emplace_back(name, TRY(evaluate(*expression)));
    if (call.spread) {
        const Value values = TRY(evaluate(*call.spread));
        for (Value& value : TRY(elements(meter_, values))) out.positional.push_back(std::move(value));
    }
    if (!call.spread_named) return out;
    const Value values = TRY(evaluate(*call.spread_named));
    if (values.dict() == nullptr) return refuse_value(values, "after ** is not a mapping");
    for (const auto& [key, value] : values.dict()->entries()) {
        if (key.string() == nullptr) return refuse("keywords must be strings");
        for (const auto& [name, given] : out.named) {
            if (name == *key.string()) return refuse("got two values for the keyword argument '" + name + "'");
        }
        out.named.emplace_back(*key.string(), value);
    }
    return out;
}

Result<Value> Evaluator::call(const Expression& expression) {
    const Value callee = TRY(evaluate(*expression.children[0]));
    const Arguments given = TRY(arguments(expression.arguments));
    if (const auto* method = callee.get<std::shared_ptr<const Method>>()) return call_method(meter_, **method, given);
    if (const auto* function = callee.get<Function>()) return call_function(*function, given);
    if (const auto* macro = callee.get<const Macro*>()) return call_macro(**macro, given);
    return refuse_value(callee, "is not callable");
}

Result<Value> Evaluator::call_function(Function function, const Arguments& given) {
    switch (function) {
        case Function::range: return call_range(given);
        case Function::dict: return call_dict(given);
        case Function::make_namespace: return make_namespace(given);
        case Function::raise_exception: {
            const Bound bound = TRY(bind({{"message"}, 1}, given, "raise_exception"));
            std::string message = TRY(to_text(meter_, bound[0]));
            located_ = true;
            return refuse(std::move(message));
        }
        case Function::strftime_now: break;
    }
    const Bound bound = TRY(bind({{"format"}, 1}, given, "strftime_now"));
    if (bound[0].string() == nullptr) return refuse_value(bound[0], "is no format of a date");
    return make_text(meter_, TRY(format_date(date_, *bound[0].string())));
}

Result<Value> Evaluator::call_range(const Arguments& given) {
    const std::size_t count = given.positional.size();
    if (!given.named.empty() || count == 0 || count > 3) return refuse("range takes 1 to 3 arguments");
    for (const Value& value : given.positional) {
        if (!value.is_integral()) return refuse_value(value, "cannot be interpreted as an integer");
    }
    const std::int64_t begin = count == 1 ? 0 : given.positional[0].integral();
    const std::int64_t end = given.positional[count == 1 ? 0 : 1].integral();
    const std::int64_t step = count == 3 ? given.positional[2].integral() : 1;
    if (step == 0) return refuse("range() arg 3 must not be zero");
    std::vector<Value> items;
    std::int64_t at = begin;
    while (step > 0 ? at < end : at > end) {
        if (static_cast<std::int64_t>(items.size()) == kRangeMax) return refuse("a range is longer than 100000");
        items.emplace_back(at);
        if (__builtin_add_overflow(at, step, &at)) break;
    }
    return make_sequence(meter_, Sequence::Kind::range, std::move(items));
}

Result<Value> Evaluator::call_dict(const Arguments& given) {
    Dict out;
    if (given.positional.size() > 1) return refuse("dict expected at most 1 argument");
    for (const Value& source : given.positional) {
        if (const Dict* dict = source.dict()) {
            for (const auto& [key, value] : dict->entries()) TRY_VOID(out.set(meter_, key, value));
            continue;
        }
        for (const Value& item : TRY(elements(meter_, source))) {
            std::vector<Value> pair = TRY(elements(meter_, item));
            if (pair.size() != 2) return refuse("an element of a dict has not 2 parts");
            TRY_VOID(out.set(meter_, std::move(pair[0]), std::move(pair[1])));
        }
    }
    for (const auto& [name, value] : given.named) TRY_VOID(out.set(meter_, Value::text(name), value));
    return make_dict(meter_, std::move(out));
}

Result<Value> Evaluator::make_namespace(const Arguments& given) {
    const Value attributes = TRY(call_dict(given));
    for (const auto& entry : attributes.dict()->entries()) {
        const std::string* name = entry.key.string();
        if (name != nullptr && name->starts_with('_'))
            return refuse("a namespace cannot have the attribute '" + *name + "'");
    }
    TRY_VOID(meter_.bytes(sizeof(Namespace)));
    namespaces_.push_back({*attributes.dict()});
    return Value(&namespaces_.back());
}

Result<Value> Evaluator::call_macro(const Macro& macro, const Arguments& given) {
    const auto level = TRY(meter_.enter());
    const InScope scope(*this, macro.scope);
    TRY_VOID(set_parameters(macro, given));
    std::string text;
    std::string* const before = std::exchange(out_, &text);
    const auto flow = execute(*macro.body);
    out_ = before;
    if (!flow) return std::unexpected(flow.error());
    return make_text(meter_, std::move(text));
}

Result<void> Evaluator::set_parameters(const Macro& macro, const Arguments& given) {
    const MacroDefinition& definition = *macro.definition;
    const std::size_t count = definition.parameters.size();
    if (given.positional.size() > count) {
        return refuse("macro '" + macro.name + "' takes not more than " + std::to_string(count) + " argument(s)");
    }
    for (const auto& [name, value] : given.named) {
        std::size_t i = 0;
        while (i < count && definition.parameters[i].first != name) ++i;
        if (i == count) return refuse("macro '" + macro.name + "' takes no keyword argument '" + name + "'");
        if (i < given.positional.size()) return refuse("macro '" + macro.name + "' got two values for '" + name + "'");
    }
    for (std::size_t i = 0; i < count; ++i) {
        const auto& [name, id] = definition.parameters[i];
        Value value;
        const auto named =
            std::find_if(given.named.begin(), given.named.end(), [&](const auto& a) { return a.first == name; });
        if (i < given.positional.size()) {
            value = given.positional[i];
        } else if (named != given.named.end()) {
            value = named->second;
        } else if (i >= count - definition.defaults.size()) {
            value = TRY(evaluate(*definition.defaults[i - (count - definition.defaults.size())]));
        } else {
            value = Value::undefined("parameter '" + name + "' was not provided");
        }
        scope_->set(id, std::move(value));
    }
    return {};
}

} // namespace assay::tokenizer::jinja
