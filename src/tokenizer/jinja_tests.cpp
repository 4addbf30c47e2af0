// Jinja's tests (jinja_filters.h).
#include "tokenizer/jinja_filters.h"
#include "tokenizer/jinja_text.h"

namespace assay::tokenizer::jinja {
namespace {

template <class T>
Result<bool> is_a(Meter&, const Value& value, const Bound&) {
    return value.is<T>();
}

template <bool wanted>
Result<bool> is_defined(Meter&, const Value& value, const Bound&) {
    return value.is<Undefined>() != wanted;
}

template <bool wanted>
Result<bool> is_boolean(Meter&, const Value& value, const Bound&) {
    return value.is<bool>() && truth(value) == wanted;
}

Result<bool> is_number(Meter&, const Value& value, const Bound&) { return value.is_number(); }
Result<bool> is_mapping(Meter&, const Value& value, const Bound&) { return value.dict() != nullptr; }

Result<bool> is_iterable(Meter&, const Value& value, const Bound&) {
    return value.string() != nullptr || value.dict() != nullptr || value.sequence() != nullptr || value.is<Undefined>();
}

Result<bool> is_sequence(Meter&, const Value& value, const Bound&) {
    const Sequence* sequence = value.sequence();
    return value.string() != nullptr || value.dict() != nullptr || value.is<Undefined>() ||
           (sequence != nullptr && sequence->kind <= Sequence::Kind::range);
}

Result<bool> is_callable(Meter&, const Value& value, const Bound&) {
    return value.is<const Macro*>() || value.is<Function>() || value.is<std::shared_ptr<const Method>>();
}

template <std::int64_t remainder>
Result<bool> is_modulo_two(Meter&, const Value& value, const Bound&) {
    if (value.is<double>())
        return value.real() - 2 * static_cast<double>(static_cast<std::int64_t>(value.real() / 2)) == remainder;
    if (!value.is_integral()) return refuse_value(value, "is neither odd nor even");
    return (value.integral() % 2 != 0) == (remainder != 0);
}

Result<bool> is_divisible(Meter&, const Value& value, const Bound& arguments) {
    if (!value.is_integral() || !arguments[0].is_integral()) return refuse_value(value, "cannot be divided");
    const std::int64_t divisor = arguments[0].integral();
    if (divisor == 0) return refuse("integer modulo by zero");
    return divisor == -1 || value.integral() % divisor == 0;
}

Result<bool> is_equal(Meter& meter, const Value& value, const Bound& arguments) {
    return equals(meter, value, arguments[0]);
}
Result<bool> is_unequal(Meter& meter, const Value& value, const Bound& arguments) {
    return !TRY(equals(meter, value, arguments[0]));
}

template <int order, bool or_equal>
Result<bool> is_ordered(Meter& meter, const Value& value, const Bound& arguments) {
    const int found = TRY(compare(meter, value, arguments[0]));
    return found == order || (or_equal && found == 0);
}

Result<bool> is_in(Meter& meter, const Value& value, const Bound& arguments) {
    return contains(meter, arguments[0], value);
}

/// Identity, which for values that never change can only be told for the single ones.
Result<bool> is_same(Meter& meter, const Value& value, const Bound& arguments) {
    if (value.data().index() != arguments[0].data().index()) return false;
    if (value.sequence() != nullptr) return value.sequence() == arguments[0].sequence();
    if (value.dict() != nullptr) return value.dict() == arguments[0].dict();
    return equals(meter, value, arguments[0]);
}

template <bool upper>
Result<bool> is_case(Meter& meter, const Value& value, const Bound&) {
    const std::string text = TRY(to_text(meter, value));
    const std::string same = upper ? upper_text(text) : lower_text(text);
    return text == same && text != (upper ? lower_text(text) : upper_text(text));
}

Result<bool> is_filter(Meter&, const Value& value, const Bound&) {
    return value.string() != nullptr && find_filter(*value.string()) != nullptr;
}

Result<bool> is_test(Meter&, const Value& value, const Bound&) {
    return value.string() != nullptr && find_test(*value.string()) != nullptr;
}

Result<bool> is_escaped(Meter&, const Value& value, const Bound&) {
    return value.is<Text>() && value.get<Text>()->markup;
}

constexpr Signature kOther{{"other"}, 1};

constexpr Test kTests[] = {
    {"defined", {}, is_defined<true>},
    {"undefined", {}, is_defined<false>},
    {"none", {}, is_a<None>},
    {"boolean", {}, is_a<bool>},
    {"true", {}, is_boolean<true>},
    {"false", {}, is_boolean<false>},
    {"integer", {}, is_a<std::int64_t>},
    {"float", {}, is_a<double>},
    {"number", {}, is_number},
    {"string", {}, is_a<Text>},
    {"mapping", {}, is_mapping},
    {"iterable", {}, is_iterable},
    {"sequence", {}, is_sequence},
    {"callable", {}, is_callable},
    {"odd", {}, is_modulo_two<1>},
    {"even", {}, is_modulo_two<0>},
    {"divisibleby", {{"num"}, 1}, is_divisible},
    {"eq", kOther, is_equal},
    {"equalto", kOther, is_equal},
    {"==", kOther, is_equal},
    {"ne", kOther, is_unequal},
    {"!=", kOther, is_unequal},
    {"lt", kOther, is_ordered<-1, false>},
    {"lessthan", kOther, is_ordered<-1, false>},
    {"<", kOther, is_ordered<-1, false>},
    {"le", kOther, is_ordered<-1, true>},
    {"<=", kOther, is_ordered<-1, true>},
    {"gt", kOther, is_ordered<1, false>},
    {"greaterthan", kOther, is_ordered<1, false>},
    {">", kOther, is_ordered<1, false>},
    {"ge", kOther, is_ordered<1, true>},
    {">=", kOther, is_ordered<1, true>},
    {"in", {{"seq"}, 1}, is_in},
    {"sameas", kOther, is_same},
    {"lower", {}, is_case<false>},
    {"upper", {}, is_case<true>},
    {"filter", {}, is_filter},
    {"test", {}, is_test},
    {"escaped", {}, is_escaped},
};

} // namespace

const Test* find_test(std::string_view name) {
    for (const Test& test : kTests) {
        if (test.name == name) return &test;
    }
    return nullptr;
}

} // namespace assay::tokenizer::jinja
