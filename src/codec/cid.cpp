#include "codec/cid.h"

#include "codec/base_text.h"
#include "codec/varint.h"

namespace assay::codec {
namespace {

constexpr std::size_t kSha256Bytes = 32;
constexpr std::size_t kCidV0Bytes = 34;
constexpr std::size_t kCidV0TextSize = 46;

bool is_v0(ByteView bytes) {
    return bytes.size() == kCidV0Bytes && bytes[0] == kHashSha256 && bytes[1] == kSha256Bytes;
}

} // namespace

void Multihash::append_to(Bytes& out) const {
    append_varint(out, code);
    append_varint(out, digest.size());
    out.insert(out.end(), digest.begin(), digest.end());
}

Result<Multihash> Multihash::read(ByteView& in) {
    ByteView rest = in;
    const std::uint64_t code = TRY(read_varint(rest));
    const std::uint64_t size = TRY(read_varint(rest));
    if (size > kDigestBytesMax) return fail(ErrorCode::resource_exhausted, "multihash digest is longer than 128 bytes");
    if (size > rest.size()) return fail(ErrorCode::malformed, "multihash digest is truncated");
    if (code == kHashSha256 && size != kSha256Bytes)
        return fail(ErrorCode::malformed, "SHA-256 multihash is not of 32 bytes");
    in = rest.subspan(size);
    return Multihash{code, Bytes(rest.begin(), rest.begin() + static_cast<std::ptrdiff_t>(size))};
}

Result<Cid> Cid::make_v0(ByteView digest) {
    if (digest.size() != kSha256Bytes) return fail(ErrorCode::invalid_argument, "a SHA-256 digest has 32 bytes");
    return Cid(0, kCodecDagPb, Multihash{kHashSha256, Bytes(digest.begin(), digest.end())});
}

Result<Cid> Cid::make_v1(std::uint64_t codec, ByteView digest) {
    if (digest.size() != kSha256Bytes) return fail(ErrorCode::invalid_argument, "a SHA-256 digest has 32 bytes");
    if (codec > kVarintMax) return fail(ErrorCode::invalid_argument, "a multicodec number has at most 63 bits");
    return Cid(1, codec, Multihash{kHashSha256, Bytes(digest.begin(), digest.end())});
}

Result<Cid> Cid::from_bytes(ByteView bytes) {
    if (is_v0(bytes)) return make_v0(bytes.subspan(2));
    const std::uint64_t version = TRY(read_varint(bytes));
    if (version != 1) return fail(ErrorCode::unsupported, "CID version " + std::to_string(version) + " is not 0 or 1");
    const std::uint64_t codec = TRY(read_varint(bytes));
    Multihash hash = TRY(Multihash::read(bytes));
    if (!bytes.empty()) return fail(ErrorCode::malformed, "CID has bytes after its multihash");
    return Cid(1, codec, std::move(hash));
}

Result<Cid> Cid::parse(std::string_view text) {
    if (text.empty()) return fail(ErrorCode::malformed, "CID is empty");
    if (text.size() == kCidV0TextSize && text.starts_with("Qm")) {
        const Bytes bytes = TRY(from_base58btc(text));
        if (!is_v0(bytes)) return fail(ErrorCode::malformed, "CID that begins with Qm is not a version 0 CID");
        return from_bytes(bytes);
    }
    const char base = text.front();
    if (base != 'b' && base != 'z')
        return fail(ErrorCode::unsupported, "CID is neither Qm…, b… (base32) nor z… (base58btc)");
    constexpr std::size_t kTextMax = 256;
    if (text.size() > kTextMax) return fail(ErrorCode::resource_exhausted, "CID is longer than 256 characters");
    const Bytes bytes = TRY(base == 'b' ? from_base32(text.substr(1)) : from_base58btc(text.substr(1)));
    if (is_v0(bytes)) return fail(ErrorCode::malformed, "a version 0 CID is written without a multibase prefix");
    return from_bytes(bytes);
}

Bytes Cid::to_bytes() const {
    Bytes out;
    if (version_ == 1) {
        append_varint(out, 1);
        append_varint(out, codec_);
    }
    hash_.append_to(out);
    return out;
}

std::string Cid::to_string() const {
    const Bytes bytes = to_bytes();
    return version_ == 0 ? to_base58btc(bytes) : "b" + to_base32(bytes);
}

} // namespace assay::codec
