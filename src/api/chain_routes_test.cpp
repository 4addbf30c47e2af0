#include "api/api_server.h"

#include "api/testing/raw_client.h"
#include "api/testing/script_engine.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <atomic>
#include <thread>

namespace assay::api {
namespace {

using nlohmann::json;

/// A chain that remembers what it was asked. A transaction's first byte is the code it is answered with.
class ScriptChain final : public ChainNode {
public:
    std::string status() const override { return R"({"chain_id":"test-1","height":7})"; }
    Result<std::string> query(std::string_view path, std::string_view arguments, std::optional<std::uint64_t> height,
                              bool prove) const override {
        if (path == "/bank/nothing") return fail(ErrorCode::not_found, "bank has no query 'nothing'");
        return json{
            {"path", path}, {"arguments", json::parse(arguments)}, {"height", height.value_or(0)}, {"prove", prove}}
            .dump();
    }
    Result<std::string> header(std::uint64_t height) const override {
        if (height > 7) return fail(ErrorCode::not_found, "there is no block " + std::to_string(height) + " yet");
        return json{{"header", height}}.dump();
    }
    Result<std::vector<Bytes>> split(ByteView sequence) const override {
        std::vector<Bytes> parts;
        for (const std::uint8_t byte : sequence) parts.push_back({byte});
        return parts;
    }
    void submit(std::vector<Bytes> transactions, std::function<void(std::vector<SubmittedTransaction>)> done) override {
        std::vector<SubmittedTransaction> results;
        for (const Bytes& wire : transactions) {
            const std::uint32_t code = wire.at(0);
            results.push_back(
                {to_hex(wire), code, code == 0 ? "ok" : "refused", code == 0 ? "" : "no: " + to_hex(wire)});
        }
        done(std::move(results));
    }
    void wait(std::string_view hash, std::chrono::milliseconds timeout,
              std::function<void(std::optional<std::string>)> done) override {
        if (timeout.count() == 0) return done(std::nullopt);
        done(json{{"hash", hash}, {"height", 8}}.dump());
    }
    Result<std::string> prepare(std::string_view body) const override {
        return json{{"body", json::parse(body)}, {"typed_data", json::object()}}.dump();
    }
    Result<Bytes> assemble(std::string_view body, std::string_view signature) const override {
        const bool is_none = signature == "0x" + std::string(128, '0') + "1b";
        if (signature != "0xaa" && !is_none) return fail(ErrorCode::malformed, "signature: 65 bytes are needed");
        return Bytes{0, static_cast<std::uint8_t>(body.size())};
    }
    Result<std::string> block(std::string_view which) const override { return json{{"block", which}}.dump(); }
    Result<std::string> blocks(std::optional<std::uint64_t> before, std::uint32_t limit) const override {
        return json{{"before", before.value_or(0)}, {"limit", limit}}.dump();
    }
    Result<std::string> transaction(std::string_view hash) const override {
        if (hash == "known") return std::string(R"({"hash":"known"})");
        return fail(ErrorCode::not_found, "no transaction " + std::string(hash));
    }
    Result<std::string> account(std::string_view address) const override { return json{{"account", address}}.dump(); }
    Result<std::string> account_transactions(std::string_view address, std::string_view before,
                                             std::uint32_t limit) const override {
        return json{{"account", address}, {"before", before}, {"limit", limit}}.dump();
    }
    Result<std::string> events(const EventFilter& filter, std::uint32_t) const override {
        return json{{"types", filter.types}, {"from", filter.from_height.value_or(0)}}.dump();
    }
    Result<std::uint64_t> subscribe(EventFilter filter, std::shared_ptr<ChainEventSink> sink) override {
        if (filter.types == std::vector<std::string>{"too.many"})
            return fail(ErrorCode::resource_exhausted, "too many subscribers");
        if (filter.types == std::vector<std::string>{"endless"}) return 2;
        sink->on_events(filter.from_height.value_or(1), {R"({"type":"bank.transfer"})", R"({"type":"bank.issue"})"});
        sink->on_events(filter.from_height.value_or(1) + 1, {});
        sink->on_end("the node stops");
        return 1;
    }
    void unsubscribe(std::uint64_t) override {}
    void end_subscriptions() override { ended = true; }
    std::expected<std::string, EthereumError> ethereum(std::string_view method, std::string_view params) override {
        if (method == "eth_chainId") return std::string(R"("0x539")");
        if (method == "echo") return std::string(params);
        return std::unexpected(EthereumError{-32601, "the method " + std::string(method) + " does not exist"});
    }
    std::atomic<bool> ended = false;
};

struct Fixture {
    explicit Fixture(bool with_chain = true) {
        auto started =
            ApiServer::start(make_script_engine({}), {}, with_chain ? std::make_shared<ScriptChain>() : nullptr);
        EXPECT_TRUE(started) << started.error().message;
        server = std::move(*started);
    }
    struct Answer {
        int status = 0;
        std::string head, body;
        json value() const { return json::parse(body); }
    };
    Answer send(const std::string& text) const {
        const std::string answer = exchange(server->port(), text);
        const auto split = answer.find("\r\n\r\n");
        return {std::stoi(answer.substr(9)), answer.substr(0, split), answer.substr(split + 4)};
    }
    Answer get(const std::string& path, const std::string& headers = "") const {
        return send("GET " + path + " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n" + headers + "\r\n");
    }
    Answer post(const std::string& path, const std::string& body, const std::string& type = "application/json") const {
        return send("POST " + path + " HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: " + type +
                    "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body);
    }
    std::unique_ptr<ApiServer> server;
};

TEST(ChainRoutes, QueriesTakeParametersOrABody) {
    const Fixture fixture;
    const auto got = fixture.get("/chain/query/bank/balance?address=0xAb%20c&height=5&prove=1").value();
    EXPECT_EQ(
        got, (json{{"path", "/bank/balance"}, {"arguments", {{"address", "0xAb c"}}}, {"height", 5}, {"prove", true}}));
    const auto posted =
        fixture.post("/chain/query/bank/balance", R"({"address":"0x1","deep":{"n":18446744073709551615}})").value();
    EXPECT_EQ(posted["arguments"]["deep"]["n"], 18446744073709551615u);
    EXPECT_EQ(posted["prove"], false);
}

TEST(ChainRoutes, DrainingEndsTheStreamsOfEvents) {
    const auto chain = std::make_shared<ScriptChain>();
    auto server = ApiServer::start(make_script_engine({}), {}, chain);
    ASSERT_TRUE(server) << server.error().message;
    EXPECT_FALSE(chain->ended);
    EXPECT_TRUE((*server)->drain(std::chrono::seconds(10)));
    EXPECT_TRUE(chain->ended);
}

TEST(ChainRoutes, ErrorsNameWhatIsWrong) {
    const Fixture fixture;
    const auto missing = fixture.get("/chain/query/bank/nothing");
    EXPECT_EQ(missing.status, 404);
    EXPECT_EQ(missing.value()["error"]["message"], "bank has no query 'nothing'");
    EXPECT_EQ(fixture.get("/chain/nowhere").status, 404);
    EXPECT_EQ(fixture.get("/chain/blocks/").status, 404);
    EXPECT_EQ(fixture.get("/chain/blocks?limit=0").value()["error"]["message"], "'limit' is outside 1 … 500");
    EXPECT_EQ(fixture.get("/chain/blocks?before=x").status, 400);
    EXPECT_EQ(fixture.get("/eth").status, 405);
    EXPECT_EQ(fixture.post("/chain/status", "{}").status, 405);
    EXPECT_EQ(fixture.post("/chain/transactions", "x", "text/html").status, 400);
    EXPECT_EQ(fixture.post("/chain/transactions", R"({"transaction":"0xzz"})").status, 400);
    EXPECT_EQ(fixture.post("/chain/transactions", R"({"other":1})").status, 400);
    EXPECT_EQ(fixture.post("/chain/transactions?wait=commit&timeout_ms=999999", R"({"transaction":"0x00"})").status,
              400);
}

TEST(ChainRoutes, WithoutAChainItSaysSo) {
    const Fixture fixture(false);
    const auto answer = fixture.get("/chain/status");
    EXPECT_EQ(answer.status, 404);
    EXPECT_EQ(answer.value()["error"]["code"], "no_chain");
}

TEST(ChainRoutes, AnyPageMayCall) {
    const Fixture fixture;
    const auto answer = fixture.get("/chain/status", "Origin: https://wallet.example\r\n");
    EXPECT_EQ(answer.status, 200);
    EXPECT_TRUE(answer.head.contains("Access-Control-Allow-Origin: *")) << answer.head;
    const auto preflight =
        fixture.send("OPTIONS /eth HTTP/1.1\r\nHost: x\r\nOrigin: https://w.example\r\nConnection: close\r\n\r\n");
    EXPECT_EQ(preflight.status, 204);
    EXPECT_TRUE(preflight.head.contains("Access-Control-Allow-Methods: GET, POST, OPTIONS")) << preflight.head;
}

TEST(ChainRoutes, TransactionsComeAsBytesSequencesAndJson) {
    const Fixture fixture;
    const auto one = fixture.post("/chain/transactions", std::string("\0x", 2), "application/cbor");
    EXPECT_EQ(one.status, 202);
    EXPECT_EQ(one.value(), (json{{"hash", "0078"}, {"code", 0}, {"code_name", "ok"}}));
    const auto several = fixture.post("/chain/transactions", std::string("\0\5\0", 3), "application/cbor-seq");
    EXPECT_EQ(several.status, 200);
    EXPECT_EQ(several.value()["results"].size(), 3u);
    EXPECT_EQ(several.value()["results"][1]["log"], "no: 05");
    const auto brief =
        fixture.post("/chain/transactions?answer=refusals", std::string("\0\5\0", 3), "application/cbor-seq");
    EXPECT_EQ(brief.value(), json::parse(R"({"accepted":2,"refused":[
        {"index":1,"hash":"05","code":5,"code_name":"refused","log":"no: 05"}]})"));
    EXPECT_EQ(fixture.post("/chain/transactions?answer=some", std::string("\0", 1), "application/cbor-seq").status,
              400);
    EXPECT_EQ(fixture.post("/chain/transactions", R"({"transactions":["0x00","0x05"]})").value()["results"].size(), 2u);
    EXPECT_EQ(fixture.post("/chain/transactions", R"({"body":{"a":1},"signature":"0xaa"})").value()["hash"], "0007");
    const auto refused = fixture.post("/chain/transactions", R"({"transaction":"0x05"})");
    EXPECT_EQ(refused.status, 400);
    EXPECT_EQ(refused.value()["error"]["message"], "no: 05");
    const auto full = fixture.post("/chain/transactions", R"({"transaction":"0x0d"})");
    EXPECT_EQ(full.status, 429);
    EXPECT_TRUE(full.head.contains("Retry-After: 1"));
}

TEST(ChainRoutes, SimulatesWireBytesAndForms) {
    Fixture fixture;
    const auto bytes = fixture.post("/chain/simulate", std::string("\0\xfe", 2), "application/cbor").value();
    EXPECT_EQ(bytes["path"], "/simulate");
    EXPECT_EQ(bytes["arguments"], (json{{"transaction", "0x00fe"}}));
    EXPECT_EQ(bytes["prove"], false);
    const auto form = fixture.post("/chain/simulate", R"({"a":1})").value(); // completed, with no signature
    EXPECT_EQ(form["arguments"], (json{{"transaction", "0x0007"}}));
    EXPECT_EQ(fixture.get("/chain/simulate").status, 405);
}

TEST(ChainRoutes, WaitsForTheCommit) {
    const Fixture fixture;
    const auto committed = fixture.post("/chain/transactions?wait=commit", R"({"transaction":"0x00"})");
    EXPECT_EQ(committed.status, 200);
    EXPECT_EQ(committed.value()["height"], 8);
    const auto late = fixture.post("/chain/transactions?wait=commit&timeout_ms=0", R"({"transaction":"0x00"})");
    EXPECT_EQ(late.status, 202);
    EXPECT_EQ(late.value()["status"], "pending");
    EXPECT_EQ(fixture.get("/chain/transactions/known").value()["hash"], "known");
    EXPECT_EQ(fixture.get("/chain/transactions/other").status, 404);
    EXPECT_EQ(fixture.get("/chain/transactions/other?wait=commit").value()["height"], 8);
}

TEST(ChainRoutes, ListsAndAccounts) {
    const Fixture fixture;
    EXPECT_EQ(fixture.get("/chain/blocks?before=9&limit=3").value(), (json{{"before", 9}, {"limit", 3}}));
    EXPECT_EQ(fixture.get("/chain/blocks/latest").value()["block"], "latest");
    EXPECT_EQ(fixture.get("/chain/headers/7").value()["header"], 7);
    EXPECT_EQ(fixture.get("/chain/headers/8").status, 404);
    EXPECT_EQ(fixture.get("/chain/headers/x").value()["error"]["message"], "'height' is not a number");
    EXPECT_EQ(fixture.get("/chain/accounts/0x12").value()["account"], "0x12");
    EXPECT_EQ(fixture.get("/chain/accounts/0x12/transactions?before=4.1").value(),
              (json{{"account", "0x12"}, {"before", "4.1"}, {"limit", 20}}));
    EXPECT_EQ(fixture.get("/chain/history?type=a.b&type=c.*&from=4").value(),
              (json{{"types", {"a.b", "c.*"}}, {"from", 4}}));
}

TEST(ChainRoutes, StreamsEventsAndResumes) {
    const Fixture fixture;
    const auto stream = fixture.get("/chain/events?from=3");
    EXPECT_TRUE(stream.head.contains("text/event-stream"));
    EXPECT_TRUE(
        stream.body.contains("data: {\"type\":\"bank.transfer\"}\n\ndata: {\"type\":\"bank.issue\"}\n\nid: 3\n\n"))
        << stream.body;
    EXPECT_TRUE(stream.body.contains("id: 4\n\n"));
    EXPECT_TRUE(stream.body.contains("event: end\ndata: the node stops\n\n"));
    EXPECT_TRUE(fixture.get("/chain/events", "Last-Event-ID: 41\r\n").body.contains("id: 42\n\n"));
    EXPECT_EQ(fixture.get("/chain/events?from=x").status, 400);
    const auto refused = fixture.get("/chain/events?type=too.many");
    EXPECT_EQ(refused.status, 429);
    EXPECT_EQ(refused.value()["error"]["message"], "too many subscribers");
}

TEST(ChainRoutes, TheHeadOfAStreamEnds) {
    const Fixture fixture;
    const auto head = fixture.send("HEAD /chain/events?type=endless HTTP/1.1\r\nHost: x\r\n\r\n");
    EXPECT_EQ(head.status, 200);
    EXPECT_TRUE(head.head.contains("text/event-stream")) << head.head;
    EXPECT_EQ(head.body, "");
    EXPECT_EQ(fixture.send("HEAD /chain/events?from=x HTTP/1.1\r\nHost: x\r\n\r\n").status, 400);
}

TEST(ChainRoutes, ResumesAfterTheLastHeightThatThereCanBe) {
    const Fixture fixture;
    EXPECT_TRUE(fixture.get("/chain/events", "Last-Event-ID: 18446744073709551615\r\n")
                    .body.contains("id: 18446744073709551615\n\n"));
}

TEST(ChainRoutes, ListsInRequestsHaveLimits) {
    const Fixture fixture;
    std::string types;
    for (int i = 0; i < 33; ++i) types += "type=a.b&";
    for (const std::string path : {"/chain/history?", "/chain/events?"}) {
        const auto answer = fixture.get(path + types);
        EXPECT_EQ(answer.status, 400) << path;
        EXPECT_TRUE(answer.value()["error"]["message"].get<std::string>().starts_with("'type' comes more than 32"));
    }
    std::string list = "\"0x00\"";
    for (int i = 0; i < 100'000; ++i) list += ",\"0x00\"";
    const auto many = fixture.post("/chain/transactions", R"({"transactions":[)" + list + "]}");
    EXPECT_EQ(many.status, 429);
    EXPECT_EQ(many.value()["error"]["message"], "over 100000 transactions in one request");
}

TEST(ChainRoutes, SpeaksJsonRpc) {
    const Fixture fixture;
    const auto call = [&](const std::string& body) { return fixture.post("/eth", body).value(); };
    EXPECT_EQ(call(R"({"jsonrpc":"2.0","id":1,"method":"eth_chainId"})"),
              (json{{"jsonrpc", "2.0"}, {"id", 1}, {"result", "0x539"}}));
    EXPECT_EQ(call(R"({"jsonrpc":"2.0","id":"a","method":"eth_mining","params":[]})")["error"]["code"], -32601);
    EXPECT_EQ(call(R"([{"id":1,"method":"echo","params":[1,{"a":2}]},{"method":"echo"},{"id":2,"method":"nope"}])"),
              json::parse(R"([{"jsonrpc":"2.0","id":1,"result":[1,{"a":2}]},
                              {"jsonrpc":"2.0","id":2,"error":{"code":-32601,"message":"the method nope does not exist"}}])"));
    EXPECT_EQ(call("{")["error"]["code"], -32700);
    EXPECT_EQ(call("[]")["error"]["code"], -32600);
    EXPECT_EQ(call("17")["error"]["code"], -32600);
    EXPECT_EQ(call(std::string(100'000, '['))["error"]["code"], -32700);
    EXPECT_EQ(call(R"({"id":1,"method":"echo","params":)" + std::string(64, '[') + std::string(64, ']') +
                   "}")["error"]["message"],
              "the body nests deeper than 64 levels");
    EXPECT_EQ(fixture.post("/eth", R"({"method":"echo"})").status, 204);
}

} // namespace
} // namespace assay::api
