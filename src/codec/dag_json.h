#pragma once
/// DAG-JSON: the IPLD data model as JSON text, to show and to type what is stored as DAG-CBOR.
/// Links are {"/":"CID"}, bytes {"/":{"bytes":"base64 without padding"}}. Source: ipld.io/specs/codecs/dag-json.
/// Written canonically: no white space, keys in byte order, floats (shortest digits that read back) always with a point or
/// an exponent. Read in any layout and key order. Thread-safe; committed class.
#include "base/result.h"
#include "codec/dag_cbor.h"
#include "codec/json.h"
#include "codec/value.h"

#include <string>
#include <string_view>

namespace assay::codec {

/// Errors: invalid_argument (a float that is not finite, text that is not UTF-8, nesting over kDepthMax, a map that would
/// read back as a link or as bytes: its first key is "/").
Result<std::string> encode_dag_json(const Value& value);

/// Errors: malformed (JSON's own, an integer outside -2^64 … 2^64 - 1, a float too large, a bad link or bytes, other
/// members beside the "/" of one); resource_exhausted (size, depth or item limit).
Result<Value> decode_dag_json(std::string_view text, const DecodeLimits& limits = {});
/// The same from a tree.
Result<Value> value_of_dag_json(const Json& json);

} // namespace assay::codec
