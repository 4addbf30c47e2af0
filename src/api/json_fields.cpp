#include "api/json_fields.h"

#include "base/json_depth.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>

namespace assay::api {

namespace {

/// nlohmann's text without its own prefix: "parse error at line 1, column 5: …".
std::string parse_message(std::string_view what) {
    const auto bracket = what.find("] ");
    return "The body is not valid JSON: " +
           std::string(bracket == std::string_view::npos ? what : what.substr(bracket + 2));
}

std::string range_text(double low, double high) {
    const auto plain = [](double value) {
        return nlohmann::json(value == std::floor(value) && std::abs(value) < 1e15
                                  ? nlohmann::json(static_cast<std::int64_t>(value))
                                  : nlohmann::json(value))
            .dump();
    };
    return "must be between " + plain(low) + " and " + plain(high);
}

} // namespace

ApiResult<nlohmann::json> parse_object(std::string_view bytes) {
    if (json_nests_deeper(bytes, kJsonDepthMax))
        return bad_field("", "The body's JSON is nested deeper than " + std::to_string(kJsonDepthMax) + " levels.",
                         "invalid_json");
    try {
        auto value = nlohmann::json::parse(bytes);
        if (!value.is_object())
            return bad_field("", "The body must be a JSON object, not " + std::string(type_name(value)) + ".",
                             "invalid_json");
        return value;
    } catch (const nlohmann::json::exception& error) {
        return bad_field("", parse_message(error.what()), "invalid_json");
    }
}

ApiResult<void> check_known_fields(const nlohmann::json& object, std::span<const std::string_view> known,
                                   std::span<const std::string_view> unsupported) {
    for (const auto& [name, value] : object.items()) {
        if (std::ranges::find(known, name) != known.end()) continue;
        const bool off = value.is_null() || value == false || (value.is_array() && value.empty());
        if (std::ranges::find(unsupported, name) == unsupported.end())
            return bad_field(name, "Unrecognized request argument supplied: " + name, "unknown_parameter");
        if (!off) return bad_field(name, "'" + name + "' is not supported by this server.", "unsupported_parameter");
    }
    return {};
}

const nlohmann::json* FieldReader::find(std::string_view name) const {
    const auto found = object_.find(name);
    return found == object_.end() || found->is_null() ? nullptr : &*found;
}

void FieldReader::fail(std::string_view name, std::string message, std::string code) {
    if (!error_)
        error_ = ApiError{.message = "'" + path(name) + "' " + std::move(message) + ".",
                          .param = path(name),
                          .code = std::move(code)};
}

ApiResult<void> FieldReader::result() const {
    if (error_) return std::unexpected(*error_);
    return {};
}

double FieldReader::number(std::string_view name, double fallback, double low, double high) {
    const auto* value = find(name);
    if (value == nullptr) return fallback;
    if (!value->is_number())
        return fail(name, "must be a number, not " + std::string(type_name(*value)), "invalid_type"), fallback;
    const double number = value->get<double>();
    if (!(number >= low && number <= high)) return fail(name, range_text(low, high)), fallback;
    return number;
}

std::int64_t FieldReader::integer(std::string_view name, std::int64_t fallback, std::int64_t low, std::int64_t high) {
    const auto* value = find(name);
    if (value == nullptr) return fallback;
    if (!value->is_number_integer())
        return fail(name, "must be an integer, not " + std::string(type_name(*value)), "invalid_type"), fallback;
    const bool above =
        value->is_number_unsigned() && value->get<std::uint64_t>() > static_cast<std::uint64_t>(INT64_MAX);
    const auto number = above ? INT64_MAX : value->get<std::int64_t>();
    if (above || number < low || number > high)
        return fail(name, "must be between " + std::to_string(low) + " and " + std::to_string(high)), fallback;
    return number;
}

bool FieldReader::boolean(std::string_view name, bool fallback) {
    const auto* value = find(name);
    if (value == nullptr) return fallback;
    if (!value->is_boolean())
        return fail(name, "must be true or false, not " + std::string(type_name(*value)), "invalid_type"), fallback;
    return value->get<bool>();
}

std::string FieldReader::text(std::string_view name, std::string fallback, std::size_t bytes_max) {
    const auto* value = find(name);
    if (value == nullptr) return fallback;
    if (!value->is_string())
        return fail(name, "must be a string, not " + std::string(type_name(*value)), "invalid_type"), fallback;
    const auto& text = value->get_ref<const std::string&>();
    if (text.size() > bytes_max) return fail(name, "is longer than " + std::to_string(bytes_max) + " bytes"), fallback;
    return text;
}

std::string FieldReader::required_text(std::string_view name, std::size_t bytes_max) {
    if (find(name) == nullptr) return fail(name, "is required", "missing_required_parameter"), std::string();
    return text(name, "", bytes_max);
}

std::string_view type_name(const nlohmann::json& value) {
    if (value.is_object()) return "an object";
    if (value.is_array()) return "an array";
    if (value.is_string()) return "a string";
    if (value.is_boolean()) return "a boolean";
    if (value.is_number_integer()) return "an integer";
    return value.is_null() ? "null" : "a number";
}

std::string dump(const nlohmann::json& value) {
    return value.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}
std::string dump(const nlohmann::ordered_json& value) {
    return value.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

} // namespace assay::api
