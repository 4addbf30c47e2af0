#include "engine/grammar_test_support.h"

#include <nlohmann/json.hpp>

namespace assay::engine {
namespace {

using namespace grammar_testing;

const Tokenizer& gpt2() {
    static const auto tokenizer = tokenizer::golden::from_json("gpt2");
    return *tokenizer;
}

std::shared_ptr<const Grammar> schema(std::string_view text) {
    auto grammar = Grammar::from_json_schema(text, gpt2());
    EXPECT_TRUE(grammar) << text << ": " << (grammar ? "" : grammar.error().message);
    return grammar ? *grammar : nullptr;
}

void expect(const Grammar& grammar, std::string_view text, bool is_accepted) {
    EXPECT_EQ(accepts_bytes(grammar, gpt2(), text), is_accepted) << text;
    EXPECT_EQ(accepts_tokens(grammar, gpt2(), text), is_accepted) << text;
}

TEST(Grammar, ChoiceIsOneOfTheTexts) {
    const std::vector<std::string> choices{"yes", "no", "not sure", "né"};
    const auto grammar = *Grammar::choice(choices, gpt2());
    for (const auto& text : choices) expect(*grammar, text, true);
    for (const char* text : {"", "ye", "yes ", "not", "nope", " yes"}) expect(*grammar, text, false);
    EXPECT_EQ(Grammar::choice({}, gpt2()).error().code, ErrorCode::invalid_argument);
}

TEST(Grammar, AnyObjectIsJson) {
    const auto grammar = *Grammar::json_object(gpt2());
    for (const char* text : {"{}", R"({"a": 1})", R"({"a":[1,2.5e-7,{"b":null}],"c":"d\n\u00e9\ud83d\ude00é😀"})",
                             "{\n  \"a\": [\n    true,\n    false\n  ]\n}"}) {
        expect(*grammar, text, true);
    }
    for (const char* text : {"", "[]", "1", "{} ", " {}", "{\"a\"}", "{\"a\":01}", "{\"a\":1,}", "{\"a\":\"\\ud83d\"}", "{\"a\":\"\t\"}",
                             "{\"a\":  1}", "{a:1}", "{\"a\":1e999}"}) {
        expect(*grammar, text, false);
    }
    for (const char* text : {"{\"a\":\"\xff\"}", "{\"a\":\"\xc0\x80\"}", "{\"a\":\"\xed\xa0\x80\"}", "{\"a\":\"\xc3\"}"}) {
        EXPECT_FALSE(accepts_bytes(*grammar, gpt2(), text)) << text; // a tokenizer repairs such text
    }
}

TEST(Grammar, FinishedMeansNothingMayFollow) {
    const auto object = *Grammar::json_object(gpt2());
    const auto state = object->start();
    for (const TokenId id : gpt2().encode("{}", false, false)) {
        EXPECT_FALSE(state->finished());
        state->accept(id);
    }
    EXPECT_TRUE(state->finished());
    const auto number = schema(R"({"type":"integer"})")->start();
    for (const TokenId id : gpt2().encode("12", false, false)) number->accept(id);
    EXPECT_FALSE(number->finished());
    EXPECT_TRUE(may_end(allowed(*number, gpt2()), gpt2()));
    number->accept(gpt2().end_ids().front());
    EXPECT_TRUE(number->finished());
}

TEST(Grammar, PropertiesInTheirOrder) {
    const auto grammar = schema(R"({"type":"object","properties":{"name":{"type":"string"},"age":{"type":"integer","minimum":0,"maximum":150},
        "tags":{"type":"array","items":{"enum":["x","y"]},"maxItems":2}},"required":["name"]})");
    for (const char* text : {R"({"name":"a"})", R"({"name": "a", "age": 150})", R"({"name":"a","tags":[]})", R"({"name":"a","age":0,"tags":["x", "y"]})"}) {
        expect(*grammar, text, true);
    }
    for (const char* text : {"{}", R"({"age":1,"name":"a"})", R"({"name":"a","age":151})", R"({"name":"a","age":-1})", R"({"name":"a","b":1})",
                             R"({"name":"a","tags":["z"]})", R"({"name":"a","tags":["x","x","x"]})", R"({"name":1})", R"({"name":"a",})"}) {
        expect(*grammar, text, false);
    }
}

TEST(Grammar, Recursion) {
    const auto grammar = schema(R"({"$defs":{"node":{"type":"object","properties":{"v":{"type":"integer"},
        "next":{"anyOf":[{"$ref":"#/$defs/node"},{"type":"null"}]}},"required":["v","next"]}},"$ref":"#/$defs/node"})");
    expect(*grammar, R"({"v":1,"next":null})", true);
    expect(*grammar, R"({"v":1,"next":{"v":2,"next":{"v":3,"next":null}}})", true);
    expect(*grammar, R"({"v":1,"next":{"v":2,"next":{"v":3,"next":null}})", false);
    const auto deep = [](std::size_t depth) {
        std::string text;
        for (std::size_t i = 1; i < depth; ++i) text += R"({"v":1,"next":)";
        text += R"({"v":1,"next":null})";
        return text + std::string(depth - 1, '}');
    };
    expect(*grammar, deep(60), true);
    expect(*grammar, deep(100), false);
}

TEST(Grammar, RandomTextsParse) {
    std::mt19937 random(7);
    const auto grammar = *Grammar::json_object(gpt2());
    for (int i = 0; i < 300; ++i) {
        const std::string text = random_text(*grammar, gpt2(), random, 60);
        const auto value = nlohmann::json::parse(text, nullptr, false);
        ASSERT_TRUE(value.is_object()) << text;
    }
}

} // namespace
} // namespace assay::engine
