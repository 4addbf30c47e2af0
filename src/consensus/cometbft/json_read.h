#pragma once
/// Typed reading of the engine's JSON, where 64-bit integers are strings and hashes upper-case hexadecimal.
/// Internal to the room. Thread-safe. Errors: malformed, naming the member.
#include "base/bytes.h"
#include "codec/json.h"

#include <cstdint>
#include <string>
#include <string_view>

namespace assay::consensus {

/// Follows "a.b.c" from `json`.
Result<const codec::Json*> json_at(const codec::Json& json, std::string_view path);
Result<std::string> json_text(const codec::Json& json, std::string_view path);
/// A number, or a string of digits.
Result<std::int64_t> json_integer(const codec::Json& json, std::string_view path);
Result<bool> json_flag(const codec::Json& json, std::string_view path);
Result<Bytes> json_hex(const codec::Json& json, std::string_view path);
Result<Bytes> json_base64(const codec::Json& json, std::string_view path);
/// RFC 3339 in UTC with up to nine digits of a second, as Go writes it.
struct JsonTime {
    std::int64_t seconds = 0; ///< since 1970
    std::int32_t nanos = 0;
};
Result<JsonTime> json_time(const codec::Json& json, std::string_view path);
Result<const codec::Json::List*> json_list(const codec::Json& json, std::string_view path);

} // namespace assay::consensus
