#pragma once
/// Continuous-batching generation over one loaded model. This is the engine's front door.
/// Thread-safe: submit and cancel from any thread; sinks are called from the engine's own thread and must not block.
/// Committed class: tokens, texts and logits depend on the request alone - not on batch, threads, chunking, cache or instruction set.
#include "base/result.h"
#include "engine/constraint.h"
#include "engine/model.h"
#include "tokenizer/tokenizer.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace assay::engine {

/// Defaults are OpenAI's. Order of operations is in docs/spec/arithmetic.md ("Sampling").
struct SamplingOptions {
    double temperature = 1.0; ///< 0 = greedy
    double top_p = 1.0;
    double min_p = 0.0;
    std::uint32_t top_k = 0; ///< 0 = off
    double repetition_penalty = 1.0;
    double presence_penalty = 0.0;
    double frequency_penalty = 0.0;
    std::uint64_t seed = 0;
    std::vector<std::pair<TokenId, float>> logit_bias;
    std::int32_t top_logprobs = -1; ///< -1 = no logprobs, 0 = the chosen token's only, n = and the n best
};

struct GenerationRequest {
    std::vector<TokenId> prompt;
    std::uint32_t tokens_max = 256;
    SamplingOptions sampling;
    std::vector<std::string> stop; ///< texts that end the answer and are not part of it
    std::shared_ptr<const Grammar> grammar;
    bool ignore_end = false; ///< go on past end ids (benchmarks)
    bool hash_logits = false; ///< SHA-256 over the canonical bytes of each step's logits, in FinishEvent
    bool echo_prompt_logprobs =
        false; ///< FinishEvent::prompt_logprobs; the prompt is then computed without the prefix cache
};

struct Logprob {
    TokenId id = 0;
    double logprob = 0.0;
};

/// One generated token. `text` holds whole UTF-8 characters only and never part of a possible stop text; it may be empty.
struct TokenEvent {
    TokenId id = 0;
    std::string text;
    std::optional<Logprob> chosen;
    std::vector<Logprob> top;
};

enum class FinishReason { stop, length, cancelled, error };

struct FinishEvent {
    FinishReason reason = FinishReason::stop;
    std::optional<Error> error;
    std::string text; ///< held-back text that turned out not to be a stop text
    std::uint32_t prompt_tokens = 0;
    std::uint32_t cached_tokens = 0; ///< of the prompt, found in the prefix cache
    std::uint32_t generated_tokens = 0;
    std::uint32_t drafted_tokens = 0, accepted_tokens = 0; ///< prompt-lookup speculation
    double queue_ms = 0, prefill_ms = 0, decode_ms = 0; ///< local, never committed
    std::string logits_sha256; ///< hexadecimal when asked for
    std::vector<Logprob> prompt_logprobs; ///< of prompt tokens 1, 2, … when asked for
};

/// Receives one request's events in order; the last call is on_finish, exactly once.
class GenerationSink {
public:
    virtual ~GenerationSink() = default;
    virtual void on_token(const TokenEvent& event) = 0;
    virtual void on_finish(const FinishEvent& event) = 0;
};

using RequestId = std::uint64_t;

struct ServiceStatistics {
    std::uint64_t requests_total = 0, tokens_generated_total = 0, prompt_tokens_total = 0, cached_tokens_total = 0;
    std::uint64_t drafted_tokens_total = 0, accepted_tokens_total = 0;
    std::uint32_t running = 0, waiting = 0;
    std::uint64_t kv_pages_used = 0, kv_pages_all = 0;
};

class GenerationService {
public:
    virtual ~GenerationService() = default;
    /// Errors: resource_exhausted (queue full; the caller answers 429), invalid_argument (prompt empty or longer than the context, options out of range).
    virtual Result<RequestId> submit(GenerationRequest request, std::shared_ptr<GenerationSink> sink) = 0;
    /// Ends the request with FinishReason::cancelled at the next step; unknown ids are ignored.
    virtual void cancel(RequestId id) = 0;
    virtual ServiceStatistics statistics() const = 0;
    /// Refuses new requests and returns when the running ones have finished or `timeout_ms` has passed.
    virtual void drain(std::uint32_t timeout_ms) = 0;
};

struct ServiceOptions {
    std::uint32_t batch_max = 32; ///< sequences decoded together
    std::uint32_t queue_max = 256; ///< waiting requests before resource_exhausted
    std::uint32_t prefill_chunk = 256; ///< prompt rows a step; never changes a bit
    std::uint32_t context_max = 0; ///< 0 = the model's
    std::uint64_t kv_bytes_max = 0; ///< 0 = enough for batch_max sequences of 2,048 tokens, at most a quarter of memory
    bool prefix_cache = true;
    bool speculation = true; ///< prompt-lookup drafts where they pay
};

/// Starts the engine's thread. Both arguments are shared with it.
Result<std::unique_ptr<GenerationService>> make_service(std::shared_ptr<const Model> model,
                                                        std::shared_ptr<const tokenizer::Tokenizer> tokenizer,
                                                        ServiceOptions options);

} // namespace assay::engine
