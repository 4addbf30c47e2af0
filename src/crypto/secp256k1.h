#pragma once
/// Signatures by secp256k1, as Ethereum makes and checks them; a thin face of libsecp256k1.
/// One signature for each key and digest: nonces by RFC 6979, s in the lower half of the order.
/// Thread-safe: functions always (they share one context and allocate nothing), a key by many readers. Committed class.
#include "base/bytes.h"
#include "base/result.h"
#include "crypto/address.h"
#include "crypto/sha256.h"

#include <array>

namespace assay::crypto {

inline constexpr std::size_t kSecretKeyBytes = 32;
/// r ‖ s ‖ v.
using Signature = std::array<std::uint8_t, 65>;
/// 0x04 ‖ x ‖ y.
using PublicKey = std::array<std::uint8_t, 65>;

/// Owns its bytes and wipes them when it goes. Moved, never copied; a moved-from key must only be destroyed.
class SecretKey {
public:
    /// Errors: invalid_argument (not 32 bytes, zero, not below the order of the curve). The message holds no secret.
    static Result<SecretKey> from_bytes(ByteView bytes);
    /// From the operating system's generator. Errors: io.
    static Result<SecretKey> random();

    SecretKey(SecretKey&& other) noexcept;
    SecretKey& operator=(SecretKey&& other) noexcept;
    ~SecretKey();

    /// v is 27 or 28.
    Signature sign(const Digest& digest) const;
    PublicKey public_key() const;
    Address address() const;
    /// The secret itself, for a key store.
    ByteView bytes() const { return bytes_; }

private:
    SecretKey() = default;
    std::array<std::uint8_t, kSecretKeyBytes> bytes_{};
};

/// Who signed `digest`. v may be 0, 1, 27 or 28.
/// Errors: malformed (length, v, r or s outside the order, high s, no such point), each by name.
Result<PublicKey> recover_public_key(const Digest& digest, ByteView signature);
Result<Address> recover(const Digest& digest, ByteView signature);

/// True when `signature` (r ‖ s, 64 bytes) by `public_key` (33 bytes, or 65 that begin with 4) is good and its s is low.
/// Total: false for any other input.
bool verify(const Digest& digest, ByteView signature, ByteView public_key);

Address address_of(const PublicKey& public_key);
/// Uncompressed form. Errors: malformed (33 or 65 bytes that are no point).
Result<PublicKey> parse_public_key(ByteView public_key);

} // namespace assay::crypto
