#include "api/http_session.h"

#include <boost/asio/dispatch.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/http/read.hpp>

#include <charconv>
#include <sys/socket.h>

namespace assay::api {

namespace http = beast::http;

namespace {

constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";
constexpr std::chrono::seconds kLingerTime{2};
constexpr std::size_t kLingerBytesMax = 16u << 20;

std::shared_ptr<const HttpRequest> to_request(http::request<http::string_body>&& message) {
    auto request = std::make_shared<HttpRequest>();
    request->method = std::string(message.method_string());
    const std::string target(message.target());
    const auto question = target.find('?');
    request->path = target.substr(0, question);
    if (question != std::string::npos) request->query = target.substr(question + 1);
    for (const auto& field : message)
        request->headers.emplace_back(std::string(field.name_string()), std::string(field.value()));
    request->body = std::move(message.body());
    return request;
}

} // namespace

HttpSession::HttpSession(SessionHost& host, asio::ip::tcp::socket socket, Strand strand)
    : host_(host), strand_(std::move(strand)), stream_(std::move(socket)) {}

void HttpSession::run() {
    asio::dispatch(strand_, [self = shared_from_this()] { self->read_header(); });
}

void HttpSession::refuse_connection() {
    asio::dispatch(strand_, [self = shared_from_this()] {
        self->state_ = State::finishing;
        self->body_unread_ = true;
        const auto response = self->host_.options().refuse(503, "too many connections");
        self->put_head(response, response.body.size());
        self->waiting_ += response.body;
        self->flush();
    });
}

void HttpSession::read_header() {
    if (host_.stopping()) return close();
    state_ = State::reading;
    request_.reset();
    parser_.emplace();
    parser_->header_limit(static_cast<std::uint32_t>(host_.options().header_bytes_max));
    parser_->body_limit(host_.options().body_bytes_max);
    stream_.expires_after(host_.options().header_timeout);
    http::async_read_header(
        stream_, buffer_, *parser_,
        asio::bind_executor(
            strand_, [self = shared_from_this()](beast::error_code error, std::size_t) { self->on_header(error); }));
}

void HttpSession::on_header(beast::error_code error) {
    if (state_ == State::closed) return;
    if (error) return refuse_request(error);
    const auto& message = parser_->get();
    keep_alive_ = message.keep_alive();
    chunked_ = message.version() >= 11;
    head_only_ = message.method() == http::verb::head;
    stream_.expires_after(host_.options().body_timeout);
    if (!beast::iequals(message[http::field::expect], "100-continue") || message.version() < 11) return read_body();
    asio::async_write(stream_, asio::buffer(kContinue),
                      asio::bind_executor(strand_, [self = shared_from_this()](beast::error_code failed, std::size_t) {
                          failed ? self->vanish() : self->read_body();
                      }));
}

void HttpSession::read_body() {
    http::async_read(stream_, buffer_, *parser_,
                     asio::bind_executor(strand_, [self = shared_from_this()](beast::error_code error, std::size_t) {
                         self->on_body(error);
                     }));
}

void HttpSession::on_body(beast::error_code error) {
    if (state_ == State::closed) return;
    if (error) return refuse_request(error);
    handle();
}

/// Malformed or oversized input is answered and the connection closed, since where the next request starts is unknown.
void HttpSession::refuse_request(beast::error_code error) {
    const bool malformed = error.category() == http::make_error_code(http::error::bad_method).category();
    if (!malformed || error == http::error::end_of_stream || error == http::error::partial_message) return close();
    const int status = error == http::error::header_limit ? 431 : error == http::error::body_limit ? 413 : 400;
    auto response = host_.options().refuse(status, error.message());
    keep_alive_ = false;
    body_unread_ = true;
    state_ = State::finishing;
    put_head(response, response.body.size());
    waiting_ += response.body;
    flush();
}

void HttpSession::handle() {
    stream_.expires_never();
    request_ = to_request(parser_->release());
    parser_.reset();
    state_ = State::handling;
    started_ = std::chrono::steady_clock::now();
    status_ = 0;
    ++serial_;
    host_.request_started();
    watch_for_eof();
    host_.handler()(request_, std::make_shared<HttpResponder>(weak_from_this(), host_.gate(), backlog_, serial_));
}

/// While an answer is made nothing reads the socket, so a client that hangs up is noticed by waiting for readability.
void HttpSession::watch_for_eof() {
    if (watching_ || buffer_.size() > 0) return;
    watching_ = true;
    stream_.socket().async_wait(asio::ip::tcp::socket::wait_read,
                                asio::bind_executor(strand_, [self = shared_from_this()](beast::error_code error) {
                                    self->watching_ = false;
                                    if (!error) self->on_readable();
                                }));
}

void HttpSession::on_readable() {
    if (state_ != State::handling && state_ != State::streaming) return;
    char byte = 0;
    const auto count = ::recv(stream_.socket().native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    if (count > 0) return; // the next request of a pipelining client; it waits its turn
    if (count < 0 && (errno == EAGAIN || errno == EINTR)) return watch_for_eof();
    vanish();
}

void HttpSession::put_head(const HttpResponse& response, std::optional<std::size_t> length) {
    status_ = response.status;
    bool chunk = chunked_;
    if (!chunked_ && !length) keep_alive_ = false; // HTTP/1.0: the end of the stream is the end of the connection
    if (host_.closing()) keep_alive_ = false;
    waiting_ += "HTTP/1.1 " + std::to_string(response.status) + " ";
    waiting_ += std::string_view(http::obsolete_reason(http::int_to_status(static_cast<unsigned>(response.status))));
    waiting_ += "\r\nContent-Type: " + response.content_type + "\r\n";
    for (const auto& [name, value] : response.headers) waiting_ += name + ": " + value + "\r\n";
    if (response.status == 204) length.reset(), chunk = false; // no body, no length (RFC 9110, 8.6)
    if (length) waiting_ += "Content-Length: " + std::to_string(*length) + "\r\n";
    else if (chunk) waiting_ += "Transfer-Encoding: chunked\r\n";
    waiting_ += keep_alive_ ? "Connection: keep-alive\r\n\r\n" : "Connection: close\r\n\r\n";
}

void HttpSession::send(std::uint64_t serial, HttpResponse response) {
    if (!answers(serial, State::handling)) return;
    state_ = State::finishing;
    put_head(response, response.body.size());
    if (!head_only_) waiting_ += response.body;
    flush();
}

void HttpSession::start_stream(std::uint64_t serial, const HttpResponse& head) {
    if (!answers(serial, State::handling)) return;
    state_ = State::streaming;
    put_head(head, std::nullopt);
    flush();
}

void HttpSession::write(std::uint64_t serial, std::string_view bytes) {
    if (!answers(serial, State::streaming) || bytes.empty() || head_only_) return;
    if (unsent() + bytes.size() > host_.options().stream_buffer_bytes_max) return vanish(); // the client does not read
    if (chunked_) {
        char size[16];
        const auto end = std::to_chars(size, size + sizeof size, bytes.size(), 16).ptr;
        waiting_.append(size, end).append("\r\n").append(bytes).append("\r\n");
    } else {
        waiting_ += bytes;
    }
    flush();
    backlog_->queued = unsent();
}

void HttpSession::finish(std::uint64_t serial) {
    if (!answers(serial, State::streaming)) return;
    state_ = State::finishing;
    if (chunked_ && !head_only_) waiting_ += "0\r\n\r\n";
    flush();
}

void HttpSession::on_gone(std::uint64_t serial, std::function<void()> call) {
    const bool open = serial == serial_ && (state_ == State::handling || state_ == State::streaming);
    if (open) gone_ = std::move(call);
    else if (state_ == State::closed) call();
}

void HttpSession::flush() {
    if (writing_) return;
    if (waiting_.empty() && in_flight_sent_ == in_flight_.size()) {
        if (state_ == State::finishing) answer_complete();
        return;
    }
    if (in_flight_sent_ == in_flight_.size()) {
        in_flight_.clear();
        in_flight_sent_ = 0;
        std::swap(in_flight_, waiting_);
    }
    writing_ = true;
    stream_.expires_after(host_.options().write_timeout); // each piece must make progress within it
    stream_.async_write_some(
        asio::buffer(in_flight_.data() + in_flight_sent_, in_flight_.size() - in_flight_sent_),
        asio::bind_executor(strand_, [self = shared_from_this()](beast::error_code error, std::size_t bytes) {
            self->on_written(error, bytes);
        }));
}

void HttpSession::on_written(beast::error_code error, std::size_t bytes) {
    writing_ = false;
    if (state_ == State::closed) return;
    stream_.expires_never();
    if (error) return vanish();
    in_flight_sent_ += bytes;
    flush();
    backlog_->queued = unsent();
}

void HttpSession::answer_complete() {
    report(status_);
    gone_ = nullptr;
    if (keep_alive_ && !host_.closing()) return read_header();
    beast::error_code ignored;
    stream_.socket().shutdown(asio::ip::tcp::socket::shutdown_send, ignored);
    body_unread_ ? linger() : close();
}

void HttpSession::report(int status) {
    if (!request_) return;
    const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - started_;
    if (host_.options().answered) host_.options().answered(*request_, status, seconds.count());
    request_.reset();
    host_.request_ended();
}

/// Reads on for a moment, so that the kernel does not reset the connection before the client has read the refusal.
void HttpSession::linger() {
    if (lingered_ == 0) stream_.expires_after(kLingerTime);
    buffer_.clear();
    stream_.async_read_some(
        buffer_.prepare(64u << 10),
        asio::bind_executor(strand_, [self = shared_from_this()](beast::error_code error, std::size_t bytes) {
            self->lingered_ += bytes;
            if (error || self->lingered_ > kLingerBytesMax) return self->close();
            self->linger();
        }));
}

void HttpSession::vanish() {
    if (state_ == State::closed) return;
    auto gone = std::exchange(gone_, nullptr);
    close();
    if (gone) gone();
}

void HttpSession::close_if_idle() {
    if (state_ == State::reading && !parser_->got_some()) close();
}

void HttpSession::close() {
    if (state_ == State::closed) return;
    state_ = State::closed;
    report(499);
    beast::error_code ignored;
    stream_.socket().close(ignored);
    host_.session_ended(shared_from_this());
}

HttpResponder::HttpResponder(std::weak_ptr<HttpSession> session, std::shared_ptr<PostGate> gate,
                             std::shared_ptr<StreamBacklog> backlog, std::uint64_t serial)
    : session_(std::move(session)), gate_(std::move(gate)), backlog_(std::move(backlog)), serial_(serial) {}

HttpResponder::~HttpResponder() {
    if (answered_) return;
    dispatch([serial = serial_](HttpSession& session) {
        session.send(serial, HttpResponse{.status = 500, .content_type = "text/plain", .body = "no answer\n"});
    });
}

/// Runs at once when already on the strand; otherwise posts, unless the server is gone.
template <class Call>
void HttpResponder::dispatch(Call call) {
    const std::lock_guard lock(gate_->mutex);
    if (!gate_->open) return;
    auto session = session_.lock();
    if (!session) return;
    auto strand = session->strand();
    asio::post(strand, [session = std::move(session), call = std::move(call)]() mutable { call(*session); });
}

void HttpResponder::send(HttpResponse response) {
    answered_ = true;
    dispatch([serial = serial_, response = std::move(response)](HttpSession& session) mutable {
        session.send(serial, std::move(response));
    });
}

void HttpResponder::start_stream(HttpResponse head) {
    answered_ = true;
    dispatch([serial = serial_, head = std::move(head)](HttpSession& session) { session.start_stream(serial, head); });
}

void HttpResponder::write(std::string bytes) {
    backlog_->posted += bytes.size();
    dispatch([serial = serial_, backlog = backlog_, bytes = std::move(bytes)](HttpSession& session) {
        session.write(serial, bytes);
        backlog->posted -= bytes.size();
    });
}

void HttpResponder::finish() {
    dispatch([serial = serial_](HttpSession& session) { session.finish(serial); });
}

void HttpResponder::on_gone(std::function<void()> call) {
    dispatch([serial = serial_, call = std::move(call)](HttpSession& session) mutable {
        session.on_gone(serial, std::move(call));
    });
}

void HttpResponder::post(std::function<void()> call) {
    dispatch([call = std::move(call)](HttpSession&) { call(); });
}

} // namespace assay::api
