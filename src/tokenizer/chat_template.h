#pragma once
/// Renders a model's own Jinja chat template as Hugging Face `apply_chat_template` does.
/// Immutable and thread-safe after creation; rendering is a function of its arguments alone.
/// Bounded: a template of 1 MiB; per render 20 million steps, 256 MiB of values made in sum, 16 MiB of output, 500 levels
/// of evaluation, lists and dicts 64 deep (Meter in jinja_value.h); JSON of 32 MiB, 60 deep.
/// Source: jinja2 3.1.6 and transformers 5.24 (utils/chat_template_utils.py).
#include "base/result.h"

#include <memory>
#include <string>
#include <string_view>

namespace assay::tokenizer {

class ChatTemplate {
public:
    struct Variables {
        std::string_view messages_json; ///< JSON array of {"role","content",…} as OpenAI sends it
        std::string_view tools_json; ///< JSON array or empty (tools is none, as Hugging Face has it)
        bool add_generation_prompt = true;
        std::string_view bos_token, eos_token; ///< undefined when empty
        std::string_view extra_json; ///< JSON object of further variables (enable_thinking, …) or empty
        std::string_view date; ///< "26 Jul 2024", for strftime_now; never the clock. Empty: no such function
    };

    /// Errors: malformed (syntax, with line), unsupported (a construct outside the subset, named).
    static Result<ChatTemplate> parse(std::string_view source);
    /// Errors: invalid_argument (raise_exception, with its message alone; what Python refuses, with the line; bad JSON),
    /// resource_exhausted (limits), unsupported (a string method or date format outside the subset).
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
