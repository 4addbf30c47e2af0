#include "node/bench.h"

#include <algorithm>
#include <chrono>
#include <numeric>

namespace assay::node {
namespace {

using Clock = std::chrono::steady_clock;
using engine::TokenId;

double seconds_since(Clock::time_point begun) { return std::chrono::duration<double>(Clock::now() - begun).count(); }

/// Sequences with their pages and the last row of logits of each.
class Sequences {
public:
    static Result<Sequences> create(const engine::Model& model, std::uint32_t count, std::uint32_t length) {
        Sequences made(model);
        const std::uint32_t pages = engine::KvPages::pages_for(length);
        made.cache_ = TRY(engine::KvPages::create(model.config(), pages * count));
        made.pages_.resize(std::size_t{pages} * count);
        std::iota(made.pages_.begin(), made.pages_.end(), engine::PageId{0});
        made.pages_each_ = pages;
        made.past_.assign(count, 0);
        made.next_.assign(count, 0);
        made.logits_.resize(std::size_t{count} * model.config().vocabulary);
        return made;
    }

    /// Ids that differ from sequence to sequence, the same in every run.
    static std::vector<TokenId> prompt(const engine::Model& model, std::uint32_t sequence, std::uint32_t length) {
        std::vector<TokenId> ids(length);
        std::uint64_t state = 0x9e3779b97f4a7c15ull * (sequence + 1);
        for (TokenId& id : ids) {
            state = state * 6364136223846793005ull + 1442695040888963407ull;
            id = static_cast<TokenId>((state >> 33) % model.config().vocabulary);
        }
        return ids;
    }

    Result<void> prefill(std::uint32_t sequence, std::span<const TokenId> ids, std::uint32_t chunk) {
        for (std::size_t at = 0; at < ids.size(); at += chunk) {
            const auto part = ids.subspan(at, std::min<std::size_t>(chunk, ids.size() - at));
            const bool last = at + part.size() == ids.size();
            const engine::SequenceStep step{part, past_[sequence], pages_of(sequence), last ? 1U : 0U};
            model_->forward({&step, 1}, *cache_, std::span(logits_).first(model_->config().vocabulary), {});
            past_[sequence] += static_cast<std::uint32_t>(part.size());
        }
        next_[sequence] = TRY(best(0));
        return {};
    }

    /// One token for every sequence.
    Result<void> decode() {
        std::vector<engine::SequenceStep> steps;
        for (std::uint32_t i = 0; i < past_.size(); ++i)
            steps.push_back({std::span(&next_[i], 1), past_[i], pages_of(i), 1});
        model_->forward(steps, *cache_, logits_, {});
        for (std::uint32_t i = 0; i < past_.size(); ++i) {
            next_[i] = TRY(best(i));
            ++past_[i];
        }
        return {};
    }

private:
    explicit Sequences(const engine::Model& model) : model_(&model) {}

    std::span<const engine::PageId> pages_of(std::uint32_t sequence) const {
        return std::span(pages_).subspan(std::size_t{sequence} * pages_each_, pages_each_);
    }

    Result<TokenId> best(std::uint32_t row) const {
        const std::size_t vocabulary = model_->config().vocabulary;
        const float* logits = logits_.data() + row * vocabulary;
        float maximum = 0;
        if (!model_->kernels().row_maximum(logits, vocabulary, &maximum))
            return fail(ErrorCode::internal, "a logit is not finite");
        return static_cast<TokenId>(std::find(logits, logits + vocabulary, maximum) - logits);
    }

    const engine::Model* model_;
    std::unique_ptr<engine::KvPages> cache_;
    std::vector<engine::PageId> pages_;
    std::uint32_t pages_each_ = 0;
    std::vector<std::uint32_t> past_;
    std::vector<TokenId> next_;
    std::vector<float> logits_;
};

Result<void> check(const engine::Model& model, const BenchOptions& options) {
    if (options.prompt == 0 && options.generate == 0)
        return fail(ErrorCode::invalid_argument, "nothing to measure: prompt and generate are 0");
    if (options.batch == 0 || options.chunk == 0 || options.repeat == 0)
        return fail(ErrorCode::invalid_argument, "batch, chunk and repeat must not be 0");
    if (model.config().architecture == formats::Architecture::bert)
        return fail(ErrorCode::unsupported, "an embedding model does not generate");
    const std::uint64_t length = std::uint64_t{options.prompt} + options.generate + 1;
    if (length > model.config().context_max) {
        return fail(ErrorCode::invalid_argument, std::to_string(length - 1) +
                                                     " tokens are more than the model's context of " +
                                                     std::to_string(model.config().context_max));
    }
    return {};
}

/// Counts steps for the progress bar.
struct Steps {
    const std::function<void(std::uint64_t, std::uint64_t)>& report;
    std::uint64_t done = 0, all = 0;
    void operator()() {
        if (report) report(++done, all);
    }
};

Result<void> measure_once(const engine::Model& model, const BenchOptions& options, Steps& step, BenchResult& best) {
    const std::uint32_t length = options.prompt + options.generate + 1;
    auto sequences = TRY(Sequences::create(model, options.batch, length));
    if (options.prompt > 0) {
        std::vector<std::vector<TokenId>> prompts;
        for (std::uint32_t i = 0; i < options.batch; ++i)
            prompts.push_back(Sequences::prompt(model, i, options.prompt));
        const auto begun = Clock::now();
        for (std::uint32_t i = 0; i < options.batch; ++i) {
            TRY_VOID(sequences.prefill(i, prompts[i], options.chunk));
            if (i == 0) best.first_token_ms = std::min(best.first_token_ms, seconds_since(begun) * 1e3);
            step();
        }
        best.prefill_tok_s =
            std::max(best.prefill_tok_s, double(options.batch) * options.prompt / seconds_since(begun));
    }
    if (options.generate > 0) {
        if (!options.after_prompt) sequences = TRY(Sequences::create(model, options.batch, length));
        const auto begun = Clock::now();
        for (std::uint32_t i = 0; i < options.generate; ++i) {
            TRY_VOID(sequences.decode());
            step();
        }
        best.decode_tok_s =
            std::max(best.decode_tok_s, double(options.batch) * options.generate / seconds_since(begun));
    }
    return {};
}

} // namespace

Result<BenchResult> run_bench(const engine::Model& model, const BenchOptions& options,
                              const std::function<void(std::uint64_t, std::uint64_t)>& progress) {
    TRY_VOID(check(model, options));
    Steps step{progress};
    step.all = std::uint64_t{options.repeat} * ((options.prompt > 0 ? options.batch : 0) + options.generate) + 1;
    BenchResult warm;
    BenchOptions warm_up = options;
    warm_up.prompt = std::min(options.prompt, 32U);
    warm_up.generate = std::min(options.generate, 4U);
    const std::function<void(std::uint64_t, std::uint64_t)> nobody;
    Steps silent{nobody};
    TRY_VOID(measure_once(model, warm_up, silent, warm));
    step();
    BenchResult best;
    best.first_token_ms = 1e300;
    for (std::uint32_t i = 0; i < options.repeat; ++i) TRY_VOID(measure_once(model, options, step, best));
    if (options.prompt == 0) best.first_token_ms = 0;
    return best;
}

} // namespace assay::node
