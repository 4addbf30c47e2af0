#pragma once
/// The printable stand-ins that byte-level vocabularies use for the 256 bytes ("Ġ" for space). Thread-safe.
#include <optional>
#include <string>
#include <string_view>

namespace assay::tokenizer {

/// The character that stands for a byte.
char32_t byte_level_character(unsigned char byte);

/// Raw bytes of a vocabulary entry; nullopt when a character stands for no byte.
std::optional<std::string> byte_level_bytes(std::string_view token);

} // namespace assay::tokenizer
