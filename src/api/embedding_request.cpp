#include "api/request_options.h"
#include "api/requests.h"

#include <nlohmann/json.hpp>

namespace assay::api {

namespace {

constexpr std::string_view kKnown[] = {"model", "input", "encoding_format", "dimensions", "user"};
constexpr std::size_t kInputsMax = 2048; // OpenAI's
constexpr std::size_t kNameBytesMax = 256;

void read_text(FieldReader& fields, const nlohmann::json& value, EmbeddingRequest& request) {
    if (!value.is_string())
        return fields.fail("input", "must be a string, an array of strings, an array of token ids or an array of those",
                           "invalid_type");
    if (value.get_ref<const std::string&>().empty()) return fields.fail("input", "holds an empty text");
    request.texts.push_back(value.get<std::string>());
}

void read_ids(FieldReader& fields, const nlohmann::json& value, EmbeddingRequest& request) {
    if (!value.is_array() || value.empty())
        return fields.fail("input", "mixes token ids with something else or holds an empty list");
    request.token_inputs.push_back(read_token_ids(fields, "input", value));
}

void read_inputs(FieldReader& fields, EmbeddingRequest& request) {
    const auto* input = fields.find("input");
    if (input == nullptr) return fields.fail("input", "is required", "missing_required_parameter");
    if (!input->is_array()) return read_text(fields, *input, request);
    if (input->empty()) return fields.fail("input", "is an empty array");
    if (input->front().is_number()) return read_ids(fields, *input, request);
    if (input->size() > kInputsMax)
        return fields.fail("input", "has more than " + std::to_string(kInputsMax) + " entries");
    const bool ids = input->front().is_array();
    for (const auto& item : *input) ids ? read_ids(fields, item, request) : read_text(fields, item, request);
}

} // namespace

ApiResult<EmbeddingRequest> parse_embedding_request(std::string_view body) {
    const auto object = TRY(parse_object(body));
    TRY_VOID(check_known_fields(object, kKnown, {}));
    FieldReader fields(object);
    EmbeddingRequest request;
    request.model = fields.required_text("model", kNameBytesMax);
    read_inputs(fields, request);
    const auto format = fields.text("encoding_format", "float", kNameBytesMax);
    request.base64 = format == "base64";
    if (format != "float" && format != "base64") fields.fail("encoding_format", "must be \"float\" or \"base64\"");
    if (fields.find("dimensions") != nullptr)
        request.dimensions = static_cast<std::uint32_t>(fields.integer("dimensions", 1, 1, 1 << 20));
    TRY_VOID(fields.result());
    return request;
}

} // namespace assay::api
