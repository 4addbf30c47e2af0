#include "formats/hf_folder.h"

#include "formats/hf_config.h"
#include "formats/json_text.h"
#include "formats/model_config.h"
#include "formats/model_file_builder.h"
#include "formats/quote.h"
#include "formats/safetensors.h"
#include "formats/tensor_names.h"

#include <algorithm>
#include <set>

namespace assay::formats {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kConfigBytesMax = std::size_t{1} << 20;
constexpr std::size_t kIndexBytesMax = std::size_t{32} << 20;
constexpr std::size_t kTokenizerBytesMax = std::size_t{256} << 20;
constexpr std::size_t kTokenizerConfigBytesMax = std::size_t{16} << 20;
constexpr std::size_t kTemplateBytesMax = std::size_t{1} << 20;
constexpr std::size_t kShardsMax = 4096;
constexpr std::string_view kWeights = "model.safetensors";
constexpr std::string_view kPooling = "1_Pooling/config.json";
constexpr std::string_view kIndex = "model.safetensors.index.json";

/// Puts the folder in front of an error that names a file within it.
template <class T>
Result<T> in(const fs::path& where, Result<T> result) {
    if (!result) return fail_in(where.string(), std::move(result.error()));
    return result;
}

/// A name that cannot lead out of the folder.
Result<void> check_shard_name(const JsonField& field, std::string_view shard) {
    const bool has_path = shard.find_first_of(std::string_view("/\\\0", 3)) != std::string_view::npos;
    if (!has_path && shard.size() <= 255 && shard.ends_with(".safetensors") && shard.front() != '.') return {};
    return fail(ErrorCode::malformed,
                field.name() + ": " + quote(shard) + " is not the name of a .safetensors file in the folder");
}

/// The steps of reading one folder; each adds to the builder.
class FolderReader {
public:
    explicit FolderReader(fs::path folder) : folder_(std::move(folder)) {}

    Result<std::shared_ptr<const ModelFile>> read(const std::optional<fs::path>& weights) {
        TRY_VOID(read_config());
        if (weights) {
            TRY_VOID(read_weights(weights->filename().string(), {}));
        } else if (exists(kWeights)) {
            TRY_VOID(read_weights(std::string(kWeights), {}));
        } else {
            TRY_VOID(read_shards());
        }
        drop_tied_output();
        TRY_VOID(read_tokenizer());
        builder_.name() = name_of(weights);
        std::ranges::sort(paths_);
        for (fs::path& path : paths_) builder_.add_path(std::move(path));
        return in(folder_, std::move(builder_).finish());
    }

private:
    bool exists(std::string_view name) const {
        std::error_code error;
        return fs::exists(folder_ / name, error);
    }

    Result<std::string> read_text(std::string_view name, std::size_t size_max) {
        paths_.push_back(folder_ / name);
        return read_file(paths_.back(), size_max);
    }

    /// Empty when there is no such file.
    Result<std::string> read_text_if_there(std::string_view name, std::size_t size_max) {
        if (!exists(name)) return std::string();
        return read_text(name, size_max);
    }

    Result<void> read_config() {
        const std::string text = TRY(read_text("config.json", kConfigBytesMax));
        builder_.config() = TRY(in(folder_, read_hf_config(text)));
        if (builder_.config().architecture == Architecture::bert && exists(kPooling)) {
            const std::string pooling = TRY(read_file(folder_ / kPooling, kConfigBytesMax));
            TRY_VOID(in(folder_, check_pooling(pooling)));
        }
        return in(folder_, check(builder_.config()));
    }

    Result<void> read_shards() {
        if (!exists(kIndex)) {
            return fail(ErrorCode::not_found,
                        folder_.string() + ": has neither " + std::string(kWeights) + " nor " + std::string(kIndex));
        }
        const std::string text = TRY(read_text(kIndex, kIndexBytesMax));
        const auto map = TRY(in(folder_, read_shard_index(text)));
        std::map<std::string, std::set<std::string>> tensors_of;
        for (const auto& [tensor, shard] : map) tensors_of[shard].insert(tensor);
        for (const auto& [shard, tensors] : tensors_of) TRY_VOID(read_weights(shard, tensors));
        return {};
    }

    /// `expected`: the tensors that the index says are here; empty without an index.
    Result<void> read_weights(const std::string& name, const std::set<std::string>& expected) {
        paths_.push_back(folder_ / name);
        const fs::path path = paths_.back();
        const ByteView bytes = builder_.keep(TRY(MappedFile::open(path)));
        const SafetensorsFile file = TRY(in(path, SafetensorsFile::parse(bytes)));
        if (!expected.empty()) TRY_VOID(in(path, compare_with_index(file, expected)));
        for (const SafetensorsEntry& entry : file.tensors()) TRY_VOID(in(path, add(entry)));
        return {};
    }

    static Result<void> compare_with_index(const SafetensorsFile& file, const std::set<std::string>& expected) {
        for (const SafetensorsEntry& entry : file.tensors()) {
            if (!expected.contains(entry.name)) {
                return fail(ErrorCode::malformed, "safetensors tensor " + quote(entry.name) + ": is not in the index");
            }
        }
        if (file.tensors().size() == expected.size()) return {};
        const auto is_missing = [&](const std::string& name) {
            return !std::ranges::binary_search(file.tensors(), name, {}, &SafetensorsEntry::name);
        };
        return fail(ErrorCode::malformed, "safetensors tensor " + quote(*std::ranges::find_if(expected, is_missing)) +
                                              ": the index says it is here, and it is not");
    }

    Result<void> add(const SafetensorsEntry& entry) {
        const ModelConfig& config = builder_.config();
        TensorPlace place = place_of(config.architecture, config.layers, entry.name);
        const std::string label = "safetensors tensor " + quote(entry.name);
        if (place.use == TensorUse::unused) return {};
        if (place.use == TensorUse::unknown) {
            return fail(ErrorCode::unsupported, label + ": has no place in a " +
                                                    std::string(to_string(config.architecture)) + " model of " +
                                                    std::to_string(config.layers) + " layers");
        }
        if (!entry.dtype) {
            return fail(ErrorCode::unsupported,
                        label + ": dtype " + entry.dtype_name + " is not supported; F32, F16 and BF16 are");
        }
        if (entry.shape.empty() || entry.bytes.empty()) {
            return fail(ErrorCode::malformed, label + ": shape holds no row of elements");
        }
        if (place.use == TensorUse::transposed) builder_.mark_transposed(place.canonical);
        return builder_.add_tensor(std::move(place.canonical), {*entry.dtype, entry.shape, entry.bytes});
    }

    /// Some savers write the output matrix although it is the embedding; transformers ignores it then.
    void drop_tied_output() {
        if (builder_.config().tied_embeddings) builder_.remove_tensor("output.weight");
    }

    Result<void> read_tokenizer() {
        builder_.tokenizer().tokenizer_json = TRY(read_text_if_there("tokenizer.json", kTokenizerBytesMax));
        std::string config = TRY(read_text_if_there("tokenizer_config.json", kTokenizerConfigBytesMax));
        builder_.chat_template() = TRY(read_text_if_there("chat_template.jinja", kTemplateBytesMax));
        if (!config.empty() && builder_.chat_template().empty()) {
            builder_.chat_template() = TRY(in(folder_, read_chat_template(config)));
        }
        builder_.tokenizer().tokenizer_config_json = std::move(config);
        return {};
    }

    std::string name_of(const std::optional<fs::path>& weights) const {
        if (weights && weights->filename() != kWeights) return weights->stem().string();
        std::error_code error;
        const fs::path whole = fs::weakly_canonical(folder_, error);
        return (error ? folder_ : whole).filename().string();
    }

    fs::path folder_;
    ModelFileBuilder builder_{"safetensors"};
    std::vector<fs::path> paths_;
};

} // namespace

Result<std::map<std::string, std::string>> read_shard_index(std::string_view index_json) {
    const Json json = TRY(parse_json(index_json, kIndex, {.depth_max = 8}));
    const JsonField map = JsonField(json, std::string(kIndex))["weight_map"];
    if (!map.value().is_object()) return map.expected("an object");
    std::map<std::string, std::string> shard_of;
    std::set<std::string_view> shards;
    for (const auto& [tensor, value] : map.value().items()) {
        const JsonField field = map[tensor];
        std::string shard = TRY(field.text());
        TRY_VOID(check_shard_name(field, shard));
        const auto place = shard_of.emplace(tensor, std::move(shard)).first;
        shards.insert(place->second);
    }
    if (shards.empty()) return map.expected("at least one tensor");
    if (shards.size() > kShardsMax) {
        return fail(ErrorCode::resource_exhausted, map.name() + ": " + std::to_string(shards.size()) +
                                                       " files exceed the limit of " + std::to_string(kShardsMax));
    }
    return shard_of;
}

Result<std::string> read_chat_template(std::string_view tokenizer_config_json) {
    const Json json = TRY(parse_json(tokenizer_config_json, "tokenizer_config.json"));
    const JsonField root(json, "tokenizer_config.json");
    if (!json.is_object()) return root.expected("an object");
    const JsonField field = root["chat_template"];
    if (!field.value().is_array()) return field.text_or("");
    for (std::size_t i = 0; i < field.value().size(); ++i) { // several named templates, as before 2025
        if (TRY(field.at(i)["name"].text()) == "default") return field.at(i)["template"].text();
    }
    return std::string();
}

Result<void> check_pooling(std::string_view pooling_json) {
    const Json json = TRY(parse_json(pooling_json, kPooling));
    const JsonField root(json, std::string(kPooling));
    if (!json.is_object()) return root.expected("an object");
    const std::string_view prefix = "pooling_mode_", mean = "pooling_mode_mean_tokens";
    for (const auto& [key, value] : json.items()) {
        if (!key.starts_with(prefix)) continue;
        const JsonField field = root[key];
        if (TRY(field.boolean_or(key == mean)) != (key == mean)) {
            return field.unsupported("only the mean over tokens is supported");
        }
    }
    return {};
}

Result<std::shared_ptr<const ModelFile>> open_hf_folder(const fs::path& folder) {
    return FolderReader(folder).read({});
}

Result<std::shared_ptr<const ModelFile>> open_safetensors(const fs::path& weights) {
    std::error_code error;
    if (!fs::exists(weights, error)) return fail(ErrorCode::not_found, weights.string() + ": No such file");
    const fs::path parent = weights.parent_path();
    return FolderReader(parent.empty() ? fs::path(".") : parent).read(weights);
}

} // namespace assay::formats
