// Continuous batching. The story of a step: take requests, admit, plan, forward, sample and emit, retire.
#include "engine/service.h"

#include "base/assert.h"
#include "codec/utf8.h"
#include "engine/generation.h"
#include "engine/scheduler.h"
#include "engine/workspace.h"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>

#include <unistd.h>

namespace assay::engine {
namespace {

constexpr std::uint32_t kDefaultTokens = 2048; ///< of a sequence, for the size of the cache
constexpr std::size_t kStopsMax = 64;
constexpr std::size_t kStopBytesMax = 4096;

struct Counters {
    std::atomic<std::uint64_t> requests{0}, generated{0}, prompt{0}, cached{0}, drafted{0}, accepted{0};
    std::atomic<std::uint32_t> running{0};
    std::atomic<std::uint32_t> pages_used{0};
};

class Service final : public GenerationService {
public:
    Service(std::shared_ptr<const Model> model, std::shared_ptr<const tokenizer::Tokenizer> tokenizer,
            std::unique_ptr<KvPages> pages, const ServiceOptions& options)
        : model_(std::move(model)), tokenizer_(std::move(tokenizer)), pages_(std::move(pages)), options_(options),
          scheduler_({pages_->count(), options.batch_max, options.prefill_chunk, options.context_max,
                      options.prefix_cache, options.speculation}),
          tools_{model_->kernels(), *tokenizer_, model_->config().vocabulary, options.context_max},
          thread_([this] { run(); }) {}

    ~Service() override {
        {
            const std::lock_guard lock(mutex_);
            stopping_ = true;
        }
        work_.notify_all();
        thread_.join();
    }

    Result<RequestId> submit(GenerationRequest request, std::shared_ptr<GenerationSink> sink) override;
    void cancel(RequestId id) override;
    ServiceStatistics statistics() const override;
    void drain(std::uint32_t timeout_ms) override;

private:
    struct Ending {
        RequestId id;
        FinishEvent event;
    };

    Result<void> check(const GenerationRequest& request) const;
    Result<void> check_prompt(const GenerationRequest& request) const;

    void run();
    bool take_requests();
    void step();
    std::span<const float> forward(std::span<const StepPart> parts);
    void consume(const StepPart& part, std::span<const float> logits);
    bool consume_row(Sequence& sequence, std::span<const float> row);
    void end(Sequence& sequence, FinishEvent event);
    void retire();
    void deliver(std::unique_ptr<Sequence> sequence, const FinishEvent& event);
    void cancel_all();

    const std::shared_ptr<const Model> model_;
    const std::shared_ptr<const tokenizer::Tokenizer> tokenizer_;
    const std::unique_ptr<KvPages> pages_;
    const ServiceOptions options_;

    // Shared with callers.
    mutable std::mutex mutex_;
    std::condition_variable work_; ///< something arrived for the engine's thread
    std::condition_variable idle_; ///< the last request is over
    std::vector<std::unique_ptr<Sequence>> arrived_;
    std::vector<RequestId> cancelled_;
    RequestId last_id_ = 0;
    std::uint32_t outstanding_ = 0; ///< accepted and not over
    std::uint32_t delivering_ = 0;  ///< over, but the sink is still being told
    bool draining_ = false;
    bool stopping_ = false;
    Counters counters_;

    // The engine thread's own.
    Scheduler scheduler_;
    std::vector<RequestId> to_cancel_;
    std::vector<SequenceStep> steps_;
    FloatBuffer logits_[2]; ///< rows of the last step are hashed while the next one is computed
    std::size_t buffer_ = 0;
    std::vector<Ending> endings_;
    GenerationTools tools_;
    std::thread thread_; ///< last: it uses everything above
};

// What callers do.

Result<RequestId> Service::submit(GenerationRequest request, std::shared_ptr<GenerationSink> sink) {
    ASSAY_ASSERT(sink != nullptr);
    TRY_VOID(check(request));
    auto sequence = std::make_unique<Sequence>(std::move(request), std::move(sink), model_->kernels(), *tokenizer_);
    const std::uint32_t prompt_size = sequence->prompt_size;
    RequestId id = 0;
    {
        const std::lock_guard lock(mutex_);
        if (draining_ || stopping_) return fail(ErrorCode::cancelled, "the service is shutting down");
        if (outstanding_ >= options_.batch_max + options_.queue_max) {
            return fail(ErrorCode::resource_exhausted,
                        "the queue is full: " + std::to_string(outstanding_) + " requests");
        }
        id = sequence->id = ++last_id_;
        sequence->submitted_at = Clock::now();
        arrived_.push_back(std::move(sequence));
        ++outstanding_;
    }
    work_.notify_one();
    counters_.requests.fetch_add(1, std::memory_order_relaxed);
    counters_.prompt.fetch_add(prompt_size, std::memory_order_relaxed);
    return id;
}

Result<void> Service::check(const GenerationRequest& request) const {
    TRY_VOID(check_prompt(request));
    TRY_VOID(check_sampling(request.sampling, model_->config().vocabulary));
    if (request.stop.size() > kStopsMax) {
        return fail(ErrorCode::invalid_argument, "more than " + std::to_string(kStopsMax) + " stop texts");
    }
    for (const std::string& stop : request.stop) {
        if (stop.empty()) return fail(ErrorCode::invalid_argument, "a stop text is empty");
        if (stop.size() > kStopBytesMax || !codec::is_valid_utf8(stop)) {
            return fail(ErrorCode::invalid_argument,
                        "a stop text is not UTF-8 of at most " + std::to_string(kStopBytesMax) + " bytes");
        }
    }
    return {};
}

Result<void> Service::check_prompt(const GenerationRequest& request) const {
    const std::uint32_t vocabulary = model_->config().vocabulary;
    if (request.prompt.empty()) return fail(ErrorCode::invalid_argument, "the prompt is empty");
    if (request.prompt.size() >= options_.context_max) {
        return fail(ErrorCode::invalid_argument, "the prompt has " + std::to_string(request.prompt.size()) +
                                                     " tokens; the context of " + std::to_string(options_.context_max) +
                                                     " leaves no room for an answer");
    }
    for (const TokenId id : request.prompt) {
        if (id < 0 || static_cast<std::uint32_t>(id) >= vocabulary) {
            return fail(ErrorCode::invalid_argument, "prompt token " + std::to_string(id) +
                                                         " is outside the vocabulary of " + std::to_string(vocabulary));
        }
    }
    if (request.tokens_max == 0) return fail(ErrorCode::invalid_argument, "tokens_max is 0");
    // The last token of an answer is never computed.
    const std::uint64_t positions =
        std::min<std::uint64_t>(request.prompt.size() + request.tokens_max, options_.context_max) - 1;
    if (KvPages::pages_for(positions) > pages_->count()) {
        return fail(ErrorCode::invalid_argument,
                    "prompt and answer of " + std::to_string(positions) +
                        " tokens do not fit in the key-value cache of " +
                        std::to_string(std::uint64_t{pages_->count()} * KvPages::kPositions));
    }
    return {};
}

void Service::cancel(RequestId id) {
    {
        const std::lock_guard lock(mutex_);
        if (id == 0 || id > last_id_ || outstanding_ == 0) return;
        cancelled_.push_back(id);
    }
    work_.notify_one();
}

ServiceStatistics Service::statistics() const {
    ServiceStatistics result;
    result.requests_total = counters_.requests;
    result.tokens_generated_total = counters_.generated;
    result.prompt_tokens_total = counters_.prompt;
    result.cached_tokens_total = counters_.cached;
    result.drafted_tokens_total = counters_.drafted;
    result.accepted_tokens_total = counters_.accepted;
    result.kv_pages_used = counters_.pages_used;
    result.kv_pages_all = pages_->count();
    const std::lock_guard lock(mutex_);
    result.running = std::min(counters_.running.load(), outstanding_);
    result.waiting = outstanding_ - result.running;
    return result;
}

void Service::drain(std::uint32_t timeout_ms) {
    std::unique_lock lock(mutex_);
    draining_ = true;
    idle_.wait_for(lock, std::chrono::milliseconds(timeout_ms),
                   [this] { return outstanding_ == 0 && delivering_ == 0; });
}

// What the engine's thread does.

void Service::run() {
    while (take_requests()) step();
    cancel_all();
}

/// Waits for something to do; false when the service ends.
bool Service::take_requests() {
    std::unique_lock lock(mutex_);
    work_.wait(lock, [this] { return stopping_ || !scheduler_.empty() || !arrived_.empty() || !cancelled_.empty(); });
    for (auto& sequence : arrived_) scheduler_.enqueue(std::move(sequence));
    arrived_.clear();
    std::swap(to_cancel_, cancelled_);
    return !stopping_;
}

void Service::step() {
    for (const RequestId id : to_cancel_) {
        if (auto sequence = scheduler_.remove(id)) {
            const auto event = finish_event(*sequence, FinishReason::cancelled, {}, tools_.hasher);
            deliver(std::move(sequence), event);
        }
    }
    to_cancel_.clear();
    scheduler_.admit();
    const auto parts = scheduler_.plan();
    counters_.running = scheduler_.running();
    counters_.pages_used = scheduler_.pages_used();
    ASSAY_ASSERT(!parts.empty() || scheduler_.empty());
    if (parts.empty()) return;

    std::span<const float> logits = forward(parts);
    tools_.hasher.forget(); // the rows of the step before: the pass has hashed them, their buffer is the next one's
    for (const StepPart& part : parts) {
        const std::size_t size = std::size_t{part.logits_rows} * tools_.vocabulary;
        consume(part, logits.first(size));
        logits = logits.subspan(size);
    }
    if (!tools_.hasher.empty()) buffer_ ^= 1;
    retire();
}

std::span<const float> Service::forward(std::span<const StepPart> parts) {
    steps_.clear();
    std::size_t rows = 0;
    for (const StepPart& part : parts) {
        const Sequence& sequence = *part.sequence;
        const auto tokens = std::span(sequence.tokens).subspan(sequence.past, part.rows);
        steps_.push_back({tokens, sequence.past, sequence.pages, part.logits_rows});
        rows += part.logits_rows;
    }
    const std::size_t size = rows * tools_.vocabulary;
    const std::span<float> logits(logits_[buffer_].reserve(size), size);
    model_->forward(steps_, *pages_, logits, tools_.hasher.jobs());
    return logits;
}

/// Logits of one sequence's part of a step: takes the tokens they choose, as far as the guesses were right.
void Service::consume(const StepPart& part, std::span<const float> logits) {
    Sequence& sequence = *part.sequence;
    const std::vector<TokenId> guesses(sequence.tokens.end() - part.drafted, sequence.tokens.end());
    sequence.tokens.resize(sequence.tokens.size() - part.drafted);
    const std::uint32_t first_row = sequence.past + part.rows - part.logits_rows;
    const auto row = [&](std::uint32_t index) {
        return logits.subspan(std::size_t{index} * tools_.vocabulary, tools_.vocabulary);
    };
    for (std::uint32_t i = 0; i < part.logits_rows && sequence.wants_prompt_logprobs(); ++i) {
        if (auto noted = note_prompt_logprob(sequence, first_row + i, row(i), tools_); !noted) {
            return end(sequence, finish_event(sequence, FinishReason::error, std::move(noted.error()), tools_.hasher));
        }
    }
    scheduler_.advance(sequence, part.rows - part.drafted);
    if (sequence.pending() != 0) return;

    std::uint32_t accepted = 0;
    sequence.drafted_tokens += part.drafted;
    for (std::uint32_t i = part.logits_rows - 1 - part.drafted; consume_row(sequence, row(i)); ++i) {
        if (accepted == part.drafted || sequence.tokens.back() != guesses[accepted]) break;
        scheduler_.advance(sequence, 1);
        ++accepted;
        ++sequence.accepted_tokens;
    }
    if (part.drafted == 0) return;
    sequence.drafts.learn(part.drafted, accepted);
    counters_.drafted += part.drafted;
    counters_.accepted += accepted;
}

/// One more token; false when it was the last.
bool Service::consume_row(Sequence& sequence, std::span<const float> row) {
    const std::uint32_t generated = sequence.generated();
    if (generated == 0) counters_.cached += sequence.cached_tokens;
    auto ending = generate_token(sequence, row, tools_);
    counters_.generated += sequence.generated() - generated;
    if (ending) end(sequence, std::move(*ending));
    return !sequence.finished;
}

void Service::end(Sequence& sequence, FinishEvent event) {
    sequence.finished = true;
    endings_.push_back({sequence.id, std::move(event)});
}

void Service::retire() {
    for (const Ending& ending : endings_) deliver(scheduler_.remove(ending.id), ending.event);
    endings_.clear();
}

/// The slot is free before the sink hears of it: whoever waits for the end may submit at once.
void Service::deliver(std::unique_ptr<Sequence> sequence, const FinishEvent& event) {
    counters_.running = scheduler_.running();
    counters_.pages_used = scheduler_.pages_used();
    {
        const std::lock_guard lock(mutex_);
        --outstanding_;
        ++delivering_;
    }
    sequence->sink->on_finish(event);
    sequence.reset();
    {
        const std::lock_guard lock(mutex_);
        --delivering_;
    }
    idle_.notify_all();
}

void Service::cancel_all() {
    while (auto sequence = scheduler_.remove_any()) {
        const auto event = finish_event(*sequence, FinishReason::cancelled, {}, tools_.hasher);
        deliver(std::move(sequence), event);
    }
}

// Creation.

/// Pages for the cache: what the options say, or enough for a full batch of ordinary sequences and one of the longest,
/// in at most a quarter of memory.
std::uint64_t page_count(const formats::ModelConfig& config, const ServiceOptions& options) {
    const std::uint64_t page_bytes = KvPages::page_bytes(config);
    if (options.kv_bytes_max != 0) return options.kv_bytes_max / page_bytes;
    const std::uint64_t tokens =
        std::max<std::uint64_t>(std::uint64_t{options.batch_max} * kDefaultTokens, options.context_max);
    const auto memory =
        static_cast<std::uint64_t>(sysconf(_SC_PHYS_PAGES)) * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
    return std::min<std::uint64_t>(KvPages::pages_for(tokens), memory / 4 / page_bytes);
}

} // namespace

Result<std::unique_ptr<GenerationService>> make_service(std::shared_ptr<const Model> model,
                                                        std::shared_ptr<const tokenizer::Tokenizer> tokenizer,
                                                        ServiceOptions options) {
    const formats::ModelConfig& config = model->config();
    if (config.architecture == formats::Architecture::bert) {
        return fail(ErrorCode::unsupported, "a bert model makes embeddings; it does not generate");
    }
    if (options.batch_max == 0) return fail(ErrorCode::invalid_argument, "batch_max is 0");
    if (options.prefill_chunk == 0) return fail(ErrorCode::invalid_argument, "prefill_chunk is 0");
    if (options.context_max == 0) options.context_max = config.context_max;
    if (options.context_max > config.context_max) {
        return fail(ErrorCode::invalid_argument, "context_max " + std::to_string(options.context_max) +
                                                     " is more than the model's " + std::to_string(config.context_max));
    }
    const std::uint64_t count = page_count(config, options);
    if (count == 0 || count > UINT32_MAX) {
        return fail(ErrorCode::invalid_argument, "the key-value cache would have " + std::to_string(count) +
                                                     " pages of " + std::to_string(KvPages::page_bytes(config)) +
                                                     " bytes");
    }
    auto pages = TRY(KvPages::create(config, static_cast<std::uint32_t>(count)));
    return std::make_unique<Service>(std::move(model), std::move(tokenizer), std::move(pages), options);
}

} // namespace assay::engine
