#include "codec/base_text.h"
#include "codec/cid.h"
#include "codec/golden_file.h"

#include <gtest/gtest.h>

namespace assay::codec {
namespace {

// Expected texts and bytes were written by the Python package multiformats.
TEST(Cid, EqualsMultiformats) {
    const auto rows = golden_rows("codec/cid_valid.tsv");
    ASSERT_GT(rows.size(), 50U);
    for (const auto& row : rows) {
        ASSERT_EQ(row.size(), 3U);
        const auto& [canonical, other, hex] = std::tie(row[0], row[1], row[2]);
        const auto cid = Cid::parse(canonical);
        ASSERT_TRUE(cid.has_value()) << canonical << ": " << cid.error().message;
        EXPECT_EQ(to_hex(cid->to_bytes()), hex);
        EXPECT_EQ(cid->to_string(), canonical);
        EXPECT_EQ(Cid::parse(other), *cid) << other;
        EXPECT_EQ(Cid::from_bytes(*from_hex(hex)), *cid);
    }
}

TEST(Cid, RefusesBytesThatAreNoCid) {
    const std::string digest(64, 'a');
    const std::string v1 = "01551220" + digest;
    for (const std::string& hex :
         {std::string(), std::string("01"), std::string("0155"), v1.substr(0, v1.size() - 2), v1 + "00",
          "02551220" + digest, "0170121f" + digest.substr(2), "8100551220" + digest, "01d5001220" + digest,
          "1220" + digest.substr(2), "1220" + digest + "00", std::string("015500ff01")}) {
        EXPECT_FALSE(Cid::from_bytes(*from_hex(hex)).has_value()) << hex;
    }
}

TEST(Cid, RefusesTextThatIsNoCid) {
    const std::string v0 = "QmbFMke1KXqnYyBBWxB74N4c5SBnJMVAiMNRcGu6x1AwQH";
    const std::string v1 = "bafkreifzjut3te2nhyekklss27nh3k72ysco7y32koao5eei66wof36n5e";
    ASSERT_TRUE(Cid::parse(v0).has_value());
    ASSERT_TRUE(Cid::parse(v1).has_value());
    std::string upper = v1;
    upper[5] = 'K';
    for (const std::string& text :
         {std::string(), std::string("b"), std::string("z"), std::string("Qm"), v0.substr(1), "z" + v0, v0 + "H",
          v0.substr(0, 45) + "0", v1 + "a", v1.substr(0, v1.size() - 1), upper, v1 + "=", "f01551220" + v1,
          "z" + std::string(5000, 'z'), "b" + std::string(5000, 'a'), " " + v1}) {
        EXPECT_FALSE(Cid::parse(text).has_value()) << text;
    }
}

TEST(Cid, MakesOnlyWholeDigests) {
    EXPECT_FALSE(Cid::make_v0(Bytes(31)).has_value());
    EXPECT_FALSE(Cid::make_v1(kCodecRaw, Bytes(33)).has_value());
    EXPECT_EQ(Cid::make_v1(kCodecDagCbor, Bytes(32))->codec(), kCodecDagCbor);
    EXPECT_EQ(Cid::make_v0(Bytes(32))->version(), 0);
}

TEST(BaseText, KeepsLeadingZeros) {
    EXPECT_EQ(to_base58btc(Bytes{0, 0, 1}), "112");
    EXPECT_EQ(from_base58btc("112"), (Bytes{0, 0, 1}));
    EXPECT_EQ(to_base58btc({}), "");
    EXPECT_EQ(from_base58btc(""), Bytes{});
    EXPECT_EQ(from_base58btc("111"), (Bytes{0, 0, 0}));
}

TEST(BaseText, Base32IsStrict) {
    EXPECT_EQ(to_base32(as_byte_view("foobar")), "mzxw6ytboi");
    EXPECT_EQ(from_base32("mzxw6ytboi"), Bytes({'f', 'o', 'o', 'b', 'a', 'r'}));
    for (const char* text : {"a", "mzx", "mzxw6ytbo", "mzxw6ytboj", "MZXW6YTBOI", "mzxw6ytb0i"}) {
        EXPECT_FALSE(from_base32(text).has_value()) << text;
    }
}

} // namespace
} // namespace assay::codec
