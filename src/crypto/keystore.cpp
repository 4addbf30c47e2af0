#include "crypto/keystore.h"

#include "base/assert.h"
#include "codec/json.h"
#include "crypto/keccak.h"
#include "crypto/system_random.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include <bit>
#include <charconv>
#include <memory>

namespace assay::crypto {
namespace {

using codec::Json;
using Iv = std::array<std::uint8_t, 16>;

constexpr std::size_t kFileBytesMax = 65536;
constexpr std::size_t kSaltBytesMax = 1024;
constexpr std::uint64_t kDerivedBytes = 32;

/// Wiped when it goes: half of it is the cipher's key.
struct DerivedKey {
    std::array<std::uint8_t, kDerivedBytes> bytes{};
    DerivedKey() = default;
    DerivedKey(const DerivedKey&) = default;
    DerivedKey& operator=(const DerivedKey&) = delete;
    ~DerivedKey() { OPENSSL_cleanse(bytes.data(), bytes.size()); }
};

/// Fields of the file, with the path by which messages call them.
class Fields {
public:
    Fields(const Json& object, std::string path) : object_(object), path_(std::move(path)) {}

    Result<const Json*> any(std::string_view key) const {
        const Json* value = object_.find(key);
        if (value == nullptr)
            return fail(ErrorCode::malformed, "key store: " + path_ + std::string(key) + " is missing");
        return value;
    }
    Result<Fields> object(std::string_view key) const {
        const Json* value = TRY(any(key));
        if (value->object() == nullptr) return wrong(key, "an object");
        return Fields(*value, path_ + std::string(key) + ".");
    }
    Result<std::string> text(std::string_view key) const {
        const Json* value = TRY(any(key));
        if (value->text() == nullptr) return wrong(key, "a string");
        return *value->text();
    }
    Result<std::uint64_t> number(std::string_view key) const {
        const Json* value = TRY(any(key));
        if (value->number() == nullptr) return wrong(key, "a number");
        const std::string& digits = *value->number();
        std::uint64_t number = 0;
        const auto [at, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
        if (error != std::errc() || at != digits.data() + digits.size()) return wrong(key, "a whole number of 64 bits");
        return number;
    }
    Result<Bytes> bytes(std::string_view key) const {
        auto bytes = from_hex(TRY(text(key)));
        if (!bytes) return wrong(key, "hexadecimal");
        return bytes;
    }
    Result<void> must_be(std::string_view key, std::string_view wanted) const {
        const std::string found = TRY(text(key));
        if (found == wanted) return {};
        return fail(ErrorCode::unsupported,
                    "key store: " + path_ + std::string(key) + " is not " + std::string(wanted));
    }

private:
    std::unexpected<Error> wrong(std::string_view key, std::string_view wanted) const {
        return fail(ErrorCode::malformed, "key store: " + path_ + std::string(key) + " is not " + std::string(wanted));
    }

    const Json& object_;
    std::string path_;
};

Result<DerivedKey> scrypt(std::string_view password, ByteView salt, const ScryptCost& cost, std::uint64_t memory_max) {
    DerivedKey key;
    // OpenSSL counts its blocks for p too, on top of the 128 n r.
    const std::uint64_t memory = memory_max + 128 * cost.r * cost.p + (std::uint64_t{1} << 20);
    if (EVP_PBE_scrypt(password.data(), password.size(), salt.data(), salt.size(), cost.n, cost.r, cost.p, memory,
                       key.bytes.data(), key.bytes.size()) != 1)
        return fail(ErrorCode::resource_exhausted, "key store: scrypt has not the memory it needs");
    return key;
}

Result<void> check_cost(const ScryptCost& cost, const KeystoreLimits& limits) {
    if (cost.n < 2 || !std::has_single_bit(cost.n) || cost.r == 0 || cost.p == 0)
        return fail(ErrorCode::invalid_argument, "key store: scrypt needs n a power of two from 2, r and p from 1");
    if (cost.r > limits.memory_max / 128 / cost.n) // divisions, since products could overflow
        return fail(ErrorCode::resource_exhausted,
                    "key store: scrypt would take more memory than is allowed (128 n r)");
    if (cost.p > limits.scrypt_work_max / (cost.n * cost.r))
        return fail(ErrorCode::resource_exhausted, "key store: scrypt would take more time than is allowed (n r p)");
    return {};
}

Result<DerivedKey> derive_by_scrypt(const Fields& fields, std::string_view password, ByteView salt,
                                    const KeystoreLimits& limits) {
    const ScryptCost cost{TRY(fields.number("n")), TRY(fields.number("r")), TRY(fields.number("p"))};
    TRY_VOID(check_cost(cost, limits));
    return scrypt(password, salt, cost, limits.memory_max);
}

Result<DerivedKey> derive_by_pbkdf2(const Fields& fields, std::string_view password, ByteView salt,
                                    const KeystoreLimits& limits) {
    TRY_VOID(fields.must_be("prf", "hmac-sha256"));
    const std::uint64_t rounds = TRY(fields.number("c"));
    if (rounds == 0 || rounds > limits.pbkdf2_rounds_max) {
        return fail(ErrorCode::resource_exhausted,
                    "key store: PBKDF2's c is 0 or above " + std::to_string(limits.pbkdf2_rounds_max));
    }
    DerivedKey key;
    ASSAY_ASSERT(PKCS5_PBKDF2_HMAC(password.data(), static_cast<int>(password.size()), salt.data(),
                                   static_cast<int>(salt.size()), static_cast<int>(rounds), EVP_sha256(),
                                   static_cast<int>(key.bytes.size()), key.bytes.data()) == 1);
    return key;
}

Result<DerivedKey> derive(const Fields& crypto, std::string_view password, const KeystoreLimits& limits) {
    const std::string kdf = TRY(crypto.text("kdf"));
    const Fields fields = TRY(crypto.object("kdfparams"));
    const Bytes salt = TRY(fields.bytes("salt"));
    if (salt.size() > kSaltBytesMax) return fail(ErrorCode::resource_exhausted, "key store: salt is over 1024 bytes");
    if (TRY(fields.number("dklen")) != kDerivedBytes) return fail(ErrorCode::unsupported, "key store: dklen is not 32");
    if (kdf == "scrypt") return derive_by_scrypt(fields, password, salt, limits);
    if (kdf == "pbkdf2") return derive_by_pbkdf2(fields, password, salt, limits);
    return fail(ErrorCode::unsupported, "key store: kdf is neither scrypt nor pbkdf2");
}

Digest mac_of(const DerivedKey& key, ByteView ciphertext) {
    Keccak256 hash;
    hash.update(ByteView(key.bytes).last(16));
    hash.update(ciphertext);
    return hash.finish();
}

/// AES-128-CTR, which is its own inverse.
std::array<std::uint8_t, kSecretKeyBytes> ciphered(const DerivedKey& key, const Iv& iv, ByteView in) {
    std::array<std::uint8_t, kSecretKeyBytes> out;
    const std::unique_ptr<EVP_CIPHER_CTX, decltype(&EVP_CIPHER_CTX_free)> cipher(EVP_CIPHER_CTX_new(),
                                                                                 EVP_CIPHER_CTX_free);
    int size = 0;
    ASSAY_ASSERT(cipher && in.size() == out.size() &&
                 EVP_EncryptInit_ex(cipher.get(), EVP_aes_128_ctr(), nullptr, key.bytes.data(), iv.data()) == 1 &&
                 EVP_EncryptUpdate(cipher.get(), out.data(), &size, in.data(), static_cast<int>(in.size())) == 1 &&
                 size == static_cast<int>(out.size()));
    return out;
}

Result<Iv> read_iv(const Fields& crypto) {
    const Fields parameters = TRY(crypto.object("cipherparams"));
    const Bytes bytes = TRY(parameters.bytes("iv"));
    Iv iv;
    if (bytes.size() != iv.size()) return fail(ErrorCode::malformed, "key store: iv has not 16 bytes");
    std::copy(bytes.begin(), bytes.end(), iv.begin());
    return iv;
}

Result<SecretKey> decrypt(const Fields& crypto, std::string_view password, const KeystoreLimits& limits) {
    TRY_VOID(crypto.must_be("cipher", "aes-128-ctr"));
    const Iv iv = TRY(read_iv(crypto));
    const Bytes ciphertext = TRY(crypto.bytes("ciphertext"));
    const Bytes mac = TRY(crypto.bytes("mac"));
    if (ciphertext.size() != kSecretKeyBytes || mac.size() != kDigestBytes)
        return fail(ErrorCode::malformed, "key store: ciphertext or mac has not 32 bytes");
    const DerivedKey derived = TRY(derive(crypto, password, limits));
    const Digest expected = mac_of(derived, ciphertext);
    if (CRYPTO_memcmp(expected.data(), mac.data(), mac.size()) != 0)
        return fail(ErrorCode::invalid_argument, "key store: wrong password, or the file is damaged");
    auto secret = ciphered(derived, iv, ciphertext);
    auto key = SecretKey::from_bytes(secret);
    OPENSSL_cleanse(secret.data(), secret.size());
    return key;
}

std::string uuid_text(std::array<std::uint8_t, 16> id) {
    id[6] = static_cast<std::uint8_t>((id[6] & 0x0f) | 0x40); // version 4: random
    id[8] = static_cast<std::uint8_t>((id[8] & 0x3f) | 0x80);
    std::string text = to_hex(id);
    for (const std::size_t at : {20, 16, 12, 8}) text.insert(at, "-");
    return text;
}

} // namespace

Result<SecretKey> read_keystore(std::string_view json, std::string_view password, const KeystoreLimits& limits) {
    const auto parsed = codec::parse_json(json, {.size_max = kFileBytesMax, .depth_max = 16, .items_max = 1024});
    if (!parsed) return fail_in("key store", parsed.error());
    if (password.size() > kFileBytesMax) return fail(ErrorCode::invalid_argument, "key store: password is over 64 KiB");
    const Fields fields(*parsed, "");
    if (TRY(fields.number("version")) != 3) return fail(ErrorCode::unsupported, "key store: version is not 3");
    const bool capital = parsed->find("crypto") == nullptr && parsed->find("Crypto") != nullptr; // old files
    const Fields crypto = TRY(fields.object(capital ? "Crypto" : "crypto"));
    auto key = decrypt(crypto, password, limits);
    if (key && parsed->find("address") != nullptr) {
        const Bytes address = TRY(fields.bytes("address"));
        if (!std::ranges::equal(address, key->address().bytes))
            return fail(ErrorCode::invalid_argument, "key store: the address in the file is not the key's");
    }
    return key;
}

Result<KeystoreNonces> KeystoreNonces::random() {
    KeystoreNonces nonces;
    nonces.salt.resize(32);
    TRY_VOID(fill_random(nonces.salt));
    TRY_VOID(fill_random(nonces.iv));
    TRY_VOID(fill_random(nonces.id));
    return nonces;
}

Result<std::string> write_keystore(const SecretKey& key, std::string_view password, const KeystoreNonces& nonces,
                                   const ScryptCost& cost) {
    const KeystoreLimits limits;
    TRY_VOID(check_cost(cost, limits));
    const DerivedKey derived = TRY(scrypt(password, nonces.salt, cost, limits.memory_max));
    const auto ciphertext = ciphered(derived, nonces.iv, key.bytes());
    return R"({"address":")" + to_hex(key.address().bytes) +
           R"(","crypto":{"cipher":"aes-128-ctr","cipherparams":{"iv":")" + to_hex(nonces.iv) + R"("},"ciphertext":")" +
           to_hex(ciphertext) + R"(","kdf":"scrypt","kdfparams":{"dklen":32,"n":)" + std::to_string(cost.n) +
           R"(,"p":)" + std::to_string(cost.p) + R"(,"r":)" + std::to_string(cost.r) + R"(,"salt":")" +
           to_hex(nonces.salt) + R"("},"mac":")" + to_hex(mac_of(derived, ciphertext)) + R"("},"id":")" +
           uuid_text(nonces.id) + R"(","version":3})";
}

} // namespace assay::crypto
