#pragma once
/// One row of logits to one token. Source: docs/spec/arithmetic.md, "Sampling". Internal to the room.
/// Thread-compatible; scratch memory may be shared by samplers of one thread. Committed class.
#include "base/result.h"
#include "engine/service.h"

#include <cstdint>
#include <optional>
#include <span>
#include <unordered_map>
#include <vector>

namespace assay::engine {

/// Errors: invalid_argument, naming the option and its range.
Result<void> check_sampling(const SamplingOptions& options, std::uint32_t vocabulary);

/// Memory that samplers work in, kept between rows.
struct SamplerScratch {
    struct Candidate {
        TokenId id;
        float weight;
    };
    std::vector<float> logits;
    std::vector<float> weights;
    std::vector<Candidate> candidates;
    std::vector<std::uint64_t> block_sums;
};

struct Choice {
    TokenId id = 0;
    std::optional<Logprob> chosen;
    std::vector<Logprob> top;
};

class Sampler {
public:
    /// Borrows the options. `prompt` counts for the repetition penalty.
    Sampler(const SamplingOptions& options, std::span<const TokenId> prompt, const kernels::KernelSet& kernels);

    /// The token that follows the accepted ones. `mask`: bit i of word i / 64 allows token i; empty = all.
    /// Errors: internal (a logit that is not finite, a mask that allows nothing).
    Result<Choice> choose(std::span<const float> logits, std::span<const std::uint64_t> mask,
                          SamplerScratch& scratch) const;

    void accept(TokenId id);

    /// Adds logarithms of the softmax of a row as the model gave it: of the choice's token and of the `top_count` best.
    /// Errors: internal (a logit that is not finite).
    static Result<void> note_logprobs(const kernels::KernelSet& kernels, std::span<const float> logits,
                                      std::size_t top_count, SamplerScratch& scratch, Choice& choice);

private:
    bool greedy() const { return scale_ == 0.0f; }
    bool adjusts() const { return !options_.logit_bias.empty() || penalises_; }
    void adjust(std::span<float> logits) const;
    TokenId draw(std::span<const float> logits, float maximum, SamplerScratch& scratch) const;
    TokenId draw_from_all(std::span<const float> weights, std::vector<std::uint64_t>& block_sums) const;
    TokenId draw_from_candidates(SamplerScratch& scratch) const;
    std::uint64_t random_below(std::uint64_t sum) const;

    const SamplingOptions& options_;
    const kernels::KernelSet& kernels_;
    float scale_ = 0.0f; ///< 1 / temperature; 0 = greedy
    bool penalises_ = false;
    std::uint64_t accepted_ = 0;
    std::unordered_map<TokenId, std::uint32_t> seen_; ///< tokens of prompt and answer: how often in the answer
};

} // namespace assay::engine
