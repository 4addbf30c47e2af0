#include "crypto/keystore.h"

#include "codec/golden_file.h"
#include "codec/json.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace assay::crypto {
namespace {

constexpr ScryptCost kCheap{.n = 1024, .r = 8, .p = 1};

std::string golden_text(const std::string& name) {
    std::ifstream in(std::string(ASSAY_SOURCE_DIR) + "/tests/golden/crypto/keystore/" + name);
    std::stringstream text;
    text << in.rdbuf();
    return text.str();
}

std::string with(std::string text, std::string_view from, std::string_view to) {
    const std::size_t at = text.find(from);
    EXPECT_NE(at, std::string::npos) << from;
    return text.replace(at, from.size(), to);
}

Error refusal(std::string_view json, std::string_view password = "correct horse") {
    const auto key = read_keystore(json, password);
    return key ? Error{ErrorCode::internal, "accepted"} : key.error();
}

KeystoreNonces nonces_of(const codec::Json& crypto) {
    KeystoreNonces nonces;
    nonces.salt = *from_hex(*crypto.find("kdfparams")->find("salt")->text());
    const Bytes iv = *from_hex(*crypto.find("cipherparams")->find("iv")->text());
    std::ranges::copy(iv, nonces.iv.begin());
    return nonces;
}

// Written by the Python package eth-account.
TEST(Keystore, ReadsEthAccountsFiles) {
    const auto rows = codec::golden_rows("crypto/keystore/stores.tsv");
    ASSERT_EQ(rows.size(), 4U);
    for (const auto& row : rows) {
        const Bytes password = row[1] == "-" ? Bytes{} : *from_hex(row[1]);
        const auto key = read_keystore(golden_text(row[0]), as_string_view(password));
        ASSERT_TRUE(key.has_value()) << row[0] << ": " << key.error().message;
        EXPECT_EQ(to_hex(key->bytes()), row[2]);
        EXPECT_EQ(to_string(key->address()), row[3]);
    }
}

// With the same salt and iv, the file is the same: what eth-account writes it can also read.
TEST(Keystore, WritesWhatEthAccountWrites) {
    for (const auto& row : codec::golden_rows("crypto/keystore/stores.tsv")) {
        if (!row[0].starts_with("scrypt")) continue;
        const codec::Json theirs = *codec::parse_json(golden_text(row[0]));
        const codec::Json& crypto = *theirs.find("crypto");
        const ScryptCost cost{.n = std::stoull(*crypto.find("kdfparams")->find("n")->number())};
        const SecretKey key = *SecretKey::from_bytes(*from_hex(row[2]));
        const Bytes password = *from_hex(row[1]);
        const auto text = write_keystore(key, as_string_view(password), nonces_of(crypto), cost);
        ASSERT_TRUE(text.has_value()) << text.error().message;
        const codec::Json ours = *codec::parse_json(*text);
        EXPECT_EQ(*ours.find("crypto")->find("ciphertext")->text(), *crypto.find("ciphertext")->text());
        EXPECT_EQ(*ours.find("crypto")->find("mac")->text(), *crypto.find("mac")->text());
        EXPECT_EQ(to_string(*parse_address("0x" + *ours.find("address")->text())), row[3]);
    }
}

TEST(Keystore, RoundTrips) {
    const SecretKey key = *SecretKey::random();
    const std::string text = *write_keystore(key, "pässwörd ☂", *KeystoreNonces::random(), kCheap);
    EXPECT_EQ(read_keystore(text, "pässwörd ☂")->address(), key.address());
    EXPECT_NE(*write_keystore(key, "x", *KeystoreNonces::random(), kCheap),
              *write_keystore(key, "x", *KeystoreNonces::random(), kCheap));
    EXPECT_EQ(text.find(to_hex(key.bytes())), std::string::npos);
}

TEST(Keystore, TheDefaultCostWorks) {
    const SecretKey key = *SecretKey::random();
    const auto text = write_keystore(key, "x", *KeystoreNonces::random());
    ASSERT_TRUE(text.has_value()) << text.error().message;
    EXPECT_EQ(read_keystore(*text, "x")->address(), key.address());
}

TEST(Keystore, SaysWhenThePasswordIsWrong) {
    const std::string text = golden_text("scrypt_1024.json");
    EXPECT_NE(refusal(text, "correct horsf").message.find("wrong password"), std::string::npos);
    EXPECT_NE(refusal(text, "").message.find("wrong password"), std::string::npos);
    EXPECT_NE(refusal(with(text, "49c8a0", "49c8a1")).message.find("wrong password"), std::string::npos);
    EXPECT_NE(refusal(with(text, "\"iv\": \"2acd", "\"iv\": \"2ace")).message.find("address"), std::string::npos);
}

TEST(Keystore, RefusesCostsBeforeItPaysThem) {
    const std::string text = golden_text("scrypt_1024.json");
    for (const char* n : {"67108864", "1125899906842624", "18446744073709551615", "9223372036854775808"}) {
        const Error error = refusal(with(text, "\"n\": 1024", "\"n\": " + std::string(n)));
        EXPECT_NE(error.message.find("scrypt"), std::string::npos) << n << ' ' << error.message;
    }
    for (const char* r : {"0", "4294967296", "18446744073709551615", "144115188075855872"}) {
        EXPECT_NE(refusal(with(text, "\"r\": 8", "\"r\": " + std::string(r))).message.find("scrypt"), std::string::npos)
            << r;
    }
    for (const char* p : {"0", "1000000", "18446744073709551615"}) {
        EXPECT_NE(refusal(with(text, "\"p\": 1", "\"p\": " + std::string(p))).message.find("scrypt"), std::string::npos)
            << p;
    }
    EXPECT_NE(refusal(with(text, "\"n\": 1024", "\"n\": 1023")).message.find("power of two"), std::string::npos);
    const std::string other = golden_text("pbkdf2_1000.json");
    EXPECT_EQ(refusal(with(other, "\"c\": 1000", "\"c\": 4000000000")).code, ErrorCode::resource_exhausted);
    EXPECT_EQ(refusal(with(other, "\"c\": 1000", "\"c\": 0")).code, ErrorCode::resource_exhausted);
}

TEST(Keystore, NamesTheFieldAtFault) {
    const std::string text = golden_text("scrypt_1024.json");
    EXPECT_EQ(refusal("{}").message, "key store: version is missing");
    EXPECT_EQ(refusal("[]").message, "key store: version is missing");
    EXPECT_EQ(refusal(with(text, "\"version\": 3", "\"version\": 4")).message, "key store: version is not 3");
    EXPECT_EQ(refusal(with(text, "aes-128-ctr", "aes-128-cbc")).message, "key store: crypto.cipher is not aes-128-ctr");
    EXPECT_EQ(refusal(with(text, "\"kdf\": \"scrypt\"", "\"kdf\": \"bcrypt\"")).message,
              "key store: kdf is neither scrypt nor pbkdf2");
    EXPECT_EQ(refusal(with(text, "\"n\": 1024", "\"n\": \"1024\"")).message,
              "key store: crypto.kdfparams.n is not a number");
    EXPECT_EQ(refusal(with(text, "\"n\": 1024", "\"n\": 1e3")).message,
              "key store: crypto.kdfparams.n is not a whole number of 64 bits");
    EXPECT_EQ(refusal(with(text, "\"dklen\": 32", "\"dklen\": 64")).message, "key store: dklen is not 32");
    EXPECT_EQ(refusal(with(text, "\"salt\": \"83", "\"salt\": \"8x")).message,
              "key store: crypto.kdfparams.salt is not hexadecimal");
    EXPECT_EQ(refusal(with(text, "\"mac\": \"bd", "\"mac\": \"")).message,
              "key store: ciphertext or mac has not 32 bytes");
    EXPECT_EQ(refusal(with(text, "\"iv\": \"2a", "\"iv\": \"")).message, "key store: iv has not 16 bytes");
    EXPECT_EQ(refusal(std::string(70000, ' ')).code, ErrorCode::resource_exhausted);
}

TEST(Keystore, ReadsOldAndBareFiles) {
    const std::string text = golden_text("scrypt_1024.json");
    EXPECT_TRUE(read_keystore(with(text, "\"crypto\"", "\"Crypto\""), "correct horse").has_value());
    EXPECT_TRUE(read_keystore(with(text, "\"address\"", "\"x-address\""), "correct horse").has_value());
    EXPECT_FALSE(read_keystore(with(text, "\"address\": \"21", "\"address\": \"22"), "correct horse").has_value());
}

} // namespace
} // namespace assay::crypto
