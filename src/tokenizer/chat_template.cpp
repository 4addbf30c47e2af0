#include "tokenizer/chat_template.h"

#include "tokenizer/jinja_eval.h"
#include "tokenizer/jinja_json.h"
#include "tokenizer/jinja_parser.h"
#include "tokenizer/unicode.h"

namespace assay::tokenizer {
namespace {

using namespace jinja;

/// One message as `apply_chat_template` hands it on: without members that are null, and with the reasoning under the names
/// that templates read it by.
Result<Value> normal_message(Meter& meter, const Value& message) {
    const Dict* given = message.dict();
    if (given == nullptr) return refuse("messages: a message is not an object");
    Dict kept;
    for (const auto& [key, value] : given->entries()) {
        if (!value.is<None>()) TRY_VOID(kept.set(meter, key, value));
    }
    const Value* reasoning = nullptr;
    for (const std::string_view name : {"reasoning_content", "thinking", "reasoning"}) {
        if (reasoning == nullptr) reasoning = kept.find(name);
    }
    if (reasoning == nullptr) return make_dict(meter, std::move(kept));
    const Value text = *reasoning;
    Dict out;
    out.set_text("thinking", text);
    for (const auto& [key, value] : kept.entries()) TRY_VOID(out.set(meter, key, value));
    out.set_text("reasoning_content", text);
    return make_dict(meter, std::move(out));
}

Result<Value> messages_value(Meter& meter, std::string_view json) {
    const Value messages = TRY(parse_json(meter, json, "messages"));
    if (!messages.is_list_or_tuple()) return refuse("messages: not an array");
    std::vector<Value> out;
    for (const Value& message : messages.sequence()->items) out.push_back(TRY(normal_message(meter, message)));
    return make_sequence(meter, Sequence::Kind::list, std::move(out));
}

Result<Value> tools_value(Meter& meter, std::string_view json) {
    if (json.empty()) return Value(None{});
    Value tools = TRY(parse_json(meter, json, "tools"));
    if (!tools.is_list_or_tuple()) return refuse("tools: not an array");
    return tools;
}

Result<void> add_text(jinja::Variables& out, const char* name, std::string_view text) {
    if (valid_prefix(text) != text.size()) return refuse(std::string(name) + ": text is not UTF-8");
    if (!text.empty()) out.insert_or_assign(name, Value::text(std::string(text)));
    return {};
}

Result<jinja::Variables> collect(Meter& meter, const ChatTemplate::Variables& given) {
    jinja::Variables out;
    TRY_VOID(add_text(out, "bos_token", given.bos_token));
    TRY_VOID(add_text(out, "eos_token", given.eos_token));
    out.insert_or_assign("documents", None{});
    if (!given.extra_json.empty()) {
        const Value extra = TRY(parse_json(meter, given.extra_json, "extra variables"));
        if (extra.dict() == nullptr) return refuse("extra variables: not an object");
        for (const auto& [key, value] : extra.dict()->entries()) out.insert_or_assign(*key.string(), value);
    }
    out.insert_or_assign("messages", TRY(messages_value(meter, given.messages_json)));
    out.insert_or_assign("tools", TRY(tools_value(meter, given.tools_json)));
    out.insert_or_assign("add_generation_prompt", given.add_generation_prompt);
    return out;
}

} // namespace

struct ChatTemplate::Program {
    Template parsed;
};

ChatTemplate::ChatTemplate(std::unique_ptr<const Program> program) : program_(std::move(program)) {}
ChatTemplate::ChatTemplate(ChatTemplate&&) noexcept = default;
ChatTemplate& ChatTemplate::operator=(ChatTemplate&&) noexcept = default;
ChatTemplate::~ChatTemplate() = default;

Result<ChatTemplate> ChatTemplate::parse(std::string_view source) {
    return ChatTemplate(std::make_unique<const Program>(TRY(parse_template(source))));
}

Result<std::string> ChatTemplate::render(const Variables& variables) const {
    Meter meter;
    const jinja::Variables values = TRY(collect(meter, variables));
    if (valid_prefix(variables.date) != variables.date.size()) return refuse("date: text is not UTF-8");
    return jinja::render(program_->parsed, meter, values, variables.date);
}

bool ChatTemplate::uses_tools() const { return program_->parsed.reads_tools; }

} // namespace assay::tokenizer
