// Equality with transformers' apply_chat_template (tools/make_chat_template_golden.py): whole templates and small ones.
#include "tokenizer/chat_template.h"

#include "base/mapped_file.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace assay::tokenizer {
namespace {

using Json = nlohmann::json;

std::filesystem::path folder() {
    const char* other = std::getenv("ASSAY_CHAT_GOLDEN"); // a wider set than the committed one
    return other != nullptr ? other : ASSAY_SOURCE_DIR "/tests/golden/chat";
}

std::string read(const std::filesystem::path& path) { return assay::read_file(path, std::size_t{1} << 24).value(); }

/// What a case says the outcome is, against what it was. Counts into `texts` when it is text.
void compare(const Json& wanted, const Result<std::string>& got, const std::string& where, std::size_t& texts) {
    if (wanted.contains("text")) {
        ++texts;
        if (!got) {
            ADD_FAILURE() << where << ": " << got.error().message;
        } else {
            EXPECT_EQ(*got, wanted["text"].get<std::string>()) << where;
        }
        return;
    }
    if (got) {
        ADD_FAILURE() << where << ": rendered although it must fail: " << *got;
    } else if (wanted["error"].is_string()) {
        EXPECT_EQ(got.error().code, ErrorCode::invalid_argument) << where;
        EXPECT_EQ(got.error().message, wanted["error"].get<std::string>()) << where;
    } else {
        EXPECT_NE(got.error().code, ErrorCode::internal) << where;
        EXPECT_NE(got.error().code, ErrorCode::resource_exhausted) << where << got.error().message;
    }
}

TEST(ChatTemplateGolden, PublishedTemplatesRenderAsHuggingFaceDoes) {
    const Json conversations = Json::parse(read(folder() / "conversations.json"));
    std::size_t templates = 0, texts = 0;
    for (const auto& entry : std::filesystem::directory_iterator(folder() / "templates")) {
        const std::string name = entry.path().stem().string();
        SCOPED_TRACE(name);
        const auto parsed = ChatTemplate::parse(read(entry.path()));
        if (!parsed) {
            ADD_FAILURE() << parsed.error().message;
            continue;
        }
        ++templates;
        const Json golden = Json::parse(read(folder() / "rendered" / (name + ".json")));
        const std::string bos = golden["bos_token"], eos = golden["eos_token"];
        for (const Json& wanted : golden["cases"]) {
            const Json& conversation = conversations[wanted["conversation"].get<std::string>()];
            const std::string messages = conversation["messages"], tools = conversation.value("tools", ""),
                              extra = conversation.value("extra", "");
            ChatTemplate::Variables variables;
            variables.messages_json = messages;
            variables.tools_json = tools;
            variables.extra_json = extra;
            variables.add_generation_prompt = wanted["add_generation_prompt"];
            variables.bos_token = bos;
            variables.eos_token = eos;
            variables.date = "26 Jul 2024";
            compare(wanted, parsed->render(variables), name + " on " + wanted["conversation"].get<std::string>(),
                    texts);
        }
    }
    EXPECT_GE(templates, 40u);
    EXPECT_GE(texts, 1000u);
}

TEST(ChatTemplateGolden, SmallTemplatesRenderAsJinjaDoes) {
    const Json golden = Json::parse(read(folder() / "snippets.json"));
    const std::string variables_json = golden["variables"];
    std::size_t texts = 0;
    for (const Json& wanted : golden["cases"]) {
        const std::string source = wanted["template"];
        const auto parsed = ChatTemplate::parse(source);
        ChatTemplate::Variables variables;
        variables.messages_json = "[]";
        variables.extra_json = variables_json;
        variables.date = "26 Jul 2024";
        const auto got = parsed ? parsed->render(variables) : std::unexpected(parsed.error());
        compare(wanted, got, testing::PrintToString(source), texts);
    }
    EXPECT_GE(texts, 600u);
    EXPECT_GE(golden["cases"].size() - texts, 150u);
}

} // namespace
} // namespace assay::tokenizer
