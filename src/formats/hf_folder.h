#pragma once
/// A model as Hugging Face publishes it: a folder with config.json, safetensors and tokenizer files. Internal to the
/// room. Thread-safe.
#include "formats/model_file.h"

#include <filesystem>
#include <map>
#include <string>
#include <string_view>

namespace assay::formats {

/// `folder` holds model.safetensors, or else model.safetensors.index.json and its shards.
/// Errors: as ModelFile::open, prefixed with the file at fault.
Result<std::shared_ptr<const ModelFile>> open_hf_folder(const std::filesystem::path& folder);

/// One .safetensors file whose config.json and tokenizer files lie beside it.
Result<std::shared_ptr<const ModelFile>> open_safetensors(const std::filesystem::path& weights);

/// The `weight_map` of an index: shard by tensor name. Shards are plain names within the folder.
/// Errors: malformed, resource_exhausted.
Result<std::map<std::string, std::string>> read_shard_index(std::string_view index_json);

/// The chat template of a tokenizer_config.json; empty when it has none. Errors: malformed.
Result<std::string> read_chat_template(std::string_view tokenizer_config_json);

/// Refuses a sentence embedding that is not the mean over tokens, by sentence-transformers' `1_Pooling/config.json`.
/// Errors: malformed, unsupported.
Result<void> check_pooling(std::string_view pooling_json);

} // namespace assay::formats
