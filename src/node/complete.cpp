#include "node/complete.h"

namespace assay::node {

double Completion::decode_tok_s() const {
    if (finish.generated_tokens < 2 || finish.decode_ms <= 0) return 0;
    return (finish.generated_tokens - 1) / finish.decode_ms * 1e3;
}

double Completion::prefill_tok_s() const {
    if (finish.prompt_tokens <= finish.cached_tokens || finish.prefill_ms <= 0) return 0;
    return (finish.prompt_tokens - finish.cached_tokens) / finish.prefill_ms * 1e3;
}

void CompletionSink::on_token(const engine::TokenEvent& event) {
    {
        const std::lock_guard lock(mutex_);
        completion_.tokens.push_back(event.id);
        completion_.text += event.text;
    }
    if (on_text_ && !event.text.empty()) on_text_(event.text);
}

void CompletionSink::on_finish(const engine::FinishEvent& event) {
    if (on_text_ && !event.text.empty()) on_text_(event.text);
    const std::lock_guard lock(mutex_);
    completion_.text += event.text;
    completion_.finish = event;
    finished_ = true;
    ended_.notify_all();
}

bool CompletionSink::wait_for(std::uint32_t milliseconds) {
    std::unique_lock lock(mutex_);
    return ended_.wait_for(lock, std::chrono::milliseconds(milliseconds), [this] { return finished_; });
}

Completion CompletionSink::take() {
    std::unique_lock lock(mutex_);
    ended_.wait(lock, [this] { return finished_; });
    return std::move(completion_);
}

Result<Completion> complete(engine::GenerationService& service, const engine::GenerationRequest& request,
                            std::uint32_t copies) {
    std::vector<std::shared_ptr<CompletionSink>> sinks;
    std::vector<engine::RequestId> ids;
    std::optional<Error> error;
    for (std::uint32_t i = 0; i < copies && !error; ++i) {
        auto sink = std::make_shared<CompletionSink>();
        if (const auto id = service.submit(request, sink)) {
            sinks.push_back(std::move(sink));
            ids.push_back(*id);
        } else {
            error = id.error();
        }
    }
    if (error) {
        for (const engine::RequestId id : ids) service.cancel(id);
    }
    std::vector<Completion> all;
    for (const auto& sink : sinks) all.push_back(sink->take());
    if (error) return std::unexpected(*error);
    for (std::size_t i = 0; i < all.size(); ++i) {
        if (all[i].finish.error) return std::unexpected(*all[i].finish.error);
        if (all[i].tokens != all[0].tokens || all[i].finish.logits_sha256 != all[0].finish.logits_sha256) {
            return fail(ErrorCode::internal,
                        "copy " + std::to_string(i + 1) + " of the request got another answer than copy 1");
        }
    }
    return std::move(all.front());
}

} // namespace assay::node
