#pragma once
/// Reads texts through grammars, byte by byte and token by token. For tests.
#include "engine/constraint.h"
#include "tokenizer/golden_test_data.h"

#include <gtest/gtest.h>

#include <array>
#include <bit>
#include <random>

namespace assay::engine::grammar_testing {

using tokenizer::TokenId;
using tokenizer::Tokenizer;
using Mask = std::vector<std::uint64_t>;

inline Mask allowed(const Grammar::State& state, const Tokenizer& tokenizer) {
    Mask mask((tokenizer.vocabulary_size() + 63) / 64);
    state.allowed(mask);
    return mask;
}

inline bool has(const Mask& mask, TokenId id) {
    return mask[static_cast<std::size_t>(id) / 64] >> (static_cast<std::size_t>(id) % 64) & 1;
}

inline bool may_end(const Mask& mask, const Tokenizer& tokenizer) {
    const auto ends = tokenizer.end_ids();
    return std::any_of(ends.begin(), ends.end(), [&](TokenId id) { return has(mask, id); });
}

/// The token of each byte alone.
inline std::array<TokenId, 256> byte_tokens(const Tokenizer& tokenizer) {
    std::array<TokenId, 256> ids;
    ids.fill(-1);
    for (TokenId id = 0; id < static_cast<TokenId>(tokenizer.vocabulary_size()); ++id) {
        const std::string_view bytes = tokenizer.token_bytes(id);
        if (bytes.size() == 1 && !tokenizer.is_special(id)) ids[static_cast<unsigned char>(bytes[0])] = id;
    }
    return ids;
}

/// Whether the tokens may be said one after another and the text may end then.
inline bool accepts(const Grammar& grammar, const Tokenizer& tokenizer, std::span<const TokenId> ids) {
    const auto state = grammar.start();
    for (const TokenId id : ids) {
        if (!has(allowed(*state, tokenizer), id)) return false;
        state->accept(id);
    }
    return may_end(allowed(*state, tokenizer), tokenizer);
}

inline bool accepts_bytes(const Grammar& grammar, const Tokenizer& tokenizer, std::string_view text) {
    static thread_local std::pair<const Tokenizer*, std::array<TokenId, 256>> known;
    if (known.first != &tokenizer) known = {&tokenizer, byte_tokens(tokenizer)};
    std::vector<TokenId> ids;
    for (const char c : text) ids.push_back(known.second[static_cast<unsigned char>(c)]);
    return accepts(grammar, tokenizer, ids);
}

inline bool accepts_tokens(const Grammar& grammar, const Tokenizer& tokenizer, std::string_view text) {
    return accepts(grammar, tokenizer, tokenizer.encode(text, false, false));
}

/// A text of random allowed tokens, ended where it may end after `calm` tokens (then the likeliest to close are taken).
/// Empty when no token was allowed, which must not happen.
inline std::string random_text(const Grammar& grammar, const Tokenizer& tokenizer, std::mt19937& random,
                               std::size_t tokens_max) {
    const auto state = grammar.start();
    std::string text;
    for (std::size_t count = 0;; ++count) {
        const Mask mask = allowed(*state, tokenizer);
        const bool ends = may_end(mask, tokenizer);
        if (ends && (state->finished() || count >= tokens_max || random() % 8 == 0)) return text;
        std::vector<TokenId> choices, closing;
        for (std::size_t word = 0; word < mask.size(); ++word) {
            for (std::uint64_t bits = mask[word]; bits != 0; bits &= bits - 1) {
                const auto id = static_cast<TokenId>(word * 64 + static_cast<std::size_t>(std::countr_zero(bits)));
                const std::string_view bytes = tokenizer.token_bytes(id);
                if (bytes.empty()) continue;
                choices.push_back(id);
                const bool closes =
                    bytes.size() == 1 && std::string_view("\"}]0el").find(bytes[0]) != std::string_view::npos;
                if (closes) closing.push_back(id);
            }
        }
        EXPECT_FALSE(choices.empty()) << "stuck after " << text;
        if (choices.empty() || count > 40 * tokens_max) return {};
        const bool hurries = count >= tokens_max && !closing.empty() && random() % 4 != 0;
        const auto& from = hurries ? closing : choices;
        const TokenId id = from[random() % from.size()];
        text += tokenizer.token_bytes(id);
        state->accept(id);
    }
}

} // namespace assay::engine::grammar_testing
