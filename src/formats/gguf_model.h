#pragma once
/// GGUF as a model: what its metadata says in terms of ModelFile. Internal to the room. Thread-safe.
/// Source: the GGUF specification's standardised keys, and llama.cpp where these are silent.
#include "formats/gguf.h"
#include "formats/model_file.h"

#include <filesystem>

namespace assay::formats {

/// Reads a .gguf file. Errors: as ModelFile::open, prefixed with the path.
Result<std::shared_ptr<const ModelFile>> open_gguf(const std::filesystem::path& path);

/// The hyperparameters; `vocabulary` and `token_types` are the rows of their matrices. Not yet checked against limits.
Result<ModelConfig> read_gguf_config(const GgufFile& gguf);

/// The `tokenizer.ggml.*` keys; all empty when the file has none.
Result<TokenizerData> read_gguf_tokenizer(const GgufFile& gguf);

} // namespace assay::formats
