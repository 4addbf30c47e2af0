#include "crypto/address.h"

#include <gtest/gtest.h>

namespace assay::crypto {
namespace {

// The test cases of EIP-55 itself.
constexpr const char* kOfEip55[] = {
    "0x52908400098527886E0F7030069857D2E4169EE7", "0x8617E340B3D01FA5F11F306F4090FD50E238070D",
    "0xde709f2102306220921060314715629080e2fb77", "0x27b1fdb04752bbc536007a920d24acb045561c26",
    "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed", "0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359",
    "0xdbF03B407c01E7cD3CBea99509d93f8DDDC8C6FB", "0xD1220A0cf47c7B9Be7A2E6BA89F429762e7b9aDb"};

TEST(Address, PrintsTheChecksum) {
    for (const char* text : kOfEip55) {
        const auto address = parse_address(text);
        ASSERT_TRUE(address.has_value()) << text << ": " << address.error().message;
        EXPECT_EQ(to_string(*address), text);
    }
}

TEST(Address, TakesOneCaseWithoutAChecksum) {
    for (const char* text :
         {"0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaed", "0x5AAEB6053F3E94C9B9A09F33669435E7EF1BEAED"}) {
        const auto address = parse_address(text);
        ASSERT_TRUE(address.has_value()) << address.error().message;
        EXPECT_EQ(to_string(*address), "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed");
    }
}

TEST(Address, SaysThatTheChecksumIsWrong) {
    const auto address = parse_address("0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAeD");
    ASSERT_FALSE(address.has_value());
    EXPECT_NE(address.error().message.find("checksum"), std::string::npos) << address.error().message;
}

TEST(Address, RefusesOtherText) {
    for (const char* text :
         {"", "0x", "0x52908400098527886E0F7030069857D2E4169EE", "0x52908400098527886E0F7030069857D2E4169EE70",
          "52908400098527886E0F7030069857D2E4169EE7", "0x52908400098527886E0F7030069857D2E4169EEg",
          "0x0x908400098527886E0F7030069857D2E4169EE7", " 0x52908400098527886E0F7030069857D2E4169EE7"}) {
        const auto address = parse_address(text);
        ASSERT_FALSE(address.has_value()) << text;
        EXPECT_EQ(address.error().code, ErrorCode::malformed) << text;
    }
}

} // namespace
} // namespace assay::crypto
