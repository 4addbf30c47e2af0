#include "api/tool_calls.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace assay::api {
namespace {

struct Outcome {
    std::string text;
    std::vector<ToolCall> calls;
};

/// Feeds `text` in pieces of `piece` bytes.
Outcome read(ToolFormat format, std::string_view text, std::size_t piece) {
    ToolCallReader reader(format, {"f", "g"});
    Outcome outcome;
    for (std::size_t i = 0; i < text.size(); i += piece) outcome.text += reader.feed(text.substr(i, piece));
    auto rest = reader.finish();
    outcome.text += rest.content;
    outcome.calls = std::move(rest.calls);
    return outcome;
}

void expect(ToolFormat format, std::string_view text, std::string_view content,
            const std::vector<std::pair<std::string, std::string>>& calls) {
    for (std::size_t piece = 1; piece <= text.size(); ++piece) {
        const auto outcome = read(format, text, piece);
        EXPECT_EQ(outcome.text, content) << piece;
        ASSERT_EQ(outcome.calls.size(), calls.size()) << text << " by " << piece;
        for (std::size_t i = 0; i < calls.size(); ++i) {
            EXPECT_EQ(outcome.calls[i].name, calls[i].first);
            EXPECT_EQ(outcome.calls[i].arguments_json, calls[i].second);
        }
    }
}

TEST(ToolCalls, Hermes) {
    expect(ToolFormat::hermes, "<tool_call>\n{\"name\":\"f\",\"arguments\":{\"x\":1}}\n</tool_call>", "",
           {{"f", "{\"x\":1}"}});
    expect(ToolFormat::hermes,
           "Let me see. "
           "<tool_call>{\"name\":\"f\",\"arguments\":{}}</tool_call>\n<tool_call>{\"name\":\"g\",\"arguments\":{}}</"
           "tool_call>",
           "Let me see. ", {{"f", "{}"}, {"g", "{}"}});
    expect(ToolFormat::hermes, "<tool_call>{\"name\":\"f\",\"arguments\":{}}", "",
           {{"f", "{}"}}); // cut off after the call
    expect(ToolFormat::hermes, "a < b and <tool", "a < b and <tool", {});
    expect(ToolFormat::hermes, "<tool_call>{broken</tool_call> x", "<tool_call>{broken</tool_call> x", {});
    expect(ToolFormat::hermes, "<tool_call>{\"name\":\"unknown\"}</tool_call>",
           "<tool_call>{\"name\":\"unknown\"}</tool_call>", {});
}

TEST(ToolCalls, Mistral) {
    expect(ToolFormat::mistral, "[TOOL_CALLS][{\"name\":\"f\",\"arguments\":{\"x\":1}}]", "", {{"f", "{\"x\":1}"}});
    expect(ToolFormat::mistral, " [{\"name\":\"f\",\"arguments\":{}},{\"name\":\"g\",\"arguments\":{}}]", "",
           {{"f", "{}"}, {"g", "{}"}});
    expect(ToolFormat::mistral, "[1] is a list", "[1] is a list", {});
}

TEST(ToolCalls, Llama) {
    expect(ToolFormat::llama, "\n{\"name\":\"f\",\"parameters\":{\"x\":\"y\"}}", "", {{"f", "{\"x\":\"y\"}"}});
    expect(ToolFormat::llama, "{\"a\":1}", "{\"a\":1}", {});
    expect(ToolFormat::llama, "Use {\"name\":\"f\",\"parameters\":{}}", "Use {\"name\":\"f\",\"parameters\":{}}", {});
}

TEST(ToolCalls, NoFormatPassesTextThrough) { expect(ToolFormat::none, "<tool_call>{}", "<tool_call>{}", {}); }

TEST(ToolCalls, FormatsAreToldFromTheTemplate) {
    ModelDescription model;
    model.chat_template = "x <tool_call> y";
    EXPECT_EQ(tool_format(model), ToolFormat::none);
    model.uses_tools = true;
    EXPECT_EQ(tool_format(model), ToolFormat::hermes);
    model.chat_template = "[TOOL_CALLS]";
    EXPECT_EQ(tool_format(model), ToolFormat::mistral);
    model.chat_template = "{{ tools }}";
    EXPECT_EQ(tool_format(model), ToolFormat::llama);
}

TEST(ToolCalls, ForcedCallsAreShapedByTheirTools) {
    const auto tools =
        R"([{"type":"function","function":{"name":"f","parameters":{"type":"object"}}},{"type":"function","function":{"name":"g"}}])";
    auto forced = force_tool_call(ToolFormat::hermes, tools, "f");
    EXPECT_EQ(forced.prompt_suffix, "<tool_call>\n");
    auto schema = nlohmann::json::parse(forced.constraint.schema_json);
    EXPECT_EQ(schema["properties"]["name"]["const"], "f");
    EXPECT_EQ(schema["required"], (nlohmann::json{"name", "arguments"}));
    schema = nlohmann::json::parse(force_tool_call(ToolFormat::llama, tools, "").constraint.schema_json);
    EXPECT_EQ(schema["anyOf"].size(), 2u);
    EXPECT_TRUE(schema["anyOf"][1]["properties"].contains("parameters"));
    schema = nlohmann::json::parse(force_tool_call(ToolFormat::mistral, tools, "g").constraint.schema_json);
    EXPECT_EQ(schema["type"], "array");
}

} // namespace
} // namespace assay::api
