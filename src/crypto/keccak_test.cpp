#include "crypto/keccak.h"

#include "codec/golden_file.h"
#include "crypto/chacha20_stream.h"

#include <gtest/gtest.h>

namespace assay::crypto {
namespace {

// Digests of the Python package pycryptodome; tools/make_keccak_golden.py.
TEST(Keccak256, EqualsPycryptodome) {
    const auto rows = codec::golden_rows("crypto/keccak256.tsv");
    ASSERT_GT(rows.size(), 200U);
    for (const auto& row : rows) {
        ASSERT_EQ(row.size(), 2U);
        const Bytes message = chacha20_stream("keccak256", std::stoul(row[0]));
        EXPECT_EQ(to_hex(keccak256(message)), row[1]) << row[0] << " bytes";
    }
}

TEST(Keccak256, TakesTheMessageInPieces) {
    const Bytes message = chacha20_stream("pieces", 1000);
    const Digest whole = keccak256(message);
    Keccak256 hash;
    for (std::size_t step : {1, 7, 135, 136, 137, 300}) {
        for (std::size_t at = 0; at < message.size(); at += step) {
            hash.update(ByteView(message).subspan(at, std::min(step, message.size() - at)));
        }
        EXPECT_EQ(hash.finish(), whole) << step;
    }
}

TEST(Keccak256, IsNotSha3) {
    EXPECT_EQ(to_hex(keccak256({})), "c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470");
}

} // namespace
} // namespace assay::crypto
