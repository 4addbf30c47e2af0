#include "crypto/secp256k1.h"

#include "codec/golden_file.h"
#include "crypto/keccak.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <thread>

namespace assay::crypto {
namespace {

constexpr const char* kOrder = "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141";

Digest digest_of(std::string_view hex) {
    const Bytes bytes = *from_hex(hex);
    Digest digest;
    std::ranges::copy(bytes, digest.begin());
    return digest;
}

struct Case {
    SecretKey key;
    Digest digest;
    Bytes signature, compressed, uncompressed;
    std::string address;
};

std::vector<Case> cases() {
    std::vector<Case> all;
    for (const auto& row : codec::golden_rows("crypto/secp256k1.tsv")) {
        all.push_back({*SecretKey::from_bytes(*from_hex(row[0])), digest_of(row[1]), *from_hex(row[2]),
                       *from_hex(row[3]), *from_hex(row[4]), row[5]});
    }
    return all;
}

/// n - s and the other v: a signature of the same message by the same key, which must not count.
Bytes with_high_s(Bytes signature) {
    const Bytes order = *from_hex(kOrder);
    int borrow = 0;
    for (int i = 31; i >= 0; --i) {
        const int difference = order[i] - signature[32 + i] - borrow;
        borrow = difference < 0;
        signature[32 + i] = static_cast<std::uint8_t>(difference & 0xff);
    }
    signature[64] = static_cast<std::uint8_t>(55 - signature[64]);
    return signature;
}

std::string refusal(const Digest& digest, ByteView signature) {
    const auto address = recover(digest, signature);
    return address ? "accepted" : address.error().message;
}

// Keys, RFC 6979 signatures and addresses were made by the Python package eth-keys.
TEST(Secp256k1, EqualsEthKeys) {
    const auto all = cases();
    ASSERT_GT(all.size(), 50U);
    for (const Case& one : all) {
        EXPECT_TRUE(std::ranges::equal(one.key.sign(one.digest), one.signature)) << one.address;
        EXPECT_TRUE(std::ranges::equal(one.key.public_key(), one.uncompressed)) << one.address;
        EXPECT_EQ(to_string(one.key.address()), one.address);
        EXPECT_EQ(to_string(*recover(one.digest, one.signature)), one.address);
        const ByteView compact = ByteView(one.signature).first(64);
        EXPECT_TRUE(verify(one.digest, compact, one.compressed));
        EXPECT_TRUE(verify(one.digest, compact, one.uncompressed));
        EXPECT_TRUE(std::ranges::equal(*parse_public_key(one.compressed), one.uncompressed));
    }
}

TEST(Secp256k1, TakesBothNotationsOfV) {
    for (const Case& one : cases()) {
        Bytes signature = one.signature;
        signature[64] = static_cast<std::uint8_t>(signature[64] - 27);
        EXPECT_EQ(to_string(*recover(one.digest, signature)), one.address);
    }
}

TEST(Secp256k1, RefusesHighSByName) {
    for (const Case& one : cases()) {
        const Bytes high = with_high_s(one.signature);
        EXPECT_NE(refusal(one.digest, high).find("high s"), std::string::npos);
        EXPECT_FALSE(verify(one.digest, ByteView(high).first(64), one.compressed));
    }
}

TEST(Secp256k1, RefusesWhatIsNoSignature) {
    const Case one = std::move(cases().at(10));
    const auto changed = [&](std::size_t at, std::string_view hex) {
        Bytes signature = one.signature;
        std::ranges::copy(*from_hex(hex), signature.begin() + static_cast<std::ptrdiff_t>(at));
        return refusal(one.digest, signature);
    };
    const std::string zero(64, '0');
    EXPECT_NE(changed(0, zero).find("no public key"), std::string::npos);
    EXPECT_NE(changed(32, zero).find("no public key"), std::string::npos);
    EXPECT_NE(changed(0, kOrder).find("order"), std::string::npos);
    EXPECT_NE(changed(32, kOrder).find("order"), std::string::npos);
    EXPECT_NE(changed(0, std::string(64, 'f')).find("order"), std::string::npos);
    EXPECT_NE(changed(0, zero.substr(2) + "05").find("no public key"), std::string::npos); // no point has x = 5
    for (const char* v : {"02", "03", "1a", "1d", "1e", "ff"}) {
        EXPECT_NE(changed(64, v).find("v is"), std::string::npos) << v;
    }
    EXPECT_NE(refusal(one.digest, ByteView(one.signature).first(64)).find("64 bytes"), std::string::npos);
    EXPECT_NE(refusal(one.digest, {}).find("0 bytes"), std::string::npos);
}

TEST(Secp256k1, EveryBitMatters) {
    const Case one = std::move(cases().at(20));
    for (std::size_t bit = 0; bit < 64 * 8; ++bit) {
        Bytes signature = one.signature;
        signature[bit / 8] = static_cast<std::uint8_t>(signature[bit / 8] ^ (1U << (bit % 8)));
        EXPECT_FALSE(verify(one.digest, ByteView(signature).first(64), one.compressed)) << bit;
        const auto address = recover(one.digest, signature);
        EXPECT_FALSE(address && to_string(*address) == one.address) << bit;
    }
}

TEST(Secp256k1, RefusesKeysThatAreNoPoint) {
    const Case one = std::move(cases().at(0));
    const ByteView compact = ByteView(one.signature).first(64);
    Bytes hybrid = one.uncompressed;
    hybrid[0] = static_cast<std::uint8_t>(6 + (hybrid.back() & 1));
    Bytes off_curve = one.uncompressed;
    off_curve.back() ^= 1;
    Bytes no_point = one.compressed;
    no_point.assign(33, 0);
    no_point[0] = 2;
    no_point[32] = 5;
    for (const Bytes& key : {hybrid, off_curve, no_point, Bytes{}, Bytes(33, 0), Bytes(65, 4), Bytes(64, 1)}) {
        EXPECT_FALSE(verify(one.digest, compact, key)) << to_hex(key);
        EXPECT_FALSE(parse_public_key(key).has_value()) << to_hex(key);
    }
    EXPECT_FALSE(verify(one.digest, one.signature, one.compressed)); // 65 bytes
}

TEST(SecretKey, RefusesWhatIsNoKey) {
    EXPECT_FALSE(SecretKey::from_bytes(Bytes(32, 0)).has_value());
    EXPECT_FALSE(SecretKey::from_bytes(Bytes(32, 0xff)).has_value());
    EXPECT_FALSE(SecretKey::from_bytes(*from_hex(kOrder)).has_value());
    EXPECT_FALSE(SecretKey::from_bytes(Bytes(31, 1)).has_value());
    EXPECT_FALSE(SecretKey::from_bytes(Bytes(33, 1)).has_value());
}

TEST(SecretKey, DrawsAreDifferentAndWork) {
    std::set<Address> seen;
    for (int i = 0; i < 20; ++i) {
        const SecretKey key = *SecretKey::random();
        const Digest digest = keccak256(key.bytes());
        EXPECT_EQ(*recover(digest, key.sign(digest)), key.address());
        EXPECT_TRUE(seen.insert(key.address()).second);
    }
}

TEST(SecretKey, MovingTakesTheSecretAlong) {
    SecretKey key = *SecretKey::random();
    const Address address = key.address();
    SecretKey other = std::move(key);
    EXPECT_EQ(other.address(), address);
    EXPECT_TRUE(std::ranges::all_of(key.bytes(), [](std::uint8_t byte) { return byte == 0; })); // NOLINT: wiped
    SecretKey third = *SecretKey::random();
    third = std::move(other);
    EXPECT_EQ(third.address(), address);
}

TEST(Secp256k1, ThreadsShareTheContext) {
    const auto all = cases();
    std::vector<std::thread> threads;
    std::array<int, 4> good{};
    for (std::size_t t = 0; t < good.size(); ++t) {
        threads.emplace_back([&, t] {
            for (const Case& one : all) good[t] += to_string(*recover(one.digest, one.signature)) == one.address;
        });
    }
    for (std::thread& thread : threads) thread.join();
    for (const int count : good) EXPECT_EQ(count, static_cast<int>(all.size()));
}

} // namespace
} // namespace assay::crypto
