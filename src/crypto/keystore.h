#pragma once
/// Secret keys in files under a password: Ethereum's "Web3 secret storage", version 3, which every wallet reads.
/// scrypt or PBKDF2, AES-128-CTR, Keccak-256 over half of the derived key as the check. Thread-safe; local class.
#include "base/bytes.h"
#include "base/result.h"
#include "crypto/secp256k1.h"

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace assay::crypto {

/// Takes 128 · n · r bytes of memory, and time that grows with n · r · p.
struct ScryptCost {
    std::uint64_t n = 131072; ///< a power of two
    std::uint64_t r = 8;
    std::uint64_t p = 1;
};

/// What a file from outside may ask for.
struct KeystoreLimits {
    std::uint64_t memory_max = std::uint64_t{512} << 20; ///< bytes for scrypt
    std::uint64_t scrypt_work_max = std::uint64_t{1} << 24; ///< n · r · p
    std::uint64_t pbkdf2_rounds_max = 10'000'000;
};

/// Errors: malformed (JSON, a field missing or of another kind), unsupported (version, cipher, key derivation),
/// resource_exhausted (a cost over its limit, refused before any work), invalid_argument (wrong password, or a damaged
/// file; an address in the file that is not the key's). No message holds a secret.
Result<SecretKey> read_keystore(std::string_view json, std::string_view password, const KeystoreLimits& limits = {});

/// The numbers that must never repeat. Tests give their own.
struct KeystoreNonces {
    Bytes salt;
    std::array<std::uint8_t, 16> iv{};
    std::array<std::uint8_t, 16> id{};

    /// 32 bytes of salt. Errors: io.
    static Result<KeystoreNonces> random();
};

/// One line of JSON. Errors: invalid_argument (a cost that scrypt does not have), resource_exhausted (memory).
Result<std::string> write_keystore(const SecretKey& key, std::string_view password, const KeystoreNonces& nonces,
                                   const ScryptCost& cost = {});

} // namespace assay::crypto
