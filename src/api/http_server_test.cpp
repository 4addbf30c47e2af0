#include "api/http_server.h"

#include "api/testing/raw_client.h"

#include <gtest/gtest.h>

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>

namespace assay::api {
namespace {

using namespace std::chrono_literals;

/// Counts to one; waits for it.
class Signal {
public:
    void set() {
        const std::lock_guard lock(mutex_);
        set_ = true;
        changed_.notify_all();
    }
    bool wait() {
        std::unique_lock lock(mutex_);
        return changed_.wait_for(lock, 60s, [this] { return set_; });
    }

private:
    std::mutex mutex_;
    std::condition_variable changed_;
    bool set_ = false;
};

HttpOptions options() {
    HttpOptions chosen;
    chosen.io_threads = 2;
    chosen.refuse = [](int status, const std::string&) {
        return HttpResponse{.status = status, .content_type = "text/plain", .body = "refused"};
    };
    return chosen;
}

std::unique_ptr<HttpServer> serve(HttpOptions chosen, HttpHandler handler) {
    auto server = HttpServer::start(std::move(chosen), std::move(handler));
    EXPECT_TRUE(server) << server.error().message;
    return std::move(*server);
}

void echo(const std::shared_ptr<const HttpRequest>& request, const std::shared_ptr<Responder>& responder) {
    responder->send({.content_type = "text/plain",
                     .body = request->method + " " + request->path + "?" + request->query + " " + request->body});
}

TEST(HttpServer, AnswersAndKeepsTheConnection) {
    const auto server = serve(options(), echo);
    RawClient client(server->port());
    client.send("GET /a?b=c HTTP/1.1\r\nHost: x\r\n\r\n");
    EXPECT_TRUE(client.read_until("GET /a?b=c "));
    client.send("POST /second HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nbody");
    EXPECT_TRUE(client.read_until("POST /second? body"));
}

TEST(HttpServer, PipelinedRequestsAreAnsweredInOrder) {
    const auto server = serve(options(), echo);
    RawClient client(server->port());
    client.send("GET /1 HTTP/1.1\r\nHost: x\r\n\r\nGET /2 HTTP/1.1\r\nHost: x\r\n\r\nGET /3 HTTP/1.1\r\nHost: "
                "x\r\nConnection: close\r\n\r\n");
    const auto& all = client.read_all();
    EXPECT_LT(all.find("/1"), all.find("/2"));
    EXPECT_LT(all.find("/2"), all.find("/3"));
    EXPECT_NE(all.find("/3"), std::string::npos);
}

TEST(HttpServer, HeadHasNoBodyAndExpectIsContinued) {
    const auto server = serve(options(), echo);
    const auto head = exchange(server->port(), "HEAD /x HTTP/1.1\r\nHost: x\r\n\r\n");
    EXPECT_TRUE(head.ends_with("\r\n\r\n"));
    EXPECT_TRUE(head.contains("Content-Length: 9"));
    RawClient client(server->port());
    client.send("POST /x HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
    EXPECT_TRUE(client.read_until("100 Continue\r\n\r\n"));
    client.send("ok");
    EXPECT_TRUE(client.read_until("POST /x? ok"));
}

TEST(HttpServer, LimitsAreAnswered) {
    auto chosen = options();
    chosen.body_bytes_max = 100;
    const auto server = serve(chosen, echo);
    EXPECT_TRUE(exchange(server->port(), "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 101\r\n\r\n")
                    .starts_with("HTTP/1.1 413 "));
    EXPECT_TRUE(exchange(server->port(), "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n80\r\n" +
                                             std::string(128, 'x') + "\r\n0\r\n\r\n")
                    .starts_with("HTTP/1.1 413 "));
    EXPECT_TRUE(exchange(server->port(), "GET / HTTP/1.1\r\nX: " + std::string(20'000, 'x') + "\r\n\r\n")
                    .starts_with("HTTP/1.1 431 "));
    EXPECT_TRUE(exchange(server->port(), "rubbish\r\n\r\n").starts_with("HTTP/1.1 400 "));
}

TEST(HttpServer, SlowHeadersAndBodiesAreCut) {
    auto chosen = options();
    chosen.header_timeout = 100ms;
    chosen.body_timeout = 100ms;
    const auto server = serve(chosen, echo);
    RawClient header(server->port());
    header.send("GET / HT");
    EXPECT_EQ(header.read_all(), "");
    RawClient body(server->port());
    body.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nabc");
    EXPECT_EQ(body.read_all(), "");
}

TEST(HttpServer, TooManyConnectionsAreRefused) {
    auto chosen = options();
    chosen.connections_max = 1;
    const auto server = serve(chosen, echo);
    RawClient first(server->port());
    first.send("GET /1 HTTP/1.1\r\nHost: x\r\n\r\n");
    ASSERT_TRUE(first.read_until("/1"));
    RawClient second(server->port());
    EXPECT_TRUE(second.read_until("503 "));
}

TEST(HttpServer, StreamsInChunks) {
    const auto server = serve(options(), [](const auto&, const auto& responder) {
        responder->start_stream({.content_type = "text/plain"});
        std::thread([responder] {
            responder->write("one");
            responder->write("");
            responder->write("seventeen letters");
            responder->finish();
        }).detach();
    });
    const auto answer = exchange(server->port(), "GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    EXPECT_TRUE(answer.contains("Transfer-Encoding: chunked"));
    EXPECT_TRUE(answer.ends_with("\r\n\r\n3\r\none\r\n11\r\nseventeen letters\r\n0\r\n\r\n")) << answer;
    const auto old = exchange(server->port(), "GET / HTTP/1.0\r\n\r\n");
    EXPECT_TRUE(old.ends_with("\r\n\r\noneseventeen letters")) << old;
}

TEST(HttpServer, NoticesThatTheClientHasGone) {
    Signal started, gone;
    std::atomic<int> status{0};
    auto chosen = options();
    chosen.answered = [&](const HttpRequest&, int code, double) { status = code; };
    std::shared_ptr<Responder> kept;
    const auto server = serve(chosen, [&](const auto&, const auto& responder) {
        kept = responder;
        responder->on_gone([&] { gone.set(); });
        started.set();
    });
    RawClient client(server->port());
    client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    ASSERT_TRUE(started.wait());
    client.close();
    EXPECT_TRUE(gone.wait());
    EXPECT_EQ(status, 499);
    kept->send({}); // nobody is there: nothing happens
}

TEST(HttpServer, DropsAClientThatDoesNotRead) {
    Signal gone;
    auto chosen = options();
    chosen.stream_buffer_bytes_max = 64 << 10;
    std::shared_ptr<Responder> kept;
    const auto server = serve(chosen, [&](const auto&, const auto& responder) {
        kept = responder;
        responder->on_gone([&] { gone.set(); });
        responder->start_stream({});
        for (int i = 0; i < 4096; ++i) responder->write(std::string(16 << 10, 'x'));
    });
    RawClient client(server->port(), 8 << 10);
    client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    EXPECT_TRUE(gone.wait());
}

TEST(HttpServer, WriteTimeoutFreesAStalledAnswer) {
    Signal gone;
    auto chosen = options();
    chosen.write_timeout = 100ms;
    chosen.stream_buffer_bytes_max = 64 << 20;
    std::shared_ptr<Responder> kept;
    const auto server = serve(chosen, [&](const auto&, const auto& responder) {
        kept = responder;
        responder->on_gone([&] { gone.set(); });
        responder->start_stream({});
        responder->write(std::string(32 << 20, 'x'));
    });
    RawClient client(server->port(), 8 << 10);
    client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    EXPECT_TRUE(gone.wait());
}

TEST(HttpServer, AForgottenRequestIsAnswered500) {
    const auto server = serve(options(), [](const auto&, const auto&) {});
    EXPECT_TRUE(exchange(server->port(), "GET / HTTP/1.1\r\nHost: x\r\n\r\n").starts_with("HTTP/1.1 500 "));
}

TEST(HttpServer, DrainWaitsForAnswersAndClosesIdleConnections) {
    Signal started;
    std::shared_ptr<Responder> kept;
    const auto server = serve(options(), [&](const auto& request, const auto& responder) {
        if (request->path != "/slow") return echo(request, responder);
        kept = responder;
        started.set();
    });
    RawClient idle(server->port());
    idle.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    ASSERT_TRUE(idle.read_until("GET /"));
    RawClient slow(server->port());
    slow.send("GET /slow HTTP/1.1\r\nHost: x\r\n\r\n");
    ASSERT_TRUE(started.wait());
    server->close_after_answers();
    idle.read_all();
    EXPECT_FALSE(server->wait_until_idle(10ms));
    kept->send({.content_type = "text/plain", .body = "done"});
    EXPECT_TRUE(server->wait_until_idle(60s));
    EXPECT_TRUE(slow.read_all().ends_with("done"));
}

TEST(HttpServer, RespondersOutliveTheServer) {
    Signal started, gone;
    std::shared_ptr<Responder> kept;
    auto server = serve(options(), [&](const auto&, const auto& responder) {
        kept = responder;
        responder->on_gone([&] { gone.set(); });
        started.set();
    });
    RawClient client(server->port());
    client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    ASSERT_TRUE(started.wait());
    server.reset();
    EXPECT_TRUE(gone.wait());
    kept->send({});
    kept.reset();
}

TEST(HttpServer, RefusesBadAddresses) {
    auto chosen = options();
    chosen.address = "localhost:80";
    EXPECT_EQ(HttpServer::start(chosen, echo).error().code, ErrorCode::invalid_argument);
    const auto first = serve(options(), echo);
    chosen = options();
    chosen.port = first->port();
    EXPECT_EQ(HttpServer::start(chosen, echo).error().code, ErrorCode::io);
}

} // namespace
} // namespace assay::api
