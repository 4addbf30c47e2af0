#include "engine/manifest.h"

#include "engine/model.h"

#include <optional>

namespace assay::engine {
namespace {

using codec::Value;

Value bytes_value(std::string_view text) { return Bytes(text.begin(), text.end()); }
Value bytes_value(const crypto::Digest& digest) { return Bytes(digest.begin(), digest.end()); }

std::string_view to_string(formats::RopeScaling scaling) {
    switch (scaling) {
        case formats::RopeScaling::none: return "none";
        case formats::RopeScaling::linear: return "linear";
        case formats::RopeScaling::llama3: return "llama3";
        case formats::RopeScaling::yarn: return "yarn";
    }
    return "none";
}

template <class T>
Value optional_value(const std::optional<T>& value) {
    return value ? Value(*value) : Value();
}

Value byte_strings(const std::vector<std::string>& texts) {
    Value::List list;
    list.reserve(texts.size());
    for (const std::string& text : texts) list.push_back(bytes_value(text));
    return list;
}

template <class To, class T>
Value number_list(const std::vector<T>& numbers) {
    Value::List list;
    list.reserve(numbers.size());
    for (const T number : numbers) list.emplace_back(To{number});
    return list;
}

} // namespace

Value graph_record(const formats::ModelConfig& config) {
    return Value::Map{
        {"architecture", formats::to_string(config.architecture)},
        {"layers", config.layers},
        {"embedding", config.embedding},
        {"heads", config.heads},
        {"kv_heads", config.kv_heads},
        {"head_size", config.head_size},
        {"feed_forward", config.feed_forward},
        {"vocabulary", config.vocabulary},
        {"context_max", config.context_max},
        {"norm_epsilon", config.norm_epsilon},
        {"rope_base", config.rope_base},
        {"rope_size", config.rope_size},
        {"rope_scaling", to_string(config.rope_scaling)},
        {"rope_factor", config.rope_factor},
        {"rope_low_freq_factor", config.rope_low_freq_factor},
        {"rope_high_freq_factor", config.rope_high_freq_factor},
        {"rope_original_context", config.rope_original_context},
        {"sliding_window", config.sliding_window},
        {"tied_embeddings", config.tied_embeddings},
        {"token_types", config.token_types},
        {"rope_interleaved", config.rope_interleaved},
    };
}

Value tokenizer_record(const formats::TokenizerData& data) {
    return Value::Map{
        {"tokenizer_json", bytes_value(data.tokenizer_json)},
        {"tokenizer_config_json", bytes_value(data.tokenizer_config_json)},
        {"model", bytes_value(data.model)},
        {"pre", bytes_value(data.pre)},
        {"tokens", byte_strings(data.tokens)},
        {"scores", number_list<double>(data.scores)},
        {"types", number_list<std::int32_t>(data.types)},
        {"merges", byte_strings(data.merges)},
        {"bos", optional_value(data.bos)},
        {"eos", optional_value(data.eos)},
        {"eot", optional_value(data.eot)},
        {"unknown", optional_value(data.unknown)},
        {"separator", optional_value(data.separator)},
        {"padding", optional_value(data.padding)},
        {"mask", optional_value(data.mask)},
        {"cls", optional_value(data.cls)},
        {"add_bos", optional_value(data.add_bos)},
        {"add_eos", optional_value(data.add_eos)},
        {"add_space_prefix", optional_value(data.add_space_prefix)},
        {"remove_extra_whitespaces", optional_value(data.remove_extra_whitespaces)},
        {"precompiled_charsmap", bytes_value(data.precompiled_charsmap)},
    };
}

Value tensor_record(std::string_view name, const tensor::TensorView& view, bool transposed,
                    const crypto::Digest& root) {
    return Value::Map{
        {"name", name},
        {"dtype", tensor::traits(view.dtype).name},
        {"shape", number_list<std::uint64_t>(view.shape)},
        {"transposed", transposed},
        {"size", view.bytes.size()},
        {"root", bytes_value(root)},
    };
}

Value manifest_record(ManifestParts parts) {
    return Value::Map{
        {"type", "assay-model"},
        {"version", 1},
        {"arithmetic", kArithmeticVersion},
        {"graph", std::move(parts.graph)},
        {"tensors", Value::Map{{"count", parts.tensor_count},
                               {"chunk", kTensorChunkBytes},
                               {"root", bytes_value(parts.tensors_root)}}},
        {"tokenizer", std::move(parts.tokenizer)},
        {"chat_template", std::move(parts.chat_template)},
    };
}

} // namespace assay::engine
