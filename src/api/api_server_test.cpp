#include "api/api_server.h"

#include "api/testing/raw_client.h"
#include "api/testing/script_engine.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <thread>

namespace assay::api {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;

constexpr std::string_view kChat = "/v1/chat/completions";

struct Fixture {
    explicit Fixture(ScriptEngineOptions script = {}, ApiOptions options = {}) : engine(make_script_engine(script)) {
        auto started = ApiServer::start(engine, std::move(options));
        EXPECT_TRUE(started) << started.error().message;
        server = std::move(*started);
    }
    /// Status and body.
    std::pair<int, json> post(std::string_view path, const json& body) const {
        const auto answer = exchange(server->port(), post_text(path, body.dump()));
        return {std::stoi(answer.substr(9)), json::parse(answer.substr(answer.find("\r\n\r\n") + 4))};
    }
    std::pair<int, json> chat(std::string_view content, const json& changes = json::object()) const {
        return post(kChat, request(content, changes));
    }
    static json request(std::string_view content, const json& changes = json::object()) {
        json body = {{"model", "script-1"}, {"messages", {{{"role", "user"}, {"content", content}}}}};
        body.update(changes);
        return body;
    }
    /// The `data:` objects of a stream; the chunked framing is taken off first.
    std::vector<json> stream(std::string_view path, const json& body) const {
        const auto answer = exchange(server->port(), post_text(path, body.dump()));
        EXPECT_TRUE(answer.contains("text/event-stream")) << answer;
        EXPECT_TRUE(answer.contains("data: [DONE]\n\n"));
        std::vector<json> events;
        for (auto at = answer.find("data: {"); at != std::string::npos; at = answer.find("data: {", at + 1))
            events.push_back(json::parse(answer.substr(at + 6, answer.find("\n\n", at) - at - 6)));
        return events;
    }
    bool wait_until_free() const {
        for (int i = 0; i < 6000 && engine->running() > 0; ++i) std::this_thread::sleep_for(10ms);
        return engine->running() == 0;
    }

    std::shared_ptr<ScriptEngine> engine;
    std::unique_ptr<ApiServer> server;
};

TEST(ApiServer, AnswersAChat) {
    const Fixture fixture;
    const auto [status, answer] = fixture.chat("say hello");
    EXPECT_EQ(status, 200);
    EXPECT_EQ(answer["object"], "chat.completion");
    EXPECT_EQ(answer["choices"][0]["message"]["content"], "hello");
    EXPECT_EQ(answer["choices"][0]["finish_reason"], "stop");
    EXPECT_EQ(answer["usage"]["completion_tokens"], 5);
    EXPECT_EQ(answer["system_fingerprint"], "assay-arith-1-scriptscript");
}

TEST(ApiServer, StreamsAChatWithUsage) {
    const Fixture fixture;
    const auto events = fixture.stream(
        kChat,
        Fixture::request("say hello", {{"stream", true}, {"stream_options", {{"include_usage", true}}}, {"n", 2}}));
    std::string text[2];
    for (const auto& event : events)
        for (const auto& choice : event["choices"])
            text[choice["index"].get<int>()] += choice["delta"].value("content", "");
    EXPECT_EQ(text[0], "hello");
    EXPECT_EQ(text[1], "hello");
    EXPECT_EQ(events.front()["choices"][0]["delta"]["role"], "assistant");
    EXPECT_TRUE(events.back()["choices"].empty());
    EXPECT_EQ(events.back()["usage"]["completion_tokens"], 10);
    EXPECT_EQ(events.back()["usage"]["prompt_tokens"], 10); // counted once for both choices
}

TEST(ApiServer, CallsTools) {
    const Fixture fixture;
    const json tool = {
        {"type", "function"},
        {"function",
         {{"name", "get_weather"},
          {"parameters",
           {{"type", "object"}, {"properties", {{"city", {{"enum", {"Oslo"}}}}}}, {"required", {"city"}}}}}}};
    const json tools = json::array({tool});
    auto [status, answer] = fixture.chat(
        R"(say <tool_call>{"name":"get_weather","arguments":{"city":"Rome"}}</tool_call>)", {{"tools", tools}});
    ASSERT_EQ(status, 200) << answer;
    EXPECT_EQ(answer["choices"][0]["finish_reason"], "tool_calls");
    EXPECT_EQ(answer["choices"][0]["message"]["content"], nullptr);
    EXPECT_EQ(answer["choices"][0]["message"]["tool_calls"][0]["function"]["arguments"], R"({"city":"Rome"})");
    const auto events = fixture.stream(
        kChat, Fixture::request("weather?", {{"tools", tools}, {"tool_choice", "required"}, {"stream", true}}));
    const auto call = std::ranges::find_if(
        events, [](const json& event) { return event["choices"][0]["delta"].contains("tool_calls"); });
    ASSERT_NE(call, events.end());
    EXPECT_EQ((*call)["choices"][0]["delta"]["tool_calls"][0]["function"]["arguments"], R"({"city":"Oslo"})");
    EXPECT_EQ(events.back()["choices"][0]["finish_reason"], "tool_calls");

    const Fixture without({.tools = false});
    std::tie(status, answer) = without.chat("hi", {{"tools", tools}});
    EXPECT_EQ(status, 400);
    EXPECT_EQ(answer["error"]["param"], "tools");
}

TEST(ApiServer, Logprobs) {
    const Fixture fixture;
    const auto [status, answer] = fixture.chat("say ab", {{"logprobs", true}, {"top_logprobs", 2}});
    ASSERT_EQ(status, 200);
    const auto& entries = answer["choices"][0]["logprobs"]["content"];
    ASSERT_EQ(entries.size(), 2u);
    EXPECT_EQ(entries[1]["token"], "b");
    EXPECT_EQ(entries[1]["bytes"], json::array({98}));
    EXPECT_EQ(entries[1]["top_logprobs"][1]["token"], "c");
    const auto text =
        fixture.post("/v1/completions", {{"model", "script-1"}, {"prompt", "say xy"}, {"logprobs", 1}}).second;
    EXPECT_EQ(text["choices"][0]["logprobs"]["tokens"], json({"x", "y"}));
    EXPECT_EQ(text["choices"][0]["logprobs"]["text_offset"], json({0, 1}));
}

TEST(ApiServer, CompletionsEchoAndSeveralPrompts) {
    const Fixture fixture;
    const auto [status, answer] = fixture.post(
        "/v1/completions", {{"model", "script-1"}, {"prompt", {"say a", "say b"}}, {"n", 2}, {"echo", true}});
    ASSERT_EQ(status, 200) << answer;
    ASSERT_EQ(answer["choices"].size(), 4u);
    EXPECT_EQ(answer["choices"][3]["text"], "say bb");
    EXPECT_EQ(answer["usage"]["prompt_tokens"], 10);
}

TEST(ApiServer, Embeddings) {
    const Fixture fixture;
    auto [status, answer] = fixture.post("/v1/embeddings", {{"model", "script-embed"}, {"input", {"a", "abc"}}});
    ASSERT_EQ(status, 200);
    EXPECT_EQ(answer["data"][1]["embedding"], json({3.0, 0.5, -1.0, 0.0}));
    EXPECT_EQ(answer["usage"]["total_tokens"], 4);
    std::tie(status, answer) =
        fixture.post("/v1/embeddings", {{"model", "script-embed"}, {"input", "a"}, {"encoding_format", "base64"}});
    EXPECT_EQ(answer["data"][0]["embedding"], "AACAPwAAAD8AAIC/AAAAAA==");
    EXPECT_EQ(fixture.post("/v1/embeddings", {{"model", "script-embed"}, {"input", "a"}, {"dimensions", 3}})
                  .second["error"]["param"],
              "dimensions");
    EXPECT_EQ(fixture.post("/v1/embeddings", {{"model", "script-1"}, {"input", "a"}}).first, 400);
}

TEST(ApiServer, EngineRefusalsGetTheirStatus) {
    const Fixture fixture;
    EXPECT_EQ(fixture.chat("x", {{"model", "none"}}).first, 404);
    EXPECT_EQ(fixture.chat("raise").second["error"]["message"], "roles must alternate");
    EXPECT_EQ(fixture.chat("x", {{"max_tokens", 4096}}).second["error"]["code"], "context_length_exceeded");
    const json schema = {{"type", "json_schema"},
                         {"json_schema", {{"name", "n"}, {"schema", {{"not", json::object()}}}}}};
    EXPECT_EQ(fixture.chat("x", {{"response_format", schema}}).second["error"]["param"], "response_format");
    EXPECT_EQ(
        fixture.chat("x", {{"response_format", {{"type", "json_object"}}}}).second["choices"][0]["message"]["content"],
        "{\"ok\":true}");
}

TEST(ApiServer, AFullQueueIs429AndNothingStays) {
    const Fixture fixture({.token_delay = 1ms, .queue_max = 2});
    RawClient one(fixture.server->port());
    one.send(post_text(kChat, Fixture::request("forever", {{"n", 2}, {"stream", true}}).dump()));
    ASSERT_TRUE(one.read_until("\"g\""));
    const auto answer = exchange(fixture.server->port(), post_text(kChat, Fixture::request("hi").dump()));
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 429 ")) << answer;
    EXPECT_TRUE(answer.contains("Retry-After: 1"));
    one.close();
    EXPECT_TRUE(fixture.wait_until_free());
    EXPECT_EQ(fixture.chat("x", {{"n", 3}}).first, 429); // two submitted, the third refused: the two are cancelled
    EXPECT_TRUE(fixture.wait_until_free());
}

TEST(ApiServer, AClientThatDoesNotReadIsCancelled) {
    ApiOptions options;
    options.stream_buffer_bytes_max = 16 << 10;
    const Fixture fixture({.token_delay = 0ms, .context_length = 1u << 30}, options);
    RawClient client(fixture.server->port(), 4 << 10);
    client.send(post_text(kChat, Fixture::request("forever", {{"stream", true}}).dump()));
    for (int i = 0; i < 6000 && fixture.engine->cancelled_total() == 0; ++i) std::this_thread::sleep_for(10ms);
    EXPECT_EQ(fixture.engine->cancelled_total(), 1u);
}

TEST(ApiServer, DrainFinishesWhatIsUnderWay) {
    const Fixture fixture({.token_delay = 1ms});
    RawClient client(fixture.server->port());
    client.send(post_text(kChat, Fixture::request("count 60", {{"stream", true}}).dump()));
    ASSERT_TRUE(client.read_until("data: "));
    fixture.server->begin_drain();
    const auto refused = exchange(fixture.server->port(), post_text(kChat, Fixture::request("hi").dump()));
    EXPECT_TRUE(refused.starts_with("HTTP/1.1 503 ")) << refused;
    EXPECT_TRUE(exchange(fixture.server->port(), "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n").contains("draining"));
    EXPECT_TRUE(fixture.server->drain(60s));
    EXPECT_TRUE(client.read_all().contains("[DONE]"));
}

TEST(ApiServer, StopCancelsWhatIsUnderWay) {
    Fixture fixture({.token_delay = 1ms});
    RawClient client(fixture.server->port());
    client.send(post_text(kChat, Fixture::request("forever", {{"stream", true}}).dump()));
    ASSERT_TRUE(client.read_until("\"g\""));
    fixture.server->stop();
    fixture.server.reset();
    EXPECT_TRUE(fixture.wait_until_free());
}

TEST(ApiServer, ServesThePageAndTheDescription) {
    const Fixture fixture;
    const auto get = [&](const std::string& path) {
        return exchange(fixture.server->port(), "GET " + path + " HTTP/1.1\r\nHost: x\r\n\r\n");
    };
    EXPECT_TRUE(get("/").contains("<!doctype html>"));
    for (const char* path : {"/app.js", "/markdown.js", "/style.css", "/icon.svg"})
        EXPECT_TRUE(get(path).starts_with("HTTP/1.1 200 ")) << path;
    const auto description = get("/openapi.json");
    EXPECT_EQ(json::parse(description.substr(description.find("\r\n\r\n") + 4))["openapi"], "3.1.0");
    EXPECT_TRUE(get("/v1/models/script%2D1").contains("\"id\":\"script-1\""));
    EXPECT_TRUE(get("/metrics").contains("assay_http_requests_total{route=\"static\",status=\"200\"} 6"));
    EXPECT_TRUE(get("/elsewhere").starts_with("HTTP/1.1 404 "));
    EXPECT_TRUE(exchange(fixture.server->port(), post_text(kChat, "{}", "Origin: https://evil.example\r\n"))
                    .starts_with("HTTP/1.1 403 "));
}

} // namespace
} // namespace assay::api
