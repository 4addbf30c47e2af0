#pragma once
/// The weights of one model, checked against its configuration and repacked for the kernels. Immutable after loading.
/// Internal to the room. Committed class.
#include "base/result.h"
#include "engine/thread_pool.h"
#include "formats/model_file.h"
#include "kernels/kernels.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace assay::engine {

/// y = W x, and + b where the model has a bias.
struct Linear {
    kernels::PackedWeights weights;
    std::vector<float> bias; ///< empty or one an output
    /// Inputs in two terms of 8 bits (docs/spec/arithmetic.md, "Two-term inputs").
    bool two_terms = false;

    bool quantized() const { return weights.kind < kernels::WeightKind::f32; }
};

/// RMSNorm, or LayerNorm where it has a bias.
struct Norm {
    std::vector<float> weight;
    std::vector<float> bias;
};

struct LayerWeights {
    Norm attention_norm; ///< before attention; bert: after it
    Linear query, key, value; ///< gpt2: `query` holds all three
    Norm query_norm, key_norm; ///< qwen3; empty otherwise
    Linear attention_output;
    Norm feed_forward_norm; ///< before the feed-forward part; bert: after it
    Linear gate; ///< no outputs in gpt2 and bert
    Linear up, down;
};

struct ModelWeights {
    formats::ModelConfig config;
    tensor::TensorView token_embedding;
    tensor::TensorView position_embedding; ///< gpt2, bert
    std::vector<float> token_type;         ///< bert: the row of type 0
    Norm embedding_norm;                   ///< bert
    std::vector<LayerWeights> layers;
    Norm output_norm;
    Linear output;
    std::vector<double> rope_frequencies; ///< scaled; radians a position
    float attention_scale = 1;
    std::uint64_t bytes = 0; ///< read for one decoded token

    bool fused_qkv() const { return config.architecture == formats::Architecture::gpt2; }
    bool gated() const { return layers.front().gate.weights.outputs != 0; }
    bool causal() const { return config.architecture != formats::Architecture::bert; }
};

/// Errors: malformed (a tensor that is missing or misshapen, a weight that is not finite), unsupported; the tensor is named.
Result<ModelWeights> load_weights(const formats::ModelFile& file, ThreadPool& pool,
                                  const std::function<void(std::uint64_t done, std::uint64_t all)>& progress);

/// Frequencies after the model's scaling (docs/spec/arithmetic.md, "Rotary embedding"); `divisors` from the file, or empty.
std::vector<double> scaled_rope_frequencies(const formats::ModelConfig& config, std::span<const float> divisors);

} // namespace assay::engine
