#include "api/request_options.h"
#include "api/requests.h"

#include <nlohmann/json.hpp>

namespace assay::api {

namespace {

constexpr std::string_view kUnsupported[] = {"suffix"};
constexpr std::size_t kPromptsMax = 64;
constexpr std::uint32_t kCompletionTokensDefault = 16; // OpenAI's

bool holds_numbers(const nlohmann::json& array) { return !array.empty() && array.front().is_number(); }

void read_prompt(FieldReader& fields, const nlohmann::json& value, std::vector<PromptInput>& prompts) {
    if (value.is_string()) prompts.emplace_back(value.get<std::string>());
    else if (value.is_array() && holds_numbers(value)) prompts.emplace_back(read_token_ids(fields, "prompt", value));
    else
        fields.fail("prompt", "must be a string, an array of strings, an array of token ids or an array of those",
                    "invalid_type");
}

std::vector<PromptInput> read_prompts(FieldReader& fields) {
    const auto* value = fields.find("prompt");
    std::vector<PromptInput> prompts;
    if (value == nullptr) {
        fields.fail("prompt", "is required", "missing_required_parameter");
    } else if (!value->is_array() || holds_numbers(*value)) {
        read_prompt(fields, *value, prompts);
    } else if (value->empty() || value->size() > kPromptsMax) {
        fields.fail("prompt", "must hold 1 to " + std::to_string(kPromptsMax) + " prompts");
    } else {
        for (const auto& item : *value) read_prompt(fields, item, prompts);
    }
    return prompts;
}

} // namespace

ApiResult<CompletionRequest> parse_completion_request(std::string_view body) {
    const auto object = TRY(parse_object(body));
    TRY_VOID(check_known_fields(object, field_names(kSharedFields, {"prompt", "echo", "best_of", "response_format"}),
                                kUnsupported));
    FieldReader fields(object);
    CompletionRequest request;
    request.options = read_generation_options(fields);
    request.options.sampling.top_logprobs = static_cast<std::int32_t>(fields.integer("logprobs", -1, 0, 20));
    request.options.constraint = read_response_format(fields);
    if (!request.options.tokens_max) request.options.tokens_max = kCompletionTokensDefault;
    request.prompts = read_prompts(fields);
    request.echo = fields.boolean("echo", false);
    if (request.echo && request.options.sampling.top_logprobs >= 0)
        fields.fail("logprobs", "cannot be combined with 'echo' on this server", "unsupported_parameter");
    if (fields.integer("best_of", request.options.n, 1, kChoicesMax) != request.options.n)
        fields.fail("best_of", "must equal 'n' on this server", "unsupported_parameter");
    if (request.prompts.size() * request.options.n > static_cast<std::size_t>(kChoicesMax))
        fields.fail("n", "times the number of prompts exceeds " + std::to_string(kChoicesMax));
    TRY_VOID(fields.result());
    return request;
}

} // namespace assay::api
