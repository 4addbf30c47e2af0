#include "codec/dag_cbor.h"
#include "codec/golden_file.h"

#include <gtest/gtest.h>

#include <bit>
#include <limits>

namespace assay::codec {
namespace {

/// The generator's notation for a value, so that meaning is compared and not only bytes.
std::string describe(const Value& value) {
    if (value.is_null()) return "null";
    if (const bool* flag = value.boolean()) return *flag ? "true" : "false";
    if (const Integer* integer = value.integer())
        return (integer->negative ? "n" : "u") + std::to_string(integer->argument);
    if (const double* number = value.number()) {
        char text[20];
        std::snprintf(text, sizeof text, "d%016llx",
                      static_cast<unsigned long long>(std::bit_cast<std::uint64_t>(*number)));
        return text;
    }
    if (const Bytes* bytes = value.bytes()) return "b" + to_hex(*bytes);
    if (const std::string* text = value.text()) return "t" + to_hex(as_byte_view(*text));
    if (const Cid* link = value.link()) return "l" + link->to_string();
    std::string out;
    if (const Value::List* items = value.list()) {
        for (const Value& item : *items) out += describe(item) + ",";
        return "[" + out + "]";
    }
    for (const auto& [key, item] : *value.map()) out += to_hex(as_byte_view(key)) + "=" + describe(item) + ",";
    return "{" + out + "}";
}

// Blocks and meanings were written by the Python package dag-cbor.
TEST(DagCbor, EqualsPythonDagCbor) {
    const auto rows = golden_rows("codec/dag_cbor_valid.tsv");
    ASSERT_GT(rows.size(), 200U);
    for (const auto& row : rows) {
        ASSERT_EQ(row.size(), 2U);
        const Bytes block = *from_hex(row[0]);
        const auto value = decode_dag_cbor(block);
        ASSERT_TRUE(value.has_value()) << row[0] << ": " << value.error().message;
        EXPECT_EQ(describe(*value), row[1]);
        EXPECT_EQ(encode_dag_cbor(*value), block);
    }
}

TEST(DagCbor, RefusesEveryOtherForm) {
    const auto rows = golden_rows("codec/dag_cbor_invalid.tsv");
    ASSERT_GT(rows.size(), 50U);
    for (const auto& row : rows) {
        ASSERT_EQ(row.size(), 2U);
        const auto value = decode_dag_cbor(*from_hex(row[1]));
        ASSERT_FALSE(value.has_value()) << row[0] << ' ' << row[1];
        EXPECT_EQ(value.error().code, ErrorCode::malformed) << row[0];
    }
}

TEST(DagCbor, RefusesWhatItCannotSay) {
    EXPECT_FALSE(encode_dag_cbor(std::numeric_limits<double>::quiet_NaN()).has_value());
    EXPECT_FALSE(encode_dag_cbor(std::numeric_limits<double>::infinity()).has_value());
    EXPECT_FALSE(encode_dag_cbor("\xff").has_value());
    EXPECT_FALSE(encode_dag_cbor(Value::Map{{"\xed\xa0\x80", 1}}).has_value());
}

TEST(DagCbor, BoundsDepthBothWays) {
    Value value;
    for (std::size_t i = 0; i < kDepthMax; ++i) value = Value(Value::List{std::move(value)});
    const auto block = encode_dag_cbor(value);
    ASSERT_TRUE(block.has_value());
    EXPECT_EQ(decode_dag_cbor(*block), value);
    EXPECT_FALSE(encode_dag_cbor(Value::List{value}).has_value());
    Bytes deep(kDepthMax + 1, 0x81);
    deep.push_back(0xf6);
    EXPECT_EQ(decode_dag_cbor(deep).error().code, ErrorCode::resource_exhausted);
    EXPECT_EQ(decode_dag_cbor(Bytes(1 << 20, 0x81)).error().code, ErrorCode::resource_exhausted);
}

TEST(DagCbor, BoundsSizeAndItems) {
    const Bytes block = *encode_dag_cbor(Value::List{1, 2, 3});
    EXPECT_TRUE(decode_dag_cbor(block, {.size_max = 4, .items_max = 4}).has_value());
    EXPECT_EQ(decode_dag_cbor(block, {.size_max = 3, .items_max = 4}).error().code, ErrorCode::resource_exhausted);
    EXPECT_EQ(decode_dag_cbor(block, {.size_max = 4, .items_max = 3}).error().code, ErrorCode::resource_exhausted);
}

TEST(DagCbor, NamesTheByteAtFault) {
    const auto value = decode_dag_cbor(*from_hex("a2616101616102"));
    ASSERT_FALSE(value.has_value());
    EXPECT_NE(value.error().message.find("byte 6: key appears twice"), std::string::npos) << value.error().message;
}

TEST(Value, IntegersHaveOneForm) {
    EXPECT_EQ(Value(std::int8_t{-1}), Value(std::int64_t{-1}));
    EXPECT_EQ(Value(5), Value(std::uint64_t{5}));
    EXPECT_NE(Value(5), Value(5.0));
    EXPECT_EQ(Integer(std::numeric_limits<std::int64_t>::min()).to_int64(), std::numeric_limits<std::int64_t>::min());
    EXPECT_EQ(Integer(std::numeric_limits<std::uint64_t>::max()).to_uint64(),
              std::numeric_limits<std::uint64_t>::max());
    EXPECT_EQ(Integer(std::numeric_limits<std::uint64_t>::max()).to_int64(), std::nullopt);
    EXPECT_EQ(Integer(-1).to_uint64(), std::nullopt);
}

TEST(Value, FindsByKey) {
    const Value value(Value::Map{{"b", 1}, {"aa", 2}});
    ASSERT_NE(value.find("aa"), nullptr);
    EXPECT_EQ(*value.find("aa"), Value(2));
    EXPECT_EQ(value.find("c"), nullptr);
    EXPECT_EQ(Value(1).find("aa"), nullptr);
}

} // namespace
} // namespace assay::codec
