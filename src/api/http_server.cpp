#include "api/http_server.h"

#include "api/http_session.h"

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

#include <algorithm>
#include <condition_variable>
#include <thread>
#include <unordered_set>

namespace assay::api {

namespace {

using asio::ip::tcp;

constexpr std::chrono::milliseconds kAcceptPause{100};
constexpr int kSendBufferBytes = 256 << 10; // a client that does not read is noticed after this, not after megabytes

class BeastServer final : public HttpServer, public SessionHost {
public:
    BeastServer(HttpOptions options, HttpHandler handler)
        : options_(std::move(options)), handler_(std::move(handler)), io_(static_cast<int>(options_.io_threads)),
          acceptor_(asio::make_strand(io_)), pause_(acceptor_.get_executor()) {}
    ~BeastServer() override { stop(); }

    Result<void> listen();
    void start_threads();

    std::uint16_t port() const override { return port_; }
    void close_after_answers() override;
    bool wait_until_idle(std::chrono::milliseconds timeout) override;
    void stop() override;

    const HttpOptions& options() const override { return options_; }
    const HttpHandler& handler() const override { return handler_; }
    const std::shared_ptr<PostGate>& gate() const override { return gate_; }
    bool closing() const override { return closing_; }
    bool stopping() const override { return stopped_; }
    void request_started() override;
    void request_ended() override;
    void session_ended(const std::shared_ptr<HttpSession>& session) override;

private:
    void accept();
    void accepted(tcp::socket socket, const Strand& strand);
    std::vector<std::shared_ptr<HttpSession>> sessions();

    HttpOptions options_;
    HttpHandler handler_;
    std::shared_ptr<PostGate> gate_ = std::make_shared<PostGate>();
    std::atomic<bool> closing_{false}, stopped_{false};
    std::uint16_t port_ = 0;
    std::mutex mutex_;
    std::condition_variable idle_;
    std::size_t answering_ = 0;
    std::unordered_set<std::shared_ptr<HttpSession>> sessions_;
    asio::io_context io_; // after what its handlers refer to, so that it goes first
    tcp::acceptor acceptor_;
    asio::steady_timer pause_;
    std::vector<std::thread> threads_;
};

Result<void> BeastServer::listen() {
    beast::error_code error;
    const auto address = asio::ip::make_address(options_.address, error);
    if (error) return fail(ErrorCode::invalid_argument, "address '" + options_.address + "' is not an IP address");
    const tcp::endpoint endpoint(address, options_.port);
    const auto refused = [&] {
        return fail(ErrorCode::io, "cannot listen on " + options_.address + " port " + std::to_string(options_.port) +
                                       ": " + error.message());
    };
    if (acceptor_.open(endpoint.protocol(), error); error) return refused();
    acceptor_.set_option(asio::socket_base::reuse_address(true), error);
    if (acceptor_.bind(endpoint, error); error) return refused();
    if (acceptor_.listen(asio::socket_base::max_listen_connections, error); error) return refused();
    port_ = acceptor_.local_endpoint(error).port();
    if (error) return refused();
    return {};
}

void BeastServer::start_threads() {
    asio::post(acceptor_.get_executor(), [this] { accept(); });
    for (std::uint32_t i = 0; i < std::max(1u, options_.io_threads); ++i) threads_.emplace_back([this] { io_.run(); });
}

void BeastServer::accept() {
    if (!acceptor_.is_open()) return;
    const Strand strand(io_.get_executor()); // the connection's: its timers and its handlers run there
    acceptor_.async_accept(strand, [this, strand](beast::error_code error, tcp::socket socket) {
        if (error == asio::error::operation_aborted) return;
        if (!error) {
            accepted(std::move(socket), strand);
            return accept();
        }
        pause_.expires_after(kAcceptPause); // out of descriptors, say: try again soon rather than spin
        pause_.async_wait([this](beast::error_code cancelled) {
            if (!cancelled) accept();
        });
    });
}

void BeastServer::accepted(tcp::socket socket, const Strand& strand) {
    beast::error_code ignored;
    socket.set_option(tcp::no_delay(true), ignored);
    socket.set_option(asio::socket_base::send_buffer_size(kSendBufferBytes), ignored);
    auto session = std::make_shared<HttpSession>(*this, std::move(socket), strand);
    bool full = false;
    {
        const std::lock_guard lock(mutex_);
        if (sessions_.size() >= 2 * std::size_t{options_.connections_max}) return; // even refusals have a limit
        full = sessions_.size() >= options_.connections_max;
        sessions_.insert(session);
    }
    full ? session->refuse_connection() : session->run();
}

std::vector<std::shared_ptr<HttpSession>> BeastServer::sessions() {
    const std::lock_guard lock(mutex_);
    return {sessions_.begin(), sessions_.end()};
}

void BeastServer::close_after_answers() {
    closing_ = true;
    for (auto& session : sessions()) asio::post(session->strand(), [session] { session->close_if_idle(); });
}

bool BeastServer::wait_until_idle(std::chrono::milliseconds timeout) {
    std::unique_lock lock(mutex_);
    return idle_.wait_for(lock, timeout, [this] { return answering_ == 0; });
}

void BeastServer::stop() {
    if (stopped_.exchange(true)) return;
    closing_ = true;
    asio::post(acceptor_.get_executor(), [this] {
        beast::error_code ignored;
        acceptor_.close(ignored);
        pause_.cancel();
        for (auto& session : sessions()) asio::post(session->strand(), [session] { session->vanish(); });
    });
    for (auto& thread : threads_) thread.join(); // run() returns when no handler is left
    threads_.clear();
    const std::lock_guard lock(gate_->mutex);
    gate_->open = false;
}

void BeastServer::request_started() {
    const std::lock_guard lock(mutex_);
    ++answering_;
}

void BeastServer::request_ended() {
    const std::lock_guard lock(mutex_);
    if (--answering_ == 0) idle_.notify_all();
}

void BeastServer::session_ended(const std::shared_ptr<HttpSession>& session) {
    const std::lock_guard lock(mutex_);
    sessions_.erase(session);
}

} // namespace

std::string_view HttpRequest::header(std::string_view name) const {
    for (const auto& [key, value] : headers)
        if (beast::iequals({key.data(), key.size()}, {name.data(), name.size()})) return value;
    return {};
}

Result<std::unique_ptr<HttpServer>> HttpServer::start(HttpOptions options, HttpHandler handler) {
    try {
        auto server = std::make_unique<BeastServer>(std::move(options), std::move(handler));
        TRY_VOID(server->listen());
        server->start_threads();
        return server;
    } catch (const std::exception& error) {
        return fail(ErrorCode::io, std::string("cannot start the HTTP server: ") + error.what());
    }
}

} // namespace assay::api
