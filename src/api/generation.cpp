#include "api/generation.h"

namespace assay::api {

/// Copies events to the connection's executor: the engine's thread does no more than that.
class Generation::Sink final : public GenerationSink {
public:
    Sink(std::shared_ptr<Generation> generation, std::size_t choice)
        : generation_(std::move(generation)), choice_(choice) {}

    void on_token(const TokenEvent& event) override {
        generation_->responder_->post(
            [generation = generation_, choice = choice_, event] { generation->token(choice, event); });
    }
    void on_finish(const FinishEvent& event) override {
        generation_->responder_->post(
            [generation = generation_, choice = choice_, event] { generation->finish(choice, event); });
    }

private:
    std::shared_ptr<Generation> generation_;
    std::size_t choice_;
};

void Generation::start(ApiContext& context, std::string model, std::vector<GenerationRequest> requests,
                       std::size_t choices_per_prompt, std::unique_ptr<AnswerWriter> writer,
                       const ResponderPtr& responder, std::chrono::steady_clock::time_point arrived) {
    auto generation = std::make_shared<Generation>();
    generation->engine_ = context.engine;
    generation->metrics_ = context.metrics;
    generation->model_ = std::move(model);
    generation->responder_ = responder;
    generation->writer_ = std::move(writer);
    generation->arrived_ = arrived;
    generation->choices_.resize(requests.size());
    generation->choices_per_prompt_ = choices_per_prompt;
    generation->unfinished_ = requests.size();
    responder->on_gone([generation] { generation->cancel(); });
    responder->post(
        [generation, requests = std::move(requests)]() mutable { generation->submit(std::move(requests)); });
}

void Generation::submit(std::vector<GenerationRequest> requests) {
    const auto engine = engine_.lock();
    if (over_ || !engine) return;
    for (std::size_t i = 0; i < requests.size(); ++i) {
        auto id = engine->submit(model_, std::move(requests[i]), std::make_shared<Sink>(shared_from_this(), i));
        if (!id) return fail(from_engine(id.error(), ""));
        choices_[i].id = *id;
    }
    writer_->begin(*responder_); // events wait behind this call on the executor
}

void Generation::token(std::size_t choice, const TokenEvent& event) {
    if (over_) return;
    const auto now = std::chrono::steady_clock::now();
    auto& last = choices_[choice].last_token;
    auto& histogram = last ? metrics_->token_interval : metrics_->time_to_first_token;
    histogram.observe(std::chrono::duration<double>(now - last.value_or(arrived_)).count());
    last = now;
    writer_->token(*responder_, choice, event);
}

void Generation::finish(std::size_t choice, const FinishEvent& event) {
    choices_[choice].finished = true;
    if (over_) return;
    if (event.reason == FinishReason::error)
        return fail(from_engine(event.error.value_or(Error{ErrorCode::internal, "generation failed"}), ""));
    if (event.reason == FinishReason::cancelled) return fail(draining()); // not by us: the engine is stopping
    usage_.generated += event.generated_tokens;
    usage_.drafted += event.drafted_tokens;
    usage_.accepted += event.accepted_tokens;
    if (choice % choices_per_prompt_ == 0) {
        usage_.prompt += event.prompt_tokens;
        usage_.cached += event.cached_tokens;
    }
    writer_->choice_finished(*responder_, choice, event);
    if (--unfinished_ > 0) return;
    over_ = true;
    writer_->finished(*responder_, usage_);
}

void Generation::fail(const ApiError& error) {
    cancel();
    writer_->failed(*responder_, error);
}

void Generation::cancel() {
    over_ = true;
    const auto engine = engine_.lock();
    if (!engine) return;
    for (const auto& choice : choices_)
        if (choice.id && !choice.finished) engine->cancel(model_, *choice.id);
}

} // namespace assay::api
