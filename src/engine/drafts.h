#pragma once
/// Prompt-lookup speculation: what followed the last tokens when they stood in the text before, and whether trying it pays.
/// Thread-compatible. Local class: drafts change time, never a token, since every one is verified.
/// Source: A. Saxena, "Prompt lookup decoding" (2023).
#include "engine/model.h"

#include <cstdint>
#include <span>

namespace assay::engine {

class Drafts {
public:
    static constexpr std::uint32_t kTokensMax = 8;

    /// Tokens, a part of `tokens`, that may come next; at most `count_max`, and none where it would not pay.
    /// `step_rows`: rows the coming step computes anyway.
    std::span<const TokenId> propose(std::span<const TokenId> tokens, std::uint32_t step_rows, std::uint32_t count_max);

    /// What became of the last proposal that was run.
    void learn(std::uint32_t drafted, std::uint32_t accepted);

private:
    std::uint32_t best_count(std::uint32_t step_rows) const;

    // How often drafts were right and wrong lately. The start is a guess that a few tries correct.
    double right_ = 1.0;
    double wrong_ = 1.0;
};

} // namespace assay::engine
