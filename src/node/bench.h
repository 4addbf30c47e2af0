#pragma once
/// Speed of the engine's passes, by the method of llama-bench and llama-batched-bench: prompt rows in chunks, then one
/// token a step and sequence, chosen greedily. Local class.
#include "engine/model.h"

#include <cstdint>
#include <functional>

namespace assay::node {

struct BenchOptions {
    std::uint32_t prompt = 512;   ///< tokens of each sequence's prompt; 0 = measure decoding only
    std::uint32_t generate = 128; ///< tokens decoded for each sequence; 0 = measure the prompt only
    std::uint32_t batch = 1;      ///< sequences
    std::uint32_t chunk = 256;    ///< prompt rows a pass
    bool after_prompt = false;    ///< decode behind the prompt instead of from an empty cache
    std::uint32_t repeat = 1;     ///< runs; the fastest counts
};

struct BenchResult {
    double prefill_tok_s = 0;
    double decode_tok_s = 0; ///< over all sequences
    double first_token_ms = 0; ///< prompt of one sequence to its first token
};

/// `progress`: steps done of all. Errors: invalid_argument (nothing to do, longer than the context), resource_exhausted,
/// internal (a logit that is not finite).
Result<BenchResult> run_bench(const engine::Model& model, const BenchOptions& options,
                              const std::function<void(std::uint64_t, std::uint64_t)>& progress);

} // namespace assay::node
