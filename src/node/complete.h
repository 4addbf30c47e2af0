#pragma once
/// Answers from an in-process service, waited for: what `assay complete` and `assay chat` do.
/// Thread-safe. Determinism: as engine/service.h.
#include "engine/service.h"

#include <functional>
#include <memory>
#include <mutex>
#include <condition_variable>
#include <string>
#include <string_view>
#include <vector>

namespace assay::node {

struct Completion {
    std::vector<engine::TokenId> tokens;
    std::string text;
    engine::FinishEvent finish;

    /// Generated tokens a second after the first; 0 when there are too few to tell.
    double decode_tok_s() const;
    double prefill_tok_s() const;
};

/// Collects one request's events; another thread waits for the end.
class CompletionSink final : public engine::GenerationSink {
public:
    /// `on_text` is called on the engine's thread with each piece of text; may be empty.
    explicit CompletionSink(std::function<void(std::string_view)> on_text = {}) : on_text_(std::move(on_text)) {}
    void on_token(const engine::TokenEvent& event) override;
    void on_finish(const engine::FinishEvent& event) override;

    /// True when the request ended within `milliseconds`.
    bool wait_for(std::uint32_t milliseconds);
    /// Waits for the end. Call once.
    Completion take();

private:
    std::function<void(std::string_view)> on_text_;
    std::mutex mutex_;
    std::condition_variable ended_;
    bool finished_ = false;
    Completion completion_;
};

/// Submits `copies` equal requests at once and waits for all; the first one's answer.
/// Errors: as GenerationService::submit; the request's own; internal when the copies differ in any token or logit hash.
Result<Completion> complete(engine::GenerationService& service, const engine::GenerationRequest& request,
                            std::uint32_t copies);

} // namespace assay::node
