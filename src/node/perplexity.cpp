#include "node/perplexity.h"

#include <algorithm>
#include <chrono>
#include <cmath>

namespace assay::node {
namespace {

/// -log of the probability of `id`.
double surprise(std::span<const float> logits, engine::TokenId id) {
    const double top = *std::max_element(logits.begin(), logits.end());
    double sum = 0;
    for (const float x : logits) sum += std::exp(x - top);
    return top + std::log(sum) - logits[static_cast<std::size_t>(id)];
}

bool begins_with_bos(const tokenizer::Tokenizer& tokenizer) {
    const auto ids = tokenizer.encode("", true, false);
    return !ids.empty() && tokenizer.bos() == ids.front();
}

} // namespace

std::vector<engine::TokenId> perplexity_tokens(const tokenizer::Tokenizer& tokenizer, std::string_view text) {
    return tokenizer.encode(text, true, false);
}

Result<PerplexityResult> measure_perplexity(const OpenModel& open, std::span<const engine::TokenId> tokens,
                                            std::uint32_t context,
                                            const std::function<void(std::uint64_t, std::uint64_t)>& progress) {
    if (context < 4 || context > open.model->config().context_max) {
        return fail(ErrorCode::invalid_argument,
                    "the context must be from 4 to the model's " + std::to_string(open.model->config().context_max));
    }
    if (tokens.size() < context) {
        return fail(ErrorCode::invalid_argument, "the text has " + std::to_string(tokens.size()) +
                                                     " tokens; one window of " + std::to_string(context) +
                                                     " is the least");
    }
    const auto begun = std::chrono::steady_clock::now();
    const bool bos = begins_with_bos(*open.tokenizer);
    PerplexityResult result;
    const std::uint64_t windows = tokens.size() / context;
    double loss = 0;
    for (std::uint64_t window = 0; window < windows; ++window) {
        const auto part = tokens.subspan(window * context, context);
        std::vector<engine::TokenId> ids(part.begin(), part.end());
        if (bos) ids.front() = *open.tokenizer->bos();
        TRY_VOID(open.model->evaluate(ids, 0, [&](std::size_t position, std::span<const float> logits) {
            if (position < context / 2 || position + 1 >= context) return;
            loss += surprise(logits, ids[position + 1]);
            ++result.tokens;
        }));
        if (progress) progress(window + 1, windows);
    }
    result.windows = windows;
    result.perplexity = std::exp(loss / static_cast<double>(result.tokens));
    result.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begun).count();
    return result;
}

} // namespace assay::node
