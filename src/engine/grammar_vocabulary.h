#pragma once
/// The tokens of one vocabulary as a tree over their bytes, laid out in the order in which it is walked.
/// Immutable after `build`, thread-safe. Deterministic.
#include "tokenizer/tokenizer.h"

#include <bitset>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace assay::engine::grammar {

class Vocabulary {
public:
    /// Nodes stand in preorder: a node's children follow it, up to `next`.
    struct Node {
        std::uint32_t next;        ///< the first node behind its subtree
        std::uint32_t first_token; ///< the tokens that end here are those up to the following node's first
        std::uint16_t depth;       ///< bytes before this one
        std::uint8_t byte;
    };

    static constexpr std::size_t kTokenBytesMax = 1024; ///< longer tokens are never offered

    static std::shared_ptr<const Vocabulary> build(const tokenizer::Tokenizer& tokenizer);
    /// The one built last for a tokenizer with the same tokens, if some grammar still holds it; otherwise a new one.
    static std::shared_ptr<const Vocabulary> shared(const tokenizer::Tokenizer& tokenizer);

    /// Whether this was built from the same tokens.
    bool describes(const tokenizer::Tokenizer& tokenizer) const;

    std::size_t size() const { return token_begin_.size() - 1; }
    std::size_t mask_words() const { return (size() + 63) / 64; }
    std::uint32_t nodes() const { return static_cast<std::uint32_t>(nodes_.size() - 1); }
    const Node& node(std::uint32_t index) const { return nodes_[index]; }
    std::span<const tokenizer::TokenId> tokens(std::uint32_t node) const {
        return std::span(tokens_).subspan(nodes_[node].first_token,
                                          nodes_[node + 1].first_token - nodes_[node].first_token);
    }
    std::string_view bytes(tokenizer::TokenId id) const {
        const auto i = static_cast<std::size_t>(id);
        return std::string_view(text_).substr(token_begin_[i], token_begin_[i + 1] - token_begin_[i]);
    }
    std::span<const tokenizer::TokenId> end_ids() const { return end_ids_; }
    /// Bytes that are a token by themselves, so that any text of them can be spelled.
    const std::bitset<256>& single_bytes() const { return single_bytes_; }
    std::size_t depth_max() const { return depth_max_; }
    /// The most brackets that one token opens.
    std::uint32_t openings_max() const { return openings_max_; }

private:
    Vocabulary() = default;

    std::string text_; ///< all tokens' bytes by id; of specials none
    std::vector<std::uint32_t> token_begin_; ///< and the end
    std::vector<Node> nodes_; ///< and one behind the last
    std::vector<tokenizer::TokenId> tokens_; ///< by bytes, then id
    std::vector<tokenizer::TokenId> end_ids_;
    std::bitset<256> single_bytes_;
    std::size_t depth_max_ = 0;
    std::uint32_t openings_max_ = 0;
};

} // namespace assay::engine::grammar
