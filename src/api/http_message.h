#pragma once
/// Requests and responses as the rest of the room sees them: no socket, no third-party type.
/// HttpRequest is immutable once handed out. Responder is thread-safe and may outlive its connection and its server.
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace assay::api {

using HttpHeaders = std::vector<std::pair<std::string, std::string>>;

struct HttpRequest {
    std::string method;
    std::string path;  ///< without the query
    std::string query; ///< after '?', undecoded
    HttpHeaders headers;
    std::string body;

    /// Value of the first header of this name (any case), or empty.
    std::string_view header(std::string_view name) const;
};

struct HttpResponse {
    int status = 200;
    std::string content_type = "application/json";
    std::string body = {};
    HttpHeaders headers = {};
};

/// Answers one request: either send(), or start_stream(), write() any number of times and finish().
/// Calls after the client has gone, or out of this order, do nothing. A responder that is destroyed without an answer sends 500.
class Responder {
public:
    virtual ~Responder() = default;

    virtual void send(HttpResponse response) = 0;
    /// `head.body` is ignored. The body follows in chunks as written.
    virtual void start_stream(HttpResponse head) = 0;
    virtual void write(std::string bytes) = 0;
    virtual void finish() = 0;
    /// About how many written bytes the client has not taken yet. Whoever writes much waits for it to sink: above a limit the
    /// client counts as one that does not read, and is dropped.
    virtual std::size_t unsent_bytes() const { return 0; }

    /// `call` runs once if the client vanishes, stops reading or the server stops before the answer is complete.
    virtual void on_gone(std::function<void()> call) = 0;
    /// Runs `call` on this connection's executor: calls of one connection never overlap. Dropped when the connection is gone.
    virtual void post(std::function<void()> call) = 0;
};

/// Called on the connection's executor; must not block.
using HttpHandler = std::function<void(std::shared_ptr<const HttpRequest>, std::shared_ptr<Responder>)>;

} // namespace assay::api
