#pragma once
/// The IPLD data model: what a DAG-CBOR block can say. Plain values; thread-safe as such.
#include "base/bytes.h"
#include "codec/cid.h"

#include <concepts>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace assay::codec {

/// Canonical key order of DAG-CBOR: shorter first, then by bytes.
struct CanonicalKeyLess {
    using is_transparent = void;
    bool operator()(std::string_view a, std::string_view b) const {
        return a.size() != b.size() ? a.size() < b.size() : a < b;
    }
};

/// Any integer CBOR can hold, -2^64 … 2^64 - 1, in one form only: `argument`, or -1 - `argument` when negative.
struct Integer {
    bool negative = false;
    std::uint64_t argument = 0;

    Integer() = default;
    Integer(bool is_negative, std::uint64_t value) : negative(is_negative), argument(value) {}
    template <std::integral T>
        requires(!std::same_as<T, bool>)
    Integer(T value) // NOLINT(google-explicit-constructor): an integer is an Integer
        : negative(value < T{0}),
          argument(negative ? ~static_cast<std::uint64_t>(value) : static_cast<std::uint64_t>(value)) {}

    std::optional<std::int64_t> to_int64() const;
    std::optional<std::uint64_t> to_uint64() const;
    bool operator==(const Integer&) const = default;
};

class Value {
public:
    using List = std::vector<Value>;
    using Map = std::map<std::string, Value, CanonicalKeyLess>;

    Value() = default; ///< null
    Value(std::same_as<bool> auto value) : data_(value) {} // NOLINT(google-explicit-constructor)
    template <std::integral T>
        requires(!std::same_as<T, bool>)
    Value(T value) : data_(Integer(value)) {}        // NOLINT(google-explicit-constructor)
    Value(Integer value) : data_(value) {}           // NOLINT(google-explicit-constructor)
    Value(double value) : data_(value) {}            // NOLINT(google-explicit-constructor)
    Value(Bytes value) : data_(std::move(value)) {}  // NOLINT(google-explicit-constructor)
    Value(std::string value) : data_(std::move(value)) {}      // NOLINT(google-explicit-constructor)
    Value(std::string_view value) : data_(std::string(value)) {} // NOLINT(google-explicit-constructor)
    Value(const char* value) : data_(std::string(value)) {}    // NOLINT(google-explicit-constructor)
    Value(List value) : data_(std::move(value)) {}   // NOLINT(google-explicit-constructor)
    Value(Map value) : data_(std::move(value)) {}    // NOLINT(google-explicit-constructor)
    Value(Cid value) : data_(std::move(value)) {}    // NOLINT(google-explicit-constructor)

    bool is_null() const { return std::holds_alternative<std::monostate>(data_); }
    /// nullptr when the value is of another kind.
    const bool* boolean() const { return std::get_if<bool>(&data_); }
    const Integer* integer() const { return std::get_if<Integer>(&data_); }
    const double* number() const { return std::get_if<double>(&data_); }
    const Bytes* bytes() const { return std::get_if<Bytes>(&data_); }
    const std::string* text() const { return std::get_if<std::string>(&data_); }
    const List* list() const { return std::get_if<List>(&data_); }
    const Map* map() const { return std::get_if<Map>(&data_); }
    const Cid* link() const { return std::get_if<Cid>(&data_); }
    /// The entry of a map; nullptr when absent or when this is no map.
    const Value* find(std::string_view key) const;

    bool operator==(const Value&) const = default;

private:
    std::variant<std::monostate, bool, Integer, double, Bytes, std::string, List, Map, Cid> data_;
};

} // namespace assay::codec
