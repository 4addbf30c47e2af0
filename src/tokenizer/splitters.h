#pragma once
/// Hand-written equivalents of the regular expressions that published tokenizers split text with.
/// Each returns where the match that starts at `at` ends: always after `at`. `text` is valid UTF-8. Thread-safe.
#include <cstddef>
#include <string_view>

namespace assay::tokenizer {

using MatchEnd = std::size_t (*)(std::string_view text, std::size_t at);

/// 's|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+
std::size_t match_gpt2(std::string_view text, std::size_t at);

/// (?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+
std::size_t match_llama3(std::string_view text, std::size_t at);

/// As llama3's, with \p{N} in place of \p{N}{1,3}.
std::size_t match_qwen2(std::string_view text, std::size_t at);

/// The splitter for a regular expression written in a tokenizer.json; nullptr when it is not one of the known ones.
MatchEnd splitter_for_regex(std::string_view regex);

} // namespace assay::tokenizer
