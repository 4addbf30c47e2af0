#pragma once
/// One request on its way through the service. Internal to the room; owned by the scheduler, used by the engine's thread.
#include "crypto/sha256.h"
#include "engine/drafts.h"
#include "engine/prefix_cache.h"
#include "engine/sampler.h"
#include "engine/service.h"
#include "engine/stop_texts.h"
#include "tokenizer/stream_decoder.h"

#include <chrono>
#include <memory>
#include <vector>

namespace assay::engine {

using Clock = std::chrono::steady_clock;

inline double milliseconds(Clock::duration duration) {
    return std::chrono::duration<double, std::milli>(duration).count();
}

struct Sequence {
    Sequence(GenerationRequest request_, std::shared_ptr<GenerationSink> sink_, const kernels::KernelSet& kernels,
             const tokenizer::Tokenizer& tokenizer)
        : request(std::move(request_)), sink(std::move(sink_)), tokens(request.prompt),
          prompt_size(static_cast<std::uint32_t>(tokens.size())), sampler(request.sampling, request.prompt, kernels),
          decoder(tokenizer, true), stops(request.stop) {
        if (request.grammar) grammar = request.grammar->start();
    }
    Sequence(const Sequence&) = delete;
    Sequence& operator=(const Sequence&) = delete;

    std::uint32_t size() const { return static_cast<std::uint32_t>(tokens.size()); }
    /// Tokens whose keys and values are still to be computed: one while decoding, more before the first answer token.
    std::uint32_t pending() const { return size() - past; }
    std::uint32_t generated() const { return size() - prompt_size; }
    bool wants_prompt_logprobs() const {
        return request.echo_prompt_logprobs && prompt_logprobs.size() + 1 < prompt_size;
    }

    RequestId id = 0;
    const GenerationRequest request;
    const std::shared_ptr<GenerationSink> sink;
    std::vector<TokenId> tokens; ///< prompt, then answer
    const std::uint32_t prompt_size;

    std::uint32_t past = 0; ///< positions in the pages
    std::vector<PageId> pages; ///< one use of each
    std::vector<PrefixCache::Entry> entries; ///< of the first pages: those that the prefix cache knows

    Sampler sampler;
    tokenizer::StreamDecoder decoder;
    StopTexts stops;
    std::unique_ptr<Grammar::State> grammar;
    Drafts drafts;
    crypto::Sha256 hash;
    std::vector<Logprob> prompt_logprobs;

    bool admitted = false;
    bool finished = false;
    std::uint32_t cached_tokens = 0;
    std::uint32_t drafted_tokens = 0, accepted_tokens = 0;
    Clock::time_point submitted_at, admitted_at, first_token_at;
};

} // namespace assay::engine
