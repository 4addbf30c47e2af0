#include "crypto/ed25519.h"

#include "codec/golden_file.h"
#include "crypto/edwards25519.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <thread>

namespace assay::crypto {
namespace {

Bytes field(const std::string& text) { return text == "-" ? Bytes{} : *from_hex(text); }

// Verdicts of the Go module that CometBFT verifies with; tools/make_ed25519_golden.
TEST(Ed25519, EqualsCometBftsVerifier) {
    const auto rows = codec::golden_rows("crypto/ed25519.tsv");
    ASSERT_GT(rows.size(), 600U);
    std::map<std::string, int> accepted;
    for (const auto& row : rows) {
        ASSERT_EQ(row.size(), 6U);
        const bool valid = ed25519_verify(field(row[2]), field(row[3]), field(row[4]));
        EXPECT_EQ(valid, row[5] == "true") << row[0] << ' ' << row[2] << ' ' << row[4];
        accepted[row[0]] += valid;
    }
    EXPECT_EQ(accepted["small order"], 196); // all of ZIP-215's test vectors
    EXPECT_EQ(accepted["torsion"], 14);
    EXPECT_EQ(accepted["s plus the order"], 0);
}

TEST(Ed25519, SignsAsRfc8032) {
    int signed_count = 0;
    for (const auto& row : codec::golden_rows("crypto/ed25519.tsv")) {
        if (row[0] != "signed") continue;
        const auto key = Ed25519SecretKey::from_seed(field(row[1]));
        ASSERT_TRUE(key.has_value());
        EXPECT_EQ(to_hex(key->public_key()), row[2]);
        EXPECT_EQ(to_hex(key->sign(field(row[3]))), row[4]);
        ++signed_count;
    }
    EXPECT_GT(signed_count, 50);
}

TEST(Ed25519, EveryBitMatters) {
    const Ed25519SecretKey key = *Ed25519SecretKey::random();
    const Bytes message = {1, 2, 3, 4, 5};
    const Ed25519Signature signature = key.sign(message);
    const Ed25519PublicKey public_key = key.public_key();
    ASSERT_TRUE(ed25519_verify(public_key, message, signature));
    for (std::size_t bit = 0; bit < 512; ++bit) {
        Ed25519Signature changed = signature;
        changed[bit / 8] = static_cast<std::uint8_t>(changed[bit / 8] ^ (1U << (bit % 8)));
        EXPECT_FALSE(ed25519_verify(public_key, message, changed)) << bit;
    }
    for (std::size_t bit = 0; bit < 256; ++bit) {
        Ed25519PublicKey changed = public_key;
        changed[bit / 8] = static_cast<std::uint8_t>(changed[bit / 8] ^ (1U << (bit % 8)));
        EXPECT_FALSE(ed25519_verify(changed, message, signature)) << bit;
    }
}

TEST(Ed25519, RefusesOtherLengths) {
    const Bytes zeros(100, 0);
    const ByteView view(zeros);
    for (const std::size_t size : {0, 1, 31, 33, 64})
        EXPECT_FALSE(ed25519_verify(view.first(size), {}, view.first(64)));
    for (const std::size_t size : {0, 32, 63, 65, 96})
        EXPECT_FALSE(ed25519_verify(view.first(32), {}, view.first(size)));
    EXPECT_FALSE(Ed25519SecretKey::from_seed(view.first(31)).has_value());
}

TEST(Ed25519, MovingTakesTheSeedAlong) {
    Ed25519SecretKey key = *Ed25519SecretKey::random();
    const Ed25519PublicKey public_key = key.public_key();
    Ed25519SecretKey other = std::move(key);
    EXPECT_EQ(other.public_key(), public_key);
    EXPECT_TRUE(std::ranges::all_of(key.seed(), [](std::uint8_t byte) { return byte == 0; })); // NOLINT: wiped
}

TEST(Ed25519, ThreadsShareTheTables) {
    const auto rows = codec::golden_rows("crypto/ed25519.tsv");
    std::vector<std::thread> threads;
    std::array<std::size_t, 4> right{};
    for (std::size_t t = 0; t < right.size(); ++t) {
        threads.emplace_back([&, t] {
            for (std::size_t i = t; i < rows.size(); i += 4) {
                right[t] +=
                    ed25519_verify(field(rows[i][2]), field(rows[i][3]), field(rows[i][4])) == (rows[i][5] == "true");
            }
        });
    }
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(right[0] + right[1] + right[2] + right[3], rows.size());
}

TEST(Edwards25519, LawsHold) {
    const Edwards25519 base = Edwards25519::base();
    Scalar25519 five{}, eight{}, zero{}, thirteen{};
    five[0] = 5, eight[0] = 8, thirteen[0] = 13;
    const auto difference = [](const Edwards25519& a, const Edwards25519& b) { return a + b.negated(); };
    EXPECT_TRUE(difference(base, base).is_neutral());
    EXPECT_FALSE(base.is_neutral());
    EXPECT_TRUE(difference(base.times_cofactor(), Edwards25519::sum_of_multiples(eight, zero, base)).is_neutral());
    EXPECT_TRUE(difference(Edwards25519::sum_of_multiples(five, eight, base),
                           Edwards25519::sum_of_multiples(zero, thirteen, base))
                    .is_neutral());
    EXPECT_TRUE(Edwards25519::sum_of_multiples(zero, zero, base).is_neutral());
}

TEST(Field25519, ReducesCompletely) {
    std::array<std::uint8_t, 32> p;
    p.fill(0xff);
    p[0] = 0xed, p[31] = 0x7f;
    for (unsigned above = 0; above < 19; ++above) {
        auto number = p;
        number[0] = static_cast<std::uint8_t>(0xed + above);
        std::array<std::uint8_t, 32> small{};
        small[0] = static_cast<std::uint8_t>(above);
        EXPECT_EQ(Field25519::from_bytes(number).to_bytes(), small) << above;
    }
    const Field25519 minus_one = Field25519() - Field25519(1);
    EXPECT_EQ(minus_one * minus_one, Field25519(1));
    EXPECT_EQ(minus_one.squared(), Field25519(1));
    EXPECT_EQ(Field25519(7).inverted() * Field25519(7), Field25519(1));
    EXPECT_TRUE(Field25519().inverted().is_zero());
}

} // namespace
} // namespace assay::crypto
