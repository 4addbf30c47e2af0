#pragma once
/// What becomes of one sequence's logits: tokens, texts, events. Internal to the room; used by the engine's thread.
/// Committed class: everything but the times follows from the request.
#include "engine/row_hasher.h"
#include "engine/sequence.h"

#include <optional>
#include <span>
#include <vector>

namespace assay::engine {

/// Memory and helpers that all sequences of a service share.
struct GenerationTools {
    const kernels::KernelSet& kernels;
    const tokenizer::Tokenizer& tokenizer;
    std::uint32_t vocabulary;
    std::uint32_t context_max;
    RowHasher hasher = {};
    SamplerScratch scratch = {};
    std::vector<std::uint64_t> mask = {};
};

/// Samples the token that follows the sequence's tokens from its row of logits, tells the sink, and says how the
/// sequence ends, where it does. The row must live until the next step's pass or `tools.hasher.finish()`.
std::optional<FinishEvent> generate_token(Sequence& sequence, std::span<const float> logits, GenerationTools& tools);

/// Notes the probability of prompt token `position` + 1 from the logits after `position`.
/// Errors: internal (a logit that is not finite).
Result<void> note_prompt_logprob(Sequence& sequence, std::uint32_t position, std::span<const float> logits,
                                 GenerationTools& tools);

/// The last event of a sequence that ends now.
FinishEvent finish_event(Sequence& sequence, FinishReason reason, std::optional<Error> error, RowHasher& hasher);

} // namespace assay::engine
