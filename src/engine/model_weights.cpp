#include "engine/model_weights.h"

#include "kernels/element_math.h"

#include <atomic>
#include <cmath>
#include <mutex>
#include <numbers>

namespace assay::engine {
namespace {

using formats::Architecture;
using formats::ModelConfig;

std::string shape_text(std::span<const std::uint64_t> shape) {
    std::string text = "[";
    for (const std::uint64_t extent : shape) text += (text.size() > 1 ? ", " : "") + std::to_string(extent);
    return text + "]";
}

std::string tensor_text(std::string_view name) { return "tensor '" + std::string(name) + "'"; }

class WeightsLoader {
public:
    using Progress = std::function<void(std::uint64_t, std::uint64_t)>;

    WeightsLoader(const formats::ModelFile& file, ThreadPool& pool, const Progress& progress)
        : file_(file), config_(file.config()), pool_(pool), progress_(progress) {
        for (const auto& [name, view] : file.tensors()) bytes_all_ += view.bytes.size();
    }

    Result<ModelWeights> load() {
        ModelWeights weights;
        weights.config = config_;
        weights.attention_scale = 1.0f / std::sqrt(static_cast<float>(config_.head_size));
        TRY_VOID(embeddings(weights));
        if (config_.rope_size != 0) TRY_VOID(rope(weights));
        for (std::uint32_t layer = 0; layer < config_.layers; ++layer) {
            weights.layers.push_back(TRY(load_layer("blk." + std::to_string(layer) + ".")));
        }
        if (weights.causal()) TRY_VOID(output(weights));
        weights.bytes = bytes_packed_;
        if (progress_) progress_(bytes_all_, bytes_all_);
        return weights;
    }

private:
    Result<const tensor::TensorView*> find(const std::string& name, std::initializer_list<std::uint64_t> shape) const {
        const tensor::TensorView* view = file_.find(name);
        if (view == nullptr) return fail(ErrorCode::malformed, tensor_text(name) + " is missing");
        if (!std::ranges::equal(view->shape, shape)) {
            return fail(ErrorCode::malformed, tensor_text(name) + " has shape " + shape_text(view->shape) +
                                                  "; the configuration needs " +
                                                  shape_text({shape.begin(), shape.size()}));
        }
        return view;
    }

    /// A vector of `n` floats; empty when absent and `optional`.
    Result<std::vector<float>> vector(const std::string& name, std::uint64_t n, bool optional) {
        if (optional && file_.find(name) == nullptr) return std::vector<float>();
        const tensor::TensorView* view = TRY(find(name, {n}));
        std::vector<float> values(n);
        kernels::dequantize_row(*view, 0, values.data());
        for (const float value : values) {
            if (!std::isfinite(value))
                return fail(ErrorCode::malformed, tensor_text(name) + " holds a value that is not finite");
        }
        note(view->bytes.size());
        return values;
    }

    Result<Norm> norm(const std::string& name, std::uint64_t n) {
        Norm norm;
        norm.weight = TRY(vector(name + ".weight", n, false));
        const bool layer_norm =
            config_.architecture == Architecture::gpt2 || config_.architecture == Architecture::bert;
        if (layer_norm) norm.bias = TRY(vector(name + ".bias", n, false));
        return norm;
    }

    Result<Linear> linear(const std::string& name, std::uint64_t outputs, std::uint64_t inputs) {
        Linear linear;
        const std::string weight = name + ".weight";
        const bool transposed = file_.transposed(weight);
        const tensor::TensorView* view =
            transposed ? TRY(find(weight, {inputs, outputs})) : TRY(find(weight, {outputs, inputs}));
        linear.weights = TRY(pack(weight, *view, transposed));
        linear.bias = TRY(vector(name + ".bias", outputs, true));
        return linear;
    }

    Result<kernels::PackedWeights> pack(const std::string& name, const tensor::TensorView& view, bool transposed) {
        auto packed = kernels::prepare_pack(view, transposed);
        if (!packed) return fail_in(tensor_text(name), packed.error());
        constexpr std::size_t kGroupsAtOnce = 16;
        std::atomic<std::size_t> next{0};
        std::mutex mutex;
        Result<void> result;
        pool_.run([&](Team&) {
            for (std::size_t g; (g = next.fetch_add(kGroupsAtOnce)) < packed->groups();) {
                const std::size_t end = std::min(g + kGroupsAtOnce, packed->groups());
                if (auto done = kernels::pack_groups(view, transposed, g, end, *packed); !done) {
                    const std::lock_guard lock(mutex);
                    result = std::move(done);
                    return;
                }
            }
        });
        if (!result) return fail_in(tensor_text(name), result.error());
        file_.release_pages(view);
        bytes_packed_ += packed->group_bytes * packed->groups();
        note(view.bytes.size());
        return std::move(*packed);
    }

    Result<void> embeddings(ModelWeights& weights) {
        weights.token_embedding = *TRY(find("token_embd.weight", {config_.vocabulary, config_.embedding}));
        const bool bert = config_.architecture == Architecture::bert;
        if (bert || config_.architecture == Architecture::gpt2) {
            weights.position_embedding = *TRY(find("position_embd.weight", {config_.context_max, config_.embedding}));
        }
        if (!bert) return {};
        const tensor::TensorView* types = TRY(find("token_types.weight", {config_.token_types, config_.embedding}));
        weights.token_type.resize(config_.embedding);
        kernels::dequantize_row(*types, 0, weights.token_type.data());
        weights.embedding_norm = TRY(norm("token_embd_norm", config_.embedding));
        return {};
    }

    Result<void> rope(ModelWeights& weights) {
        const auto divisors = TRY(vector("rope_freqs.weight", config_.rope_size / 2, true));
        for (const float divisor : divisors) {
            if (!(divisor > 0))
                return fail(ErrorCode::malformed,
                            tensor_text("rope_freqs.weight") + " holds a value that is not positive");
        }
        weights.rope_frequencies = scaled_rope_frequencies(config_, divisors);
        return {};
    }

    Result<LayerWeights> load_layer(const std::string& block) {
        const std::uint64_t width = config_.embedding;
        const std::uint64_t heads_width = std::uint64_t{config_.heads} * config_.head_size;
        const std::uint64_t kv_width = std::uint64_t{config_.kv_heads} * config_.head_size;
        const bool bert = config_.architecture == Architecture::bert;
        LayerWeights layer;
        layer.attention_norm = TRY(norm(block + (bert ? "attn_output_norm" : "attn_norm"), width));
        if (config_.architecture == Architecture::gpt2) {
            layer.query = TRY(linear(block + "attn_qkv", heads_width + 2 * kv_width, width));
        } else {
            layer.query = TRY(linear(block + "attn_q", heads_width, width));
            layer.key = TRY(linear(block + "attn_k", kv_width, width));
            layer.value = TRY(linear(block + "attn_v", kv_width, width));
            layer.value.two_terms = layer.value.quantized();
        }
        if (config_.architecture == Architecture::qwen3) {
            layer.query_norm = TRY(norm(block + "attn_q_norm", config_.head_size));
            layer.key_norm = TRY(norm(block + "attn_k_norm", config_.head_size));
        }
        layer.attention_output = TRY(linear(block + "attn_output", width, heads_width));
        layer.feed_forward_norm = TRY(norm(block + (bert ? "layer_output_norm" : "ffn_norm"), width));
        const bool gated = !bert && config_.architecture != Architecture::gpt2;
        if (gated) layer.gate = TRY(linear(block + "ffn_gate", config_.feed_forward, width));
        layer.up = TRY(linear(block + "ffn_up", config_.feed_forward, width));
        layer.down = TRY(linear(block + "ffn_down", width, config_.feed_forward));
        return layer;
    }

    Result<void> output(ModelWeights& weights) {
        weights.output_norm = TRY(norm("output_norm", config_.embedding));
        if (config_.tied_embeddings) {
            weights.output.weights = TRY(pack("token_embd.weight", weights.token_embedding, false));
        } else {
            weights.output = TRY(linear("output", config_.vocabulary, config_.embedding));
        }
        weights.output.two_terms = weights.output.quantized();
        return {};
    }

    void note(std::uint64_t bytes) {
        bytes_done_ = std::min(bytes_done_ + bytes, bytes_all_);
        if (progress_) progress_(bytes_done_, bytes_all_);
    }

    const formats::ModelFile& file_;
    const ModelConfig& config_;
    ThreadPool& pool_;
    const Progress& progress_;
    std::uint64_t bytes_all_ = 0;
    std::uint64_t bytes_done_ = 0;
    std::uint64_t bytes_packed_ = 0;
};

double llama3_frequency(const ModelConfig& config, double frequency) {
    const double wavelength = 2.0 * std::numbers::pi / frequency;
    if (wavelength < config.rope_original_context / config.rope_high_freq_factor) return frequency;
    if (wavelength > config.rope_original_context / config.rope_low_freq_factor) return frequency / config.rope_factor;
    const double smooth = (config.rope_original_context / wavelength - config.rope_low_freq_factor) /
                          (config.rope_high_freq_factor - config.rope_low_freq_factor);
    return (1.0 - smooth) * (frequency / config.rope_factor) + smooth * frequency;
}

} // namespace

std::vector<double> scaled_rope_frequencies(const ModelConfig& config, std::span<const float> divisors) {
    std::vector<double> frequencies = kernels::rope_frequencies(config.rope_base, config.rope_size);
    for (std::size_t i = 0; i < frequencies.size(); ++i) {
        if (config.rope_scaling == formats::RopeScaling::linear) frequencies[i] /= config.rope_factor;
        if (config.rope_scaling == formats::RopeScaling::llama3)
            frequencies[i] = llama3_frequency(config, frequencies[i]);
        if (!divisors.empty()) frequencies[i] /= double{divisors[i]};
    }
    return frequencies;
}

Result<ModelWeights> load_weights(const formats::ModelFile& file, ThreadPool& pool,
                                  const std::function<void(std::uint64_t, std::uint64_t)>& progress) {
    if (file.config().rope_scaling == formats::RopeScaling::yarn) {
        return fail(ErrorCode::unsupported, "RoPE scaling 'yarn' is not supported; none, linear and llama3 are");
    }
    return WeightsLoader(file, pool, progress).load();
}

} // namespace assay::engine
