#pragma once
/// Jinja's filters and tests on values. The tables are constant; the functions only touch their arguments.
#include "tokenizer/jinja_value.h"

#include <array>
#include <span>

namespace assay::tokenizer::jinja {

/// Arguments of one call, evaluated.
struct Arguments {
    std::vector<Value> positional;
    std::vector<std::pair<std::string, Value>> named;
};

/// Arguments sorted by the parameters they belong to.
class Bound {
public:
    static constexpr std::size_t kParametersMax = 5;
    bool has(std::size_t i) const { return given_[i]; }
    const Value& operator[](std::size_t i) const { return values_[i]; }
    Value or_else(std::size_t i, Value otherwise) const { return given_[i] ? values_[i] : std::move(otherwise); }
    /// The integer, or `otherwise` when left out. Refuses other types.
    Result<std::int64_t> integer(std::size_t i, std::int64_t otherwise) const;
    bool flag(std::size_t i) const { return given_[i] && truth(values_[i]); }
    void set(std::size_t i, Value value) {
        values_[i] = std::move(value);
        given_[i] = true;
    }

private:
    std::array<Value, kParametersMax> values_;
    std::array<bool, kParametersMax> given_{};
};

/// Parameter names in order; the first `required` must be given. "*" as the only name: arguments are not bound.
struct Signature {
    std::array<std::string_view, Bound::kParametersMax> names{};
    std::size_t required = 0;
};

/// `what` names the function in messages.
Result<Bound> bind(const Signature& signature, const Arguments& arguments, std::string_view what);

using FilterFunction = Result<Value> (*)(Meter& meter, const Value& value, const Bound& arguments);
using FreeFilterFunction = Result<Value> (*)(Meter& meter, const Value& value, const Arguments& arguments);
using TestFunction = Result<bool> (*)(Meter& meter, const Value& value, const Bound& arguments);

struct Filter {
    std::string_view name;
    Signature signature;
    FilterFunction function = nullptr;
    FreeFilterFunction free_function = nullptr; ///< instead: takes any arguments
};

struct Test {
    std::string_view name;
    Signature signature;
    TestFunction function = nullptr;
};

/// Null for a name that is none, or is not supported.
const Filter* find_filter(std::string_view name);
const Test* find_test(std::string_view name);

Result<Value> apply(const Filter& filter, Meter& meter, const Value& value, const Arguments& arguments);
Result<bool> apply(const Test& test, Meter& meter, const Value& value, const Arguments& arguments);

/// The tables' parts, one a source file.
std::span<const Filter> text_filters();
std::span<const Filter> sequence_filters();
std::span<const Filter> value_filters();

} // namespace assay::tokenizer::jinja
