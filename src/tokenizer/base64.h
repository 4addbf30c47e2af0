#pragma once
/// Base64 with padding, as tokenizer.json carries binary maps. Thread-safe.
#include <optional>
#include <string>
#include <string_view>

namespace assay::tokenizer {

/// nullopt when `text` is not base64.
std::optional<std::string> decode_base64(std::string_view text);

} // namespace assay::tokenizer
