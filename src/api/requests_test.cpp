#include "api/json_fields.h"
#include "api/requests.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace assay::api {
namespace {

using nlohmann::json;

json chat(const json& change = json::object()) {
    json body = {{"model", "m"}, {"messages", {{{"role", "user"}, {"content", "hi"}}}}};
    body.update(change);
    return body;
}

TEST(ChatRequest, DefaultsAreOpenAIs) {
    const auto request = parse_chat_request(chat().dump());
    ASSERT_TRUE(request) << request.error().message;
    EXPECT_EQ(request->options.model, "m");
    EXPECT_EQ(request->options.sampling.temperature, 1.0);
    EXPECT_EQ(request->options.sampling.top_p, 1.0);
    EXPECT_EQ(request->options.sampling.top_logprobs, -1);
    EXPECT_FALSE(request->options.tokens_max);
    EXPECT_FALSE(request->options.seed_given);
    EXPECT_EQ(request->options.n, 1u);
    EXPECT_FALSE(request->options.stream);
    EXPECT_EQ(json::parse(request->messages_json), chat()["messages"]);
}

TEST(ChatRequest, EveryFieldArrives) {
    const auto request = parse_chat_request(chat({{"temperature", 0.5},
                                                  {"top_p", 0.9},
                                                  {"top_k", 40},
                                                  {"min_p", 0.1},
                                                  {"repetition_penalty", 1.1},
                                                  {"presence_penalty", 1},
                                                  {"frequency_penalty", -1},
                                                  {"seed", -1},
                                                  {"stop", {"a", "b"}},
                                                  {"max_completion_tokens", 9},
                                                  {"n", 2},
                                                  {"stream", true},
                                                  {"stream_options", {{"include_usage", true}}},
                                                  {"logprobs", true},
                                                  {"top_logprobs", 5},
                                                  {"logit_bias", {{"7", -100}, {"3", 1.5}}},
                                                  {"user", "u"}})
                                                .dump());
    ASSERT_TRUE(request) << request.error().message;
    const auto& options = request->options;
    EXPECT_EQ(options.sampling.top_k, 40u);
    EXPECT_EQ(options.sampling.min_p, 0.1);
    EXPECT_EQ(options.sampling.seed, UINT64_MAX);
    EXPECT_EQ(options.stop, (std::vector<std::string>{"a", "b"}));
    EXPECT_EQ(options.tokens_max, 9u);
    EXPECT_EQ(options.tokens_max_param, "max_completion_tokens");
    EXPECT_TRUE(options.include_usage);
    EXPECT_EQ(options.sampling.top_logprobs, 5);
    EXPECT_EQ(options.sampling.logit_bias, (std::vector<std::pair<TokenId, float>>{{3, 1.5f}, {7, -100.0f}}));
}

TEST(ChatRequest, NullCountsAsAbsent) {
    const auto request = parse_chat_request(chat({{"temperature", nullptr},
                                                  {"stop", nullptr},
                                                  {"tools", nullptr},
                                                  {"response_format", nullptr},
                                                  {"functions", nullptr}})
                                                .dump());
    EXPECT_TRUE(request) << request.error().message;
}

TEST(ChatRequest, WrongFieldsAreNamed) {
    const std::pair<json, const char*> cases[] = {
        {{{"temperature", 2.5}}, "temperature"},
        {{{"temperature", "1"}}, "temperature"},
        {{{"seed", 1e30}}, "seed"},
        {{{"n", UINT64_MAX}}, "n"},
        {{{"stop", {1}}}, "stop"},
        {{{"logit_bias", {{"-1", 0}}}}, "logit_bias"},
        {{{"logit_bias", {{"99999999999", 0}}}}, "logit_bias"},
        {{{"stream_options", {{"include_usage", true}}}}, "stream_options"},
        {{{"messages", {{{"role", "user"}}}}}, "messages[0].content"},
        {{{"messages", {{{"role", "user"}, {"content", "x"}, {"tool_calls", {1}}}}}}, "messages[0].tool_calls"},
        {{{"messages", {{{"role", "user"}, {"content", {{{"type", "input_audio"}}}}}}}}, "messages[0].content[0].type"},
        {{{"tool_choice", "auto"}}, "tool_choice"},
        {{{"audio", {{"voice", "x"}}}}, "audio"},
        {{{"nonsense", 1}}, "nonsense"},
        {{{"response_format", {{"type", "json_schema"}}}}, "response_format"},
        {{{"chat_template_kwargs", 1}}, "chat_template_kwargs"},
    };
    for (const auto& [change, param] : cases) {
        const auto request = parse_chat_request(chat(change).dump());
        ASSERT_FALSE(request) << change;
        EXPECT_EQ(request.error().param, param) << request.error().message;
        EXPECT_EQ(request.error().status, 400);
    }
}

TEST(ChatRequest, BodiesThatAreNotObjects) {
    for (const std::string body : {"", "{", "[]", "1", "\"x\"", "\xff", "{\"a\":1}x"}) {
        const auto request = parse_chat_request(body);
        ASSERT_FALSE(request);
        EXPECT_EQ(request.error().code, "invalid_json") << body;
    }
    EXPECT_FALSE(parse_object(std::string(100'000, '[')));
    const std::string deep = std::string(kJsonDepthMax - 1, '[') + std::string(kJsonDepthMax - 1, ']');
    EXPECT_TRUE(parse_object("{\"a\":" + deep + "}"));
    EXPECT_FALSE(parse_object("{\"a\":[" + deep + "]}"));
    EXPECT_TRUE(parse_object("{\"a\":\"" + std::string(1000, '[') + "\\\"[[\"}"));
}

TEST(ChatRequest, ContentPartsJoinAndDeveloperIsSystem) {
    const auto request = parse_chat_request(
        R"({"model":"m","messages":[{"role":"developer","content":[{"type":"text","text":"a"},{"type":"text","text":"b"}]}]})");
    ASSERT_TRUE(request);
    EXPECT_EQ(json::parse(request->messages_json), json::parse(R"([{"role":"system","content":"ab"}])"));
}

TEST(ChatRequest, ToolCallArgumentsBecomeObjects) {
    const auto request = parse_chat_request(
        R"({"model":"m","messages":[{"role":"assistant","content":null,"tool_calls":[{"id":"c","type":"function","function":{"name":"f","arguments":"{\"x\":1}"}}]},)"
        R"({"role":"tool","tool_call_id":"c","content":"ok"}]})");
    ASSERT_TRUE(request) << request.error().message;
    const auto messages = json::parse(request->messages_json);
    EXPECT_EQ(messages[0]["tool_calls"][0]["function"]["arguments"]["x"], 1);
    EXPECT_EQ(messages[0]["content"], "");
    EXPECT_EQ(messages[1]["tool_call_id"], "c");
}

TEST(ChatRequest, ToolsAndChoice) {
    const json tools = {{{"type", "function"}, {"function", {{"name", "f"}}}}};
    auto request = parse_chat_request(chat({{"tools", tools}}).dump());
    ASSERT_TRUE(request);
    EXPECT_EQ(request->tool_choice.kind, ToolChoice::Kind::automatic);
    request = parse_chat_request(
        chat({{"tools", tools}, {"tool_choice", {{"type", "function"}, {"function", {{"name", "f"}}}}}}).dump());
    ASSERT_TRUE(request);
    EXPECT_EQ(request->tool_choice.kind, ToolChoice::Kind::named);
    EXPECT_FALSE(parse_chat_request(
        chat({{"tools", tools}, {"tool_choice", {{"type", "function"}, {"function", {{"name", "g"}}}}}}).dump()));
    EXPECT_FALSE(parse_chat_request(chat({{"tools", {tools[0], tools[0]}}}).dump()));
    EXPECT_FALSE(parse_chat_request(chat({{"tools", tools}, {"response_format", {{"type", "json_object"}}}}).dump()));
}

TEST(ChatRequest, ResponseFormats) {
    EXPECT_FALSE(parse_chat_request(chat({{"response_format", {{"type", "text"}}}}).dump())->options.constraint);
    EXPECT_EQ(
        parse_chat_request(chat({{"response_format", {{"type", "json_object"}}}}).dump())->options.constraint->kind,
        ConstraintText::Kind::json_object);
    const auto shaped = parse_chat_request(
        chat({{"response_format",
               {{"type", "json_schema"}, {"json_schema", {{"name", "x"}, {"schema", {{"type", "integer"}}}}}}}})
            .dump());
    ASSERT_TRUE(shaped);
    EXPECT_EQ(shaped->options.constraint->schema_json, R"({"type":"integer"})");
}

TEST(CompletionRequest, PromptShapes) {
    const auto prompts = [](const char* prompt) {
        return parse_completion_request(R"({"model":"m","prompt":)" + std::string(prompt) + "}");
    };
    EXPECT_EQ(prompts(R"("a")")->prompts.size(), 1u);
    EXPECT_EQ(prompts(R"(["a","b"])")->prompts.size(), 2u);
    EXPECT_EQ(std::get<std::vector<TokenId>>(prompts("[1,2]")->prompts[0]), (std::vector<TokenId>{1, 2}));
    EXPECT_EQ(prompts("[[1],[2,3]]")->prompts.size(), 2u);
    EXPECT_EQ(prompts(R"("a")")->options.tokens_max, 16u);
    for (const char* bad : {"null", "[]", "[-1]", "[1.5]", "[1,\"a\"]", "[4294967296]", "{}", "[[]]", "7"}) {
        const auto request = prompts(bad);
        ASSERT_FALSE(request) << bad;
        EXPECT_EQ(request.error().param, "prompt");
    }
    EXPECT_EQ(parse_completion_request(R"({"model":"m","prompt":["a","b"],"n":33})").error().param, "n");
    EXPECT_EQ(parse_completion_request(R"({"model":"m","prompt":"a","suffix":"x"})").error().param, "suffix");
}

TEST(EmbeddingRequest, InputShapes) {
    const auto inputs = [](const char* input) {
        return parse_embedding_request(R"({"model":"m","input":)" + std::string(input) + "}");
    };
    EXPECT_EQ(inputs(R"("a")")->texts.size(), 1u);
    EXPECT_EQ(inputs(R"(["a","b"])")->texts.size(), 2u);
    EXPECT_EQ(inputs("[1,2]")->token_inputs.size(), 1u);
    EXPECT_EQ(inputs("[[1],[2]]")->token_inputs.size(), 2u);
    for (const char* bad : {"null", "[]", "\"\"", "[\"a\",1]", "[[1],\"a\"]", "[[]]", "{}"})
        EXPECT_EQ(inputs(bad).error().param, "input") << bad;
    EXPECT_EQ(parse_embedding_request(R"({"model":"m","input":"a","encoding_format":"hex"})").error().param,
              "encoding_format");
}

} // namespace
} // namespace assay::api
