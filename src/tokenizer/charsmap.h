#pragma once
/// SentencePiece's precompiled character map: a double-array trie from text to offsets of its replacements.
/// Immutable after creation, thread-safe. Every link of the trie is checked against its size when followed.
#include "base/result.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace assay::tokenizer {

class Charsmap {
public:
    /// `bytes`: u32 size of the trie in bytes, trie, replacements each ended by a zero byte. Errors: malformed.
    static Result<Charsmap> create(std::string_view bytes);

    /// What the shortest entry at the start of `text` becomes; Hugging Face takes that one, not the longest.
    std::optional<std::string_view> replacement(std::string_view text) const;

    /// Rewrites `text` as Hugging Face's Precompiled normaliser does: by grapheme cluster where that is short.
    void apply(std::string& text) const;

    /// Bytes of the longest replacement.
    std::size_t longest_replacement() const { return longest_; }

private:
    std::vector<std::uint32_t> units_;
    std::string replacements_;
    std::size_t longest_ = 0;
};

} // namespace assay::tokenizer
