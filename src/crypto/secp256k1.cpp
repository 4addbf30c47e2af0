#include "crypto/secp256k1.h"

#include "base/assert.h"
#include "crypto/keccak.h"
#include "crypto/system_random.h"

#include <secp256k1.h>
#include <secp256k1_recovery.h>

#include <algorithm>
#include <cstring>

namespace assay::crypto {
namespace {

constexpr std::size_t kCompactBytes = 64;
constexpr std::uint8_t kUncompressed = 4;

/// Made once and only read afterwards, so threads share it. Blinded, where the system gives random bytes: that hides
/// the secret's bits from whoever measures power or time, and changes no result.
const secp256k1_context* context() {
    static const secp256k1_context* const shared = [] {
        secp256k1_context* made = secp256k1_context_create(SECP256K1_CONTEXT_NONE);
        std::array<std::uint8_t, 32> seed;
        if (fill_random(seed)) ASSAY_ASSERT(secp256k1_context_randomize(made, seed.data()) == 1);
        return made;
    }();
    return shared;
}

PublicKey serialized(const secp256k1_pubkey& key) {
    PublicKey bytes;
    std::size_t size = bytes.size();
    secp256k1_ec_pubkey_serialize(context(), bytes.data(), &size, &key, SECP256K1_EC_UNCOMPRESSED);
    return bytes;
}

/// False for what is no point, and for the hybrid form (first byte 6 or 7), which Ethereum does not have.
bool parse(ByteView bytes, secp256k1_pubkey& key) {
    const bool known = bytes.size() == 33 || (bytes.size() == 65 && bytes[0] == kUncompressed);
    return known && secp256k1_ec_pubkey_parse(context(), &key, bytes.data(), bytes.size()) == 1;
}

Result<int> recovery_id(std::uint8_t v) {
    if (v <= 1) return v;
    if (v == 27 || v == 28) return v - 27;
    return fail(ErrorCode::malformed, "signature: v is " + std::to_string(v) + " instead of 0, 1, 27 or 28");
}

Result<void> check_low_s(const std::uint8_t* compact) {
    secp256k1_ecdsa_signature signature;
    if (secp256k1_ecdsa_signature_parse_compact(context(), &signature, compact) != 1)
        return fail(ErrorCode::malformed, "signature: r or s is not below the order of secp256k1");
    if (secp256k1_ecdsa_signature_normalize(context(), nullptr, &signature) == 1)
        return fail(ErrorCode::malformed, "signature: high s (only the lower of s and n - s is accepted)");
    return {};
}

} // namespace

Result<SecretKey> SecretKey::from_bytes(ByteView bytes) {
    if (bytes.size() != kSecretKeyBytes) {
        return fail(ErrorCode::invalid_argument,
                    "secret key has " + std::to_string(bytes.size()) + " bytes instead of 32");
    }
    if (secp256k1_ec_seckey_verify(context(), bytes.data()) != 1)
        return fail(ErrorCode::invalid_argument, "secret key is zero or not below the order of secp256k1");
    SecretKey key;
    std::ranges::copy(bytes, key.bytes_.begin());
    return key;
}

Result<SecretKey> SecretKey::random() {
    for (;;) { // a draw outside the order has a chance of 2^-128
        SecretKey key;
        TRY_VOID(fill_random(key.bytes_));
        if (secp256k1_ec_seckey_verify(context(), key.bytes_.data()) == 1) return key;
    }
}

SecretKey::SecretKey(SecretKey&& other) noexcept : bytes_(other.bytes_) {
    explicit_bzero(other.bytes_.data(), other.bytes_.size());
}

SecretKey& SecretKey::operator=(SecretKey&& other) noexcept {
    if (this == &other) return *this;
    bytes_ = other.bytes_;
    explicit_bzero(other.bytes_.data(), other.bytes_.size());
    return *this;
}

SecretKey::~SecretKey() { explicit_bzero(bytes_.data(), bytes_.size()); }

Signature SecretKey::sign(const Digest& digest) const {
    secp256k1_ecdsa_recoverable_signature made;
    ASSAY_ASSERT(secp256k1_ecdsa_sign_recoverable(context(), &made, digest.data(), bytes_.data(), nullptr, nullptr) ==
                 1);
    Signature signature;
    int id = 0;
    secp256k1_ecdsa_recoverable_signature_serialize_compact(context(), signature.data(), &id, &made);
    ASSAY_ASSERT(id <= 1); // r at or above the order has a chance of 2^-127
    signature[kCompactBytes] = static_cast<std::uint8_t>(27 + id);
    return signature;
}

PublicKey SecretKey::public_key() const {
    secp256k1_pubkey key;
    ASSAY_ASSERT(secp256k1_ec_pubkey_create(context(), &key, bytes_.data()) == 1);
    return serialized(key);
}

Address SecretKey::address() const { return address_of(public_key()); }

Result<PublicKey> recover_public_key(const Digest& digest, ByteView signature) {
    if (signature.size() != kCompactBytes + 1) {
        return fail(ErrorCode::malformed,
                    "signature has " + std::to_string(signature.size()) + " bytes instead of 65 (r, s, v)");
    }
    const int id = TRY(recovery_id(signature[kCompactBytes]));
    TRY_VOID(check_low_s(signature.data()));
    secp256k1_ecdsa_recoverable_signature parsed;
    secp256k1_pubkey key;
    if (secp256k1_ecdsa_recoverable_signature_parse_compact(context(), &parsed, signature.data(), id) != 1 ||
        secp256k1_ecdsa_recover(context(), &key, &parsed, digest.data()) != 1)
        return fail(ErrorCode::malformed, "signature: no public key can have made it");
    return serialized(key);
}

Result<Address> recover(const Digest& digest, ByteView signature) {
    return address_of(TRY(recover_public_key(digest, signature)));
}

bool verify(const Digest& digest, ByteView signature, ByteView public_key) {
    secp256k1_ecdsa_signature parsed;
    secp256k1_pubkey key;
    return signature.size() == kCompactBytes && parse(public_key, key) &&
           secp256k1_ecdsa_signature_parse_compact(context(), &parsed, signature.data()) == 1 &&
           secp256k1_ecdsa_verify(context(), &parsed, digest.data(), &key) == 1;
}

Address address_of(const PublicKey& public_key) {
    const Digest hash = keccak256(ByteView(public_key).subspan(1));
    Address address;
    std::copy(hash.end() - 20, hash.end(), address.bytes.begin());
    return address;
}

Result<PublicKey> parse_public_key(ByteView public_key) {
    secp256k1_pubkey key;
    if (!parse(public_key, key))
        return fail(ErrorCode::malformed,
                    "public key is no point of secp256k1 in 33 bytes, or in 65 that begin with 4");
    return serialized(key);
}

} // namespace assay::crypto
