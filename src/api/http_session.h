#pragma once
/// One connection of the HTTP server. Internal: included by http_server.cpp and http_session.cpp only, so that
/// Boost stays in two translation units.
/// Everything runs on the connection's strand, except HttpResponder, which posts to it.
#include "api/http_server.h"

#include <boost/asio/io_context.hpp>
#include <boost/asio/strand.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>

#include <atomic>
#include <chrono>
#include <mutex>
#include <optional>

namespace assay::api {

namespace asio = boost::asio;
namespace beast = boost::beast;

using Strand = asio::strand<asio::io_context::executor_type>;

/// Lets responders outlive the server: nothing is posted once it is shut.
struct PostGate {
    std::mutex mutex;
    bool open = true;
};

/// Bytes of a stream on their way to the client: posted to the strand, and queued there. Thread-safe.
struct StreamBacklog {
    std::atomic<std::size_t> posted = 0;
    std::atomic<std::size_t> queued = 0;
};

class HttpSession;

/// What a session needs of its server.
class SessionHost {
public:
    virtual ~SessionHost() = default;
    virtual const HttpOptions& options() const = 0;
    virtual const HttpHandler& handler() const = 0;
    virtual const std::shared_ptr<PostGate>& gate() const = 0;
    virtual bool closing() const = 0;  ///< keep-alive is over; new connections get one answer
    virtual bool stopping() const = 0; ///< nothing is read any more
    virtual void request_started() = 0;
    virtual void request_ended() = 0;
    virtual void session_ended(const std::shared_ptr<HttpSession>& session) = 0;
};

class HttpSession : public std::enable_shared_from_this<HttpSession> {
public:
    HttpSession(SessionHost& host, asio::ip::tcp::socket socket, Strand strand);

    void run();
    /// Answers 503 without reading and closes: too many connections.
    void refuse_connection();
    /// The client, or the server, ends the connection now.
    void vanish();
    /// Closes unless a request is being answered.
    void close_if_idle();

    // The responder's calls, on the strand. `serial` says which request they answer.
    void send(std::uint64_t serial, HttpResponse response);
    void start_stream(std::uint64_t serial, const HttpResponse& head);
    void write(std::uint64_t serial, std::string_view bytes);
    void finish(std::uint64_t serial);
    void on_gone(std::uint64_t serial, std::function<void()> call);
    const Strand& strand() const { return strand_; }

private:
    enum class State { reading, handling, streaming, finishing, closed };

    void read_header();
    void on_header(beast::error_code error);
    void read_body();
    void on_body(beast::error_code error);
    void refuse_request(beast::error_code error);
    void handle();
    void watch_for_eof();
    void on_readable();
    void put_head(const HttpResponse& response, std::optional<std::size_t> length);
    void flush();
    void on_written(beast::error_code error, std::size_t bytes);
    std::size_t unsent() const { return waiting_.size() + in_flight_.size() - in_flight_sent_; }
    void answer_complete();
    void report(int status);
    void linger();
    void close();
    bool answers(std::uint64_t serial, State state) const { return serial == serial_ && state_ == state; }

    SessionHost& host_;
    Strand strand_;
    beast::tcp_stream stream_;
    beast::flat_buffer buffer_;
    std::optional<beast::http::request_parser<beast::http::string_body>> parser_;
    std::shared_ptr<const HttpRequest> request_;
    std::chrono::steady_clock::time_point started_;
    State state_ = State::reading;
    std::uint64_t serial_ = 0;
    bool keep_alive_ = false, chunked_ = false, head_only_ = false, body_unread_ = false;
    bool watching_ = false, writing_ = false;
    int status_ = 0;
    std::string waiting_, in_flight_;
    std::size_t in_flight_sent_ = 0, lingered_ = 0;
    const std::shared_ptr<StreamBacklog> backlog_ = std::make_shared<StreamBacklog>();
    std::function<void()> gone_;
};

/// Hands calls from any thread to the session's strand.
class HttpResponder final : public Responder, public std::enable_shared_from_this<HttpResponder> {
public:
    HttpResponder(std::weak_ptr<HttpSession> session, std::shared_ptr<PostGate> gate,
                  std::shared_ptr<StreamBacklog> backlog, std::uint64_t serial);
    ~HttpResponder() override;

    void send(HttpResponse response) override;
    void start_stream(HttpResponse head) override;
    void write(std::string bytes) override;
    void finish() override;
    std::size_t unsent_bytes() const override { return backlog_->posted + backlog_->queued; }
    void on_gone(std::function<void()> call) override;
    void post(std::function<void()> call) override;

private:
    template <class Call>
    void dispatch(Call call);

    std::weak_ptr<HttpSession> session_;
    std::shared_ptr<PostGate> gate_;
    std::shared_ptr<StreamBacklog> backlog_;
    std::uint64_t serial_;
    std::atomic<bool> answered_{false};
};

} // namespace assay::api
