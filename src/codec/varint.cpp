#include "codec/varint.h"

#include "base/assert.h"

namespace assay::codec {

void append_varint(Bytes& out, std::uint64_t value) {
    ASSAY_ASSERT(value <= kVarintMax);
    while (value >= 0x80) {
        out.push_back(static_cast<std::uint8_t>(value | 0x80));
        value >>= 7;
    }
    out.push_back(static_cast<std::uint8_t>(value));
}

Result<std::uint64_t> read_varint(ByteView& in) {
    constexpr std::size_t kBytesMax = 9;
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < kBytesMax; ++i) {
        if (i == in.size()) return fail(ErrorCode::malformed, "varint is truncated");
        const std::uint8_t byte = in[i];
        value |= static_cast<std::uint64_t>(byte & 0x7f) << (7 * i);
        if ((byte & 0x80) != 0) continue;
        if (byte == 0 && i > 0) return fail(ErrorCode::malformed, "varint is not in its shortest form");
        in = in.subspan(i + 1);
        return value;
    }
    return fail(ErrorCode::malformed, "varint is longer than 9 bytes");
}

} // namespace assay::codec
