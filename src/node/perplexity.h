#pragma once
/// Perplexity by llama-perplexity's method: the text's ids in whole windows, each from an empty cache; the predictions of a
/// window's second half are scored. Pure but for the model's threads. Local class: the sum is binary64 over committed logits.
#include "node/open_model.h"

#include <cstdint>
#include <functional>
#include <span>
#include <string_view>
#include <vector>

namespace assay::node {

struct PerplexityResult {
    double perplexity = 0;
    std::uint64_t tokens = 0; ///< scored
    std::uint64_t windows = 0;
    double seconds = 0;
};

/// The ids that are scored: the text as plain text (special tokens written in it are not parsed), begun as the model begins one.
std::vector<engine::TokenId> perplexity_tokens(const tokenizer::Tokenizer& tokenizer, std::string_view text);

/// `progress`: windows done of all. Where the tokenizer begins texts with BOS, every window begins with it.
/// Errors: invalid_argument (context of less than 4 or beyond the model's, a text of less than one window), as Model::evaluate.
Result<PerplexityResult> measure_perplexity(const OpenModel& open, std::span<const engine::TokenId> tokens,
                                            std::uint32_t context,
                                            const std::function<void(std::uint64_t, std::uint64_t)>& progress);

} // namespace assay::node
