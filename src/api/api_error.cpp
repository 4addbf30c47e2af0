#include "api/api_error.h"

#include <nlohmann/json.hpp>

namespace assay::api {

namespace {

constexpr int kRetrySeconds = 1;

nlohmann::json text_or_null(const std::string& text) {
    return text.empty() ? nlohmann::json(nullptr) : nlohmann::json(text);
}

} // namespace

std::unexpected<ApiError> bad_field(std::string param, std::string message, std::string code) {
    return std::unexpected(ApiError{.message = std::move(message), .param = std::move(param), .code = std::move(code)});
}

ApiError model_not_found(std::string_view id) {
    return {.status = 404,
            .message = "The model '" + std::string(id) + "' does not exist; GET /v1/models lists those that do.",
            .param = "model",
            .code = "model_not_found"};
}

ApiError context_overflow(std::string param, std::uint64_t context, std::uint64_t prompt, std::uint64_t answer) {
    return {.message = "This model's maximum context length is " + std::to_string(context) +
                       " tokens. However, you requested " + std::to_string(prompt + answer) + " tokens (" +
                       std::to_string(prompt) + " in the prompt, " + std::to_string(answer) + " for the answer).",
            .param = std::move(param),
            .code = "context_length_exceeded"};
}

ApiError draining() {
    return {.status = 503,
            .message = "The node is shutting down.",
            .type = "server_error",
            .code = "draining",
            .retry_after_seconds = kRetrySeconds};
}

ApiError from_engine(const Error& error, std::string param) {
    switch (error.code) {
        case ErrorCode::resource_exhausted:
            return {.status = 429,
                    .message = "The queue is full: " + error.message,
                    .type = "rate_limit_error",
                    .code = "queue_full",
                    .retry_after_seconds = kRetrySeconds};
        case ErrorCode::cancelled: return draining();
        case ErrorCode::invalid_argument:
        case ErrorCode::malformed:
        case ErrorCode::unsupported:
            return {.message = error.message, .param = std::move(param), .code = std::string(to_string(error.code))};
        default:
            return {.status = 500,
                    .message = error.message,
                    .type = "server_error",
                    .code = std::string(to_string(error.code))};
    }
}

ApiError from_request_part(const Error& error, std::string param) {
    if (error.code != ErrorCode::resource_exhausted) return from_engine(error, std::move(param));
    return {.message = error.message, .param = std::move(param), .code = "resource_exhausted"};
}

std::string to_json(const ApiError& error) {
    const nlohmann::ordered_json body = {{"message", error.message},
                                         {"type", error.type},
                                         {"param", text_or_null(error.param)},
                                         {"code", text_or_null(error.code)}};
    return nlohmann::ordered_json{{"error", body}}.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

HttpResponse to_response(const ApiError& error) {
    HttpResponse response{.status = error.status, .body = to_json(error)};
    if (error.retry_after_seconds > 0)
        response.headers.emplace_back("Retry-After", std::to_string(error.retry_after_seconds));
    return response;
}

} // namespace assay::api
