// Arithmetic of jinja_access.h.
#include "tokenizer/jinja_access.h"
#include "tokenizer/jinja_text.h"

#include <algorithm>
#include <cmath>

namespace assay::tokenizer::jinja {
namespace {

constexpr std::string_view kSigns[] = {"+", "-", "*", "/", "//", "%", "**"};

std::unexpected<Error> no_operator(Operator op, const Value& a, const Value& b) {
    for (const Value* value : {&a, &b}) {
        if (value->is<Undefined>()) return refuse_value(*value, "");
    }
    return refuse("unsupported operand type(s) for " + std::string(kSigns[static_cast<std::size_t>(op)]) + ": '" +
                  std::string(type_name(a)) + "' and '" + std::string(type_name(b)) + "'");
}

std::unexpected<Error> too_large() { return refuse("an integer is beyond 64 bits"); }

Result<Value> power(std::int64_t base, std::int64_t exponent) {
    if (exponent < 0) {
        if (base == 0) return refuse("0.0 cannot be raised to a negative power");
        return std::pow(static_cast<double>(base), static_cast<double>(exponent));
    }
    std::int64_t result = 1;
    if (base == 0 || base == 1) return exponent == 0 ? std::int64_t{1} : base;
    if (base == -1) return exponent % 2 == 0 ? std::int64_t{1} : std::int64_t{-1};
    for (; exponent > 0; --exponent) {
        if (__builtin_mul_overflow(result, base, &result)) return too_large();
    }
    return result;
}

Result<Value> on_integers(Operator op, std::int64_t a, std::int64_t b) {
    std::int64_t result = 0;
    switch (op) {
        case Operator::add:
            if (__builtin_add_overflow(a, b, &result)) return too_large();
            return result;
        case Operator::subtract:
            if (__builtin_sub_overflow(a, b, &result)) return too_large();
            return result;
        case Operator::multiply:
            if (__builtin_mul_overflow(a, b, &result)) return too_large();
            return result;
        case Operator::power: return power(a, b);
        default: break;
    }
    if (b == 0) return refuse("division by zero");
    if (op == Operator::divide) return static_cast<double>(a) / static_cast<double>(b);
    if (b == -1) return op == Operator::modulo ? Result<Value>(std::int64_t{0}) : on_integers(Operator::subtract, 0, a);
    const bool rounds_down = a % b != 0 && (a < 0) != (b < 0);
    return op == Operator::modulo ? a % b + (rounds_down ? b : 0) : a / b - rounds_down;
}

Result<Value> on_reals(Operator op, double a, double b) {
    switch (op) {
        case Operator::add: return a + b;
        case Operator::subtract: return a - b;
        case Operator::multiply: return a * b;
        case Operator::power: {
            if (a == 0 && b < 0) return refuse("0.0 cannot be raised to a negative power");
            const double result = std::pow(a, b);
            if (std::isnan(result) && !std::isnan(a) && !std::isnan(b)) return refuse("a power is a complex number");
            if (std::isinf(result) && !std::isinf(a) && !std::isinf(b)) return refuse("a power is too large");
            return result;
        }
        default: break;
    }
    if (b == 0) return refuse("float division by zero");
    if (op == Operator::divide) return a / b;
    double remainder = std::fmod(a, b);
    if (remainder != 0 && (b < 0) != (remainder < 0)) remainder += b;
    if (op == Operator::modulo) return remainder == 0 ? std::copysign(0.0, b) : remainder;
    const double quotient = (a - remainder) / b;
    const double whole = std::floor(quotient);
    return quotient == 0 ? std::copysign(0.0, a / b) : quotient - whole > 0.5 ? whole + 1 : whole;
}

Result<Value> add(Meter& meter, const Value& a, const Value& b) {
    if (a.string() != nullptr && b.string() != nullptr) {
        const bool safe_a = a.get<Text>()->markup, safe_b = b.get<Text>()->markup;
        const bool markup = safe_a || safe_b;
        std::string text = markup && !safe_a ? escape_markup(*a.string()) : *a.string();
        text += markup && !safe_b ? escape_markup(*b.string()) : *b.string();
        return make_text(meter, std::move(text), markup);
    }
    if (!a.is_list_or_tuple() || !b.is_list_or_tuple() || a.sequence()->kind != b.sequence()->kind) {
        return no_operator(Operator::add, a, b);
    }
    std::vector<Value> items = a.sequence()->items;
    items.insert(items.end(), b.sequence()->items.begin(), b.sequence()->items.end());
    return make_sequence(meter, a.sequence()->kind, std::move(items));
}

Result<Value> repeat(Meter& meter, const Value& value, std::int64_t count) {
    count = std::max<std::int64_t>(count, 0);
    const std::size_t size =
        value.string() != nullptr ? value.string()->size() : value.sequence()->items.size() * sizeof(Value);
    std::size_t total = 0;
    if (__builtin_mul_overflow(size, static_cast<std::size_t>(count), &total)) total = Meter::kBytesMax + 1;
    TRY_VOID(meter.bytes(total));
    if (size == 0) count = 0;
    if (const std::string* text = value.string()) {
        std::string out;
        out.reserve(total);
        for (std::int64_t i = 0; i < count; ++i) out += *text;
        return make_text(meter, std::move(out));
    }
    std::vector<Value> items;
    const auto& once = value.sequence()->items;
    for (std::int64_t i = 0; i < count; ++i) items.insert(items.end(), once.begin(), once.end());
    return make_sequence(meter, value.sequence()->kind, std::move(items));
}

} // namespace

Result<Value> calculate(Meter& meter, Operator op, const Value& a, const Value& b) {
    if (a.is_integral() && b.is_integral()) return on_integers(op, a.integral(), b.integral());
    if (a.is_number() && b.is_number()) return on_reals(op, a.real(), b.real());
    if (a.is<Undefined>() || b.is<Undefined>()) return no_operator(op, a, b);
    if (op == Operator::add) return add(meter, a, b);
    const auto repeats = [](const Value& value) { return value.string() != nullptr || value.is_list_or_tuple(); };
    if (op == Operator::multiply && repeats(a) && b.is_integral()) return repeat(meter, a, b.integral());
    if (op == Operator::multiply && repeats(b) && a.is_integral()) return repeat(meter, b, a.integral());
    if (op == Operator::modulo && a.string() != nullptr) {
        Arguments arguments;
        if (b.is_list_or_tuple() && b.sequence()->kind == Sequence::Kind::tuple) {
            arguments.positional = b.sequence()->items;
        } else {
            arguments.positional.push_back(b);
        }
        return format_percent(meter, *a.string(), arguments);
    }
    return no_operator(op, a, b);
}

Result<Value> negate(const Value& value) {
    if (value.is_integral()) return on_integers(Operator::subtract, 0, value.integral());
    if (value.is<double>()) return -value.real();
    return refuse_value(value, "has no negative");
}

} // namespace assay::tokenizer::jinja
