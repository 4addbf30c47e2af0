#include "formats/tensor_names.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <span>

namespace assay::formats {
namespace {

enum class Kind {
    weight, ///< an embedding or RMS norm: no bias
    affine, ///< a layer norm or linear layer: with or without a bias
    conv1d, ///< affine, stored {inputs, outputs} by Hugging Face
};

/// One module under both names; an empty one has no counterpart.
struct Module {
    std::string_view canonical;
    std::string_view hugging_face;
    Kind kind = Kind::weight;
};

constexpr Module kRotaryTop[] = {
    {"token_embd", "embed_tokens"},
    {"output_norm", "norm"},
    {"output", "lm_head"},
    {"rope_freqs", ""},
};
constexpr Module kRotaryLayer[] = {
    {"attn_norm", "input_layernorm"},
    {"attn_q", "self_attn.q_proj", Kind::affine},
    {"attn_k", "self_attn.k_proj", Kind::affine},
    {"attn_v", "self_attn.v_proj", Kind::affine},
    {"attn_output", "self_attn.o_proj", Kind::affine},
    {"ffn_norm", "post_attention_layernorm"},
    {"ffn_gate", "mlp.gate_proj", Kind::affine},
    {"ffn_up", "mlp.up_proj", Kind::affine},
    {"ffn_down", "mlp.down_proj", Kind::affine},
    // Only qwen3 has these two; they stay last.
    {"attn_q_norm", "self_attn.q_norm"},
    {"attn_k_norm", "self_attn.k_norm"},
};
constexpr std::size_t kQwen3Only = 2;

constexpr Module kGpt2Top[] = {
    {"token_embd", "wte"},
    {"position_embd", "wpe"},
    {"output_norm", "ln_f", Kind::affine},
    {"output", "lm_head"},
};
constexpr Module kGpt2Layer[] = {
    {"attn_norm", "ln_1", Kind::affine},          {"attn_qkv", "attn.c_attn", Kind::conv1d},
    {"attn_output", "attn.c_proj", Kind::conv1d}, {"ffn_norm", "ln_2", Kind::affine},
    {"ffn_up", "mlp.c_fc", Kind::conv1d},         {"ffn_down", "mlp.c_proj", Kind::conv1d},
};

constexpr Module kBertTop[] = {
    {"token_embd", "embeddings.word_embeddings"},
    {"position_embd", "embeddings.position_embeddings"},
    {"token_types", "embeddings.token_type_embeddings"},
    {"token_embd_norm", "embeddings.LayerNorm", Kind::affine},
};
constexpr Module kBertLayer[] = {
    {"attn_q", "attention.self.query", Kind::affine},
    {"attn_k", "attention.self.key", Kind::affine},
    {"attn_v", "attention.self.value", Kind::affine},
    {"attn_output", "attention.output.dense", Kind::affine},
    {"attn_output_norm", "attention.output.LayerNorm", Kind::affine},
    {"ffn_up", "intermediate.dense", Kind::affine},
    {"ffn_down", "output.dense", Kind::affine},
    {"layer_output_norm", "output.LayerNorm", Kind::affine},
};

constexpr std::string_view kBlock = "blk.";

struct Family {
    std::span<const Module> top;
    std::span<const Module> layer;
    std::string_view prefix;       ///< of the inner model; published files have it or not
    std::string_view layer_prefix; ///< before the layer's number
};

Family family_of(Architecture architecture) {
    const std::span<const Module> rotary(kRotaryLayer);
    switch (architecture) {
        case Architecture::qwen3: return {kRotaryTop, rotary, "model.", "layers."};
        case Architecture::gpt2: return {kGpt2Top, kGpt2Layer, "transformer.", "h."};
        case Architecture::bert: return {kBertTop, kBertLayer, "bert.", "encoder.layer."};
        default: return {kRotaryTop, rotary.first(rotary.size() - kQwen3Only), "model.", "layers."};
    }
}

/// "blk.12.attn_q.weight" in its parts.
struct SplitName {
    std::optional<std::uint32_t> layer;
    std::string_view module;
    std::string_view kind; ///< "weight" or "bias"
};

/// A number as it is normally written, below `layers`.
std::optional<std::uint32_t> layer_number(std::string_view text, std::uint32_t layers) {
    std::uint32_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    const bool is_whole = error == std::errc() && end == text.data() + text.size();
    const bool is_padded = text.size() > 1 && text.front() == '0';
    return is_whole && !is_padded && number < layers ? std::optional(number) : std::nullopt;
}

std::optional<SplitName> split(std::string_view name, std::string_view layer_prefix, std::uint32_t layers) {
    SplitName parts;
    if (name.starts_with(layer_prefix)) {
        name.remove_prefix(layer_prefix.size());
        const std::size_t dot = std::min(name.find('.'), name.size() - 1);
        parts.layer = layer_number(name.substr(0, dot), layers);
        if (!parts.layer) return std::nullopt;
        name.remove_prefix(dot + 1);
    }
    const std::size_t dot = name.rfind('.');
    if (dot == std::string_view::npos) return std::nullopt;
    parts.module = name.substr(0, dot);
    parts.kind = name.substr(dot + 1);
    return parts;
}

const Module* find(const Family& family, const SplitName& name, std::string_view Module::* spelling) {
    const std::span<const Module> modules = name.layer ? family.layer : family.top;
    const auto found = std::ranges::find(modules, name.module, spelling);
    return found == modules.end() ? nullptr : &*found;
}

bool allows(const Module& module, std::string_view kind) {
    return kind == "weight" || (kind == "bias" && module.kind != Kind::weight);
}

/// BERT checkpoints older than PyTorch's LayerNorm call its parameters by the paper's letters.
std::string_view modern_kind(const Module& module, std::string_view kind) {
    if (!module.hugging_face.ends_with("LayerNorm")) return kind;
    return kind == "gamma" ? "weight" : kind == "beta" ? "bias" : kind;
}

/// Buffers that older versions saved, and heads beside the one we run.
bool is_unused(Architecture architecture, bool in_layer, std::string_view rest, std::string_view kind) {
    switch (architecture) {
        case Architecture::gpt2: return in_layer && rest == "attn" && (kind == "bias" || kind == "masked_bias");
        case Architecture::bert:
            return !in_layer && ((rest == "embeddings" && kind == "position_ids") || rest == "pooler.dense" ||
                                 rest.starts_with("cls."));
        default: return kind == "inv_freq" && (rest == "rotary_emb" || (in_layer && rest == "self_attn.rotary_emb"));
    }
}

} // namespace

bool is_canonical(Architecture architecture, std::uint32_t layers, std::string_view name) {
    const auto parts = split(name, kBlock, layers);
    if (!parts) return false;
    const Module* module = find(family_of(architecture), *parts, &Module::canonical);
    return module != nullptr && allows(*module, parts->kind);
}

TensorPlace place_of(Architecture architecture, std::uint32_t layers, std::string_view hugging_face_name) {
    const Family family = family_of(architecture);
    std::string_view name = hugging_face_name;
    if (name.starts_with(family.prefix)) name.remove_prefix(family.prefix.size());
    const auto parts = split(name, family.layer_prefix, layers);
    if (!parts || parts->module.empty()) return {};
    if (is_unused(architecture, parts->layer.has_value(), parts->module, parts->kind)) return {TensorUse::unused, ""};
    const Module* module = find(family, *parts, &Module::hugging_face);
    if (module == nullptr) return {};
    const std::string_view kind = modern_kind(*module, parts->kind);
    if (!allows(*module, kind)) return {};
    std::string canonical;
    if (parts->layer) canonical = std::string(kBlock) + std::to_string(*parts->layer) + ".";
    canonical.append(module->canonical).append(".").append(kind);
    return {module->kind == Kind::conv1d && kind == "weight" ? TensorUse::transposed : TensorUse::weight,
            std::move(canonical)};
}

} // namespace assay::formats
