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
    for (const char* text : {"", "[]", "1", "{} ", " {}", "{\"a\"}", "{\"a\":01}", "{\"a\":1,}", "{\"a\":\"\\ud83d\"}",
                             "{\"a\":\"\t\"}", "{\"a\":  1}", "{a:1}", "{\"a\":1e999}"}) {
        expect(*grammar, text, false);
    }
    for (const char* text :
         {"{\"a\":\"\xff\"}", "{\"a\":\"\xc0\x80\"}", "{\"a\":\"\xed\xa0\x80\"}", "{\"a\":\"\xc3\"}"}) {
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
    const auto grammar = schema(
        R"({"type":"object","properties":{"name":{"type":"string"},"age":{"type":"integer","minimum":0,"maximum":150},
        "tags":{"type":"array","items":{"enum":["x","y"]},"maxItems":2}},"required":["name"]})");
    for (const char* text : {R"({"name":"a"})", R"({"name": "a", "age": 150})", R"({"name":"a","tags":[]})",
                             R"({"name":"a","age":0,"tags":["x", "y"]})"}) {
        expect(*grammar, text, true);
    }
    for (const char* text : {"{}", R"({"age":1,"name":"a"})", R"({"name":"a","age":151})", R"({"name":"a","age":-1})",
                             R"({"name":"a","b":1})", R"({"name":"a","tags":["z"]})",
                             R"({"name":"a","tags":["x","x","x"]})", R"({"name":1})", R"({"name":"a",})"}) {
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

/// tests/golden/grammar/cases.jsonl: verdicts of an independent validator (tools/make_grammar_golden.py).
TEST(Grammar, GoldenCases) {
    std::ifstream file(std::string(ASSAY_SOURCE_DIR) + "/tests/golden/grammar/cases.jsonl");
    std::mt19937 random(11);
    std::size_t compiled = 0, refused = 0, texts = 0;
    for (std::string line; std::getline(file, line);) {
        const auto golden = nlohmann::ordered_json::parse(line);
        const auto grammar = Grammar::from_json_schema(golden["schema"].dump(), gpt2());
        if (!grammar) {
            EXPECT_EQ(grammar.error().code, ErrorCode::unsupported) << golden["source"] << grammar.error().message;
            EXPECT_NE(golden["source"], "own") << grammar.error().message;
            ++refused;
            continue;
        }
        ++compiled;
        for (const auto& text : golden["texts"]) {
            SCOPED_TRACE(golden["source"].get<std::string>() + " " + golden["schema"].dump());
            expect(**grammar, text[0].get<std::string>(), text[1].get<bool>());
            ++texts;
        }
        for (int i = 0; i < 3; ++i) {
            const std::string sample = random_text(**grammar, gpt2(), random, 20);
            if (sample.empty()) continue; // chance found no end
            EXPECT_FALSE(nlohmann::json::parse(sample, nullptr, false).is_discarded()) << sample;
            EXPECT_TRUE(accepts_bytes(**grammar, gpt2(), sample)) << sample;
        }
    }
    EXPECT_GE(compiled, 130u);
    EXPECT_LE(refused, 60u);
    EXPECT_GE(texts, 900u);
}

TEST(Grammar, RefusesByName) {
    const auto error = [](std::string_view text) {
        const auto grammar = Grammar::from_json_schema(text, gpt2());
        return grammar ? Error{} : grammar.error();
    };
    const auto refused = error(R"({"properties":{"a":{"not":{}}}})");
    EXPECT_EQ(refused.code, ErrorCode::unsupported);
    EXPECT_EQ(refused.message, "schema #/properties/a: keyword 'not' is not supported");
    EXPECT_EQ(error("{").code, ErrorCode::malformed);
    EXPECT_EQ(error("7").code, ErrorCode::malformed);
    EXPECT_EQ(error(R"({"type":"int"})").code, ErrorCode::malformed);
    EXPECT_EQ(error(R"({"$ref":"#"})").code, ErrorCode::malformed);
    EXPECT_EQ(error(R"({"$ref":"http://a/b"})").code, ErrorCode::unsupported);
    EXPECT_EQ(error(R"J({"type":"string","pattern":"(?=a)"})J").code, ErrorCode::unsupported);
    EXPECT_EQ(error(R"({"type":"string","pattern":"(a"})").code, ErrorCode::malformed);
    EXPECT_EQ(error(R"({"type":"integer","minimum":3,"maximum":2})").code, ErrorCode::unsupported);
    EXPECT_EQ(error(R"({"oneOf":[{"type":"string"},{"type":"string","maxLength":3}]})").code, ErrorCode::unsupported);
    EXPECT_EQ(error(R"({"type":"array","items":{"type":"integer"},"maxItems":1000000})").code,
              ErrorCode::resource_exhausted);
    EXPECT_EQ(
        error(R"({"$defs":{"a":{"type":"array","items":{"$ref":"#/$defs/a"},"minItems":1}},"$ref":"#/$defs/a"})").code,
        ErrorCode::unsupported);
    EXPECT_EQ(error(std::string(100, '[') + std::string(100, ']')).code, ErrorCode::resource_exhausted);
    EXPECT_EQ(error(R"({"type":"string","pattern":"(a|aa)*b.{900}"})").code, ErrorCode::resource_exhausted);
}

TEST(Grammar, CloneGoesItsOwnWay) {
    const auto grammar = *Grammar::json_object(gpt2());
    const auto state = grammar->start();
    for (const TokenId id : gpt2().encode(R"({"a": [1, {"b)", false, false)) state->accept(id);
    const Mask before = allowed(*state, gpt2());
    const auto other = state->clone();
    for (const TokenId id : gpt2().encode(R"(": 2}], "c": null}})", false, false)) {
        if (!has(allowed(*other, gpt2()), id)) break;
        other->accept(id);
    }
    EXPECT_EQ(allowed(*state, gpt2()), before);
    EXPECT_NE(allowed(*other, gpt2()), before);
}

} // namespace
} // namespace assay::engine
