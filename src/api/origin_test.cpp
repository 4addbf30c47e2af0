#include "api/origin.h"

#include <gtest/gtest.h>

namespace assay::api {
namespace {

TEST(Origin, LoopbackListedAndOwnAddressOnly) {
    const std::vector<std::string> listed = {"https://chat.example.org"};
    for (const char* good : {"http://localhost", "http://localhost:3000", "http://127.0.0.1:8080", "http://[::1]:80",
                             "https://chat.example.org"})
        EXPECT_TRUE(origin_allowed(good, "127.0.0.1:8080", listed)) << good;
    EXPECT_TRUE(origin_allowed("http://192.168.1.5:8080", "192.168.1.5:8080", {}));
    for (const char* bad : {"https://evil.example", "http://localhost.evil.example", "http://127.0.0.1.evil.example",
                            "null", "http://192.168.1.6:8080", "file://", ""})
        EXPECT_FALSE(origin_allowed(bad, "192.168.1.5:8080", listed)) << bad;
    EXPECT_FALSE(origin_allowed("http://rebound.example:8080", "rebound.example:8080", {}));
}

TEST(Origin, JsonTypes) {
    for (const char* good : {"", "application/json", "Application/JSON; charset=utf-8", "application/json ;x"})
        EXPECT_TRUE(is_json_type(good)) << good;
    for (const char* bad : {"text/plain", "application/jsonp", "multipart/form-data"})
        EXPECT_FALSE(is_json_type(bad)) << bad;
}

TEST(Origin, PercentDecoding) {
    EXPECT_EQ(percent_decode("a%2Fb%20c"), "a/b c");
    EXPECT_EQ(percent_decode("100%"), "100%");
    EXPECT_EQ(percent_decode("%zz%4"), "%zz%4");
}

} // namespace
} // namespace assay::api
