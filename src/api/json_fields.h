#pragma once
/// Strict reading of JSON request bodies: each field is checked for type and range and named in the error.
/// Internal to the room's .cpp files; pure functions, thread-safe.
#include "api/api_error.h"

#include <nlohmann/json_fwd.hpp>

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace assay::api {

inline constexpr std::size_t kJsonDepthMax = 64;

/// The body as a JSON object. Errors name what is wrong; nesting deeper than kJsonDepthMax is refused before parsing.
ApiResult<nlohmann::json> parse_object(std::string_view bytes);

/// Refuses fields outside `known`; those in `unsupported` get a message of their own unless null or false.
ApiResult<void> check_known_fields(const nlohmann::json& object, std::span<const std::string_view> known,
                                   std::span<const std::string_view> unsupported);

/// Reads optional fields of one object; null counts as absent. The first error sticks and later reads return defaults.
class FieldReader {
public:
    FieldReader(const nlohmann::json& object, std::string prefix = "") : object_(object), prefix_(std::move(prefix)) {}

    /// Null when absent.
    const nlohmann::json* find(std::string_view name) const;
    std::string path(std::string_view name) const { return prefix_ + std::string(name); }

    double number(std::string_view name, double fallback, double low, double high);
    std::int64_t integer(std::string_view name, std::int64_t fallback, std::int64_t low, std::int64_t high);
    bool boolean(std::string_view name, bool fallback);
    std::string text(std::string_view name, std::string fallback, std::size_t bytes_max);
    std::string required_text(std::string_view name, std::size_t bytes_max);

    void fail(std::string_view name, std::string message, std::string code = "invalid_value");
    bool failed() const { return error_.has_value(); }
    ApiResult<void> result() const;

private:
    const nlohmann::json& object_;
    std::string prefix_;
    std::optional<ApiError> error_;
};

/// For messages: "a string", "an array", …
std::string_view type_name(const nlohmann::json& value);
/// JSON text; bytes that are not UTF-8 become U+FFFD.
std::string dump(const nlohmann::json& value);
std::string dump(const nlohmann::ordered_json& value);

} // namespace assay::api
