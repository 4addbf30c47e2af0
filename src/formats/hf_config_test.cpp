#include "formats/hf_config.h"

#include "formats/json_text.h"
#include "formats/tensor_names.h"

#include <gtest/gtest.h>

namespace assay::formats {
namespace {

/// Fields of a plausible file of the class; nullptr removes one.
Json config_of(const std::string& architecture, const Json& changes = {}) {
    Json config = {{"architectures", {architecture}}, {"vocab_size", 100}};
    if (architecture == "GPT2LMHeadModel") {
        config.update({{"n_layer", 2}, {"n_embd", 64}, {"n_head", 4}});
    } else {
        config.update({{"num_hidden_layers", 2},
                       {"hidden_size", 64},
                       {"num_attention_heads", 4},
                       {"intermediate_size", 96},
                       {"max_position_embeddings", 512}});
    }
    for (const auto& [key, value] : changes.items()) config[key] = value;
    return config;
}

ModelConfig read(const Json& config) {
    const auto result = read_hf_config(config.dump());
    EXPECT_TRUE(result.has_value()) << result.error().message;
    return result.value_or(ModelConfig());
}

Error error_of(const Json& config) {
    const auto result = read_hf_config(config.dump());
    EXPECT_FALSE(result.has_value()) << config.dump();
    return result ? Error() : result.error();
}

TEST(HfConfig, HasTheDefaultsOfLlama) {
    const ModelConfig config = read(config_of("LlamaForCausalLM"));
    EXPECT_EQ(config.architecture, Architecture::llama);
    EXPECT_EQ(config.kv_heads, 4U);
    EXPECT_EQ(config.head_size, 16U);
    EXPECT_EQ(config.norm_epsilon, 1e-6);
    EXPECT_EQ(config.rope_base, 10000.0);
    EXPECT_EQ(config.rope_size, 16U);
    EXPECT_FALSE(config.rope_interleaved);
    EXPECT_FALSE(config.tied_embeddings);
    Json old =
        config_of("LlamaForCausalLM", {{"num_key_value_heads", nullptr}, {"head_dim", nullptr}, {"sliding_window", 7}});
    old.erase("max_position_embeddings"); // the first LLaMA's
    EXPECT_EQ(read(old).context_max, 2048U);
    EXPECT_EQ(read(old).sliding_window, 0U); // the class has none
}

TEST(HfConfig, HasTheDefaultsOfTheOtherClasses) {
    const Json many = {{"num_attention_heads", 32}};
    EXPECT_EQ(read(config_of("MistralForCausalLM", many)).kv_heads, 8U);
    EXPECT_EQ(read(config_of("MistralForCausalLM", many)).sliding_window, 4096U);
    EXPECT_EQ(read(config_of("MistralForCausalLM", many)).architecture, Architecture::llama);
    EXPECT_EQ(read(config_of("MistralForCausalLM", {{"num_key_value_heads", nullptr}})).kv_heads, 4U);
    EXPECT_EQ(read(config_of("Qwen2ForCausalLM", many)).kv_heads, 32U);
    EXPECT_EQ(read(config_of("Qwen2ForCausalLM", many)).head_size, 2U);
    EXPECT_EQ(read(config_of("Qwen3ForCausalLM", many)).head_size, 128U);
    const ModelConfig gpt2 = read(config_of("GPT2LMHeadModel"));
    EXPECT_EQ(gpt2.context_max, 1024U);
    EXPECT_EQ(gpt2.feed_forward, 256U);
    EXPECT_EQ(gpt2.norm_epsilon, 1e-5);
    EXPECT_EQ(gpt2.rope_size, 0U);
    EXPECT_TRUE(gpt2.tied_embeddings);
    const ModelConfig bert = read(config_of("BertModel"));
    EXPECT_EQ(bert.norm_epsilon, 1e-12);
    EXPECT_EQ(bert.token_types, 2U);
    EXPECT_FALSE(bert.tied_embeddings);
}

TEST(HfConfig, GoesByTheModelTypeWhereNoClassIsNamed) {
    Json config = config_of("", {{"model_type", "mistral"}});
    config.erase("architectures");
    EXPECT_EQ(read(config).sliding_window, 4096U);
    config["model_type"] = "gemma";
    EXPECT_EQ(error_of(config).message.substr(0, 66),
              "config.json: model_type: architecture 'gemma' is not supported; Ll");
    config.erase("model_type");
    EXPECT_EQ(error_of(config).message, "config.json: model_type: is missing; expected a string");
}

TEST(HfConfig, RefusesOtherClasses) {
    for (const char* name :
         {"GemmaForCausalLM", "LlamaForSequenceClassification", "MixtralForCausalLM", "RobertaModel"}) {
        const Error error = error_of(config_of(name));
        EXPECT_EQ(error.code, ErrorCode::unsupported);
        EXPECT_EQ(error.message, "config.json: architectures[0]: architecture '" + std::string(name) +
                                     "' is not supported; LlamaForCausalLM, MistralForCausalLM, Qwen2ForCausalLM, "
                                     "Qwen3ForCausalLM, GPT2LMHeadModel and BertModel are");
    }
    EXPECT_EQ(error_of(config_of("BertModel", {{"architectures", {"BertModel", "X"}}})).message,
              "config.json: architectures: expected an array of one class name, found array");
    EXPECT_EQ(error_of(config_of("BertModel", {{"architectures", {1}}})).message,
              "config.json: architectures[0]: expected a string, found number");
}

TEST(HfConfig, ReadsRopeInBothSpellings) {
    const Json llama3 = {{"rope_type", "llama3"},
                         {"factor", 8},
                         {"low_freq_factor", 1},
                         {"high_freq_factor", 4.5},
                         {"original_max_position_embeddings", 8192}};
    const ModelConfig old = read(config_of("LlamaForCausalLM", {{"rope_theta", 500000.0}, {"rope_scaling", llama3}}));
    Json parameters = llama3;
    parameters["rope_theta"] = 500000;
    const ModelConfig now = read(config_of("LlamaForCausalLM", {{"rope_parameters", parameters}}));
    for (const ModelConfig& config : {old, now}) {
        EXPECT_EQ(config.rope_base, 500000.0);
        EXPECT_EQ(config.rope_scaling, RopeScaling::llama3);
        EXPECT_EQ(config.rope_factor, 8.0);
        EXPECT_EQ(config.rope_low_freq_factor, 1.0);
        EXPECT_EQ(config.rope_high_freq_factor, 4.5);
        EXPECT_EQ(config.rope_original_context, 8192.0);
    }
    const ModelConfig linear =
        read(config_of("LlamaForCausalLM", {{"rope_scaling", {{"type", "linear"}, {"factor", 2.5}}}}));
    EXPECT_EQ(linear.rope_scaling, RopeScaling::linear);
    EXPECT_EQ(linear.rope_factor, 2.5);
    EXPECT_EQ(read(config_of("LlamaForCausalLM", {{"rope_scaling", {{"rope_type", "default"}}}})).rope_scaling,
              RopeScaling::none);
}

TEST(HfConfig, RefusesRopeThatTheEngineDoesNotRun) {
    const auto error = [](const Json& changes) { return error_of(config_of("LlamaForCausalLM", changes)).message; };
    for (const char* type : {"yarn", "dynamic", "longrope", "mrope"}) {
        EXPECT_EQ(error({{"rope_scaling", {{"type", type}, {"factor", 2}}}}),
                  "config.json: rope_scaling.type: '" + std::string(type) +
                      "' is not supported; default, linear and llama3 are");
    }
    EXPECT_EQ(error({{"rope_scaling", {{"rope_type", "llama3"}, {"factor", 2}}}}),
              "config.json: rope_scaling.low_freq_factor: is missing; expected a number");
    EXPECT_EQ(error({{"rope_parameters", 3}}), "config.json: rope_parameters: expected an object, found number");
    EXPECT_EQ(error({{"rope_theta", "1"}}), "config.json: rope_theta: expected a number, found string");
    EXPECT_EQ(error({{"partial_rotary_factor", 0.5}}),
              "config.json: partial_rotary_factor: rotating a part of each head is not supported");
}

TEST(HfConfig, ReadsSlidingWindows) {
    const auto window = [](const char* architecture, const Json& changes) {
        return read(config_of(architecture, changes)).sliding_window;
    };
    EXPECT_EQ(window("MistralForCausalLM", {{"sliding_window", 128}}), 128U);
    EXPECT_EQ(window("MistralForCausalLM", {{"sliding_window", nullptr}}), 0U);
    EXPECT_EQ(
        window("Qwen2ForCausalLM", {{"sliding_window", 128}, {"use_sliding_window", false}, {"max_window_layers", 0}}),
        0U);
    EXPECT_EQ(
        window("Qwen2ForCausalLM", {{"sliding_window", 128}, {"use_sliding_window", true}, {"max_window_layers", 0}}),
        128U);
    EXPECT_EQ(window("Qwen2ForCausalLM", {{"sliding_window", 128}, {"use_sliding_window", true}}), 0U); // from layer 28
    EXPECT_EQ(window("Qwen3ForCausalLM", {{"sliding_window", 128},
                                          {"use_sliding_window", true},
                                          {"layer_types", {"sliding_attention", "sliding_attention"}}}),
              128U);
    const auto error = [](const Json& changes) { return error_of(config_of("Qwen2ForCausalLM", changes)).message; };
    EXPECT_EQ(error({{"sliding_window", 128}, {"use_sliding_window", true}, {"max_window_layers", 1}}),
              "config.json: sliding_window: windows in some layers only are not supported");
    EXPECT_EQ(error({{"layer_types", {"full_attention"}}}),
              "config.json: layer_types: expected an array of 2 layer types, found array");
    EXPECT_EQ(error({{"layer_types", {"full_attention", "linear_attention"}}}),
              "config.json: layer_types[1]: 'linear_attention' is not supported");
    EXPECT_EQ(error({{"sliding_window", 0}}),
              "config.json: sliding_window: expected a positive number or null, found number");
}

TEST(HfConfig, RefusesGraphsThatTheEngineDoesNotRun) {
    const auto error = [](const char* architecture, const Json& changes) {
        return error_of(config_of(architecture, changes));
    };
    EXPECT_EQ(error("LlamaForCausalLM", {{"hidden_act", "gelu"}}).message,
              "config.json: hidden_act: 'gelu' is not supported; 'silu' is");
    EXPECT_EQ(error("LlamaForCausalLM", {{"quantization_config", {{"bits", 4}}}}).code, ErrorCode::unsupported);
    EXPECT_EQ(error("GPT2LMHeadModel", {{"activation_function", "relu"}}).code, ErrorCode::unsupported);
    EXPECT_EQ(error("GPT2LMHeadModel", {{"scale_attn_weights", false}}).message,
              "config.json: scale_attn_weights: false is not supported");
    EXPECT_EQ(error("GPT2LMHeadModel", {{"scale_attn_by_inverse_layer_idx", true}}).code, ErrorCode::unsupported);
    EXPECT_EQ(error("GPT2LMHeadModel", {{"add_cross_attention", true}}).code, ErrorCode::unsupported);
    EXPECT_EQ(error("BertModel", {{"hidden_act", "gelu_new"}}).code, ErrorCode::unsupported);
    EXPECT_EQ(error("BertModel", {{"position_embedding_type", "relative_key"}}).code, ErrorCode::unsupported);
    EXPECT_EQ(error("BertModel", {{"is_decoder", true}}).code, ErrorCode::unsupported);
}

TEST(HfConfig, NamesWhatIsMissingOrMistyped) {
    for (const char* field :
         {"vocab_size", "num_hidden_layers", "hidden_size", "num_attention_heads", "intermediate_size"}) {
        Json config = config_of("LlamaForCausalLM");
        config.erase(field);
        EXPECT_EQ(error_of(config).message,
                  "config.json: " + std::string(field) + ": is missing; expected a whole number from 0 to 4294967295");
        for (const Json& wrong :
             {Json(-1), Json(1.5), Json("1"), Json(true), Json(std::uint64_t{1} << 32), Json::array({1})}) {
            config[field] = wrong;
            EXPECT_EQ(error_of(config).message.find("config.json: " + std::string(field) + ": expected a whole number"),
                      0U);
        }
    }
    const auto error = [](const char* architecture, const Json& changes) {
        return error_of(config_of(architecture, changes)).message;
    };
    EXPECT_EQ(error("LlamaForCausalLM", {{"num_attention_heads", 3}}),
              "config.json: num_attention_heads: 3 does not divide the hidden size 64");
    EXPECT_EQ(error("LlamaForCausalLM", {{"num_attention_heads", 0}}),
              "config.json: num_attention_heads: 0 does not divide the hidden size 64");
    EXPECT_EQ(error("GPT2LMHeadModel", {{"n_embd", 4294967292U}}),
              "config.json: n_embd: expected a smaller number, found number");
    EXPECT_EQ(error("LlamaForCausalLM", {{"tie_word_embeddings", "yes"}}),
              "config.json: tie_word_embeddings: expected true or false, found string");
    EXPECT_EQ(read_hf_config("[]").error().message, "config.json: expected an object, found array");
    EXPECT_EQ(read_hf_config("").error().message.find("config.json: not JSON"), 0U);
    EXPECT_EQ(read_hf_config(R"({"a":1,"a":1})").error().message, "config.json: key 'a' occurs twice");
}

// --- tensor names ----------------------------------------------------------------------------------------------------

TEST(TensorNames, AreTheSameWithAndWithoutThePrefix) {
    for (const char* prefix : {"model.", ""}) {
        EXPECT_EQ(
            place_of(Architecture::qwen3, 12, std::string(prefix) + "layers.11.self_attn.q_norm.weight").canonical,
            "blk.11.attn_q_norm.weight");
        EXPECT_EQ(place_of(Architecture::llama, 2, std::string(prefix) + "norm.weight").canonical,
                  "output_norm.weight");
    }
    for (const char* prefix : {"transformer.", ""}) {
        const TensorPlace place = place_of(Architecture::gpt2, 2, std::string(prefix) + "h.1.mlp.c_fc.weight");
        EXPECT_EQ(place.canonical, "blk.1.ffn_up.weight");
        EXPECT_EQ(place.use, TensorUse::transposed);
        EXPECT_EQ(place_of(Architecture::gpt2, 2, std::string(prefix) + "h.1.mlp.c_fc.bias").use, TensorUse::weight);
    }
    for (const char* prefix : {"bert.", ""}) {
        EXPECT_EQ(
            place_of(Architecture::bert, 2, std::string(prefix) + "encoder.layer.0.output.LayerNorm.weight").canonical,
            "blk.0.layer_output_norm.weight");
        EXPECT_EQ(place_of(Architecture::bert, 2, std::string(prefix) + "embeddings.LayerNorm.gamma").canonical,
                  "token_embd_norm.weight");
        EXPECT_EQ(place_of(Architecture::bert, 2, std::string(prefix) + "embeddings.LayerNorm.beta").canonical,
                  "token_embd_norm.bias");
    }
}

TEST(TensorNames, KnowBuffersAndHeadsThatNothingReads) {
    const auto use = [](Architecture architecture, std::string_view name) {
        return place_of(architecture, 2, name).use;
    };
    EXPECT_EQ(use(Architecture::llama, "model.layers.1.self_attn.rotary_emb.inv_freq"), TensorUse::unused);
    EXPECT_EQ(use(Architecture::gpt2, "h.1.attn.bias"), TensorUse::unused);
    EXPECT_EQ(use(Architecture::gpt2, "transformer.h.0.attn.masked_bias"), TensorUse::unused);
    EXPECT_EQ(use(Architecture::bert, "embeddings.position_ids"), TensorUse::unused);
    EXPECT_EQ(use(Architecture::bert, "bert.pooler.dense.bias"), TensorUse::unused);
    EXPECT_EQ(use(Architecture::bert, "cls.predictions.transform.dense.weight"), TensorUse::unused);
}

TEST(TensorNames, HaveNoPlaceElsewhere) {
    for (const char* name : {"",
                             ".",
                             "model",
                             "model.",
                             "weight",
                             ".weight",
                             "layers",
                             "layers.",
                             "layers.0",
                             "layers.0.",
                             "layers..weight",
                             "layers.2.self_attn.q_proj.weight",
                             "layers.01.self_attn.q_proj.weight",
                             "layers.-1.self_attn.q_proj.weight",
                             "layers.4294967296.self_attn.q_proj.weight",
                             "layers.0.self_attn.q_norm.weight",
                             "layers.0.self_attn.q_proj.scale",
                             "layers.0.input_layernorm.bias",
                             "lm_head.bias",
                             "model.model.norm.weight",
                             "layers.0.mlp.gate.weight"}) {
        EXPECT_EQ(place_of(Architecture::llama, 2, name).use, TensorUse::unknown) << name;
        EXPECT_EQ(place_of(Architecture::llama, 2, name).canonical, "") << name;
    }
    for (const char* name : {"", "blk.", "blk.0", "blk.0.", "blk.0.weight", "blk.2.attn_q.weight", "attn_q.weight",
                             "blk.0.output.weight", ".weight"}) {
        EXPECT_FALSE(is_canonical(Architecture::llama, 2, name)) << name;
    }
    EXPECT_TRUE(is_canonical(Architecture::llama, 2, "blk.1.attn_q.bias"));
    EXPECT_FALSE(is_canonical(Architecture::gpt2, 2, "rope_freqs.weight"));
}

} // namespace
} // namespace assay::formats
