// What the golden data does not show: error codes and messages, limits, and what a template reads.
#include "tokenizer/chat_template.h"

#include <gtest/gtest.h>

namespace assay::tokenizer {
namespace {

constexpr std::string_view kHello = R"([{"role":"user","content":"hi"}])";

Result<std::string> render(std::string_view source, std::string_view messages = kHello, std::string_view extra = "") {
    const auto parsed = ChatTemplate::parse(source);
    if (!parsed) return std::unexpected(parsed.error());
    ChatTemplate::Variables variables;
    variables.messages_json = messages;
    variables.extra_json = extra;
    return parsed->render(variables);
}

void expect_error(const Result<std::string>& result, ErrorCode code, std::string_view part) {
    ASSERT_FALSE(result) << *result;
    EXPECT_EQ(result.error().code, code) << result.error().message;
    EXPECT_NE(result.error().message.find(part), std::string::npos) << result.error().message;
}

TEST(ChatTemplate, SyntaxErrorsNameTheLine) {
    expect_error(render("a\nb\n{{ 1 + }}"), ErrorCode::malformed, "line 3: unexpected '}}'");
    expect_error(render("\n{% if x %}"), ErrorCode::malformed, "expected 'endif'");
    expect_error(render("{% frob %}"), ErrorCode::malformed, "unknown tag 'frob'");
    expect_error(render("{{ \"abc }}"), ErrorCode::malformed, "a string has no end");
    expect_error(render("{{ 'a' \xff }}"), ErrorCode::malformed, "UTF-8");
}

TEST(ChatTemplate, NamesWhatItDoesNotSupport) {
    expect_error(render("{{ x|xmlattr }}"), ErrorCode::unsupported, "filter 'xmlattr'");
    expect_error(render("{{ x is frobbed }}"), ErrorCode::unsupported, "test 'frobbed'");
    expect_error(render("\n{% include 'x' %}"), ErrorCode::unsupported, "line 2: tag 'include'");
    expect_error(render("{% for a in b recursive %}{% endfor %}"), ErrorCode::unsupported, "recursive loops");
    expect_error(render("{{ cycler(1) }}"), ErrorCode::unsupported, "cycler");
    expect_error(render("{{ 'a'.zfill(3) }}"), ErrorCode::unsupported, "zfill");
    expect_error(render("{{ 99999999999999999999 }}"), ErrorCode::unsupported, "64 bits");
}

TEST(ChatTemplate, RaisedMessagesAreHandedOnAlone) {
    const auto result =
        render("{% for m in messages %}\n{{ raise_exception('Roles must alternate: ' ~ m.role) }}{% endfor %}");
    expect_error(result, ErrorCode::invalid_argument, "");
    EXPECT_EQ(result.error().message, "Roles must alternate: user");
    expect_error(render("a\n{{ messages[0].name.first }}"), ErrorCode::invalid_argument,
                 "chat template line 2: 'dict object' has no attribute 'name'");
    expect_error(render("{% set x = messages.append(1) %}"), ErrorCode::invalid_argument, "unsafe");
}

TEST(ChatTemplate, RefusesBadVariables) {
    expect_error(render("x", "{"), ErrorCode::invalid_argument, "messages: no JSON at byte");
    expect_error(render("x", "{}"), ErrorCode::invalid_argument, "messages: not an array");
    expect_error(render("x", "[1]"), ErrorCode::invalid_argument, "a message is not an object");
    expect_error(render("x", kHello, "[]"), ErrorCode::invalid_argument, "extra variables: not an object");
    expect_error(render("x", kHello, R"({"n":18446744073709551615})"), ErrorCode::invalid_argument, "beyond 64 bits");
    expect_error(render("x", "[{\"a\":\"\xff\"}]"), ErrorCode::invalid_argument, "messages: no JSON");
    expect_error(render("x", std::string(100, '[')), ErrorCode::invalid_argument, "nested more than 60 deep");
}

TEST(ChatTemplate, BoundsSteps) {
    constexpr auto kCode = ErrorCode::resource_exhausted;
    expect_error(render("{{ ('a' * 9000) in ('b' * 9000000) }}"), kCode, "20000000 steps");
    expect_error(render("{% for a in range(100000) %}{% for b in range(100) %}{% endfor %}{% endfor %}"), kCode,
                 "more than");
    expect_error(
        render("{% set ns = namespace(x=[1]) %}{% for i in range(50) %}{% set ns.x = [ns.x, ns.x] %}{% endfor %}"
               "{{ [ns.x, 1] == [ns.x, 2] }}{{ ns.x|string|length }}"),
        kCode, "more than");
}

TEST(ChatTemplate, BoundsMemoryAndOutput) {
    constexpr auto kCode = ErrorCode::resource_exhausted;
    expect_error(render("{{ 'a' * 999999999999 }}"), kCode, "bytes");
    expect_error(render("{{ [1] * 999999999999 }}"), kCode, "bytes");
    expect_error(render("{{ 'x'|center(999999999999) }}"), kCode, "bytes");
    expect_error(render("{{ 'x'|indent(999999999999) }}"), kCode, "bytes");
    expect_error(render("{{ [1]|tojson(indent=999999999999) }}"), kCode, "bytes");
    expect_error(render("{{ [1]|batch(999999999999, 0)|list }}"), kCode, "bytes");
    expect_error(render("{{ 'aaaa'.replace('a', 'b' * 99999999) }}"), kCode, "bytes");
    expect_error(render("{% for i in range(100) %}{{ 'a' * 1000000 }}{% endfor %}"), kCode, "of output");
    expect_error(
        render("{% set ns = namespace(s='aa') %}{% for i in range(99) %}{% set ns.s = ns.s + ns.s %}{% endfor %}"),
        kCode, "bytes");
}

TEST(ChatTemplate, BoundsDepth) {
    constexpr auto kCode = ErrorCode::resource_exhausted;
    expect_error(render("{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}"), kCode, "levels of evaluation");
    expect_error(render("{% set ns = namespace(x=[]) %}{% for i in range(99) %}{% set ns.x = [ns.x] %}{% endfor %}"),
                 kCode, "within each other");
    expect_error(render("{% set ns = namespace() %}{% set ns.me = ns %}{{ ns }}"), kCode, "levels of evaluation");
    expect_error(render("{{ " + std::string(5000, '(') + "1"), ErrorCode::unsupported, "brackets nested");
    expect_error(render("{{ " + std::string(5000, '-') + "1 }}"), ErrorCode::unsupported, "nested");
    std::string sum = "{{ 1", blocks;
    for (int i = 0; i < 5000; ++i) {
        sum += "+1";
        blocks += "{% if 1 %}";
    }
    expect_error(render(sum + " }}"), ErrorCode::unsupported, "nested");
    expect_error(render(blocks), ErrorCode::unsupported, "nested");
    expect_error(render(std::string((1u << 20) + 1, ' ')), ErrorCode::unsupported, "exceed the limit");
}

TEST(ChatTemplate, LongConversationsFit) {
    std::string messages = "[";
    for (int i = 0; i < 400; ++i) {
        if (i > 0) messages += ",";
        messages += R"({"role":"user","content":")" + std::string(5000, 'x') + "\"}";
    }
    const auto result = render(
        "{% for m in messages %}{{ '<' + m['role'] + '>' + m['content'] | trim + '\n' }}{% endfor %}", messages + "]");
    ASSERT_TRUE(result) << result.error().message;
    EXPECT_EQ(result->size(), 400u * 5007);
}

TEST(ChatTemplate, SaysWhetherItReadsTools) {
    EXPECT_TRUE(ChatTemplate::parse("{% if tools %}x{% endif %}")->uses_tools());
    EXPECT_TRUE(ChatTemplate::parse("{% macro m() %}{{ tools|tojson }}{% endmacro %}")->uses_tools());
    EXPECT_FALSE(
        ChatTemplate::parse("{{ messages[0].tools }}{{ 'tools' }}{# tools #}{% set tools = 1 %}")->uses_tools());
}

TEST(ChatTemplate, TheDateComesFromTheCaller) {
    const auto parsed = ChatTemplate::parse("{{ strftime_now('%Y-%m-%d') if strftime_now is defined else 'none' }}");
    ChatTemplate::Variables variables;
    variables.messages_json = "[]";
    EXPECT_EQ(parsed->render(variables), "none");
    variables.date = "01 Mar 2024";
    EXPECT_EQ(parsed->render(variables), "2024-03-01");
    variables.date = "yesterday";
    expect_error(parsed->render(variables), ErrorCode::invalid_argument, "the date is not like");
    variables.date = "01 Mar 2024";
    expect_error(ChatTemplate::parse("{{ strftime_now('%H:%M') }}")->render(variables), ErrorCode::unsupported,
                 "%H:%M");
}

} // namespace
} // namespace assay::tokenizer
