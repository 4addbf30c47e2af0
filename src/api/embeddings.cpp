/// POST /v1/embeddings: texts or token ids in, float or base64 vectors out. Runs on the embeddings worker.
#include "api/endpoints.h"
#include "api/json_fields.h"
#include "api/requests.h"

#include <nlohmann/json.hpp>

#include <bit>
#include <cstring>

namespace assay::api {

namespace {

using nlohmann::ordered_json;

static_assert(std::endian::native == std::endian::little, "base64 embeddings are little-endian float32");

std::string base64(std::span<const float> values) {
    constexpr std::string_view kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    std::string bytes(values.size_bytes(), '\0');
    std::memcpy(bytes.data(), values.data(), bytes.size());
    std::string out;
    out.reserve((bytes.size() + 2) / 3 * 4);
    for (std::size_t i = 0; i < bytes.size(); i += 3) {
        const std::size_t rest = std::min<std::size_t>(3, bytes.size() - i);
        std::uint32_t group = 0;
        for (std::size_t k = 0; k < 3; ++k)
            group = (group << 8) | (k < rest ? static_cast<unsigned char>(bytes[i + k]) : 0u);
        for (std::size_t k = 0; k < 4; ++k) out += k <= rest ? kDigits[(group >> (18 - 6 * k)) & 63] : '=';
    }
    return out;
}

ApiResult<ModelDescription> embedding_model(const ApiContext& context, const EmbeddingRequest& request) {
    auto model = TRY(find_model(context, request.model));
    if (!model.embeds)
        return bad_field("model", "The model '" + model.id + "' does not make embeddings.", "unsupported_model");
    if (request.dimensions && *request.dimensions != model.embedding_dimensions)
        return bad_field("dimensions",
                         "'dimensions' must be " + std::to_string(model.embedding_dimensions) + ", all this model has.",
                         "unsupported_parameter");
    for (const auto& ids : request.token_inputs)
        for (const TokenId id : ids)
            if (static_cast<std::uint32_t>(id) >= model.vocabulary_size)
                return bad_field("input", "'input' holds token " + std::to_string(id) + "; the vocabulary has " +
                                              std::to_string(model.vocabulary_size) + ".");
    return model;
}

HttpResponse answer(const EmbeddingRequest& request, const Embeddings& result) {
    auto data = ordered_json::array();
    for (std::size_t i = 0; i < result.vectors.size(); ++i) {
        const auto& vector = result.vectors[i];
        data.push_back({{"object", "embedding"},
                        {"index", i},
                        {"embedding", request.base64 ? ordered_json(base64(vector)) : ordered_json(vector)}});
    }
    return {.body = dump(ordered_json{
                {"object", "list"},
                {"data", data},
                {"model", request.model},
                {"usage", {{"prompt_tokens", result.prompt_tokens}, {"total_tokens", result.prompt_tokens}}}})};
}

} // namespace

void embeddings(ApiContext& context, const RequestPtr& http, const ResponderPtr& responder) {
    const auto request = parse_embedding_request(http->body);
    if (!request) return responder->send(to_response(request.error()));
    const auto model = embedding_model(context, *request);
    if (!model) return responder->send(to_response(model.error()));
    const auto result = request->token_inputs.empty() ? context.engine->embed(model->id, request->texts)
                                                      : context.engine->embed_tokens(model->id, request->token_inputs);
    if (!result) return responder->send(to_response(from_engine(result.error(), "input")));
    responder->send(answer(*request, *result));
}

} // namespace assay::api
