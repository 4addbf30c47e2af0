#pragma once
/// How vocabularies write single bytes: printable stand-ins ("Ġ" for space) or <0x20>. Thread-safe.
#include <optional>
#include <string>
#include <string_view>

namespace assay::tokenizer {

/// The character that stands for a byte.
char32_t byte_level_character(unsigned char byte);

/// Raw bytes of a vocabulary entry; nullopt when a character stands for no byte.
std::optional<std::string> byte_level_bytes(std::string_view token);

/// The entry <0xNN> by which vocabularies of characters spell a byte.
std::string fallback_entry(unsigned char byte);

} // namespace assay::tokenizer
