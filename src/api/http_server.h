#pragma once
/// A small HTTP/1.1 server: keep-alive, chunked streaming with a bounded buffer, limits, timeouts, draining.
/// Thread-safe. Owns its threads and connections. Errors: start fails with invalid_argument (address) or io (bind).
#include "api/http_message.h"
#include "base/result.h"

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

namespace assay::api {

struct HttpOptions {
    std::string address = "127.0.0.1";
    std::uint16_t port = 0;
    std::uint32_t io_threads = 1;
    std::uint32_t connections_max = 256;
    std::size_t header_bytes_max = 16u << 10;
    std::size_t body_bytes_max = 8u << 20;
    std::size_t stream_buffer_bytes_max = 1u << 20;
    std::chrono::milliseconds header_timeout{30'000};
    std::chrono::milliseconds body_timeout{60'000};
    std::chrono::milliseconds write_timeout{30'000};
    /// Answers for what never reaches the handler (malformed, too large, too many connections).
    std::function<HttpResponse(int status, const std::string& reason)> refuse;
    /// After each answer, or 499 when the client went first. Called from socket threads.
    std::function<void(const HttpRequest&, int status, double seconds)> answered;
};

class HttpServer {
public:
    static Result<std::unique_ptr<HttpServer>> start(HttpOptions options, HttpHandler handler);
    virtual ~HttpServer() = default; ///< stops

    virtual std::uint16_t port() const = 0;
    /// Connections close after the answer they are giving; new ones are still accepted.
    virtual void close_after_answers() = 0;
    /// Waits until no request is being answered. False when `timeout` passed first.
    virtual bool wait_until_idle(std::chrono::milliseconds timeout) = 0;
    /// Closes everything and joins the threads. Idempotent; not from a socket thread.
    virtual void stop() = 0;
};

} // namespace assay::api
