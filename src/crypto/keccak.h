#pragma once
/// Keccak-256 with the padding of the competition (0x01), as Ethereum uses it; SHA3-256 of FIPS 202 is another function.
/// Source: keccak.team, "Keccak specifications summary". Only where Ethereum requires it: commitments use SHA-256.
/// Thread-safe: functions always, an object by one thread at a time. Committed class.
#include "crypto/sha256.h"

namespace assay::crypto {

/// One message that arrives in pieces.
class Keccak256 {
public:
    void update(ByteView part);
    /// Ends the message. The object starts afresh and may be used again.
    Digest finish();

private:
    static constexpr std::size_t kRateBytes = 136; ///< 1600 bits less twice the digest's

    std::array<std::uint64_t, 25> state_{};
    std::array<std::uint8_t, kRateBytes> buffer_{};
    std::size_t buffered_ = 0;
};

Digest keccak256(ByteView message);

} // namespace assay::crypto
