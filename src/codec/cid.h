#pragma once
/// Content identifiers: which codec, which hash, which digest. Source: multiformats/cid, multiformats/multihash.
/// A Cid is always valid: version 0 is dag-pb with a 32-byte SHA-256, and nothing else.
/// Plain value, thread-safe; committed class. This room hashes nothing: crypto/content_id.h makes Cids from bytes.
#include "base/bytes.h"
#include "base/result.h"

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

namespace assay::codec {

/// Multicodec numbers that Assay uses.
inline constexpr std::uint64_t kCodecRaw = 0x55;
inline constexpr std::uint64_t kCodecDagPb = 0x70;
inline constexpr std::uint64_t kCodecDagCbor = 0x71;
inline constexpr std::uint64_t kHashIdentity = 0x00;
inline constexpr std::uint64_t kHashSha256 = 0x12;

/// Longest digest accepted (the identity "hash" carries its data).
inline constexpr std::size_t kDigestBytesMax = 128;

/// `code ‖ length ‖ digest`.
struct Multihash {
    std::uint64_t code = kHashSha256;
    Bytes digest;

    auto operator<=>(const Multihash&) const = default;
    void append_to(Bytes& out) const;
    /// Reads from the front of `in` and advances it.
    /// Errors: malformed (bad varint, truncated, SHA-256 digest not of 32 bytes), resource_exhausted (digest over the limit).
    static Result<Multihash> read(ByteView& in);
};

class Cid {
public:
    /// CIDv0 of a dag-pb block. Errors: invalid_argument unless `digest` has 32 bytes.
    static Result<Cid> make_v0(ByteView digest);
    /// CIDv1 with SHA-256. Errors: invalid_argument unless `digest` has 32 bytes.
    static Result<Cid> make_v1(std::uint64_t codec, ByteView digest);

    /// Binary form, whole input. Errors: malformed, unsupported (a version other than 0 and 1), resource_exhausted.
    static Result<Cid> from_bytes(ByteView bytes);
    /// `Qm…` (version 0), `b…` (base32) or `z…` (base58btc). Errors: malformed, unsupported (another multibase, named).
    static Result<Cid> parse(std::string_view text);

    int version() const { return version_; }
    std::uint64_t codec() const { return codec_; }
    const Multihash& hash() const { return hash_; }

    Bytes to_bytes() const;
    /// Base58btc for version 0, else `b` and base32.
    std::string to_string() const;

    auto operator<=>(const Cid&) const = default;

private:
    Cid(int version, std::uint64_t codec, Multihash hash) : version_(version), codec_(codec), hash_(std::move(hash)) {}
    int version_;
    std::uint64_t codec_;
    Multihash hash_;
};

} // namespace assay::codec
