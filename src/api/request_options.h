#pragma once
/// The fields that chat and text completions share. Internal; pure, thread-safe.
#include "api/json_fields.h"
#include "api/requests.h"

namespace assay::api {

inline constexpr std::string_view kSharedFields[] = {
    "model",
    "temperature",
    "top_p",
    "top_k",
    "min_p",
    "repetition_penalty",
    "presence_penalty",
    "frequency_penalty",
    "seed",
    "stop",
    "max_tokens",
    "n",
    "stream",
    "stream_options",
    "logit_bias",
    "logprobs",
    "user",
    "ignore_eos",
};

/// Everything but logprobs, response_format and the endpoint's own fields; errors stick in `fields`.
GenerationOptions read_generation_options(FieldReader& fields);
/// `{"type":"text"|"json_object"|"json_schema",…}`
std::optional<ConstraintText> read_response_format(FieldReader& fields);
/// Token ids of one prompt given as numbers.
std::vector<TokenId> read_token_ids(FieldReader& fields, std::string_view name, const nlohmann::json& array);
/// `shared` and `own` in one list.
std::vector<std::string_view> field_names(std::span<const std::string_view> shared,
                                          std::initializer_list<std::string_view> own);

} // namespace assay::api
