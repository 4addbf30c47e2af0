#pragma once
/// One forward pass, written as every thread of a team runs it. Internal to the room.
/// Source: docs/spec/arithmetic.md; families: LLaMA, Mistral, Qwen2, Qwen3 (pre-norm, gated), GPT-2 (pre-norm), BERT (post-norm).
/// Committed class: each row depends on its own sequence alone.
#include "engine/kv_pages.h"
#include "engine/model.h"
#include "engine/model_weights.h"
#include "engine/workspace.h"

#include "engine/work_share.h"

#include <atomic>
#include <span>
#include <vector>

namespace assay::engine {

class ForwardPass {
public:
    /// Everything is borrowed for the life of the pass. `hidden`, when not null, receives the last residual rows [rows][embedding]
    /// instead of logits (bert).
    ForwardPass(const ModelWeights& weights, const kernels::KernelSet& kernels, Workspace& workspace,
                std::uint32_t threads, std::span<const SequenceStep> steps, const KvPages& cache, float* logits,
                float* hidden, AsideJobs aside);

    /// Called once by every thread of the team.
    void run(Team& team);

private:
    struct Row {
        TokenId token = 0;
        std::uint32_t position = 0;
        std::uint32_t step = 0;
    };
    /// Query rows of one sequence and one key-value head that are computed together.
    struct AttentionItem {
        std::uint32_t row_begin = 0, row_end = 0;
        std::uint32_t kv_head = 0;
        std::uint32_t query_begin = 0, query_end = 0; ///< of the heads that share the keys
    };
    struct Product {
        const Linear* linear;
        float* y;
        std::size_t stride;
    };

    void plan_rows(std::span<const SequenceStep> steps);
    void plan_attention();
    bool few_rows() const { return rows_.size() <= kRowsByEveryThread; }
    std::size_t unit() const { return few_rows() ? WorkShare::kUnitFewRows : WorkShare::kUnitManyRows; }

    void embed(const Team& team);
    void rotation_tables(const Team& team);
    void layer(Team& team, std::uint32_t index);
    void attention_block(Team& team, std::uint32_t index, const Activations& input);
    void rotate_and_store(const Team& team, std::uint32_t index);
    void rotate_row(const LayerWeights& layer, std::size_t row, float* head, std::uint32_t head_index, bool query);
    void attend(Team& team, std::uint32_t index);
    void attend_item(const Team& team, std::uint32_t layer, const AttentionItem& item);
    void feed_forward(Team& team, const LayerWeights& layer, const Activations& input);
    void keep_rows_with_logits();
    void output(Team& team);
    void run_aside();

    /// Norms of the residual as input of linear layers; the same on every thread afterwards.
    Activations normed(Team& team, const Norm& norm, Terms terms);
    /// Rows of `x` as input of linear layers.
    Activations prepared(Team& team, const float* x, std::size_t width, Terms terms);
    /// This thread's rows [first, second) of an input: all of them where there are few.
    std::pair<std::size_t, std::size_t> rows_to_prepare(const Team& team) const;
    void quantize_rows(const Activations& input, Terms terms, std::size_t begin, std::size_t end) const;
    static Terms terms_for(std::initializer_list<const Linear*> list);
    void normalise(const Norm& norm, const float* x, std::size_t width, float* y) const;
    void normalise_residual(Team& team, const Norm& norm);

    /// Groups [begin, end) of 16 outputs for all rows, with the bias.
    void product(const Team& team, const Linear& linear, const Activations& input, std::size_t begin, std::size_t end,
                 float* y, std::size_t stride) const;
    /// The kernels write whole groups: `y` has room for them.
    void whole_groups(const Team& team, const Linear& linear, const Activations& input, std::size_t begin,
                      std::size_t end, float* y, std::size_t stride) const;
    void two_term_groups(const Team& team, const Linear& linear, const Activations& input, std::size_t begin,
                         std::size_t end, float* y, std::size_t stride) const;
    void products(const Team& team, const Activations& input, std::initializer_list<Product> list);
    /// residual += W input + b, this thread's outputs.
    void project(const Team& team, const Linear& linear, const Activations& input);
    /// Up, gate and activation of groups [begin, end), quantised as the input of the down projection.
    void activate(const Team& team, const LayerWeights& layer, const Activations& input, const Activations& activated,
                  std::size_t begin, std::size_t end);

    static constexpr std::size_t kRowsByEveryThread = 2;
    static constexpr std::size_t kProductsALayer = 4;

    const ModelWeights& weights_;
    const formats::ModelConfig& config_;
    const kernels::KernelSet& kernels_;
    Workspace& work_;
    std::uint32_t threads_;
    std::span<const SequenceStep> steps_;
    const KvPages& cache_;
    float* logits_;
    float* hidden_;
    AsideJobs aside_;
    std::atomic<std::size_t> next_aside_{0};
    std::size_t width_, head_size_, query_width_, kv_width_, qkv_width_;
    std::vector<Row> rows_;
    std::vector<std::uint32_t> rows_with_logits_;
    bool drops_rows_ = false; ///< some rows are computed for their keys and values only
    std::vector<AttentionItem> items_;
    std::atomic<std::uint32_t> next_item_{0};
    WorkShare shares_; ///< of the products, in the order in which every thread comes to them
    float* residual_;
    float* qkv_;
    float* attended_;
    float* projected_;
    float* up_;
    float* inner_;
    float* cosines_;
    float* sines_;
};

} // namespace assay::engine
