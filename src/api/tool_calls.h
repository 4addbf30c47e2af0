#pragma once
/// Tool calls in the text that models write: Hermes/Qwen `<tool_call>{json}</tool_call>`, Mistral `[TOOL_CALLS][{json}]`,
/// Llama 3 bare `{"name","parameters"}`. Pure; a reader belongs to one answer and is not thread-safe.
#include "api/api_error.h"
#include "api/ports.h"
#include "api/requests.h"

#include <string>
#include <string_view>
#include <vector>

namespace assay::api {

enum class ToolFormat { none, hermes, mistral, llama };

/// Told from the chat template's text. `none` when the model has no tools.
ToolFormat tool_format(const ModelDescription& model);

struct ToolCall {
    std::string name;
    std::string arguments_json;
};

/// Splits an answer, as it arrives, into text and calls.
class ToolCallReader {
public:
    ToolCallReader(ToolFormat format, std::vector<std::string> names);

    /// Text that is surely not part of a call; the rest is held back.
    std::string feed(std::string_view text);
    struct Rest {
        std::string content;
        std::vector<ToolCall> calls;
    };
    /// What was held back: calls, or text when it does not parse as calls.
    Rest finish();

private:
    Rest finish_tagged(std::string_view held) const;
    bool add_calls(std::string_view text, std::vector<ToolCall>& calls) const;

    ToolFormat format_;
    std::vector<std::string> names_;
    std::string held_;
    bool opened_ = false, plain_ = false;
};

/// How to make the next answer a call: text put after the prompt and the shape of what follows.
struct ForcedCall {
    std::string prompt_suffix;
    ConstraintText constraint;
};
/// `name`: the only tool allowed, or empty for any.
ForcedCall force_tool_call(ToolFormat format, std::string_view tools_json, std::string_view name);

} // namespace assay::api
