#pragma once
/// Reading a query's arguments and answering in the form that people read. For modules' queries.cpp.
/// Thread-safe; committed class.
#include "chain/message.h"

#include <concepts>
#include <limits>
#include <string>
#include <string_view>

namespace assay::chain {

/// Addresses, amounts, digests and bytes as text or bytes; integers also as decimal text, as URLs have them.
/// Errors: invalid_argument, naming the argument.
template <class T>
Result<T> argument(const codec::Value& arguments, std::string_view name) {
    const auto bad = [&](const std::string& what) {
        return fail(ErrorCode::invalid_argument, "argument '" + std::string(name) + "' " + what);
    };
    const codec::Value* value = arguments.find(name);
    if (value == nullptr) return bad("is missing");
    T out{};
    if constexpr (std::unsigned_integral<T> && !std::same_as<T, bool>) {
        if (value->text() != nullptr) {
            const auto number = parse_amount(*value->text());
            if (!number || number->units() > std::numeric_limits<T>::max()) return bad("is not an integer in range");
            return static_cast<T>(number->units());
        }
    }
    if (const auto read = field_type<T>().from_value(*value, &out); !read) return bad(": " + read.error().message);
    return out;
}

template <class T>
Result<T> argument_or(const codec::Value& arguments, std::string_view name, T otherwise) {
    if (arguments.find(name) == nullptr) return otherwise;
    return argument<T>(arguments, name);
}

/// Decimal amounts, EIP-55 addresses, 0x-hexadecimal bytes.
template <FieldStruct T>
codec::Value readable(const T& record) {
    return to_readable(record);
}
inline codec::Value readable(const Amount& amount) { return codec::Value(to_string(amount)); }
inline codec::Value readable(const Address& address) { return codec::Value(crypto::to_string(address)); }
inline codec::Value readable(const Digest& digest) { return codec::Value("0x" + to_hex(digest)); }

/// `fields` and the record's own, in one map.
template <FieldStruct T>
codec::Value readable_with(codec::Value::Map fields, const T& record) {
    const codec::Value whole = readable(record);
    for (const auto& [name, value] : *whole.map()) fields.insert_or_assign(name, value);
    return codec::Value(std::move(fields));
}

/// How many entries a listing answers: argument "limit", 1 … 1,000, 100 when absent.
inline Result<std::size_t> limit_argument(const codec::Value& arguments) {
    const auto limit = TRY(argument_or<std::uint64_t>(arguments, "limit", 100));
    if (limit == 0 || limit > 1'000) return fail(ErrorCode::invalid_argument, "argument 'limit' is outside 1 … 1000");
    return static_cast<std::size_t>(limit);
}

inline std::unexpected<Error> unknown_query(std::string_view module, std::string_view path) {
    return fail(ErrorCode::not_found, std::string(module) + " has no query '" + std::string(path) + "'");
}

} // namespace assay::chain
