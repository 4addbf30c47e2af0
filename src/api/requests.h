#pragma once
/// Bodies of the POST endpoints, read strictly: a request that parses holds only values in range.
/// Pure functions of the bytes; thread-safe. Errors name the field as OpenAI's do.
#include "api/api_error.h"
#include "api/ports.h"

#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace assay::api {

inline constexpr std::int64_t kChoicesMax = 64;

/// What chat and text completions share.
struct GenerationOptions {
    std::string model;
    SamplingOptions sampling;
    bool seed_given = false;
    std::optional<std::uint32_t> tokens_max;
    std::string tokens_max_param = "max_tokens"; ///< the name that the client used
    std::vector<std::string> stop;
    std::uint32_t n = 1;
    bool stream = false;
    bool include_usage = false;
    bool ignore_end = false;
    std::optional<ConstraintText> constraint;
};

struct ToolChoice {
    enum class Kind { none, automatic, required, named };
    Kind kind = Kind::automatic;
    std::string name = {};
};

struct ChatRequest {
    GenerationOptions options;
    std::string messages_json; ///< an array; contents are strings, tool-call arguments objects
    std::string tools_json;    ///< an array, or empty when there are none
    std::vector<std::string> tool_names;
    ToolChoice tool_choice;
    std::string template_variables_json; ///< chat_template_kwargs, or empty
};

using PromptInput = std::variant<std::string, std::vector<TokenId>>;

struct CompletionRequest {
    GenerationOptions options;
    std::vector<PromptInput> prompts;
    bool echo = false;
};

struct EmbeddingRequest {
    std::string model;
    std::vector<std::string> texts;                 ///< either texts …
    std::vector<std::vector<TokenId>> token_inputs; ///< … or token ids
    bool base64 = false;
    std::optional<std::uint32_t> dimensions;
};

ApiResult<ChatRequest> parse_chat_request(std::string_view body);
ApiResult<CompletionRequest> parse_completion_request(std::string_view body);
ApiResult<EmbeddingRequest> parse_embedding_request(std::string_view body);

} // namespace assay::api
