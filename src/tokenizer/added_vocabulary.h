#pragma once
/// Tokens recognised in the text before the model sees it: control tokens and user-defined ones.
/// Immutable after creation, thread-safe.
#include "tokenizer/tokenizer.h"

#include <array>
#include <map>

namespace assay::tokenizer {

struct AddedToken {
    std::string content;
    TokenId id = -1;
    bool special = false; ///< a control token: recognised only where the caller parses specials, skipped when decoding
    bool normalized = false; ///< looked for after normalisation, in normalised form
    bool strip_left = false; ///< takes the white space before it
    bool strip_right = false; ///< takes the white space after it
    bool single_word = false; ///< only between non-word characters
};

class AddedVocabulary {
public:
    /// A part of a text: an added token, or (`id` = -1) text for the model.
    struct Part {
        std::string_view text;
        TokenId id = -1;
    };

    /// `normalized_contents[i]` is the normalised form of `tokens[i].content`. Later tokens of an id replace earlier ones.
    AddedVocabulary(std::vector<AddedToken> tokens, std::span<const std::string> normalized_contents);
    AddedVocabulary() : AddedVocabulary({}, {}) {}

    /// Splits at the tokens that are looked for before (`normalized` = false) or after normalisation. Parts may be empty.
    void split(std::string_view text, bool normalized, bool parse_special, std::vector<Part>& out) const;
    bool looks_for(bool normalized) const { return !tries_[normalized].empty(); }

    const AddedToken* find(TokenId id) const;
    const AddedToken* find(std::string_view content) const;
    const std::vector<AddedToken>& tokens() const { return tokens_; }

private:
    /// Byte trie in one vector. Children of a node are a sorted run found by its first edge.
    class Trie {
    public:
        void add(std::string_view text, std::int32_t value);
        /// Longest entry at the start of `text`: its length and value, or length 0.
        std::pair<std::size_t, std::int32_t> longest(std::string_view text) const;
        bool starts(char c) const { return starts_[static_cast<unsigned char>(c)]; }
        bool empty() const { return nodes_.size() == 1; }

    private:
        struct Node {
            std::map<char, std::int32_t> children;
            std::int32_t value = -1;
        };
        std::vector<Node> nodes_{1};
        std::array<bool, 256> starts_{};
    };

    std::vector<AddedToken> tokens_;
    std::map<TokenId, std::size_t> by_id_;
    std::map<std::string, std::size_t, std::less<>> by_content_;
    std::array<Trie, 2> tries_; ///< [normalized]
};

} // namespace assay::tokenizer
