/// Any request to the chain's part of the surface: "METHOD TARGET", lines "Name: value", an empty line, the body. Each has one
/// answer, whatever the chain says; a stream of events ends when the chain ends it.
#include "api/chain_routes.h"
#include "base/assert.h"

#include <nlohmann/json.hpp>

#include <future>

namespace {

using namespace assay;
using namespace assay::api;

/// Answers everything, with what it was asked in it, so that odd bytes come back too.
class EchoChain final : public ChainNode {
public:
    std::string status() const override { return "{}"; }
    Result<std::string> query(std::string_view path, std::string_view arguments, std::optional<std::uint64_t>,
                              bool) const override {
        ASSAY_ASSERT(nlohmann::json::accept(arguments));
        return fail(ErrorCode::not_found, "no query " + std::string(path));
    }
    Result<std::string> header(std::uint64_t height) const override { return std::to_string(height); }
    Result<std::vector<Bytes>> split(ByteView sequence) const override {
        if (sequence.empty()) return fail(ErrorCode::malformed, "the body has no transaction");
        return std::vector<Bytes>(1 + sequence.size() % 3, Bytes(sequence.begin(), sequence.end()));
    }
    void submit(std::vector<Bytes> transactions, std::function<void(std::vector<SubmittedTransaction>)> done) override {
        std::vector<SubmittedTransaction> results;
        for (const Bytes& wire : transactions) {
            const std::uint32_t code = wire.empty() ? 1 : wire[0];
            results.push_back({to_hex(wire), code, code == 0 ? "ok" : "refused", std::string(as_string_view(wire))});
        }
        done(std::move(results));
    }
    void wait(std::string_view hash, std::chrono::milliseconds timeout,
              std::function<void(std::optional<std::string>)> done) override {
        done(timeout.count() == 0 ? std::nullopt : std::optional("\"" + to_hex(as_byte_view(hash)) + "\""));
    }
    Result<std::string> prepare(std::string_view body) const override {
        return fail(ErrorCode::malformed, std::string(body));
    }
    Result<Bytes> assemble(std::string_view body, std::string_view) const override {
        ASSAY_ASSERT(nlohmann::json::accept(body));
        return Bytes{0};
    }
    Result<std::string> block(std::string_view which) const override { return echo(which); }
    Result<std::string> blocks(std::optional<std::uint64_t>, std::uint32_t) const override { return echo(""); }
    Result<std::string> transaction(std::string_view hash) const override {
        return fail(ErrorCode::not_found, std::string(hash));
    }
    Result<std::string> account(std::string_view address) const override { return echo(address); }
    Result<std::string> account_transactions(std::string_view address, std::string_view before,
                                             std::uint32_t) const override {
        return echo(std::string(address) + std::string(before));
    }
    Result<std::string> events(const EventFilter& filter, std::uint32_t) const override { return echo(filter.account); }
    Result<std::uint64_t> subscribe(EventFilter filter, std::shared_ptr<ChainEventSink> sink) override {
        sink->on_events(filter.from_height.value_or(1), {"{}"});
        sink->on_end("the node stops");
        return 1;
    }
    void unsubscribe(std::uint64_t) override {}
    void end_subscriptions() override {}
    std::expected<std::string, EthereumError> ethereum(std::string_view method, std::string_view params) override {
        ASSAY_ASSERT(nlohmann::json::accept(params));
        if (method.size() % 2 == 1) return std::unexpected(EthereumError{-32601, std::string(method)});
        return std::string(params);
    }

private:
    static std::string echo(std::string_view text) { return "\"" + to_hex(as_byte_view(text)) + "\""; }
};

class CountingResponder final : public Responder {
public:
    void send(HttpResponse response) override {
        ASSAY_ASSERT(response.status == 204 || nlohmann::json::accept(response.body));
        ++answers;
    }
    void start_stream(HttpResponse) override { streaming_ = true; }
    void write(std::string) override { ASSAY_ASSERT(streaming_); }
    void finish() override {
        ASSAY_ASSERT(std::exchange(streaming_, false));
        ++answers;
    }
    void on_gone(std::function<void()>) override {}
    void post(std::function<void()> call) override { call(); }
    int answers = 0;

private:
    bool streaming_ = false;
};

std::string_view take(std::string_view& text, char end) {
    const std::string_view part = text.substr(0, text.find(end));
    text.remove_prefix(std::min(text.size(), part.size() + 1));
    return part;
}

HttpRequest request_of(std::string_view text) {
    HttpRequest request;
    std::string_view line = take(text, '\n');
    request.method = take(line, ' ');
    request.path = take(line, '?');
    request.query = line;
    for (line = take(text, '\n'); !line.empty(); line = take(text, '\n')) {
        const std::string_view name = take(line, ':');
        if (line.starts_with(' ')) line.remove_prefix(1);
        request.headers.emplace_back(name, line);
    }
    request.body = text;
    return request;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto responder = std::make_shared<CountingResponder>();
    const auto request = std::make_shared<HttpRequest>(request_of(as_string_view({data, size})));
    static WorkerPool pool(1, 4);
    static ChainRoutes routes(std::make_shared<EchoChain>(), pool);
    routes.handle(request, responder);
    std::promise<void> done;
    pool.run([&done] { done.set_value(); }); // after the request: the pool has one thread
    done.get_future().wait();
    ASSAY_ASSERT(responder->answers == 1);
    ASSAY_ASSERT(!ChainRoutes::route_name(request->path).empty());
    return 0;
}
