#include "codec/dag_json.h"

#include "codec/golden_file.h"

#include <gtest/gtest.h>

#include <limits>

namespace assay::codec {
namespace {

std::string refusal(std::string_view text) {
    const auto value = decode_dag_json(text);
    return value ? "accepted" : value.error().message;
}

// Blocks and texts were written by npm's @ipld/dag-cbor and @ipld/dag-json.
TEST(DagJson, EqualsIpldsJavaScript) {
    const auto rows = golden_rows("codec/dag_json.tsv");
    ASSERT_GT(rows.size(), 200U);
    for (const auto& row : rows) {
        const Bytes text_bytes = *from_hex(row[1]);
        const std::string_view text = as_string_view(text_bytes);
        const Value value = *decode_dag_cbor(*from_hex(row[0]));
        EXPECT_EQ(*encode_dag_json(value), text);
        const auto again = decode_dag_json(text);
        ASSERT_TRUE(again.has_value()) << text << ": " << again.error().message;
        EXPECT_EQ(*again, value) << text;
    }
}

TEST(DagJson, KeepsFloatsApartFromIntegers) {
    const std::pair<double, const char*> cases[] = {{0.0, "0.0"},
                                                    {-0.0, "-0.0"},
                                                    {1.0, "1.0"},
                                                    {-3.0, "-3.0"},
                                                    {100000.0, "100000.0"},
                                                    {1e16, "10000000000000000.0"},
                                                    {1e20, "100000000000000000000.0"},
                                                    {1e21, "1e+21"},
                                                    {1.5e300, "1.5e+300"},
                                                    {1e-6, "0.000001"},
                                                    {1e-7, "1e-7"},
                                                    {5e-324, "5e-324"},
                                                    {0.1, "0.1"},
                                                    {1.7976931348623157e308, "1.7976931348623157e+308"}};
    for (const auto& [number, text] : cases) {
        EXPECT_EQ(*encode_dag_json(number), text);
        const auto again = decode_dag_json(text);
        ASSERT_TRUE(again.has_value() && again->number() != nullptr) << text;
        EXPECT_EQ(*encode_dag_cbor(*again), *encode_dag_cbor(number)) << text;
    }
    EXPECT_NE(decode_dag_json("1e2")->number(), nullptr);
    EXPECT_NE(decode_dag_json("1")->integer(), nullptr);
    EXPECT_EQ(*decode_dag_json("-0"), Value(0));
}

TEST(DagJson, IntegersAreExact) {
    for (const char* text : {"18446744073709551615", "-18446744073709551616", "9223372036854775808",
                             "-9223372036854775809", "9007199254740993"}) {
        EXPECT_EQ(*encode_dag_json(*decode_dag_json(text)), text);
    }
    for (const char* text : {"18446744073709551616", "-18446744073709551617", "1e999", "-1e999"}) {
        EXPECT_NE(refusal(text).find("outside"), std::string::npos) << text << ' ' << refusal(text);
    }
}

TEST(DagJson, ReadsAnyLayoutAndOrder) {
    const auto value = decode_dag_json("{ \"b\" : 1,\n\"aa\":2, \"a\":[ ] }");
    ASSERT_TRUE(value.has_value());
    EXPECT_EQ(*encode_dag_json(*value), R"({"a":[],"aa":2,"b":1})");
}

TEST(DagJson, RefusesBadLinksAndBytes) {
    EXPECT_NE(refusal(R"({"/":"x"})").find("link"), std::string::npos);
    EXPECT_NE(refusal(R"({"/":"bafkreifzjut3te7nhyekklss27nh3k72ysco7y32koao5eei66wof36n5e","a":1})").find("beside"),
              std::string::npos);
    EXPECT_NE(refusal(R"({"/":{"bytes":"AQ=="}})").find("base64"), std::string::npos);
    EXPECT_NE(refusal(R"({"/":{"bytes":"AR"}})").find("unused bits"), std::string::npos);
    EXPECT_NE(refusal(R"({"/":{"bytes":"A"}})").find("impossible length"), std::string::npos);
    EXPECT_NE(refusal(R"({"/":{"bytes":"AQ","z":1}})").find("beside"), std::string::npos);
    EXPECT_NE(refusal(R"({"/":{"bytes":"AQ"},"z":1})").find("beside"), std::string::npos);
}

TEST(DagJson, KeepsMapsThatOnlyLookReserved) {
    for (const char* text : {R"({"/":1})", R"({"/":{"bytes":1}})", R"({"/":[],"a":2})", R"({"+":1,"/":"x"})",
                             R"({"/":{"a":1,"bytes":"AQ"}})", R"({"/":{"/":{"bytes":"AQ"}}})"}) {
        const auto value = decode_dag_json(text);
        ASSERT_TRUE(value.has_value()) << text << ": " << value.error().message;
        EXPECT_EQ(*encode_dag_json(*value), text);
    }
}

TEST(DagJson, RefusesToWriteWhatWouldReadAsSomethingElse) {
    EXPECT_FALSE(encode_dag_json(Value::Map{{"/", "x"}}).has_value());
    EXPECT_FALSE(encode_dag_json(Value::Map{{"/", "x"}, {"a", 1}}).has_value());
    EXPECT_FALSE(encode_dag_json(Value::Map{{"/", Value::Map{{"bytes", "x"}}}}).has_value());
    EXPECT_FALSE(encode_dag_json(std::numeric_limits<double>::infinity()).has_value());
    EXPECT_FALSE(encode_dag_json("\xff").has_value());
}

TEST(DagJson, BoundsDepth) {
    std::string deep = std::string(128, '[') + R"({"/":{"bytes":"AQ"}})" + std::string(128, ']');
    const auto value = decode_dag_json(deep);
    ASSERT_TRUE(value.has_value()) << value.error().message;
    EXPECT_EQ(*encode_dag_json(*value), deep);
    EXPECT_FALSE(decode_dag_json(std::string(200, '[')).has_value());
    EXPECT_EQ(decode_dag_json("[1,2]", {.items_max = 2}).error().code, ErrorCode::resource_exhausted);
}

TEST(Base64, EqualsRfc4648) {
    const std::pair<const char*, const char*> cases[] = {
        {"", ""},           {"f", "Zg"},          {"fo", "Zm8"},         {"foo", "Zm9v"},
        {"foob", "Zm9vYg"}, {"fooba", "Zm9vYmE"}, {"foobar", "Zm9vYmFy"}};
    for (const auto& [plain, text] : cases) {
        EXPECT_EQ(*encode_dag_json(Bytes(plain, plain + std::string_view(plain).size())),
                  R"({"/":{"bytes":")" + std::string(text) + R"("}})");
    }
}

} // namespace
} // namespace assay::codec
