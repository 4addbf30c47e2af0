#include "engine/generation.h"

#include <algorithm>

namespace assay::engine {
namespace {

std::span<const std::uint64_t> allowed_tokens(const Sequence& sequence, GenerationTools& tools) {
    if (!sequence.grammar) return {};
    tools.mask.assign((tools.vocabulary + 63) / 64, 0);
    sequence.grammar->allowed(tools.mask);
    return tools.mask;
}

/// Models may have more embeddings than their tokenizer has tokens; such a token has no text.
std::string text_of(Sequence& sequence, TokenId id, const GenerationTools& tools) {
    if (static_cast<std::size_t>(id) >= tools.tokenizer.vocabulary_size()) return {};
    return sequence.decoder.push(id);
}

/// Where a grammar allows an end there is nothing to go on with.
bool ends(const Sequence& sequence, TokenId id, const GenerationTools& tools) {
    const bool heeds = !sequence.request.ignore_end || sequence.grammar != nullptr;
    return heeds && std::ranges::binary_search(tools.tokenizer.end_ids(), id);
}

bool at_limit(const Sequence& sequence, const GenerationTools& tools) {
    return sequence.generated() >= sequence.request.tokens_max || sequence.size() >= tools.context_max;
}

} // namespace

std::optional<FinishEvent> generate_token(Sequence& sequence, std::span<const float> logits, GenerationTools& tools) {
    auto choice = sequence.sampler.choose(logits, allowed_tokens(sequence, tools), tools.scratch);
    if (!choice) return finish_event(sequence, FinishReason::error, std::move(choice.error()), tools.hasher);
    if (sequence.request.hash_logits) tools.hasher.add(sequence.hash, logits);
    if (sequence.generated() == 0) sequence.first_token_at = Clock::now();

    TokenEvent event{choice->id, {}, choice->chosen, std::move(choice->top)};
    sequence.tokens.push_back(event.id);
    sequence.sampler.accept(event.id);
    const bool ended = ends(sequence, event.id, tools);
    bool stopped = false;
    if (!ended) {
        auto piece = sequence.stops.push(text_of(sequence, event.id, tools));
        event.text = std::move(piece.text);
        stopped = piece.stopped;
    }
    sequence.sink->on_token(event);

    if (ended || stopped) return finish_event(sequence, FinishReason::stop, {}, tools.hasher);
    if (sequence.grammar) {
        sequence.grammar->accept(event.id);
        if (sequence.grammar->finished()) return finish_event(sequence, FinishReason::stop, {}, tools.hasher);
    }
    if (at_limit(sequence, tools)) return finish_event(sequence, FinishReason::length, {}, tools.hasher);
    return std::nullopt;
}

Result<void> note_prompt_logprob(Sequence& sequence, std::uint32_t position, std::span<const float> logits,
                                 GenerationTools& tools) {
    if (position != sequence.prompt_logprobs.size() || position + 1 >= sequence.prompt_size) return {};
    Choice next;
    next.id = sequence.tokens[position + 1];
    TRY_VOID(Sampler::note_logprobs(tools.kernels, logits, 0, tools.scratch, next));
    sequence.prompt_logprobs.push_back(*next.chosen);
    return {};
}

FinishEvent finish_event(Sequence& sequence, FinishReason reason, std::optional<Error> error, RowHasher& hasher) {
    FinishEvent event;
    event.reason = reason;
    event.error = std::move(error);
    if (!sequence.stops.stopped()) {
        auto last = sequence.stops.push(sequence.decoder.finish());
        if (last.stopped && reason == FinishReason::length) event.reason = FinishReason::stop;
        event.text = std::move(last.text) + sequence.stops.finish();
    }
    event.prompt_tokens = sequence.prompt_size;
    event.cached_tokens = sequence.cached_tokens;
    event.generated_tokens = sequence.generated();
    event.drafted_tokens = sequence.drafted_tokens;
    event.accepted_tokens = sequence.accepted_tokens;
    event.prompt_logprobs = std::move(sequence.prompt_logprobs);
    if (sequence.request.hash_logits) {
        hasher.finish();
        event.logits_sha256 = to_hex(sequence.hash.finish());
    }
    const auto now = Clock::now();
    const auto admitted_at = sequence.admitted ? sequence.admitted_at : now;
    const auto first_token_at = sequence.generated() > 0 ? sequence.first_token_at : now;
    event.queue_ms = milliseconds(admitted_at - sequence.submitted_at);
    event.prefill_ms = milliseconds(first_token_at - admitted_at);
    event.decode_ms = milliseconds(now - first_token_at);
    return event;
}

} // namespace assay::engine
