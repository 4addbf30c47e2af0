#include "storage/crc32c.h"

#include <gtest/gtest.h>

namespace assay::storage {
namespace {

/// RFC 3720, B.4, and the check value of the catalogue of CRCs.
TEST(Crc32c, KnownAnswers) {
    Bytes up(32);
    Bytes down(32);
    for (std::size_t i = 0; i < 32; ++i) {
        up[i] = static_cast<std::uint8_t>(i);
        down[i] = static_cast<std::uint8_t>(31 - i);
    }
    const std::pair<Bytes, std::uint32_t> cases[] = {
        {Bytes(32, 0), 0x8a9136aa}, {Bytes(32, 0xff), 0x62a8ab43}, {up, 0x46dd794e}, {down, 0x113fdb5c}};
    for (const auto& [bytes, crc] : cases) {
        EXPECT_EQ(crc32c(0, bytes), crc);
        EXPECT_EQ(crc32c_portable(0, bytes), crc);
    }
    EXPECT_EQ(crc32c(0, as_byte_view("123456789")), 0xe3069283U);
    EXPECT_EQ(crc32c(0, {}), 0U);
}

TEST(Crc32c, ContinuesAndAgreesAtEveryLength) {
    Bytes bytes(300);
    for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<std::uint8_t>(i * 167 + 3);
    for (std::size_t length = 0; length <= bytes.size(); ++length) {
        const ByteView part = ByteView(bytes).first(length);
        const std::uint32_t whole = crc32c(0, part);
        EXPECT_EQ(crc32c_portable(0, part), whole);
        EXPECT_EQ(crc32c(crc32c(0, part.first(length / 3)), part.subspan(length / 3)), whole);
    }
}

} // namespace
} // namespace assay::storage
