#pragma once
/// HTTP(S) requests with a deadline and a limit on the answer.
/// Hides libcurl. Thread-safe: each thread keeps its own connections open.
#include "base/result.h"

#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>

namespace assay::consensus {

struct HttpLimits {
    std::chrono::milliseconds timeout{10'000};
    std::size_t body_bytes_max = std::size_t{64} << 20;
};

struct HttpAnswer {
    long status = 0;
    std::string body;
};

/// Errors of all: invalid_argument (URL), io (no connection, deadline), resource_exhausted (a longer answer).
Result<HttpAnswer> get(const std::string& url, const HttpLimits& limits);
Result<HttpAnswer> post(const std::string& url, const std::string& content_type, std::string_view body,
                        const HttpLimits& limits);
Result<HttpAnswer> post_json(const std::string& url, const std::string& body, const HttpLimits& limits);

} // namespace assay::consensus
