#pragma once
/// Runs the engine requests of one HTTP request (its choices) and hands their events, in order, to one answer.
/// A Generation lives as long as the engine holds its sinks. Everything but the sinks runs on the connection's executor,
/// so answers need no locks.
#include "api/endpoints.h"

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace assay::api {

struct TokenUsage {
    std::uint64_t prompt = 0, cached = 0, generated = 0, drafted = 0, accepted = 0;
};

/// Turns events into a response. Called on the connection's executor.
class AnswerWriter {
public:
    virtual ~AnswerWriter() = default;
    virtual void begin(Responder& responder) = 0;
    virtual void token(Responder& responder, std::size_t choice, const TokenEvent& event) = 0;
    virtual void choice_finished(Responder& responder, std::size_t choice, const FinishEvent& event) = 0;
    virtual void finished(Responder& responder, const TokenUsage& usage) = 0;
    /// Something broke: before begin() nothing has been sent.
    virtual void failed(Responder& responder, const ApiError& error) = 0;
};

class Generation : public std::enable_shared_from_this<Generation> {
public:
    /// `requests` in choice order; `choices_per_prompt` says which share a prompt (counted once in the usage).
    static void start(ApiContext& context, std::string model, std::vector<GenerationRequest> requests,
                      std::size_t choices_per_prompt, std::unique_ptr<AnswerWriter> writer,
                      const ResponderPtr& responder, std::chrono::steady_clock::time_point arrived);

private:
    struct Choice {
        std::optional<RequestId> id;
        bool finished = false;
        std::optional<std::chrono::steady_clock::time_point> last_token;
    };
    class Sink;

    void submit(std::vector<GenerationRequest> requests);
    void token(std::size_t choice, const TokenEvent& event);
    void finish(std::size_t choice, const FinishEvent& event);
    void fail(const ApiError& error);
    void cancel();

    std::weak_ptr<ChatEngine> engine_;
    std::shared_ptr<Metrics> metrics_;
    std::string model_;
    ResponderPtr responder_;
    std::unique_ptr<AnswerWriter> writer_;
    std::chrono::steady_clock::time_point arrived_;
    std::vector<Choice> choices_;
    std::size_t choices_per_prompt_ = 1, unfinished_ = 0;
    TokenUsage usage_;
    bool over_ = false;
};

} // namespace assay::api
