#pragma once
/// DAG-CBOR: the one canonical encoding of everything Assay hashes or signs.
/// Source: ipld.io/specs/codecs/dag-cbor (strict), RFC 8949. Exactly one byte string for each value: what decode accepts,
/// encode reproduces byte for byte. Thread-safe; committed class.
#include "base/bytes.h"
#include "base/result.h"
#include "codec/value.h"

#include <cstddef>

namespace assay::codec {

inline constexpr std::size_t kDepthMax = 128; ///< nested lists and maps

struct DecodeLimits {
    std::size_t size_max = std::size_t{64} << 20; ///< bytes of the block
    std::size_t items_max = std::size_t{1} << 22; ///< values in all, keys included
};

/// Errors: invalid_argument (NaN or infinity, text or key that is not UTF-8, nesting over kDepthMax).
Result<Bytes> encode_dag_cbor(const Value& value);

/// Errors: malformed, naming the byte where decoding stopped (not minimal, indefinite length, key order, duplicate or non-text key, tag other
/// than 42, bad CID, float that is not a finite 64-bit one, other simple value, invalid UTF-8, truncated, trailing bytes);
/// resource_exhausted (size, depth or item limit).
Result<Value> decode_dag_cbor(ByteView bytes, const DecodeLimits& limits = {});

} // namespace assay::codec
