#pragma once
/// How long a text an embedding model takes, as its publisher set it. Pure, thread-safe. Committed class.
#include "engine/model.h"
#include "formats/model_file.h"

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace assay::node {

/// sentence-transformers cuts longer texts; without its file, longer texts are an error.
struct EmbeddingLimit {
    std::uint32_t tokens_max = 0; ///< special tokens included
    bool cut = false;
};

/// Reads `sentence_bert_config.json` beside the model, if it is there. Errors: malformed, naming the field.
Result<EmbeddingLimit> read_embedding_limit(const formats::ModelFile& file);

/// The embedding of ids that end in a closing special token; where they are too many and the limit cuts, the last one stays.
/// Adds the tokens used to `tokens_used`. Errors: invalid_argument (too long, empty, id out of range), internal.
Result<std::vector<float>> embed_tokens_within(const engine::Model& model, const EmbeddingLimit& limit,
                                               std::span<const engine::TokenId> ids, std::uint64_t& tokens_used);

} // namespace assay::node
