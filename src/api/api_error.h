#pragma once
/// Failures as OpenAI's clients expect them: {"error":{"message","type","param","code"}}.
/// Plain values; thread-safe.
#include "api/http_message.h"
#include "base/result.h"

#include <expected>
#include <string>

namespace assay::api {

struct ApiError {
    int status = 400;
    std::string message = {};
    std::string type = "invalid_request_error";
    std::string param = {}; ///< the request's field ("messages[2].content"); empty = null
    std::string code = {};  ///< empty = null
    int retry_after_seconds = 0;
};

template <class T>
using ApiResult = std::expected<T, ApiError>;

/// A field that is missing, of the wrong type or out of range.
[[nodiscard]] std::unexpected<ApiError> bad_field(std::string param, std::string message,
                                                  std::string code = "invalid_value");
[[nodiscard]] ApiError model_not_found(std::string_view id);
[[nodiscard]] ApiError context_overflow(std::string param, std::uint64_t context, std::uint64_t prompt,
                                        std::uint64_t answer);
[[nodiscard]] ApiError draining();
/// An engine's refusal: a full queue is 429, a shutdown 503, the caller's mistakes 400, anything else 500.
[[nodiscard]] ApiError from_engine(const Error& error, std::string param);
/// The same for pieces of a request (a template, a schema) where running into a limit is the request's fault too.
[[nodiscard]] ApiError from_request_part(const Error& error, std::string param);

std::string to_json(const ApiError& error);
HttpResponse to_response(const ApiError& error);

} // namespace assay::api
