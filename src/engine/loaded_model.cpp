// A model in memory: weights, threads, workspace, and the passes over them.
#include "base/assert.h"
#include "engine/forward.h"
#include "engine/model.h"

#include <cmath>
#include <mutex>
#include <numeric>
#include <thread>

namespace assay::engine {
namespace {

std::uint32_t thread_count(std::uint32_t asked) {
    if (asked != 0) return asked;
    return std::max(1U, std::thread::hardware_concurrency());
}

class LoadedModel final : public Model {
public:
    LoadedModel(std::shared_ptr<const formats::ModelFile> file, const kernels::KernelSet& kernels,
                std::unique_ptr<ThreadPool> pool, ModelWeights weights)
        : file_(std::move(file)), kernels_(kernels), pool_(std::move(pool)), weights_(std::move(weights)) {}

    const formats::ModelConfig& config() const override { return weights_.config; }
    std::string_view isa() const override { return kernels_.isa; }
    std::uint32_t threads() const override { return pool_->threads(); }
    const kernels::KernelSet& kernels() const override { return kernels_; }
    std::uint64_t weight_bytes() const override { return weights_.bytes; }

    void forward(std::span<const SequenceStep> steps, const KvPages& cache, std::span<float> logits,
                 AsideJobs aside) const override {
        ASSAY_ASSERT(weights_.causal());
        std::size_t rows = 0;
        for (const SequenceStep& step : steps) rows += step.logits_rows;
        ASSAY_ASSERT(logits.size() >= rows * config().vocabulary);
        run(steps, cache, logits.data(), nullptr, aside);
    }

    Result<void> evaluate(std::span<const TokenId> tokens, std::uint32_t chunk,
                          const std::function<void(std::size_t, std::span<const float>)>& sink) const override;
    Result<std::vector<float>> embed(std::span<const TokenId> tokens) const override;

private:
    static constexpr std::uint32_t kEvaluateRows = 128;

    /// A model of thousands of requests a second shares one set of threads: passes take turns.
    void run(std::span<const SequenceStep> steps, const KvPages& cache, float* logits, float* hidden,
             AsideJobs aside) const {
        const std::lock_guard lock(mutex_);
        ForwardPass pass(weights_, kernels_, workspace_, pool_->threads(), steps, cache, logits, hidden, aside);
        pool_->run([&pass](Team& team) { pass.run(team); });
    }

    Result<void> check_tokens(std::span<const TokenId> tokens) const {
        if (tokens.empty()) return fail(ErrorCode::invalid_argument, "no tokens");
        if (tokens.size() > config().context_max) {
            return fail(ErrorCode::invalid_argument, std::to_string(tokens.size()) +
                                                         " tokens are more than the context of " +
                                                         std::to_string(config().context_max));
        }
        for (const TokenId token : tokens) {
            if (token < 0 || static_cast<std::uint32_t>(token) >= config().vocabulary) {
                return fail(ErrorCode::invalid_argument, "token id " + std::to_string(token) +
                                                             " is outside the vocabulary of " +
                                                             std::to_string(config().vocabulary));
            }
        }
        return {};
    }

    std::shared_ptr<const formats::ModelFile> file_; ///< the embedding is read from its mapping
    const kernels::KernelSet& kernels_;
    std::unique_ptr<ThreadPool> pool_;
    ModelWeights weights_;
    mutable std::mutex mutex_;
    mutable Workspace workspace_;
};

std::vector<PageId> first_pages(std::size_t positions) {
    std::vector<PageId> pages(KvPages::pages_for(positions));
    std::iota(pages.begin(), pages.end(), PageId{0});
    return pages;
}

Result<void> LoadedModel::evaluate(std::span<const TokenId> tokens, std::uint32_t chunk,
                                   const std::function<void(std::size_t, std::span<const float>)>& sink) const {
    if (!weights_.causal()) return fail(ErrorCode::unsupported, "an embedding model has no logits");
    TRY_VOID(check_tokens(tokens));
    const std::vector<PageId> pages = first_pages(tokens.size());
    const auto cache = TRY(KvPages::create(config(), static_cast<std::uint32_t>(pages.size())));
    const std::size_t rows_max = chunk == 0 ? kEvaluateRows : chunk;
    const std::size_t vocabulary = config().vocabulary;
    std::vector<float> logits(std::min(rows_max, tokens.size()) * vocabulary);
    for (std::size_t past = 0; past < tokens.size(); past += rows_max) {
        const auto part = tokens.subspan(past, std::min(rows_max, tokens.size() - past));
        const SequenceStep step{part, static_cast<std::uint32_t>(past), pages, static_cast<std::uint32_t>(part.size())};
        forward({&step, 1}, *cache, logits, {});
        for (std::size_t i = 0; i < part.size(); ++i) {
            const std::span<const float> row(logits.data() + i * vocabulary, vocabulary);
            float maximum = 0;
            if (!kernels_.row_maximum(row.data(), vocabulary, &maximum)) {
                return fail(ErrorCode::internal,
                            "the logits of position " + std::to_string(past + i) + " are not finite");
            }
            sink(past + i, row);
        }
    }
    return {};
}

/// docs/spec/arithmetic.md, "Sentence embeddings".
Result<std::vector<float>> LoadedModel::embed(std::span<const TokenId> tokens) const {
    if (weights_.causal())
        return fail(ErrorCode::unsupported, "this model makes no sentence embeddings; a bert model does");
    TRY_VOID(check_tokens(tokens));
    const std::vector<PageId> pages = first_pages(tokens.size());
    const auto cache = TRY(KvPages::create(config(), static_cast<std::uint32_t>(pages.size())));
    const std::size_t width = config().embedding;
    std::vector<float> hidden(tokens.size() * width);
    const SequenceStep step{tokens, 0, pages, 0};
    run({&step, 1}, *cache, nullptr, hidden.data(), {});

    std::vector<float> sum(width, 0.0f);
    for (std::size_t row = 0; row < tokens.size(); ++row)
        kernels_.add(sum.data(), hidden.data() + row * width, width, sum.data());
    double squares = 0;
    for (float& value : sum) {
        value /= static_cast<float>(tokens.size());
        squares += double{value} * double{value};
    }
    if (!std::isfinite(squares)) return fail(ErrorCode::internal, "the embedding is not finite");
    const double length = std::sqrt(squares);
    for (float& value : sum) value = length > 0 ? static_cast<float>(double{value} / length) : 0.0f;
    return sum;
}

} // namespace

Result<std::shared_ptr<const Model>> Model::load(std::shared_ptr<const formats::ModelFile> file, ModelOptions options) {
    const kernels::KernelSet* kernels = TRY(kernels::select_kernels(options.isa));
    auto pool = std::make_unique<ThreadPool>(thread_count(options.threads));
    auto weights = TRY(load_weights(*file, *pool, options.progress));
    return std::make_shared<LoadedModel>(std::move(file), *kernels, std::move(pool), std::move(weights));
}

} // namespace assay::engine
