#pragma once
/// The node's HTTP surface: OpenAI's endpoints, the chain, health, metrics, the API's description and the chat page.
/// Thread-safe. Owns its threads (1-2 for sockets, 2 for preparing requests, 1 for embeddings); shares the engine.
/// Errors: start fails with io when the address cannot be bound, invalid_argument when it is not an address.
#include "api/chain_ports.h"
#include "api/ports.h"
#include "base/result.h"

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace assay::api {

struct ApiOptions {
    std::string address = "127.0.0.1"; ///< an IP address, v4 or v6
    std::uint16_t port = 0;            ///< 0 = any free port; see ApiServer::port()
    std::uint32_t io_threads = 1;
    std::uint32_t connections_max = 256;
    std::size_t body_bytes_max = 8u << 20;
    std::size_t stream_buffer_bytes_max = 1u << 20;   ///< unsent bytes before a client that does not read is dropped
    std::chrono::milliseconds header_timeout{30'000}; ///< for a whole header, idle keep-alive included
    std::chrono::milliseconds body_timeout{60'000};   ///< for a whole body
    std::chrono::milliseconds write_timeout{30'000};  ///< for one write to make it out
    std::vector<std::string> allowed_origins; ///< browser origins beyond loopback ("https://chat.example.org")
    /// One line per answered request ("POST /v1/chat/completions 200 35 ms"); may be empty. Called from socket threads.
    std::function<void(std::string_view line)> access_log;
};

class ApiServer {
public:
    /// `chain` may be null: then /chain and /eth answer 404.
    static Result<std::unique_ptr<ApiServer>> start(std::shared_ptr<ChatEngine> engine, ApiOptions options,
                                                    std::shared_ptr<ChainNode> chain = nullptr);
    virtual ~ApiServer() = default; ///< stops

    virtual std::uint16_t port() const = 0;
    /// "http://127.0.0.1:8080"
    virtual std::string url() const = 0;

    /// From now on new work is answered 503; /healthz says draining; requests under way go on.
    virtual void begin_drain() = 0;
    /// begin_drain, then waits for the requests under way. False when `timeout` passed first.
    virtual bool drain(std::chrono::milliseconds timeout) = 0;
    /// Closes every connection, cancels what they asked for and joins the threads. Idempotent.
    virtual void stop() = 0;
};

} // namespace assay::api
