#pragma once
/// The text alphabets of CIDs (58, 32) and of bytes in DAG-JSON (64). Strict: one text for each byte string, both ways.
/// Thread-safe; committed class. Source: multiformats/multibase, RFC 4648 §4, §6.
#include "base/bytes.h"
#include "base/result.h"

#include <string>
#include <string_view>

namespace assay::codec {

/// Base 58, Bitcoin alphabet; a leading zero byte is a leading '1'. Quadratic: meant for hashes, not files.
std::string to_base58btc(ByteView bytes);
/// Errors: malformed (a character outside the alphabet), resource_exhausted (over 256 characters).
Result<Bytes> from_base58btc(std::string_view text);

/// Base 32, lower case, without padding.
std::string to_base32(ByteView bytes);
/// Errors: malformed (a character outside the alphabet, an impossible length, unused bits that are not zero).
Result<Bytes> from_base32(std::string_view text);

/// Base 64, the standard alphabet, without padding.
std::string to_base64(ByteView bytes);
/// Errors: malformed (as from_base32; padding is outside the alphabet).
Result<Bytes> from_base64(std::string_view text);

} // namespace assay::codec
