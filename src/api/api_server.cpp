#include "api/api_server.h"

#include "api/chain_routes.h"
#include "api/endpoints.h"
#include "api/http_server.h"
#include "api/origin.h"
#include "api/static_files.h"
#include "api/worker_pool.h"

#include <array>
#include <cstdio>

namespace assay::api {

namespace {

constexpr std::size_t kPrepareThreads = 2;
constexpr std::size_t kPrepareQueueMax = 256;
constexpr std::size_t kEmbedQueueMax = 32;
constexpr std::size_t kChainThreads = 4; // half of them may wait for a commit
constexpr std::size_t kChainQueueMax = 1024;
constexpr std::string_view kModelPrefix = "/v1/models/";
constexpr std::string_view kPagePolicy =
    "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; frame-ancestors 'none'";

using Endpoint = void (*)(ApiContext&, const RequestPtr&, const ResponderPtr&);
struct PostRoute {
    std::string_view path;
    Endpoint endpoint;
    bool embeds;
};
constexpr std::array<PostRoute, 3> kPostRoutes = {{{"/v1/chat/completions", chat_completions, false},
                                                   {"/v1/completions", completions, false},
                                                   {"/v1/embeddings", embeddings, true}}};
using View = HttpResponse (*)(const ApiContext&);
struct GetRoute {
    std::string_view path;
    View view;
};
constexpr std::array<GetRoute, 3> kGetRoutes = {
    {{"/v1/models", list_models}, {"/healthz", show_health}, {"/metrics", show_metrics}}};

const StaticFile* find_static(std::string_view path) {
    for (const auto& file : static_files())
        if (file.path == path) return &file;
    return nullptr;
}
const PostRoute* find_post(std::string_view path) {
    for (const auto& route : kPostRoutes)
        if (route.path == path) return &route;
    return nullptr;
}
const GetRoute* find_get(std::string_view path) {
    for (const auto& route : kGetRoutes)
        if (route.path == path) return &route;
    return nullptr;
}
bool is_model_path(std::string_view path) {
    return path.starts_with(kModelPrefix) && path.size() > kModelPrefix.size();
}

/// Bounded set of names for metrics, whatever paths clients try.
std::string_view route_name(std::string_view path) {
    if (ChainRoutes::owns(path)) return ChainRoutes::route_name(path);
    if (const auto* post = find_post(path)) return post->path;
    if (const auto* get = find_get(path)) return get->path;
    if (is_model_path(path)) return "/v1/models/{model}";
    return find_static(path) != nullptr ? "static" : "other";
}

HttpResponse error_response(int status, std::string message, std::string code) {
    return to_response({.status = status,
                        .message = std::move(message),
                        .type = status >= 500 ? "server_error" : "invalid_request_error",
                        .code = std::move(code)});
}

HttpResponse serve(const StaticFile& file) {
    return {.content_type = std::string(file.content_type),
            .body = std::string(file.body),
            .headers = {{"Cache-Control", "no-cache"},
                        {"X-Content-Type-Options", "nosniff"},
                        {"Content-Security-Policy", std::string(kPagePolicy)}}};
}

/// Answers carry the headers that let the page's origin read them.
class OriginResponder final : public Responder {
public:
    OriginResponder(ResponderPtr inner, HttpHeaders headers) : inner_(std::move(inner)), headers_(std::move(headers)) {}
    void send(HttpResponse response) override { inner_->send(with_headers(std::move(response))); }
    void start_stream(HttpResponse head) override { inner_->start_stream(with_headers(std::move(head))); }
    void write(std::string bytes) override { inner_->write(std::move(bytes)); }
    void finish() override { inner_->finish(); }
    void on_gone(std::function<void()> call) override { inner_->on_gone(std::move(call)); }
    void post(std::function<void()> call) override { inner_->post(std::move(call)); }

private:
    HttpResponse with_headers(HttpResponse response) const {
        response.headers.insert(response.headers.end(), headers_.begin(), headers_.end());
        return response;
    }
    ResponderPtr inner_;
    HttpHeaders headers_;
};

class Server final : public ApiServer {
public:
    Server(std::shared_ptr<ChatEngine> engine, std::shared_ptr<ChainNode> chain, ApiOptions options)
        : options_(std::move(options)), chain_(std::move(chain), chain_pool_) {
        context_.engine = std::move(engine);
    }
    ~Server() override { stop(); }

    Result<void> listen() {
        HttpOptions http{.address = options_.address,
                         .port = options_.port,
                         .io_threads = options_.io_threads,
                         .connections_max = options_.connections_max,
                         .body_bytes_max = options_.body_bytes_max,
                         .stream_buffer_bytes_max = options_.stream_buffer_bytes_max,
                         .header_timeout = options_.header_timeout,
                         .body_timeout = options_.body_timeout,
                         .write_timeout = options_.write_timeout,
                         .refuse =
                             [](int status, const std::string& reason) {
                                 return error_response(status, "The request was refused: " + reason + ".",
                                                       "bad_request");
                             },
                         .answered = [this](const HttpRequest& request, int status,
                                            double seconds) { answered(request, status, seconds); }};
        http_ = TRY(HttpServer::start(std::move(http), [this](RequestPtr request, ResponderPtr responder) {
            handle(request, std::move(responder));
        }));
        return {};
    }

    std::uint16_t port() const override { return http_->port(); }
    std::string url() const override {
        const bool v6 = options_.address.contains(':');
        return "http://" + (v6 ? "[" + options_.address + "]" : options_.address) + ":" + std::to_string(port());
    }
    void begin_drain() override {
        if (!context_.draining.exchange(true)) chain_.begin_drain();
        http_->close_after_answers();
    }
    bool drain(std::chrono::milliseconds timeout) override {
        begin_drain();
        return http_->wait_until_idle(timeout);
    }
    void stop() override {
        if (http_) http_->stop();
        prepare_.stop();
        embed_.stop();
        chain_pool_.stop();
    }

private:
    void handle(const RequestPtr& request, ResponderPtr responder);
    void get(const HttpRequest& request, Responder& responder);
    void post(const RequestPtr& request, const ResponderPtr& responder);
    void answered(const HttpRequest& request, int status, double seconds);

    ApiOptions options_;
    ApiContext context_;
    WorkerPool prepare_{kPrepareThreads, kPrepareQueueMax};
    WorkerPool embed_{1, kEmbedQueueMax};
    WorkerPool chain_pool_{kChainThreads, kChainQueueMax};
    ChainRoutes chain_;
    std::unique_ptr<HttpServer> http_; // last: its threads use the rest
};

void Server::handle(const RequestPtr& request, ResponderPtr responder) {
    if (ChainRoutes::owns(request->path)) {
        if (context_.draining && request->method == "POST") return responder->send(to_response(draining()));
        return chain_.handle(request, std::move(responder));
    }
    const auto origin = request->header("Origin");
    if (!origin.empty()) {
        if (!origin_allowed(origin, request->header("Host"), options_.allowed_origins))
            return responder->send(error_response(
                403, "Browser pages from '" + std::string(origin.substr(0, 200)) + "' may not use this node.",
                "origin_not_allowed"));
        responder = std::make_shared<OriginResponder>(std::move(responder), origin_headers(origin));
    }
    const auto& method = request->method;
    if (method == "OPTIONS")
        return responder->send({.status = 204, .content_type = "text/plain", .headers = preflight_headers()});
    const auto* post_route = find_post(request->path);
    const bool known = post_route != nullptr || find_get(request->path) != nullptr ||
                       find_static(request->path) != nullptr || is_model_path(request->path);
    if (!known)
        return responder->send(error_response(
            404, "There is nothing at " + request->path.substr(0, 200) + "; see /openapi.json.", "not_found"));
    const bool reads = method == "GET" || method == "HEAD";
    if (post_route != nullptr ? method != "POST" : !reads) {
        auto response =
            error_response(405, "This path answers " + std::string(post_route != nullptr ? "POST" : "GET") + " only.",
                           "method_not_allowed");
        response.headers.emplace_back("Allow", post_route != nullptr ? "POST, OPTIONS" : "GET, HEAD, OPTIONS");
        return responder->send(std::move(response));
    }
    reads ? get(*request, *responder) : post(request, responder);
}

void Server::get(const HttpRequest& request, Responder& responder) {
    if (const auto* file = find_static(request.path)) return responder.send(serve(*file));
    if (const auto* route = find_get(request.path)) return responder.send(route->view(context_));
    responder.send(show_model(context_, percent_decode(request.path.substr(kModelPrefix.size()))));
}

void Server::post(const RequestPtr& request, const ResponderPtr& responder) {
    if (context_.draining) return responder->send(to_response(draining()));
    if (!is_json_type(request->header("Content-Type")))
        return responder->send(error_response(415, "The body must be JSON: set Content-Type to application/json.",
                                              "unsupported_media_type"));
    const auto* route = find_post(request->path);
    const bool queued = (route->embeds ? embed_ : prepare_).run([this, route, request, responder] {
        try {
            route->endpoint(context_, request, responder);
        } catch (const std::exception& error) { // a third-party library's, or out of memory
            responder->send(
                error_response(500, std::string("The request could not be handled: ") + error.what(), "internal"));
        }
    });
    if (!queued)
        responder->send(
            to_response(from_engine({ErrorCode::resource_exhausted, "too many requests are being prepared"}, "")));
}

void Server::answered(const HttpRequest& request, int status, double seconds) {
    context_.metrics->request_answered(route_name(request.path), status, seconds);
    if (!options_.access_log) return;
    char tail[64];
    std::snprintf(tail, sizeof tail, " %d %.1f ms", status, seconds * 1e3);
    options_.access_log(request.method + " " + request.path + tail);
}

} // namespace

Result<std::unique_ptr<ApiServer>> ApiServer::start(std::shared_ptr<ChatEngine> engine, ApiOptions options,
                                                    std::shared_ptr<ChainNode> chain) {
    auto server = std::make_unique<Server>(std::move(engine), std::move(chain), std::move(options));
    TRY_VOID(server->listen());
    return server;
}

} // namespace assay::api
