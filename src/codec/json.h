#pragma once
/// JSON as a tree that loses nothing: numbers keep their text, members their order. Source: RFC 8259, strictly.
/// For text from outside (typed data, key stores, DAG-JSON); nothing that is hashed or signed is JSON itself.
/// Plain values, thread-safe; committed class.
#include "base/result.h"

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace assay::codec {

class Json {
public:
    using List = std::vector<Json>;
    using Member = std::pair<std::string, Json>;
    using Object = std::vector<Member>;
    struct Number {
        std::string digits; ///< as written: sign, fraction and exponent included
    };

    Json() = default;                                                   ///< null
    explicit Json(bool value) : data_(value) {}
    explicit Json(Number value) : data_(std::move(value)) {}
    explicit Json(std::string value) : data_(std::move(value)) {}
    explicit Json(List value) : data_(std::move(value)) {}
    explicit Json(Object value) : data_(std::move(value)) {}

    bool is_null() const { return std::holds_alternative<std::monostate>(data_); }
    /// nullptr when the value is of another kind.
    const bool* boolean() const { return std::get_if<bool>(&data_); }
    const std::string* number() const;
    const std::string* text() const { return std::get_if<std::string>(&data_); }
    const List* list() const { return std::get_if<List>(&data_); }
    const Object* object() const { return std::get_if<Object>(&data_); }
    /// The member of an object; nullptr when absent or when this is no object.
    const Json* find(std::string_view key) const;
    /// "null", "a boolean", "a number", "a string", "a list" or "an object", for messages.
    std::string_view kind() const;

private:
    std::variant<std::monostate, bool, Number, std::string, List, Object> data_;
};

struct JsonLimits {
    std::size_t size_max = std::size_t{64} << 20; ///< bytes of text
    std::size_t depth_max = 128;                  ///< nested lists and objects
    std::size_t items_max = std::size_t{1} << 22; ///< values in all
};

/// Errors: malformed, naming the byte (grammar, invalid UTF-8, a lone surrogate, a key twice in one object, text after the
/// value); resource_exhausted (a limit).
Result<Json> parse_json(std::string_view text, const JsonLimits& limits = {});

/// Appends `text`, which must be UTF-8, as a JSON string; escapes what JSON requires and no more.
void append_json_string(std::string& out, std::string_view text);

} // namespace assay::codec
