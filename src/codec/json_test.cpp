#include "codec/json.h"

#include "codec/utf8.h"

#include <gtest/gtest.h>

namespace assay::codec {
namespace {

std::string refusal(std::string_view text) {
    const auto json = parse_json(text);
    return json ? "accepted" : json.error().message;
}

TEST(Json, ReadsEveryKind) {
    const auto json = parse_json(" {\"a\":[null,true,false,-12.5e+3,\"x\"],\t\"b\":{}}\r\n");
    ASSERT_TRUE(json.has_value()) << json.error().message;
    const Json::List& items = *json->find("a")->list();
    ASSERT_EQ(items.size(), 5U);
    EXPECT_TRUE(items[0].is_null());
    EXPECT_TRUE(*items[1].boolean());
    EXPECT_FALSE(*items[2].boolean());
    EXPECT_EQ(*items[3].number(), "-12.5e+3");
    EXPECT_EQ(*items[4].text(), "x");
    EXPECT_TRUE(json->find("b")->object()->empty());
    EXPECT_EQ(json->find("c"), nullptr);
    EXPECT_EQ(items[3].text(), nullptr);
    EXPECT_EQ(items[3].kind(), "a number");
}

TEST(Json, KeepsEveryDigitAndTheOrderOfMembers) {
    const std::string digits = "115792089237316195423570985008687907853269984665640564039457584007913129639935";
    EXPECT_EQ(*parse_json(digits)->number(), digits);
    const auto json = parse_json(R"({"z":1,"a":2})");
    EXPECT_EQ((*json->object())[0].first, "z");
}

TEST(Json, ReadsEscapes) {
    EXPECT_EQ(*parse_json(R"("\"\\\/\b\f\n\r\tA\u00e9\u20AC\ud83d\ude00")")->text(), "\"\\/\b\f\n\r\tAé€😀");
    EXPECT_EQ(*parse_json(R"("a\u0000b")")->text(), std::string("a\0b", 3));
}

TEST(Json, WritesStringsThatReadBack) {
    std::string all;
    for (char c = 0; c < 127; ++c) all.push_back(c);
    all += "é😀";
    std::string quoted;
    append_json_string(quoted, all);
    EXPECT_EQ(*parse_json(quoted)->text(), all);
    EXPECT_NE(quoted.find("\\u0001"), std::string::npos);
}

TEST(Json, RefusesWhatTheGrammarDoesNotHave) {
    for (const char* text : {"",
                             " ",
                             "nul",
                             "nulll",
                             "True",
                             "NaN",
                             "Infinity",
                             "01",
                             "-",
                             "+1",
                             "1.",
                             ".5",
                             "1e",
                             "1e+",
                             "-01",
                             "0x10",
                             "1 2",
                             "[",
                             "]",
                             "[1,]",
                             "[,1]",
                             "[1 2]",
                             "{",
                             "}",
                             "{\"a\"}",
                             "{a:1}",
                             "{\"a\":1,}",
                             "{,}",
                             "{1:2}",
                             "{\"a\" 1}",
                             "\"",
                             "\"a",
                             "\"\\x\"",
                             "\"\\u12\"",
                             "\"\\u12g4\"",
                             "'a'",
                             "\"\n\"",
                             "\"\t\"",
                             "\"\\",
                             "\"\\ud800\"",
                             "\"\\ud800\\n\"",
                             "\"\\ud800\\ud800\"",
                             "\"\\udc00\"",
                             "[1]]",
                             "// a\n1",
                             "1//",
                             "\xef\xbb\xbf"
                             "1",
                             "\"\xff\"",
                             "\"\xc0\x80\"",
                             "\"\xed\xa0\x80\"",
                             "[1]\f",
                             "{\"a\":1,\"a\":1}"}) {
        const auto json = parse_json(text);
        ASSERT_FALSE(json.has_value()) << text;
        EXPECT_EQ(json.error().code, ErrorCode::malformed) << text;
    }
    EXPECT_FALSE(parse_json(std::string_view("1\0", 2)).has_value());
    EXPECT_FALSE(parse_json(std::string_view("\"\0\"", 3)).has_value());
}

TEST(Json, SaysWhereAndWhat) {
    EXPECT_NE(refusal("[1,\n x]").find("byte 5: no value begins like this"), std::string::npos) << refusal("[1,\n x]");
    EXPECT_NE(refusal(R"({"a":{"key":1,"key":2}})").find("key \"key\" appears twice"), std::string::npos);
    EXPECT_NE(refusal(R"({"a":1,"b":2,"\u0061":3})").find("twice"), std::string::npos);
}

TEST(Utf8, PrefixesEndBetweenCharacters) {
    EXPECT_EQ(utf8_prefix("a€b", 9), "a€b");
    EXPECT_EQ(utf8_prefix("a€b", 4), "a€");
    for (const std::size_t size : {1, 2, 3}) EXPECT_EQ(utf8_prefix("a€b", size), "a");
    EXPECT_EQ(utf8_prefix("€", 2), "");
}

TEST(Json, BoundsSizeDepthAndItems) {
    EXPECT_TRUE(parse_json("[[1]]", {.size_max = 5, .depth_max = 2, .items_max = 3}).has_value());
    EXPECT_EQ(parse_json("[[1]]", {.size_max = 4}).error().code, ErrorCode::resource_exhausted);
    EXPECT_EQ(parse_json("[[1]]", {.depth_max = 1}).error().code, ErrorCode::resource_exhausted);
    EXPECT_EQ(parse_json("[[1]]", {.items_max = 2}).error().code, ErrorCode::resource_exhausted);
    EXPECT_EQ(parse_json(std::string(1 << 20, '[')).error().code, ErrorCode::resource_exhausted);
    EXPECT_EQ(parse_json(std::string(1 << 20, '{')).error().code, ErrorCode::malformed);
}

} // namespace
} // namespace assay::codec
