#pragma once
/// What params knows of another module's struct: how its records read, what its defaults are and which values it accepts.
/// Internal to the module, but for the concept. Thread-safe; committed class.
#include "chain/message.h"

#include <concepts>
#include <functional>
#include <map>
#include <string>

namespace assay::chain {

template <class P>
concept ParamsStruct = FieldStruct<P> && requires(const P& params) {
    { P::kModule } -> std::convertible_to<std::string_view>;
    { params.validate() } -> std::same_as<Result<void>>;
};

struct ParamsSchema {
    codec::Value defaults;
    /// Whether `value` is a whole record of this module with good values.
    /// Errors: malformed (a field's type), invalid_argument (validate's).
    std::function<Result<void>(const codec::Value& value)> check;
    /// Whether `after` may follow `before`, both of which pass check. Errors: validate_change's.
    std::function<Result<void>(const codec::Value& before, const codec::Value& after)> check_change;

    template <ParamsStruct P>
    static ParamsSchema of() {
        ParamsSchema schema;
        schema.defaults = to_value(P{});
        schema.check = [](const codec::Value& value) -> Result<void> { return TRY(from_value<P>(value)).validate(); };
        schema.check_change = [](const codec::Value& before, const codec::Value& after) -> Result<void> {
            if constexpr (requires(const P& params) { P::validate_change(params, params); }) {
                return P::validate_change(TRY(from_value<P>(before)), TRY(from_value<P>(after)));
            }
            return {};
        };
        return schema;
    }
};

using ParamsSchemas = std::map<std::string, ParamsSchema, std::less<>>;

} // namespace assay::chain
