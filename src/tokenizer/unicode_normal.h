#pragma once
/// Unicode normalisation forms, lower case and grapheme clusters, as Hugging Face's normalisers have them.
/// All take and give valid UTF-8. Thread-safe.
#include <cstddef>
#include <string>
#include <string_view>

namespace assay::tokenizer {

enum class NormalForm { nfc, nfd, nfkc, nfkd };

void normalize(std::string& text, NormalForm form);

/// Character by character, without regard to context or language.
void lower_case(std::string& text);

/// Removes the characters with a property of `mask` (unicode.h).
void remove_characters(std::string& text, unsigned mask);

/// End of the grapheme cluster that starts at `at`. Only the rules that can make a cluster of several characters in less
/// than six bytes are followed: the one caller (precompiled character maps) treats longer clusters character by character.
std::size_t grapheme_end(std::string_view text, std::size_t at);

} // namespace assay::tokenizer
