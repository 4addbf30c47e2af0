#include "formats/hf_config.h"

#include "formats/json_text.h"
#include "formats/quote.h"

#include <algorithm>
#include <initializer_list>
#include <optional>

namespace assay::formats {
namespace {

/// A class of transformers, with the defaults of its configuration that published files leave out.
struct ModelClass {
    std::string_view name;
    std::string_view model_type;
    Architecture architecture;
    std::optional<std::uint32_t> context;        ///< empty: the file must say
    std::optional<std::uint32_t> kv_heads;       ///< empty: as many as heads
    std::optional<std::uint32_t> head_size;      ///< empty: hidden size / heads
    std::optional<std::uint32_t> sliding_window; ///< empty: none
    bool tied = false;
};

constexpr ModelClass kClasses[] = {
    {"LlamaForCausalLM", "llama", Architecture::llama, 2048, {}, {}, {}, false},
    {"MistralForCausalLM", "mistral", Architecture::llama, {}, 8, {}, 4096, false},
    {"Qwen2ForCausalLM", "qwen2", Architecture::qwen2, {}, 32, {}, 4096, false},
    {"Qwen3ForCausalLM", "qwen3", Architecture::qwen3, {}, 32, 128, 4096, false},
    {"GPT2LMHeadModel", "gpt2", Architecture::gpt2, 1024, {}, {}, {}, true},
    {"BertModel", "bert", Architecture::bert, 512, {}, {}, {}, false},
    {"BertForMaskedLM", "bert", Architecture::bert, 512, {}, {}, {}, false},
};

Result<ModelClass> class_of(const JsonField& root) {
    const JsonField list = root["architectures"];
    JsonField field = root["model_type"];
    if (!list.is_absent()) {
        if (!list.value().is_array() || list.value().size() != 1) return list.expected("an array of one class name");
        field = list.at(0);
    }
    const std::string name = TRY(field.text());
    const auto spelling = list.is_absent() ? &ModelClass::model_type : &ModelClass::name;
    const auto found = std::ranges::find(kClasses, std::string_view(name), spelling);
    if (found != std::end(kClasses)) return *found;
    return field.unsupported("architecture " + quote(name) +
                             " is not supported; LlamaForCausalLM, MistralForCausalLM, "
                             "Qwen2ForCausalLM, Qwen3ForCausalLM, GPT2LMHeadModel and BertModel are");
}

/// A field that must be absent or have one of the values under which the graph is the one we run.
Result<void> require_text(const JsonField& field, std::initializer_list<std::string_view> allowed) {
    const std::string value = TRY(field.text_or(*allowed.begin()));
    if (std::ranges::find(allowed, value) != allowed.end()) return {};
    return field.unsupported(quote(value) + " is not supported; " + quote(*allowed.begin()) + " is");
}

Result<void> require_boolean(const JsonField& field, bool wanted) {
    if (TRY(field.boolean_or(wanted)) == wanted) return {};
    return field.unsupported(std::string(wanted ? "false" : "true") + " is not supported");
}

Result<std::uint32_t> natural(const JsonField& field, std::optional<std::uint32_t> otherwise) {
    return otherwise ? field.natural_or(*otherwise) : field.natural();
}

Result<std::uint32_t> equal_share(const JsonField& heads, const ModelConfig& config) {
    if (config.heads != 0 && config.embedding % config.heads == 0) return config.embedding / config.heads;
    return fail(ErrorCode::malformed, heads.name() + ": " + std::to_string(config.heads) +
                                          " does not divide the hidden size " + std::to_string(config.embedding));
}

// --- rotary positions ------------------------------------------------------------------------------------------------

Result<void> read_llama3(const JsonField& scaling, const JsonField& root, ModelConfig& config) {
    config.rope_scaling = RopeScaling::llama3;
    config.rope_factor = TRY(scaling["factor"].real());
    config.rope_low_freq_factor = TRY(scaling["low_freq_factor"].real());
    config.rope_high_freq_factor = TRY(scaling["high_freq_factor"].real());
    const JsonField outer = root["original_max_position_embeddings"];
    const JsonField original = scaling["original_max_position_embeddings"];
    config.rope_original_context = TRY((original.is_absent() && !outer.is_absent() ? outer : original).real());
    return {};
}

Result<void> read_scaling(const JsonField& scaling, const JsonField& root, ModelConfig& config) {
    if (!scaling.is_absent() && !scaling.value().is_object()) return scaling.expected("an object");
    const JsonField type = scaling.first_of("rope_type", "type");
    const std::string name = TRY(type.text_or("default"));
    if (name == "default") return {};
    if (name == "llama3") return read_llama3(scaling, root, config);
    if (name != "linear") return type.unsupported(quote(name) + " is not supported; default, linear and llama3 are");
    config.rope_scaling = RopeScaling::linear;
    config.rope_factor = TRY(scaling["factor"].real());
    return {};
}

Result<void> read_rope(const JsonField& root, ModelConfig& config) {
    const JsonField scaling = root.first_of("rope_parameters", "rope_scaling");
    const JsonField inner = scaling["rope_theta"];
    config.rope_base = TRY((inner.is_absent() ? root["rope_theta"] : inner).real_or(10000.0));
    config.rope_size = config.head_size;
    for (const JsonField& partial : {scaling["partial_rotary_factor"], root["partial_rotary_factor"]}) {
        if (TRY(partial.real_or(1.0)) != 1.0) {
            return partial.unsupported("rotating a part of each head is not supported");
        }
    }
    return read_scaling(scaling, root, config);
}

// --- sliding windows -------------------------------------------------------------------------------------------------

/// How many layers attend within the window only; qwen says so by a first layer or, since 2025, layer by layer.
Result<std::uint32_t> layers_with_window(const JsonField& root, const ModelConfig& config) {
    const JsonField types = root["layer_types"];
    if (types.is_absent()) {
        const auto first = TRY(root["max_window_layers"].natural_or(28));
        return config.layers - std::min(config.layers, first);
    }
    if (!types.value().is_array() || types.value().size() != config.layers) {
        return types.expected("an array of " + std::to_string(config.layers) + " layer types");
    }
    std::uint32_t count = 0;
    for (std::size_t i = 0; i < config.layers; ++i) {
        const std::string type = TRY(types.at(i).text());
        if (type != "full_attention" && type != "sliding_attention") {
            return types.at(i).unsupported(quote(type) + " is not supported");
        }
        count += type == "sliding_attention";
    }
    return count;
}

Result<void> read_window(const JsonField& root, const ModelClass& model, ModelConfig& config) {
    if (!model.sliding_window) return {};
    const JsonField field = root["sliding_window"];
    const bool is_null = root.value().contains("sliding_window") && field.is_absent();
    const auto window = is_null ? 0 : TRY(field.natural_or(*model.sliding_window));
    if (!is_null && window == 0) return field.expected("a positive number or null");
    if (config.architecture == Architecture::llama) { // Mistral: every layer
        config.sliding_window = window;
        return {};
    }
    const bool is_used = TRY(root["use_sliding_window"].boolean_or(false));
    const auto layers = TRY(layers_with_window(root, config));
    if (!is_used || layers == 0) return {};
    if (layers != config.layers) return field.unsupported("windows in some layers only are not supported");
    config.sliding_window = window;
    return {};
}

// --- families --------------------------------------------------------------------------------------------------------

Result<void> read_rotary(const JsonField& root, const ModelClass& model, ModelConfig& config) {
    TRY_VOID(require_text(root["hidden_act"], {"silu", "swish"}));
    config.layers = TRY(root["num_hidden_layers"].natural());
    config.embedding = TRY(root["hidden_size"].natural());
    config.heads = TRY(root["num_attention_heads"].natural());
    const bool says_kv_heads = root.value().contains("num_key_value_heads");
    const auto kv_heads = says_kv_heads ? config.heads : model.kv_heads.value_or(config.heads); // null means heads
    config.kv_heads = TRY(root["num_key_value_heads"].natural_or(kv_heads));
    const JsonField head_size = root["head_dim"];
    const bool is_derived = head_size.is_absent() && !model.head_size;
    config.head_size =
        is_derived ? TRY(equal_share(root["num_attention_heads"], config)) : TRY(natural(head_size, model.head_size));
    config.feed_forward = TRY(root["intermediate_size"].natural());
    config.context_max = TRY(natural(root["max_position_embeddings"], model.context));
    config.norm_epsilon = TRY(root["rms_norm_eps"].real_or(1e-6));
    TRY_VOID(read_window(root, model, config));
    return read_rope(root, config);
}

Result<void> read_gpt2(const JsonField& root, const ModelClass& model, ModelConfig& config) {
    TRY_VOID(require_text(root["activation_function"], {"gelu_new", "gelu_pytorch_tanh"}));
    TRY_VOID(require_boolean(root["scale_attn_weights"], true));
    TRY_VOID(require_boolean(root["scale_attn_by_inverse_layer_idx"], false));
    TRY_VOID(require_boolean(root["add_cross_attention"], false));
    config.layers = TRY(root["n_layer"].natural());
    config.embedding = TRY(root["n_embd"].natural());
    config.heads = TRY(root["n_head"].natural());
    config.kv_heads = config.heads;
    config.head_size = TRY(equal_share(root["n_head"], config));
    const JsonField inner = root["n_inner"];
    if (inner.is_absent() && config.embedding > (1U << 29)) return root["n_embd"].expected("a smaller number");
    config.feed_forward = TRY(inner.natural_or(4 * config.embedding));
    config.context_max = TRY(natural(root["n_positions"], model.context));
    config.norm_epsilon = TRY(root["layer_norm_epsilon"].real_or(1e-5));
    return {};
}

Result<void> read_bert(const JsonField& root, const ModelClass& model, ModelConfig& config) {
    TRY_VOID(require_text(root["hidden_act"], {"gelu"}));
    TRY_VOID(require_text(root["position_embedding_type"], {"absolute"}));
    TRY_VOID(require_boolean(root["is_decoder"], false));
    config.layers = TRY(root["num_hidden_layers"].natural());
    config.embedding = TRY(root["hidden_size"].natural());
    config.heads = TRY(root["num_attention_heads"].natural());
    config.kv_heads = config.heads;
    config.head_size = TRY(equal_share(root["num_attention_heads"], config));
    config.feed_forward = TRY(root["intermediate_size"].natural());
    config.context_max = TRY(natural(root["max_position_embeddings"], model.context));
    config.norm_epsilon = TRY(root["layer_norm_eps"].real_or(1e-12));
    config.token_types = TRY(root["type_vocab_size"].natural_or(2));
    return {};
}

Result<void> read_family(const JsonField& root, const ModelClass& model, ModelConfig& config) {
    switch (model.architecture) {
        case Architecture::gpt2: return read_gpt2(root, model, config);
        case Architecture::bert: return read_bert(root, model, config);
        default: return read_rotary(root, model, config);
    }
}

} // namespace

Result<ModelConfig> read_hf_config(std::string_view config_json) {
    const Json json = TRY(parse_json(config_json, "config.json"));
    const JsonField root(json, "config.json");
    if (!json.is_object()) return root.expected("an object");
    const ModelClass model = TRY(class_of(root));
    const JsonField quantization = root["quantization_config"];
    if (!quantization.is_absent()) {
        return quantization.unsupported("quantised safetensors are not supported; float ones and GGUF are");
    }
    ModelConfig config;
    config.architecture = model.architecture;
    config.vocabulary = TRY(root["vocab_size"].natural());
    TRY_VOID(read_family(root, model, config));
    const bool has_output = model.architecture != Architecture::bert;
    config.tied_embeddings = has_output && TRY(root["tie_word_embeddings"].boolean_or(model.tied));
    return config;
}

} // namespace assay::formats
