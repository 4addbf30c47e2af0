#pragma once
/// A model whose logits follow from what it reads back through the pages, a tokenizer of bytes, and a sink that waits.
/// A wrong page, position or past gives other logits. For tests only.
#include "engine/service.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <bit>
#include <condition_variable>
#include <limits>
#include <mutex>
#include <string>
#include <vector>

namespace assay::engine::testing_service {

constexpr TokenId kEnd = 256;
constexpr TokenId kPoison = 257; ///< logits after it are not finite
constexpr std::uint32_t kVocabulary = 300;

inline std::uint64_t mix(std::uint64_t hash, std::uint64_t value) {
    hash = (hash ^ value) * 0x9E3779B97F4A7C15;
    return hash ^ hash >> 31;
}

class PageModel final : public Model {
public:
    /// `memory`: logits depend on so many of the last tokens; few make texts that repeat themselves.
    explicit PageModel(std::uint32_t memory = UINT32_MAX, std::uint32_t context_max = 512) : memory_(memory) {
        config_.layers = config_.kv_heads = config_.heads = 1;
        config_.embedding = config_.head_size = 16;
        config_.vocabulary = kVocabulary;
        config_.context_max = context_max;
    }

    const formats::ModelConfig& config() const override { return config_; }
    std::string_view isa() const override { return "test"; }
    std::uint32_t threads() const override { return 1; }
    const kernels::KernelSet& kernels() const override { return **kernels::select_kernels(""); }
    std::uint64_t weight_bytes() const override { return 1; }

    void forward(std::span<const SequenceStep> steps, const KvPages& cache, std::span<float> logits,
                 AsideJobs aside) const override {
        for (const auto& job : aside) job();
        ++passes;
        std::size_t batch_rows = 0;
        float* row = logits.data();
        for (const SequenceStep& step : steps) {
            const std::size_t end = step.past + step.tokens.size();
            EXPECT_GE(step.pages.size() * KvPages::kPositions, end);
            EXPECT_LE(end, config_.context_max);
            for (std::size_t i = 0; i < step.tokens.size(); ++i)
                write(cache, step.pages, step.past + i, step.tokens[i]);
            for (std::size_t length = end - step.logits_rows + 1; length <= end; ++length, row += kVocabulary) {
                fill(cache, step.pages, length, {row, kVocabulary});
            }
            batch_rows += step.tokens.size();
        }
        EXPECT_LE(row, logits.data() + logits.size());
        rows_max = std::max<std::size_t>(rows_max, batch_rows);
        rows += batch_rows;
        sequences_max = std::max<std::size_t>(sequences_max, steps.size());
    }

    Result<void> evaluate(std::span<const TokenId>, std::uint32_t,
                          const std::function<void(std::size_t, std::span<const float>)>&) const override {
        return fail(ErrorCode::unsupported, "only passes");
    }
    Result<std::vector<float>> embed(std::span<const TokenId>) const override {
        return fail(ErrorCode::unsupported, "only passes");
    }

    /// What the logits after `tokens` must be.
    void expected(std::span<const TokenId> tokens, std::span<float> row) const {
        std::uint64_t hash = 1;
        for (std::size_t i = first(tokens.size()); i < tokens.size(); ++i)
            hash = mix(hash, static_cast<std::uint64_t>(tokens[i]));
        spread(hash, tokens.back(), row);
    }

    mutable std::atomic<std::size_t> passes{0}, rows{0}, rows_max{0}, sequences_max{0};

private:
    std::size_t first(std::size_t length) const { return length > memory_ ? length - memory_ : 0; }

    static void write(const KvPages& cache, std::span<const PageId> pages, std::size_t position, TokenId token) {
        const PageId page = pages[position / KvPages::kPositions];
        cache.keys(page, 0, 0)[position % KvPages::kPositions] = static_cast<std::uint16_t>(token);
        cache.values(page, 0, 0)[position % KvPages::kPositions] = static_cast<std::uint16_t>(position);
    }

    void fill(const KvPages& cache, std::span<const PageId> pages, std::size_t length, std::span<float> row) const {
        std::uint64_t hash = 1;
        TokenId last = 0;
        for (std::size_t position = 0; position < length; ++position) {
            const PageId page = pages[position / KvPages::kPositions];
            last = cache.keys(page, 0, 0)[position % KvPages::kPositions];
            EXPECT_EQ(cache.values(page, 0, 0)[position % KvPages::kPositions], position);
            if (position >= first(length)) hash = mix(hash, static_cast<std::uint64_t>(last));
        }
        spread(hash, last, row);
    }

    static void spread(std::uint64_t hash, TokenId last, std::span<float> row) {
        for (std::size_t i = 0; i < row.size(); ++i) {
            const std::uint64_t bits = mix(hash, i + 1000);
            row[i] = static_cast<float>(static_cast<std::int64_t>(bits % 4096) - 2048) / 256.0f;
            if (i >= 256) row[i] -= 6.0f; // ends are rare
        }
        if (last == kPoison) row[7] = std::numeric_limits<float>::quiet_NaN();
    }

    const std::uint32_t memory_;
    formats::ModelConfig config_;
};

/// Ids 0 to 255 are bytes, the rest is special.
class ByteTokenizer final : public tokenizer::Tokenizer {
public:
    ByteTokenizer() {
        for (int i = 0; i < 256; ++i) bytes_.emplace_back(1, static_cast<char>(i));
    }
    std::vector<TokenId> encode(std::string_view text, bool, bool) const override {
        std::vector<TokenId> ids;
        for (const char c : text) ids.push_back(static_cast<unsigned char>(c));
        return ids;
    }
    std::string decode(std::span<const TokenId> ids, bool) const override {
        std::string text;
        for (const TokenId id : ids) text += token_bytes(id);
        return text;
    }
    std::string_view token_bytes(TokenId id) const override {
        return id < 256 ? std::string_view(bytes_[id]) : std::string_view();
    }
    std::string_view token_text(TokenId id) const override { return id < 256 ? token_bytes(id) : "<special>"; }
    bool is_special(TokenId id) const override { return id >= 256; }
    std::size_t vocabulary_size() const override { return 290; }
    std::optional<TokenId> find(std::string_view) const override { return std::nullopt; }
    std::optional<TokenId> bos() const override { return std::nullopt; }
    std::span<const TokenId> end_ids() const override { return ends_; }

private:
    std::vector<std::string> bytes_;
    std::vector<TokenId> ends_ = {kEnd};
};

/// Collects a request's events; checks their order.
class Collector final : public GenerationSink {
public:
    explicit Collector(std::function<void(std::size_t tokens)> on_each = {}) : on_each_(std::move(on_each)) {}

    void on_token(const TokenEvent& event) override {
        std::unique_lock lock(mutex_);
        EXPECT_FALSE(finish_.has_value());
        events_.push_back(event);
        const std::size_t count = events_.size();
        lock.unlock();
        if (on_each_) on_each_(count);
    }
    void on_finish(const FinishEvent& event) override {
        {
            const std::lock_guard lock(mutex_);
            EXPECT_FALSE(finish_.has_value());
            finish_ = event;
        }
        changed_.notify_all();
    }

    const FinishEvent& finish() {
        std::unique_lock lock(mutex_);
        const bool over = changed_.wait_for(lock, std::chrono::seconds(60), [this] { return finish_.has_value(); });
        if (!over) ADD_FAILURE() << "the request does not end";
        if (!over) std::abort();
        return *finish_;
    }
    bool finished() {
        const std::lock_guard lock(mutex_);
        return finish_.has_value();
    }
    /// After finish().
    const std::vector<TokenEvent>& events() { return finish(), events_; }
    std::vector<TokenId> ids() {
        std::vector<TokenId> result;
        for (const auto& event : events()) result.push_back(event.id);
        return result;
    }
    std::string text() {
        std::string result;
        for (const auto& event : events()) result += event.text;
        return result + finish().text;
    }

private:
    const std::function<void(std::size_t)> on_each_;
    std::mutex mutex_;
    std::condition_variable changed_;
    std::vector<TokenEvent> events_;
    std::optional<FinishEvent> finish_;
};

/// Everything about an answer that must not depend on how it was computed.
struct Answer {
    std::vector<TokenId> ids;
    std::string text;
    std::vector<std::string> texts;
    std::vector<double> logprobs;
    std::string hash;
    FinishReason reason = FinishReason::stop;
    bool operator==(const Answer&) const = default;
};

inline Answer answer_of(Collector& sink) {
    Answer answer;
    answer.ids = sink.ids();
    answer.text = sink.text();
    for (const auto& event : sink.events()) {
        answer.texts.push_back(event.text);
        if (event.chosen) answer.logprobs.push_back(event.chosen->logprob);
        for (const auto& top : event.top) answer.logprobs.insert(answer.logprobs.end(), {double(top.id), top.logprob});
    }
    for (const auto& prompt : sink.finish().prompt_logprobs) answer.logprobs.push_back(prompt.logprob);
    answer.hash = sink.finish().logits_sha256;
    answer.reason = sink.finish().reason;
    return answer;
}

inline std::unique_ptr<GenerationService> start(std::shared_ptr<const PageModel> model, ServiceOptions options = {}) {
    auto service = make_service(std::move(model), std::make_shared<ByteTokenizer>(), options);
    if (!service) ADD_FAILURE() << service.error().message;
    return std::move(*service);
}

inline GenerationRequest greedy(std::vector<TokenId> prompt, std::uint32_t tokens_max) {
    GenerationRequest request;
    request.prompt = std::move(prompt);
    request.tokens_max = tokens_max;
    request.sampling.temperature = 0;
    return request;
}

} // namespace assay::engine::testing_service
