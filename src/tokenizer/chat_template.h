#pragma once
/// Renders a model's own Jinja chat template as Hugging Face `apply_chat_template` does.
/// Immutable and thread-safe after creation. Bounded: steps, output size and recursion have limits.
#include "base/result.h"

#include <memory>
#include <string>
#include <string_view>

namespace assay::tokenizer {

class ChatTemplate {
public:
    struct Variables {
        std::string_view messages_json;   ///< JSON array of {"role","content",…} as OpenAI sends it
        std::string_view tools_json;      ///< JSON array or empty (tools undefined)
        bool add_generation_prompt = true;
        std::string_view bos_token, eos_token;
        std::string_view extra_json;      ///< JSON object of further variables (enable_thinking, …) or empty
        std::string_view date;            ///< for strftime_now("%d %b %Y"); supplied by the caller, never the clock
    };

    /// Errors: malformed (syntax, with line), unsupported (a construct outside the subset, named).
    static Result<ChatTemplate> parse(std::string_view source);
    /// Errors: invalid_argument (raise_exception, with its message; bad JSON), resource_exhausted (limits).
    Result<std::string> render(const Variables& variables) const;
    /// True when the template reads `tools`.
    bool uses_tools() const;

    ChatTemplate(ChatTemplate&&) noexcept;
    ChatTemplate& operator=(ChatTemplate&&) noexcept;
    ~ChatTemplate();

private:
    struct Program;
    explicit ChatTemplate(std::unique_ptr<const Program> program);
    std::unique_ptr<const Program> program_;
};

} // namespace assay::tokenizer
