#include "engine/forward.h"

#include "base/assert.h"

#include <algorithm>
#include <cstring>

namespace assay::engine {

using kernels::kBlock;
using kernels::kLanes;
using kernels::kTileRows;

ForwardPass::ForwardPass(const ModelWeights& weights, const kernels::KernelSet& kernels, Workspace& workspace,
                         std::uint32_t threads, std::span<const SequenceStep> steps, const KvPages& cache,
                         float* logits, float* hidden, AsideJobs aside)
    : weights_(weights), config_(weights.config), kernels_(kernels), work_(workspace), threads_(threads), steps_(steps),
      cache_(cache), logits_(logits), hidden_(hidden), aside_(aside), width_(config_.embedding),
      head_size_(config_.head_size), query_width_(config_.heads * head_size_), kv_width_(config_.kv_heads * head_size_),
      qkv_width_(query_width_ + 2 * kv_width_) {
    plan_rows(steps);
    plan_attention();
    const std::size_t rows = rows_.size();
    residual_ = work_.residual.reserve(rows * width_);
    qkv_ = work_.qkv.reserve(rows * qkv_width_);
    attended_ = work_.attended.reserve(rows * query_width_);
    projected_ = work_.projected.reserve(rows * width_);
    up_ = work_.up.reserve(rows * config_.feed_forward);
    cosines_ = work_.cosines.reserve(rows * (config_.rope_size / 2));
    sines_ = work_.sines.reserve(rows * (config_.rope_size / 2));
    inner_ = work_.inner.reserve(rows * config_.feed_forward);
    work_.inner_tiles.reserve(rows, config_.feed_forward);
    work_.normed.reserve(rows * width_);
    work_.tiles.reserve(2 * rows, std::max(width_, query_width_));
    drops_rows_ = hidden_ == nullptr && rows_with_logits_.size() != rows;
    work_.threads.resize(threads);
    shares_.reset(threads, config_.layers * kProductsALayer + 1);
}

void ForwardPass::plan_rows(std::span<const SequenceStep> steps) {
    for (std::uint32_t s = 0; s < steps.size(); ++s) {
        const SequenceStep& step = steps[s];
        const auto count = static_cast<std::uint32_t>(step.tokens.size());
        ASSAY_ASSERT(count > 0 && step.logits_rows <= count);
        ASSAY_ASSERT(step.pages.size() >= KvPages::pages_for(step.past + count));
        for (std::uint32_t i = 0; i < count; ++i) {
            ASSAY_ASSERT(step.tokens[i] >= 0 && static_cast<std::uint32_t>(step.tokens[i]) < config_.vocabulary);
            if (i + step.logits_rows >= count) rows_with_logits_.push_back(static_cast<std::uint32_t>(rows_.size()));
            rows_.push_back({step.tokens[i], step.past + i, s});
        }
    }
}

/// Query rows that share keys are computed together, a few tokens at a time. A single token has an item a key-value head, and
/// of the heads that do not divide evenly among the threads, one a query row.
void ForwardPass::plan_attention() {
    constexpr std::uint32_t kTokens = 8;
    const std::uint32_t group = config_.heads / config_.kv_heads;
    const std::uint32_t whole = rows_.size() == 1 ? config_.kv_heads - config_.kv_heads % threads_ : config_.kv_heads;
    items_.clear();
    next_item_.store(0, std::memory_order_relaxed);
    for (std::uint32_t begin = 0; begin < rows_.size();) {
        std::uint32_t end = begin;
        while (end < rows_.size() && rows_[end].step == rows_[begin].step && end - begin < kTokens) ++end;
        for (std::uint32_t head = 0; head < config_.kv_heads; ++head) {
            const std::uint32_t rows_each = head < whole ? group : 1;
            for (std::uint32_t query = 0; query < group; query += rows_each)
                items_.push_back({begin, end, head, query, query + rows_each});
        }
        begin = end;
    }
    // Long rows first: the last items to be taken are the short ones.
    std::ranges::stable_sort(items_, std::ranges::greater(),
                             [this](const AttentionItem& item) { return rows_[item.row_begin].position; });
}

void ForwardPass::run(Team& team) {
    embed(team);
    rotation_tables(team);
    team.barrier();
    for (std::uint32_t index = 0; index < config_.layers; ++index) layer(team, index);
    run_aside();
    if (hidden_ != nullptr) {
        const auto [begin, end] = team.share(rows_.size() * width_);
        std::copy(residual_ + begin, residual_ + end, hidden_ + begin);
    } else if (!rows_.empty()) {
        output(team);
    }
}

void ForwardPass::embed(const Team& team) {
    std::vector<float> position(width_);
    const auto [begin, end] = team.share(rows_.size());
    for (std::size_t r = begin; r < end; ++r) {
        float* x = residual_ + r * width_;
        kernels::dequantize_row(weights_.token_embedding, static_cast<std::size_t>(rows_[r].token), x);
        if (!weights_.token_type.empty()) kernels_.add(x, weights_.token_type.data(), width_, x);
        if (!weights_.position_embedding.shape.empty()) {
            kernels::dequantize_row(weights_.position_embedding, rows_[r].position, position.data());
            kernels_.add(x, position.data(), width_, x);
        }
        if (!weights_.embedding_norm.weight.empty()) normalise(weights_.embedding_norm, x, width_, x);
    }
}

void ForwardPass::rotation_tables(const Team& team) {
    const std::size_t pairs = config_.rope_size / 2;
    const auto [begin, end] = team.share(rows_.size());
    for (std::size_t r = begin; r < end; ++r) {
        kernels::rope_tables(rows_[r].position, weights_.rope_frequencies, cosines_ + r * pairs, sines_ + r * pairs);
    }
}

void ForwardPass::layer(Team& team, std::uint32_t index) {
    const LayerWeights& layer = weights_.layers[index];
    if (!weights_.causal()) { // post-norm
        attention_block(team, index,
                        prepared(team, residual_, width_, terms_for({&layer.query, &layer.key, &layer.value})));
        normalise_residual(team, layer.attention_norm);
        feed_forward(team, layer, prepared(team, residual_, width_, terms_for({&layer.up})));
        normalise_residual(team, layer.feed_forward_norm);
        return;
    }
    attention_block(team, index,
                    normed(team, layer.attention_norm, terms_for({&layer.query, &layer.key, &layer.value})));
    if (rows_.empty()) return;
    feed_forward(team, layer, normed(team, layer.feed_forward_norm, terms_for({&layer.gate, &layer.up})));
}

void ForwardPass::attention_block(Team& team, std::uint32_t index, const Activations& input) {
    const LayerWeights& layer = weights_.layers[index];
    if (weights_.fused_qkv()) {
        products(team, input, {{&layer.query, qkv_, qkv_width_}});
    } else {
        products(team, input,
                 {{&layer.query, qkv_, qkv_width_},
                  {&layer.key, qkv_ + query_width_, qkv_width_},
                  {&layer.value, qkv_ + query_width_ + kv_width_, qkv_width_}});
    }
    if (team.index() == 0) next_item_.store(0, std::memory_order_relaxed);
    team.barrier();
    rotate_and_store(team, index);
    team.barrier();
    if (index + 1 == config_.layers && drops_rows_) {
        if (team.index() == 0) keep_rows_with_logits();
        team.barrier();
        if (rows_.empty()) return;
    }
    attend(team, index);
    team.barrier();
    const Linear& output = layer.attention_output;
    project(team, output, prepared(team, attended_, query_width_, terms_for({&output})));
    team.barrier();
}

void ForwardPass::rotate_and_store(const Team& team, std::uint32_t index) {
    const LayerWeights& layer = weights_.layers[index];
    const std::size_t heads = config_.heads + config_.kv_heads;
    const auto [begin, end] = team.share(rows_.size() * heads);
    for (std::size_t i = begin; i < end; ++i) {
        const std::size_t row = i / heads;
        const auto head = static_cast<std::uint32_t>(i % heads);
        float* x = qkv_ + row * qkv_width_ + head * head_size_;
        const bool query = head < config_.heads;
        const Norm& norm = query ? layer.query_norm : layer.key_norm;
        if (!norm.weight.empty()) normalise(norm, x, head_size_, x);
        const std::size_t pairs = config_.rope_size / 2;
        kernels_.rope(x, config_.rope_size, head_size_, cosines_ + row * pairs, sines_ + row * pairs,
                      config_.rope_interleaved, query ? weights_.attention_scale : 1.0f);
        if (query) continue;
        const std::uint32_t kv_head = head - config_.heads;
        const PageId page = steps_[rows_[row].step].pages[rows_[row].position / KvPages::kPositions];
        const std::size_t place = rows_[row].position % KvPages::kPositions;
        kernels_.store_key(x, head_size_, place, cache_.keys(page, index, kv_head));
        kernels_.store_value(x + kv_width_, head_size_, place, cache_.values(page, index, kv_head));
    }
}

/// After the last layer's keys and values, only rows with logits matter: they move to the front.
void ForwardPass::keep_rows_with_logits() {
    for (std::size_t to = 0; to < rows_with_logits_.size(); ++to) {
        const std::size_t from = rows_with_logits_[to];
        std::memmove(residual_ + to * width_, residual_ + from * width_, width_ * sizeof(float));
        std::memmove(qkv_ + to * qkv_width_, qkv_ + from * qkv_width_, query_width_ * sizeof(float));
        rows_[to] = rows_[from];
    }
    rows_.resize(rows_with_logits_.size());
    plan_attention();
}

void ForwardPass::attend(Team& team, std::uint32_t index) {
    for (std::uint32_t i; (i = next_item_.fetch_add(1, std::memory_order_relaxed)) < items_.size();)
        attend_item(team, index, items_[i]);
}

void ForwardPass::attend_item(const Team& team, std::uint32_t layer, const AttentionItem& item) {
    ThreadScratch& scratch = work_.threads[team.index()];
    const SequenceStep& step = steps_[rows_[item.row_begin].step];
    const std::uint32_t group = config_.heads / config_.kv_heads;
    const auto step_end = static_cast<std::uint32_t>(step.past + step.tokens.size());
    scratch.queries.clear();
    scratch.outputs.clear();
    scratch.lengths.clear();
    scratch.starts.clear();
    std::uint32_t longest = 0;
    for (std::uint32_t row = item.row_begin; row < item.row_end; ++row) {
        const std::uint32_t length = weights_.causal() ? rows_[row].position + 1 : step_end;
        const std::uint32_t window = config_.sliding_window;
        longest = std::max(longest, length);
        for (std::uint32_t query = item.query_begin; query < item.query_end; ++query) {
            const std::size_t head = item.kv_head * group + query;
            scratch.queries.push_back(qkv_ + row * qkv_width_ + head * head_size_);
            scratch.outputs.push_back(attended_ + row * query_width_ + head * head_size_);
            scratch.lengths.push_back(length);
            scratch.starts.push_back(window != 0 && length > window ? length - window : 0);
        }
    }
    scratch.key_pages.clear();
    scratch.value_pages.clear();
    for (std::uint32_t page = 0; page < KvPages::pages_for(longest); ++page) {
        scratch.key_pages.push_back(cache_.keys(step.pages[page], layer, item.kv_head));
        scratch.value_pages.push_back(cache_.values(step.pages[page], layer, item.kv_head));
    }
    kernels::AttentionTask task;
    task.queries = scratch.queries.data();
    task.outputs = scratch.outputs.data();
    task.lengths = scratch.lengths.data();
    task.starts = scratch.starts.data();
    task.rows = scratch.queries.size();
    task.head_size = head_size_;
    task.key_pages = scratch.key_pages.data();
    task.value_pages = scratch.value_pages.data();
    task.score_stride = (std::size_t{longest} + 63) / 64 * 64;
    task.scores = scratch.scores.reserve(task.rows * task.score_stride);
    kernels_.attention(task);
}

/// Every thread turns its own outputs of the first product into quantised inputs of the second.
void ForwardPass::feed_forward(Team& team, const LayerWeights& layer, const Activations& input) {
    const std::size_t inner = config_.feed_forward;
    const Activations activated{inner_, inner, work_.inner_tiles.reserve(rows_.size(), inner)};
    shares_.each(team, (inner + kLanes - 1) / kLanes, unit(),
                 [&](std::size_t begin, std::size_t end) { activate(team, layer, input, activated, begin, end); });
    team.barrier();
    project(team, layer.down, activated);
    team.barrier();
}

void ForwardPass::activate(const Team& team, const LayerWeights& layer, const Activations& input,
                           const Activations& activated, std::size_t begin, std::size_t end) {
    const bool gated = weights_.gated();
    const std::size_t inner = config_.feed_forward;
    product(team, layer.up, input, begin, end, up_, inner);
    if (gated) product(team, layer.gate, input, begin, end, inner_, inner);
    const std::size_t first = begin * kLanes;
    const std::size_t count = std::min(end * kLanes, inner) - first;
    for (std::size_t row = 0; row < rows_.size(); ++row) {
        float* y = inner_ + row * inner + first;
        const float* up = up_ + row * inner + first;
        if (gated) {
            kernels_.silu_mul(y, up, count, y);
        } else {
            std::copy(up, up + count, y);
            kernels_.gelu(y, count, weights_.causal(), y);
        }
    }
    for (std::size_t row = 0; layer.down.quantized() && row < rows_.size(); row += kTileRows) {
        kernels_.quantize(inner_ + row * inner + first, inner, std::min(kTileRows, rows_.size() - row), count,
                          activated.tiles + (row / kTileRows * inner + first) / kBlock);
    }
}

void ForwardPass::output(Team& team) {
    const Linear& output = weights_.output;
    products(team, normed(team, weights_.output_norm, terms_for({&output})), {{&output, logits_, config_.vocabulary}});
}

/// Before the largest product, whose other threads take the groups that this one does not come to.
void ForwardPass::run_aside() {
    for (std::size_t i; (i = next_aside_.fetch_add(1, std::memory_order_relaxed)) < aside_.size();) aside_[i]();
}

Terms ForwardPass::terms_for(std::initializer_list<const Linear*> list) {
    Terms terms = Terms::none;
    for (const Linear* linear : list) {
        if (linear->quantized()) terms = std::max(terms, linear->two_terms ? Terms::two : Terms::one);
    }
    return terms;
}

Activations ForwardPass::normed(Team& team, const Norm& norm, Terms terms) {
    ThreadScratch& own = work_.threads[team.index()];
    const std::size_t rows = rows_.size();
    float* y = few_rows() ? own.normed.reserve(rows * width_) : work_.normed.data();
    const Activations input{y, width_,
                            few_rows() ? own.tiles.reserve(2 * rows, width_) : work_.tiles.reserve(2 * rows, width_)};
    const auto [begin, end] = rows_to_prepare(team);
    for (std::size_t row = begin; row < end; ++row) normalise(norm, residual_ + row * width_, width_, y + row * width_);
    quantize_rows(input, terms, begin, end);
    if (!few_rows()) team.barrier();
    return input;
}

Activations ForwardPass::prepared(Team& team, const float* x, std::size_t width, Terms terms) {
    if (terms == Terms::none) return {x, width, nullptr};
    ThreadScratch& own = work_.threads[team.index()];
    const std::size_t rows = rows_.size();
    const Activations input{x, width,
                            few_rows() ? own.tiles.reserve(2 * rows, width) : work_.tiles.reserve(2 * rows, width)};
    const auto [begin, end] = rows_to_prepare(team);
    quantize_rows(input, terms, begin, end);
    if (!few_rows()) team.barrier();
    return input;
}

/// A few rows are cheaper to make on every thread than to wait for.
std::pair<std::size_t, std::size_t> ForwardPass::rows_to_prepare(const Team& team) const {
    return few_rows() ? std::pair<std::size_t, std::size_t>(0, rows_.size()) : team.share(rows_.size(), kTileRows);
}

void ForwardPass::quantize_rows(const Activations& input, Terms terms, std::size_t begin, std::size_t end) const {
    if (begin >= end || terms == Terms::none) return;
    if (terms == Terms::two) {
        kernels_.quantize_twice(input.x, input.width, begin, end, rows_.size(), input.width, input.tiles);
        return;
    }
    kernels_.quantize(input.x + begin * input.width, input.width, end - begin, input.width,
                      input.tiles + begin / kTileRows * (input.width / kBlock));
}

void ForwardPass::normalise(const Norm& norm, const float* x, std::size_t width, float* y) const {
    const auto epsilon = static_cast<float>(config_.norm_epsilon);
    if (norm.bias.empty()) {
        kernels_.rms_norm(x, norm.weight.data(), width, epsilon, y);
    } else {
        kernels_.layer_norm(x, norm.weight.data(), norm.bias.data(), width, epsilon, y);
    }
}

void ForwardPass::normalise_residual(Team& team, const Norm& norm) {
    const auto [begin, end] = team.share(rows_.size());
    for (std::size_t row = begin; row < end; ++row)
        normalise(norm, residual_ + row * width_, width_, residual_ + row * width_);
    team.barrier();
}

void ForwardPass::product(const Team& team, const Linear& linear, const Activations& input, std::size_t begin,
                          std::size_t end, float* y, std::size_t stride) const {
    if (begin >= end) return;
    const std::size_t rows = rows_.size();
    const std::size_t outputs = linear.weights.outputs;
    const std::size_t whole = std::min(end, outputs / kLanes);
    whole_groups(team, linear, input, begin, whole, y, stride);
    if (end > whole) { // the last outputs do not fill a group: it is computed aside
        float* tail = work_.threads[team.index()].tail.reserve((end + rows) * kLanes);
        whole_groups(team, linear, input, whole, end, tail, kLanes);
        for (std::size_t row = 0; row < rows; ++row) {
            std::copy_n(tail + (row + whole) * kLanes, outputs - whole * kLanes, y + row * stride + whole * kLanes);
        }
    }
    if (linear.bias.empty()) return;
    const std::size_t first = begin * kLanes;
    const std::size_t count = std::min(end * kLanes, outputs) - first;
    for (std::size_t row = 0; row < rows; ++row) {
        kernels_.add(y + row * stride + first, linear.bias.data() + first, count, y + row * stride + first);
    }
}

void ForwardPass::whole_groups(const Team& team, const Linear& linear, const Activations& input, std::size_t begin,
                               std::size_t end, float* y, std::size_t stride) const {
    if (begin >= end) return;
    if (linear.two_terms) return two_term_groups(team, linear, input, begin, end, y, stride);
    const std::size_t rows = rows_.size();
    switch (linear.weights.kind) {
        case kernels::WeightKind::f32:
            kernels_.linear_f32(linear.weights, input.x, input.width, rows, begin, end, y, stride);
            break;
        case kernels::WeightKind::bf16:
            kernels_.linear_bf16(linear.weights, input.x, input.width, rows, begin, end, y, stride);
            break;
        default: kernels_.linear_quantized(linear.weights, input.tiles, rows, begin, end, y, stride); break;
    }
}

/// Both terms as rows of one product, some groups at a time so that the results are still near when they are added.
void ForwardPass::two_term_groups(const Team& team, const Linear& linear, const Activations& input, std::size_t begin,
                                  std::size_t end, float* y, std::size_t stride) const {
    constexpr std::size_t kGroups = 32;
    const std::size_t rows = rows_.size();
    for (std::size_t g = begin; g < end; g += kGroups) {
        const std::size_t last = std::min(g + kGroups, end);
        const std::size_t width = (last - g) * kLanes;
        float* terms = work_.threads[team.index()].terms.reserve(g * kLanes + 2 * rows * width);
        kernels_.linear_quantized(linear.weights, input.tiles, 2 * rows, g, last, terms, width);
        for (std::size_t row = 0; row < rows; ++row) {
            const float* first = terms + g * kLanes + row * width;
            kernels_.add(first, first + rows * width, width, y + row * stride + g * kLanes);
        }
    }
}

/// The groups of all products in one line.
void ForwardPass::products(const Team& team, const Activations& input, std::initializer_list<Product> list) {
    std::size_t groups = 0;
    for (const Product& item : list) groups += item.linear->weights.groups();
    shares_.each(team, groups, unit(), [&](std::size_t begin, std::size_t end) {
        std::size_t before = 0;
        for (const Product& item : list) {
            const std::size_t own = item.linear->weights.groups();
            const std::size_t from = std::clamp(begin, before, before + own) - before;
            const std::size_t to = std::clamp(end, before, before + own) - before;
            product(team, *item.linear, input, from, to, item.y, item.stride);
            before += own;
        }
    });
}

void ForwardPass::project(const Team& team, const Linear& linear, const Activations& input) {
    shares_.each(team, linear.weights.groups(), unit(), [&](std::size_t begin, std::size_t end) {
        product(team, linear, input, begin, end, projected_, width_);
        const std::size_t first = begin * kLanes;
        const std::size_t count = std::min(end * kLanes, width_) - first;
        for (std::size_t row = 0; row < rows_.size(); ++row) {
            float* x = residual_ + row * width_ + first;
            kernels_.add(x, projected_ + row * width_ + first, count, x);
        }
    });
}

} // namespace assay::engine
