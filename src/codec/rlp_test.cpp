#include "codec/rlp.h"

#include "codec/golden_file.h"

#include <gtest/gtest.h>

namespace assay::codec {
namespace {

/// The generator's notation: strings in hex and lists, each ended by a comma.
std::string describe(const RlpItem& item) {
    if (const Bytes* bytes = item.bytes()) return to_hex(*bytes) + ",";
    std::string out = "[";
    for (const RlpItem& child : *item.list()) out += describe(child);
    return out + "],";
}

// Written by the Python package rlp.
TEST(Rlp, EqualsPythonRlp) {
    const auto rows = golden_rows("codec/rlp_valid.tsv");
    ASSERT_GT(rows.size(), 100U);
    for (const auto& row : rows) {
        ASSERT_EQ(row.size(), 2U);
        const Bytes encoded = *from_hex(row[0]);
        const auto item = decode_rlp(encoded);
        ASSERT_TRUE(item.has_value()) << row[0] << ": " << item.error().message;
        EXPECT_EQ(describe(*item), row[1]);
        EXPECT_EQ(encode_rlp(*item), encoded);
    }
}

TEST(Rlp, RefusesEveryOtherForm) {
    const auto rows = golden_rows("codec/rlp_invalid.tsv");
    ASSERT_GT(rows.size(), 15U);
    for (const auto& row : rows) {
        const auto item = decode_rlp(*from_hex(row[1]));
        ASSERT_FALSE(item.has_value()) << row[0];
        EXPECT_EQ(item.error().code, ErrorCode::malformed) << row[0];
    }
    EXPECT_FALSE(decode_rlp({}).has_value());
}

TEST(Rlp, LongPayloadsRoundTrip) {
    for (const std::size_t size : {65535UL, 65536UL, 70000UL}) {
        const RlpItem item(RlpItem::List{Bytes(size, 0x5a), Bytes{}, Bytes{0}});
        EXPECT_EQ(decode_rlp(encode_rlp(item)), item);
    }
}

TEST(Rlp, TruncationNeverDecodes) {
    for (const auto& row : golden_rows("codec/rlp_valid.tsv")) {
        const Bytes encoded = *from_hex(row[0]);
        for (std::size_t size = 0; size < std::min<std::size_t>(encoded.size(), 100); ++size) {
            EXPECT_FALSE(decode_rlp(ByteView(encoded).first(size)).has_value()) << row[0] << ' ' << size;
        }
    }
}

TEST(Rlp, BoundsSizeDepthAndItems) {
    Bytes deep;
    for (int i = 0; i < 40; ++i) {
        RlpItem item = deep.empty() ? RlpItem(RlpItem::List{}) : RlpItem(RlpItem::List{*decode_rlp(deep)});
        deep = encode_rlp(item);
    }
    EXPECT_TRUE(decode_rlp(deep, {.depth_max = 40}).has_value());
    EXPECT_EQ(decode_rlp(deep, {.depth_max = 39}).error().code, ErrorCode::resource_exhausted);
    const Bytes three = *from_hex("c3010203");
    EXPECT_TRUE(decode_rlp(three, {.size_max = 4, .items_max = 4}).has_value());
    EXPECT_EQ(decode_rlp(three, {.size_max = 3}).error().code, ErrorCode::resource_exhausted);
    EXPECT_EQ(decode_rlp(three, {.items_max = 3}).error().code, ErrorCode::resource_exhausted);
}

TEST(Rlp, NamesTheByteAtFault) {
    const auto item = decode_rlp(*from_hex("c3018101"));
    ASSERT_FALSE(item.has_value());
    EXPECT_NE(item.error().message.find("byte 3: a byte below 0x80"), std::string::npos) << item.error().message;
}

} // namespace
} // namespace assay::codec
