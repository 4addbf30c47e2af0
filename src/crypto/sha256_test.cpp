#include "crypto/sha256.h"

#include "crypto/chacha20_stream.h"
#include "crypto/sha256_implementation.h"

#include <gtest/gtest.h>

namespace assay::crypto {
namespace {

struct Vector {
    std::string message, digest;
};

/// FIPS 180-4 examples and the empty message.
std::vector<Vector> vectors() {
    return {{"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
            {"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
            {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
             "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
            {"abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstn"
             "opqrstu",
             "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1"},
            {std::string(1000000, 'a'), "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"}};
}

Digest hash_with(const Sha256Implementation& implementation, ByteView message) {
    Sha256 hash(implementation);
    hash.update(message);
    return hash.finish();
}

TEST(Sha256, EveryImplementationGivesThePublishedDigests) {
    for (const Sha256Implementation& implementation : sha256_implementations()) {
        for (const Vector& vector : vectors()) {
            EXPECT_EQ(to_hex(hash_with(implementation, as_byte_view(vector.message))), vector.digest)
                << implementation.name;
            Sha256Pair pair(implementation);
            pair.update({as_byte_view(vector.message), as_byte_view(vector.message)});
            for (const Digest& digest : pair.finish_all())
                EXPECT_EQ(to_hex(digest), vector.digest) << implementation.name;
        }
    }
}

TEST(Sha256, PortableIsAlwaysThereAndLast) {
    ASSERT_FALSE(sha256_implementations().empty());
    EXPECT_EQ(sha256_implementations().back().name, "portable");
    EXPECT_EQ(sha256_implementation_name(), sha256_implementations().front().name);
}

TEST(Sha256, ImplementationsAgreeAtEveryLengthAndAlignment) {
    const Bytes data = chacha20_stream("lengths", 1100);
    const Sha256Implementation& portable = sha256_implementations().back();
    for (std::size_t size = 0; size <= 520; ++size) {
        const ByteView a = ByteView(data).subspan(size % 17, size);
        const ByteView b = ByteView(data).subspan(520 + size % 13, size);
        const Digest expected_a = hash_with(portable, a);
        const Digest expected_b = hash_with(portable, b);
        for (const Sha256Implementation& implementation : sha256_implementations()) {
            EXPECT_EQ(hash_with(implementation, a), expected_a) << implementation.name << ' ' << size;
            Sha256Pair pair(implementation);
            pair.update({a, b});
            EXPECT_EQ(pair.finish_all(), (std::array{expected_a, expected_b})) << implementation.name << ' ' << size;
        }
        EXPECT_EQ(sha256_pair(a, b), std::pair(expected_a, expected_b));
    }
}

TEST(Sha256, PiecesMakeTheWhole) {
    const Bytes data = chacha20_stream("pieces", 1000);
    const Digest whole = sha256(data);
    for (std::size_t piece = 1; piece <= 200; ++piece) {
        Sha256 hash;
        Sha256Pair pair;
        for (std::size_t at = 0; at < data.size(); at += piece) {
            const ByteView part = ByteView(data).subspan(at, std::min(piece, data.size() - at));
            hash.update(part);
            pair.update({part, part});
        }
        EXPECT_EQ(hash.finish(), whole) << piece;
        EXPECT_EQ(pair.finish_all(), (std::array{whole, whole})) << piece;
    }
}

TEST(Sha256, StartsAfreshAfterFinish) {
    Sha256 hash;
    hash.update(as_byte_view("xyz"));
    (void)hash.finish();
    hash.update(as_byte_view("abc"));
    EXPECT_EQ(hash.finish(), sha256(as_byte_view("abc")));
    EXPECT_EQ(hash.finish(), sha256({}));
}

} // namespace
} // namespace assay::crypto
