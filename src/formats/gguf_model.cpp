#include "formats/gguf_model.h"

#include "codec/utf8.h"
#include "formats/model_config.h"
#include "formats/model_file_builder.h"
#include "formats/quote.h"
#include "formats/tensor_names.h"

#include <limits>

namespace assay::formats {
namespace {

constexpr std::uint64_t kMergesMax = std::uint64_t{1} << 23;
constexpr std::size_t kNameBytesMax = 256;

/// Look-ups of one architecture's keys ("llama.block_count").
class ConfigKeys {
public:
    ConfigKeys(const GgufFile& gguf, std::string architecture) : gguf_(gguf), prefix_(std::move(architecture) + ".") {}

    std::string key(std::string_view name) const { return prefix_ + std::string(name); }
    bool has(std::string_view name) const { return gguf_.has(key(name)); }

    Result<std::uint32_t> natural_or(std::string_view name, std::uint32_t otherwise) const {
        const auto value = TRY(gguf_.natural(key(name)));
        if (!value) return otherwise;
        if (*value > std::numeric_limits<std::uint32_t>::max()) {
            return fail(ErrorCode::malformed,
                        "GGUF metadata " + quote(key(name)) + ": " + std::to_string(*value) + " is too large");
        }
        return static_cast<std::uint32_t>(*value);
    }
    Result<std::uint32_t> natural(std::string_view name) const {
        TRY_VOID(require(name));
        return natural_or(name, 0);
    }
    Result<double> real_or(std::string_view name, double otherwise) const {
        return TRY(gguf_.real(key(name))).value_or(otherwise);
    }
    Result<double> real(std::string_view name) const {
        TRY_VOID(require(name));
        return real_or(name, 0.0);
    }
    Result<std::string> text_or(std::string_view name, std::string otherwise) const {
        return TRY(gguf_.text(key(name))).value_or(std::move(otherwise));
    }
    std::unexpected<Error> unsupported(std::string_view name, const std::string& what) const {
        return fail(ErrorCode::unsupported, "GGUF metadata " + quote(key(name)) + ": " + what);
    }

private:
    Result<void> require(std::string_view name) const {
        if (has(name)) return {};
        return fail(ErrorCode::malformed, "GGUF metadata " + quote(key(name)) + ": is missing");
    }

    const GgufFile& gguf_;
    std::string prefix_;
};

const tensor::TensorView* find_tensor(const GgufFile& gguf, std::string_view name) {
    for (const GgufTensor& tensor : gguf.tensors()) {
        if (tensor.name == name) return &tensor.view;
    }
    return nullptr;
}

/// Rows of a matrix that must be there, within `rows_max`.
Result<std::uint32_t> rows_of(const GgufFile& gguf, std::string_view name, std::uint32_t rows_max) {
    const tensor::TensorView* view = find_tensor(gguf, name);
    if (view == nullptr) return fail(ErrorCode::malformed, "GGUF tensor " + quote(name) + ": is missing");
    if (view->shape.size() != 2) {
        return fail(ErrorCode::malformed,
                    "GGUF tensor " + quote(name) + ": " + std::to_string(view->shape.size()) + " dimensions, not 2");
    }
    if (view->shape[0] > rows_max) {
        return fail(ErrorCode::malformed, "GGUF tensor " + quote(name) + ": " + std::to_string(view->shape[0]) +
                                              " rows exceed the limit of " + std::to_string(rows_max));
    }
    return static_cast<std::uint32_t>(view->shape[0]);
}

Result<void> read_head_size(const ConfigKeys& keys, ModelConfig& config) {
    if (keys.has("attention.key_length")) {
        config.head_size = TRY(keys.natural("attention.key_length"));
    } else {
        if (config.heads == 0 || config.embedding % config.heads != 0) {
            return fail(ErrorCode::malformed, "GGUF metadata " + quote(keys.key("attention.head_count")) + ": " +
                                                  std::to_string(config.heads) +
                                                  " does not divide the embedding length " +
                                                  std::to_string(config.embedding));
        }
        config.head_size = config.embedding / config.heads;
    }
    const auto value_size = TRY(keys.natural_or("attention.value_length", config.head_size));
    if (value_size == config.head_size) return {};
    return keys.unsupported("attention.value_length", std::to_string(value_size) + " differs from the key length " +
                                                          std::to_string(config.head_size));
}

/// llama.cpp takes a factor without a type for linear scaling, and 0 for no scaling.
Result<void> read_rope_scaling(const ConfigKeys& keys, ModelConfig& config) {
    const std::string type = TRY(keys.text_or("rope.scaling.type", "linear"));
    if (type == "none") return {};
    if (type != "linear") {
        return keys.unsupported("rope.scaling.type",
                                quote(type) + " is not supported; none, linear and a tensor 'rope_freqs.weight' are");
    }
    const double older = TRY(keys.real_or("rope.scale_linear", 0.0));
    const double factor = TRY(keys.real_or("rope.scaling.factor", older));
    if (factor == 0.0 || factor == 1.0) return {};
    config.rope_scaling = RopeScaling::linear;
    config.rope_factor = factor;
    return {};
}

Result<void> read_rotary(const ConfigKeys& keys, ModelConfig& config) {
    config.norm_epsilon = TRY(keys.real("attention.layer_norm_rms_epsilon"));
    config.rope_base = TRY(keys.real_or("rope.freq_base", 10000.0));
    config.rope_size = TRY(keys.natural_or("rope.dimension_count", config.head_size));
    config.sliding_window = TRY(keys.natural_or("attention.sliding_window", 0));
    config.rope_interleaved = config.architecture == Architecture::llama;
    return read_rope_scaling(keys, config);
}

/// What the file may say about a bert's use, and the engine would not do.
Result<void> check_bert(const ConfigKeys& keys) {
    constexpr std::uint32_t kMeanPooling = 1;
    const auto pooling = TRY(keys.natural_or("pooling_type", kMeanPooling));
    if (pooling > kMeanPooling) {
        return keys.unsupported("pooling_type", std::to_string(pooling) + " is not supported; 1 (mean) is");
    }
    return {};
}

Result<std::optional<std::int32_t>> token_id(const GgufFile& gguf, const std::string& key) {
    const auto id = TRY(gguf.natural(key));
    if (!id) return std::nullopt;
    if (*id > std::uint64_t{std::numeric_limits<std::int32_t>::max()}) {
        return fail(ErrorCode::malformed,
                    "GGUF metadata " + quote(key) + ": " + std::to_string(*id) + " is out of range");
    }
    return static_cast<std::int32_t>(*id);
}

/// Adapters, projectors and parts of a split file carry the same magic but are no model.
Result<void> check_whole_model(const GgufFile& gguf) {
    const auto type = TRY(gguf.text("general.type"));
    if (type && *type != "model") {
        return fail(ErrorCode::unsupported, "GGUF metadata 'general.type': " + quote(*type) + " is not 'model'");
    }
    const auto parts = TRY(gguf.natural("split.count"));
    if (parts && *parts > 1) {
        return fail(ErrorCode::unsupported, "GGUF metadata 'split.count': one of " + std::to_string(*parts) +
                                                " parts; merge them into one file first");
    }
    return {};
}

Result<void> check_vocabulary(const ModelConfig& config, const TokenizerData& tokenizer) {
    if (tokenizer.tokens.size() <= config.vocabulary) return {};
    return fail(ErrorCode::malformed,
                "GGUF metadata 'tokenizer.ggml.tokens': " + std::to_string(tokenizer.tokens.size()) +
                    " tokens for the " + std::to_string(config.vocabulary) + " rows of 'token_embd.weight'");
}

Result<std::string> name_of(const GgufFile& gguf, const std::filesystem::path& path) {
    const auto name = TRY(gguf.text("general.name"));
    if (name && !name->empty() && name->size() <= kNameBytesMax && codec::is_valid_utf8(*name)) return *name;
    return path.stem().string();
}

Result<void> add_tensor(const GgufTensor& tensor, ModelFileBuilder& builder) {
    const ModelConfig& config = builder.config();
    const bool is_leftover = tensor.name.ends_with(".attn_rot_embd.weight"); // old converters' frequencies, unread
    if (is_leftover) return {};
    if (is_canonical(config.architecture, config.layers, tensor.name)) {
        return builder.add_tensor(tensor.name, tensor.view);
    }
    return fail(ErrorCode::unsupported, "GGUF tensor " + quote(tensor.name) + ": has no place in a " +
                                            std::string(to_string(config.architecture)) + " model of " +
                                            std::to_string(config.layers) + " layers");
}

Result<std::shared_ptr<const ModelFile>> build(const std::filesystem::path& path, MappedFile mapping) {
    ModelFileBuilder builder("gguf");
    const GgufFile gguf = TRY(GgufFile::parse(builder.keep(std::move(mapping))));
    TRY_VOID(check_whole_model(gguf));
    builder.config() = TRY(read_gguf_config(gguf));
    TRY_VOID(check(builder.config()));
    builder.tokenizer() = TRY(read_gguf_tokenizer(gguf));
    TRY_VOID(check_vocabulary(builder.config(), builder.tokenizer()));
    builder.chat_template() = TRY(gguf.text("tokenizer.chat_template")).value_or("");
    builder.name() = TRY(name_of(gguf, path));
    builder.add_path(path);
    for (const GgufTensor& tensor : gguf.tensors()) TRY_VOID(add_tensor(tensor, builder));
    return std::move(builder).finish();
}

} // namespace

Result<ModelConfig> read_gguf_config(const GgufFile& gguf) {
    const auto name = TRY(gguf.text("general.architecture"));
    if (!name) return fail(ErrorCode::malformed, "GGUF metadata 'general.architecture': is missing");
    ModelConfig config;
    config.architecture = TRY(architecture_of(*name));
    const ConfigKeys keys(gguf, *name);
    if (TRY(keys.natural_or("expert_count", 0)) != 0) {
        return keys.unsupported("expert_count", "mixtures of experts are not supported");
    }
    config.layers = TRY(keys.natural("block_count"));
    config.embedding = TRY(keys.natural("embedding_length"));
    config.context_max = TRY(keys.natural("context_length"));
    config.feed_forward = TRY(keys.natural("feed_forward_length"));
    config.heads = TRY(keys.natural("attention.head_count"));
    config.kv_heads = TRY(keys.natural_or("attention.head_count_kv", config.heads));
    TRY_VOID(read_head_size(keys, config));
    if (is_rotary(config.architecture)) {
        TRY_VOID(read_rotary(keys, config));
    } else {
        config.norm_epsilon = TRY(keys.real("attention.layer_norm_epsilon"));
    }
    config.vocabulary = TRY(rows_of(gguf, "token_embd.weight", kVocabularyMax));
    if (config.architecture == Architecture::bert) {
        TRY_VOID(check_bert(keys));
        config.token_types = TRY(rows_of(gguf, "token_types.weight", kTokenTypesMax));
    } else {
        config.tied_embeddings = find_tensor(gguf, "output.weight") == nullptr;
    }
    return config;
}

Result<TokenizerData> read_gguf_tokenizer(const GgufFile& gguf) {
    const auto key = [](std::string_view name) { return "tokenizer.ggml." + std::string(name); };
    TokenizerData data;
    data.model = TRY(gguf.text(key("model"))).value_or("");
    data.pre = TRY(gguf.text(key("pre"))).value_or("");
    data.tokens = TRY(gguf.texts(key("tokens"), kVocabularyMax));
    data.scores = TRY(gguf.floats(key("scores"), kVocabularyMax));
    data.types = TRY(gguf.integers(key("token_type"), kVocabularyMax));
    data.merges = TRY(gguf.texts(key("merges"), kMergesMax));
    data.bos = TRY(token_id(gguf, key("bos_token_id")));
    data.eos = TRY(token_id(gguf, key("eos_token_id")));
    data.eot = TRY(token_id(gguf, key("eot_token_id")));
    data.unknown = TRY(token_id(gguf, key("unknown_token_id")));
    data.separator = TRY(token_id(gguf, key("seperator_token_id"))); // spelt so in the specification
    data.padding = TRY(token_id(gguf, key("padding_token_id")));
    data.mask = TRY(token_id(gguf, key("mask_token_id")));
    data.cls = TRY(token_id(gguf, key("cls_token_id")));
    data.add_bos = TRY(gguf.boolean(key("add_bos_token")));
    data.add_eos = TRY(gguf.boolean(key("add_eos_token")));
    data.add_space_prefix = TRY(gguf.boolean(key("add_space_prefix")));
    data.remove_extra_whitespaces = TRY(gguf.boolean(key("remove_extra_whitespaces")));
    data.precompiled_charsmap = TRY(gguf.octets(key("precompiled_charsmap")));
    return data;
}

Result<std::shared_ptr<const ModelFile>> open_gguf(const std::filesystem::path& path) {
    MappedFile mapping = TRY(MappedFile::open(path));
    auto file = build(path, std::move(mapping));
    if (!file) return fail_in(path.string(), std::move(file.error()));
    return file;
}

} // namespace assay::formats
