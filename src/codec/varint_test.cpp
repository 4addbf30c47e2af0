#include "codec/varint.h"

#include <gtest/gtest.h>

namespace assay::codec {
namespace {

std::string encoded(std::uint64_t value) {
    Bytes out;
    append_varint(out, value);
    return to_hex(out);
}

Result<std::uint64_t> read_all(std::string_view hex) {
    const Bytes bytes = *from_hex(hex);
    ByteView view = bytes;
    auto value = read_varint(view);
    if (value && !view.empty()) return fail(ErrorCode::internal, "not all bytes were read");
    return value;
}

// The table of multiformats/unsigned-varint.
TEST(Varint, WritesTheSpecificationsExamples) {
    EXPECT_EQ(encoded(0), "00");
    EXPECT_EQ(encoded(1), "01");
    EXPECT_EQ(encoded(127), "7f");
    EXPECT_EQ(encoded(128), "8001");
    EXPECT_EQ(encoded(255), "ff01");
    EXPECT_EQ(encoded(300), "ac02");
    EXPECT_EQ(encoded(16384), "808001");
    EXPECT_EQ(encoded(kVarintMax), "ffffffffffffffff7f");
}

TEST(Varint, ReadsBackWhatItWrites) {
    for (int bit = 0; bit < 63; ++bit) {
        for (const std::uint64_t value :
             {(std::uint64_t{1} << bit) - 1, std::uint64_t{1} << bit, (std::uint64_t{1} << bit) + 1}) {
            if (value > kVarintMax) continue;
            EXPECT_EQ(read_all(encoded(value)), value);
        }
    }
}

TEST(Varint, LeavesWhatFollows) {
    const Bytes bytes = {0xac, 0x02, 0x55};
    ByteView view = bytes;
    EXPECT_EQ(read_varint(view), 300U);
    ASSERT_EQ(view.size(), 1U);
    EXPECT_EQ(view[0], 0x55);
}

TEST(Varint, RefusesOtherForms) {
    for (const char* hex : {"", "80", "ffff", "8000", "818000", "80808080808080808001", "ffffffffffffffffff01"}) {
        const auto value = read_all(hex);
        ASSERT_FALSE(value.has_value()) << hex;
        EXPECT_EQ(value.error().code, ErrorCode::malformed) << hex;
    }
}

} // namespace
} // namespace assay::codec
