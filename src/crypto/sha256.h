#pragma once
/// SHA-256 (FIPS 180-4), with the CPU's own instructions where it has them (SHA-NI, ARMv8), chosen at run time.
/// Thread-safe: functions always, an object by one thread at a time. Committed class: every implementation gives equal bytes.
#include "base/bytes.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>

namespace assay::crypto {

inline constexpr std::size_t kDigestBytes = 32;
using Digest = std::array<std::uint8_t, kDigestBytes>;

struct Sha256Implementation;

/// `Streams` messages of equal length, hashed side by side: one CPU instruction waits while the other stream's runs.
/// Only 1 and 2 streams exist; use the names below.
template <std::size_t Streams>
class Sha256Streams {
public:
    Sha256Streams();
    /// With one implementation, for differential tests.
    explicit Sha256Streams(const Sha256Implementation& implementation);

    /// Appends `parts[s]` to stream s; all parts must be of one length.
    void update(const std::array<ByteView, Streams>& parts);
    void update(ByteView part)
        requires(Streams == 1)
    {
        update(std::array<ByteView, 1>{part});
    }
    /// Ends the messages. The object starts afresh and may be used again.
    std::array<Digest, Streams> finish_all();
    Digest finish()
        requires(Streams == 1)
    {
        return finish_all()[0];
    }

private:
    static constexpr std::size_t kBlockBytes = 64;
    void reset();
    void compress(const std::array<const std::uint8_t*, Streams>& blocks, std::size_t count);
    void append_padding();

    const Sha256Implementation* implementation_;
    std::array<std::array<std::uint32_t, 8>, Streams> state_;
    std::array<std::array<std::uint8_t, kBlockBytes>, Streams> buffer_;
    std::size_t buffered_ = 0;
    std::uint64_t length_ = 0; ///< bytes of each message so far
};

using Sha256 = Sha256Streams<1>;
using Sha256Pair = Sha256Streams<2>;

Digest sha256(ByteView message);
/// Two messages of equal length at up to twice the speed of one after the other.
std::pair<Digest, Digest> sha256_pair(ByteView a, ByteView b);

/// Which implementation this process uses: "sha-ni", "armv8" or "portable".
std::string_view sha256_implementation_name();

} // namespace assay::crypto
