#pragma once
/// What the HTTP surface needs of an engine. The node room adapts the engine to these classes; this room never sees it.
/// Thread-safe: every ChatEngine method may be called from any thread; sinks are called from the engine's thread.
/// Errors: per method. Determinism: the port adds nothing; answers are a function of the request (seeds are drawn here when absent).
#include "base/result.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace assay::api {

using TokenId = std::int32_t;
using RequestId = std::uint64_t;

/// One served model. Values do not change while it is served.
struct ModelDescription {
    std::string id; ///< the name clients use ("SmolLM2-135M-Instruct.Q4_1")
    std::int64_t created = 0; ///< seconds since 1970 (the file's modification time)
    std::string owned_by = "assay";
    std::string architecture; ///< "llama", "qwen2", …
    std::string arithmetic; ///< "assay-arith-1"
    std::string isa; ///< the back end in use, for people; it never changes an answer
    std::string commitment; ///< CID of the model's manifest; empty until it is computed
    std::string cid; ///< CID of the file; empty until it is computed
    std::uint32_t context_length = 0;
    std::uint32_t vocabulary_size = 0;
    std::uint32_t embedding_dimensions = 0; ///< of embed(); 0 when the model does not embed
    bool generates = true;
    bool embeds = false;
    std::string chat_template; ///< Jinja source; empty when the model has none (then chat answers 400)
    bool uses_tools = false; ///< the template reads `tools`
};

/// Field for field engine::SamplingOptions.
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

/// What an answer must look like.
struct ConstraintText {
    enum class Kind { json_object, json_schema, choice };
    Kind kind = Kind::json_object;
    std::string schema_json = {}; ///< for json_schema
    std::vector<std::string> choices = {}; ///< for choice
};

/// A compiled constraint: opaque here, shared by the choices of one request.
class Constraint {
public:
    virtual ~Constraint() = default;
};

struct GenerationRequest {
    std::vector<TokenId> prompt;
    std::uint32_t tokens_max = 256;
    SamplingOptions sampling;
    std::vector<std::string> stop;
    std::shared_ptr<const Constraint> constraint; ///< made by compile() for the same model, or null
    bool ignore_end = false;
};

struct Logprob {
    TokenId id = 0;
    double logprob = 0.0;
};

struct TokenEvent {
    TokenId id = 0;
    std::string text; ///< whole UTF-8 characters, never part of a possible stop text; may be empty
    std::optional<Logprob> chosen;
    std::vector<Logprob> top;
};

enum class FinishReason { stop, length, cancelled, error };

struct FinishEvent {
    FinishReason reason = FinishReason::stop;
    std::optional<Error> error;
    std::string text; ///< held-back text that turned out not to be a stop text
    std::uint32_t prompt_tokens = 0;
    std::uint32_t cached_tokens = 0;
    std::uint32_t generated_tokens = 0;
    std::uint32_t drafted_tokens = 0, accepted_tokens = 0;
    double queue_ms = 0, prefill_ms = 0, decode_ms = 0;
};

/// Receives one request's events in order; the last call is on_finish, exactly once. Never blocks.
class GenerationSink {
public:
    virtual ~GenerationSink() = default;
    virtual void on_token(const TokenEvent& event) = 0;
    virtual void on_finish(const FinishEvent& event) = 0;
};

/// Summed over the served models.
struct EngineStatistics {
    std::uint64_t requests_total = 0, tokens_generated_total = 0, prompt_tokens_total = 0, cached_tokens_total = 0;
    std::uint64_t drafted_tokens_total = 0, accepted_tokens_total = 0;
    std::uint32_t running = 0, waiting = 0;
    std::uint64_t kv_pages_used = 0, kv_pages_all = 0;
};

struct ChatPrompt {
    std::string_view messages_json; ///< JSON array of {"role","content",…}, contents already strings
    std::string_view tools_json; ///< JSON array or empty
    std::string_view extra_json; ///< JSON object of further template variables or empty
    bool add_generation_prompt = true;
    std::string_view suffix; ///< appended to the rendered text before it is encoded (special tokens parsed)
};

struct Embeddings {
    std::vector<std::vector<float>> vectors; ///< one per input, in order
    std::uint64_t prompt_tokens = 0;
};

/// Models by id; `model` is always an id that models() lists.
class ChatEngine {
public:
    virtual ~ChatEngine() = default;

    virtual std::vector<ModelDescription> models() const = 0;

    /// Ids of a prompt given as text: with what the model's post-processor adds, special tokens parsed.
    virtual Result<std::vector<TokenId>> encode(std::string_view model, std::string_view text) const = 0;
    /// Text of ids, special tokens skipped (for `echo`).
    virtual std::string decode(std::string_view model, std::span<const TokenId> ids) const = 0;
    /// Raw bytes of one token, for logprobs; a special token's published text. Not always whole UTF-8.
    virtual std::string token_bytes(std::string_view model, TokenId id) const = 0;

    /// Renders the model's chat template and encodes it (no further special tokens added).
    /// Errors: invalid_argument (the template raised, with its message), resource_exhausted (limits).
    virtual Result<std::vector<TokenId>> apply_chat_template(std::string_view model,
                                                             const ChatPrompt& prompt) const = 0;

    /// Errors: malformed, unsupported (keyword named), resource_exhausted (schema too large) - all the caller's fault.
    virtual Result<std::shared_ptr<const Constraint>> compile(std::string_view model,
                                                              const ConstraintText& text) const = 0;

    /// Errors: resource_exhausted (queue full), cancelled (draining), invalid_argument (prompt empty or too long, options).
    /// On an error the sink is never called.
    virtual Result<RequestId> submit(std::string_view model, GenerationRequest request,
                                     std::shared_ptr<GenerationSink> sink) = 0;
    /// Ends the request with FinishReason::cancelled soon; unknown ids are ignored.
    virtual void cancel(std::string_view model, RequestId id) = 0;

    /// Blocks while it computes; called from a worker thread of this room.
    /// Errors: invalid_argument (a text longer than the context, with its index), internal.
    virtual Result<Embeddings> embed(std::string_view model, std::span<const std::string> texts) = 0;
    /// The same for inputs given as token ids.
    virtual Result<Embeddings> embed_tokens(std::string_view model, std::span<const std::vector<TokenId>> inputs) = 0;

    virtual EngineStatistics statistics() const = 0;
    /// One line that says what is wrong, or empty when healthy.
    virtual std::string health() const = 0;
};

} // namespace assay::api
