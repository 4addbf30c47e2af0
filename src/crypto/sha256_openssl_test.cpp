// Every implementation against OpenSSL, which only this test links.
#include "crypto/chacha20_stream.h"
#include "crypto/sha256_implementation.h"

#include <gtest/gtest.h>
#include <openssl/evp.h>

#include <random>

namespace assay::crypto {
namespace {

Digest openssl_sha256(ByteView message) {
    Digest digest;
    unsigned size = 0;
    EXPECT_EQ(EVP_Digest(message.data(), message.size(), digest.data(), &size, EVP_sha256(), nullptr), 1);
    EXPECT_EQ(size, digest.size());
    return digest;
}

TEST(Sha256AgainstOpenssl, RandomMessagesInRandomPieces) {
    const Bytes data = chacha20_stream("openssl", 400000);
    std::mt19937 random(6962);
    const auto below = [&](std::size_t bound) { return random() % bound; };
    for (int trial = 0; trial < 400; ++trial) {
        const std::size_t size = trial < 200 ? below(300) : below(100000);
        const ByteView a = ByteView(data).subspan(below(1000), size);
        const ByteView b = ByteView(data).subspan(200000 + below(1000), size);
        for (const Sha256Implementation& implementation : sha256_implementations()) {
            Sha256 single(implementation);
            Sha256Pair pair(implementation);
            for (std::size_t at = 0; at < size;) {
                const std::size_t piece = std::min(size - at, 1 + below(trial % 2 == 0 ? 100 : 50000));
                single.update(a.subspan(at, piece));
                pair.update({a.subspan(at, piece), b.subspan(at, piece)});
                at += piece;
            }
            EXPECT_EQ(single.finish(), openssl_sha256(a)) << implementation.name << ' ' << size;
            EXPECT_EQ(pair.finish_all(), (std::array{openssl_sha256(a), openssl_sha256(b)}))
                << implementation.name << ' ' << size;
        }
    }
}

} // namespace
} // namespace assay::crypto
