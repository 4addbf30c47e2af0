// Filters on single values (jinja_filters.h).
#include "tokenizer/jinja_access.h"
#include "tokenizer/jinja_filters.h"
#include "tokenizer/jinja_text.h"

#include <charconv>
#include <cmath>

namespace assay::tokenizer::jinja {
namespace {

Result<Value> or_default(Meter&, const Value& value, const Bound& arguments) {
    if (value.is<Undefined>() || (arguments.flag(1) && !truth(value))) return arguments.or_else(0, Value::text(""));
    return value;
}

Result<Value> whole(double real, Value otherwise) {
    if (!(std::fabs(real) < 9.2e18)) {
        if (!std::isfinite(real)) return otherwise;
        return refuse("an integer is beyond 64 bits");
    }
    return static_cast<std::int64_t>(real);
}

Result<Value> to_integer(Meter&, const Value& value, const Bound& arguments) {
    const Value otherwise = arguments.or_else(0, std::int64_t{0});
    if (value.is_integral()) return value.integral();
    if (value.is<double>()) return whole(value.real(), otherwise);
    if (value.is<Undefined>()) return refuse_value(value, "");
    if (value.string() == nullptr) return otherwise;
    std::int64_t integer = 0;
    double real = 0;
    if (parse_integer(*value.string(), static_cast<int>(TRY(arguments.integer(1, 10))), integer)) return integer;
    if (parse_real(*value.string(), real)) return whole(real, otherwise);
    return otherwise;
}

Result<Value> to_real(Meter&, const Value& value, const Bound& arguments) {
    if (value.is_number()) return value.real();
    if (value.is<Undefined>()) return refuse_value(value, "");
    double real = 0;
    if (value.string() != nullptr && parse_real(*value.string(), real)) return real;
    return arguments.or_else(0, 0.0);
}

Result<Value> absolute(Meter&, const Value& value, const Bound&) {
    if (value.is<double>()) return std::fabs(value.real());
    if (!value.is_integral()) return refuse_value(value, "has no absolute value");
    if (value.integral() < 0) return negate(value);
    return value.integral();
}

/// Python's round(): to the nearest decimal, ties to even as the exact binary value has them.
double round_to(double value, std::int64_t digits) {
    if (!std::isfinite(value) || digits > 300) return value;
    if (digits < 0) {
        const double power = std::pow(10.0, static_cast<double>(std::min<std::int64_t>(-digits, 400)));
        return std::isinf(power) ? std::copysign(0.0, value) : std::nearbyint(value / power) * power;
    }
    char buffer[700];
    const auto end =
        std::to_chars(buffer, buffer + sizeof buffer, value, std::chars_format::fixed, static_cast<int>(digits)).ptr;
    double out = value;
    std::from_chars(buffer, end, out);
    return out;
}

Result<Value> round(Meter&, const Value& value, const Bound& arguments) {
    const std::int64_t digits = TRY(arguments.integer(0, 0));
    const Value method = arguments.or_else(1, Value::text("common"));
    const std::string* name = method.string();
    if (name == nullptr || (*name != "common" && *name != "ceil" && *name != "floor")) {
        return refuse("round: the method must be common, ceil or floor");
    }
    if (!value.is_number()) return refuse_value(value, "cannot be rounded");
    if (*name != "common") {
        const double power = std::pow(10.0, static_cast<double>(digits));
        const double scaled = value.real() * power;
        return (*name == "ceil" ? std::ceil(scaled) : std::floor(scaled)) / power;
    }
    if (value.is<double>()) return round_to(value.real(), digits);
    if (digits >= 0) return value.integral();
    return whole(round_to(value.real(), digits), Value());
}

Result<Value> attribute(Meter& meter, const Value& value, const Bound& arguments) {
    const std::string* name = arguments[0].string();
    if (name == nullptr) return refuse_value(arguments[0], "is no name of an attribute");
    if (value.is<Undefined>()) return Value::undefined("an undefined value has no attribute '" + *name + "'");
    const bool has = value.is<Namespace*>() || find_method(value, *name) != MethodAccess::absent ||
                     value.is<std::shared_ptr<const Loop>>();
    if (!has) return Value::undefined("no attribute '" + *name + "'");
    return get_attribute(meter, value, *name);
}

constexpr Filter kFilters[] = {
    {"default", {{"default_value", "boolean"}, 0}, or_default},
    {"d", {{"default_value", "boolean"}, 0}, or_default},
    {"int", {{"default", "base"}, 0}, to_integer},
    {"float", {{"default"}, 0}, to_real},
    {"abs", {}, absolute},
    {"round", {{"precision", "method"}, 0}, round},
    {"attr", {{"name"}, 1}, attribute},
};

} // namespace

std::span<const Filter> value_filters() { return kFilters; }

} // namespace assay::tokenizer::jinja
