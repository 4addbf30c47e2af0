#pragma once
/// Unsigned varints as the multiformats use them: 7 bits a byte, least significant first, at most 9 bytes (63 bits),
/// shortest form only. Source: multiformats/unsigned-varint. Thread-safe; committed class.
#include "base/bytes.h"
#include "base/result.h"

#include <cstdint>

namespace assay::codec {

inline constexpr std::uint64_t kVarintMax = (std::uint64_t{1} << 63) - 1;

/// Appends `value`, which must not exceed kVarintMax.
void append_varint(Bytes& out, std::uint64_t value);

/// Reads one varint from the front of `in` and advances it. Errors: malformed (truncated, not minimal, over 9 bytes).
Result<std::uint64_t> read_varint(ByteView& in);

} // namespace assay::codec
