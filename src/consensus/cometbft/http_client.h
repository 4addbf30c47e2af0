#pragma once
/// HTTP(S) requests with a deadline and a limit on the answer.
/// Internal to the room: it hides libcurl. Thread-safe: each thread keeps its own connections open.
#include "base/result.h"

#include <chrono>
#include <cstddef>
#include <string>

namespace assay::consensus {

struct HttpLimits {
    std::chrono::milliseconds timeout{10'000};
    std::size_t body_bytes_max = std::size_t{64} << 20;
};

struct HttpAnswer {
    long status = 0;
    std::string body;
};

/// Errors: invalid_argument (URL), io (no connection, deadline), resource_exhausted (a longer answer).
Result<HttpAnswer> post_json(const std::string& url, const std::string& body, const HttpLimits& limits);

} // namespace assay::consensus
