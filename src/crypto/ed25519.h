#pragma once
/// Ed25519 as CometBFT's headers and votes use it: checked by ZIP-215, so that every node gives one verdict.
/// Source: RFC 8032, ZIP-215. Libraries are stricter on odd points, each in its own way.
/// Thread-safe: functions always, a key by many readers. Committed class.
#include "base/bytes.h"
#include "base/result.h"

#include <array>

namespace assay::crypto {

using Ed25519PublicKey = std::array<std::uint8_t, 32>;
using Ed25519Signature = std::array<std::uint8_t, 64>;

/// True when 8·s·B = 8·R + 8·k·A and s is below the group's order; R and A may be any encoding of any point of the curve.
/// Total: false for any other input. Variable time: keys, messages and signatures are public.
bool ed25519_verify(ByteView public_key, ByteView message, ByteView signature);

/// Owns its seed and wipes it when it goes. Moved, never copied; a moved-from key must only be destroyed.
class Ed25519SecretKey {
public:
    /// Errors: invalid_argument (not 32 bytes).
    static Result<Ed25519SecretKey> from_seed(ByteView seed);
    /// From the operating system's generator. Errors: io.
    static Result<Ed25519SecretKey> random();

    Ed25519SecretKey(Ed25519SecretKey&& other) noexcept;
    Ed25519SecretKey& operator=(Ed25519SecretKey&& other) noexcept;
    ~Ed25519SecretKey();

    Ed25519PublicKey public_key() const;
    Ed25519Signature sign(ByteView message) const;
    ByteView seed() const { return seed_; }

private:
    Ed25519SecretKey() = default;
    std::array<std::uint8_t, 32> seed_{};
};

} // namespace assay::crypto
