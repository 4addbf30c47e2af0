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

/// Records travel as the bytes that are stored: canonical DAG-CBOR of the whole struct.
struct ParamsSchema {
    Bytes defaults;
    /// The record that a map in either form says. Errors: malformed (a field's type), invalid_argument (validate's).
    std::function<Result<Bytes>(const codec::Value& value)> check;
    /// Whether `after` may follow `before`. Errors: validate_change's.
    std::function<Result<void>(ByteView before, ByteView after)> check_change;
    std::function<codec::Value(ByteView record)> canonical;
    std::function<codec::Value(ByteView record)> readable;

    template <ParamsStruct P>
    static ParamsSchema of() {
        ParamsSchema schema;
        schema.defaults = encode_record(P{});
        schema.check = [](const codec::Value& value) -> Result<Bytes> {
            const P params = TRY(from_value<P>(value));
            TRY_VOID(params.validate());
            return encode_record(params);
        };
        schema.check_change = [](ByteView before, ByteView after) -> Result<void> {
            if constexpr (requires(const P& params) { P::validate_change(params, params); })
                return P::validate_change(decode_record<P>(before), decode_record<P>(after));
            return {};
        };
        schema.canonical = [](ByteView record) { return to_value(decode_record<P>(record)); };
        schema.readable = [](ByteView record) { return to_readable(decode_record<P>(record)); };
        return schema;
    }
};

using ParamsSchemas = std::map<std::string, ParamsSchema, std::less<>>;

} // namespace assay::chain
