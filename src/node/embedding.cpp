#include "node/embedding.h"

#include <nlohmann/json.hpp>

namespace assay::node {
namespace {

constexpr std::size_t kSettingsBytesMax = 1u << 20;
constexpr const char* kSettingsName = "sentence_bert_config.json";

} // namespace

Result<EmbeddingLimit> read_embedding_limit(const formats::ModelFile& file) {
    const std::uint32_t context = file.config().context_max;
    const auto path = file.paths().front().parent_path() / kSettingsName;
    const auto text = read_file(path, kSettingsBytesMax);
    if (!text) {
        if (text.error().code == ErrorCode::not_found) return EmbeddingLimit{context, false};
        return std::unexpected(text.error());
    }
    const auto json = nlohmann::json::parse(*text, nullptr, false);
    const auto field = json.is_object() ? json.find("max_seq_length") : json.end();
    if (field == json.end() || field->is_null()) return EmbeddingLimit{context, false};
    if (!field->is_number_unsigned() || field->get<std::uint64_t>() < 2 || field->get<std::uint64_t>() > context) {
        return fail(ErrorCode::malformed,
                    path.string() + ": max_seq_length must be from 2 to " + std::to_string(context));
    }
    return EmbeddingLimit{field->get<std::uint32_t>(), true};
}

Result<std::vector<float>> embed_tokens_within(const engine::Model& model, const EmbeddingLimit& limit,
                                               std::span<const engine::TokenId> ids, std::uint64_t& tokens_used) {
    std::vector<engine::TokenId> used(ids.begin(), ids.end());
    if (used.size() > limit.tokens_max) {
        if (!limit.cut) {
            return fail(ErrorCode::invalid_argument, std::to_string(used.size()) +
                                                         " tokens are more than the model's " +
                                                         std::to_string(limit.tokens_max));
        }
        used.resize(limit.tokens_max);
        used.back() = ids.back();
    }
    tokens_used += used.size();
    return model.embed(used);
}

} // namespace assay::node
