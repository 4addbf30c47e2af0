#include "api/request_options.h"
#include "api/requests.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <set>

namespace assay::api {

namespace {

using nlohmann::json;

constexpr std::string_view kUnsupported[] = {"audio",      "modalities",         "functions",        "function_call",
                                             "prediction", "web_search_options", "reasoning_effort", "verbosity",
                                             "store",      "moderation"};
constexpr std::string_view kRoles[] = {"system", "developer", "user", "assistant", "tool", "function"};
constexpr std::size_t kMessagesMax = 4096;
constexpr std::size_t kToolsMax = 128;

/// A string, or an array of {"type":"text","text"} joined. Nothing else has a meaning for a text model.
ApiResult<json> read_content(const json& content, const std::string& where) {
    if (content.is_string() || content.is_null()) return content;
    if (!content.is_array())
        return bad_field(where, "'" + where + "' must be a string or an array of text parts.", "invalid_type");
    std::string text;
    for (std::size_t i = 0; i < content.size(); ++i) {
        const auto part = where + "[" + std::to_string(i) + "]";
        if (!content[i].is_object() || !content[i].contains("type"))
            return bad_field(part, "'" + part + "' must be an object with a 'type'.", "invalid_type");
        if (content[i]["type"] != "text")
            return bad_field(part + ".type", "'" + part + "' is not text; this server serves text models only.",
                             "unsupported_value");
        if (!content[i].value("text", json()).is_string())
            return bad_field(part + ".text", "'" + part + ".text' must be a string.", "invalid_type");
        text += content[i]["text"].get_ref<const std::string&>();
    }
    return json(text);
}

/// Templates expect the arguments as an object; OpenAI's clients send them as JSON text.
ApiResult<json> read_tool_call(const json& call, const std::string& where) {
    const auto function = call.is_object() ? call.value("function", json()) : json();
    if (!function.is_object() || !function.value("name", json()).is_string())
        return bad_field(where, "'" + where + "' must be a function call with 'function.name'.", "invalid_type");
    auto copy = call;
    auto& arguments = copy["function"]["arguments"];
    if (arguments.is_null()) arguments = json::object();
    if (arguments.is_string()) {
        auto parsed = parse_object(arguments.get_ref<const std::string&>());
        if (!parsed)
            return bad_field(where + ".function.arguments",
                             "'" + where + ".function.arguments' must be the text of a JSON object.");
        arguments = std::move(*parsed);
    }
    if (!arguments.is_object())
        return bad_field(where + ".function.arguments",
                         "'" + where + ".function.arguments' must be the text of a JSON object.");
    return copy;
}

ApiResult<json> read_message(const json& message, const std::string& where) {
    if (!message.is_object()) return bad_field(where, "'" + where + "' must be an object.", "invalid_type");
    const auto role = message.value("role", json());
    if (!role.is_string() || std::ranges::find(kRoles, role.get_ref<const std::string&>()) == std::end(kRoles))
        return bad_field(where + ".role",
                         "'" + where + ".role' must be one of system, developer, user, assistant, tool.");
    json copy = {{"role", role == "developer" ? json("system") : role}};
    copy["content"] = TRY(read_content(message.value("content", json()), where + ".content"));
    const auto calls = message.value("tool_calls", json());
    if (!calls.is_null() && !calls.is_array())
        return bad_field(where + ".tool_calls", "'" + where + ".tool_calls' must be an array.", "invalid_type");
    const bool has_calls = !calls.is_null() && !calls.empty();
    if (has_calls && role != "assistant")
        return bad_field(where + ".tool_calls", "'" + where + ".tool_calls' belongs to assistant messages only.");
    for (std::size_t i = 0; has_calls && i < calls.size(); ++i)
        copy["tool_calls"].push_back(TRY(read_tool_call(calls[i], where + ".tool_calls[" + std::to_string(i) + "]")));
    if (copy["content"].is_null()) {
        if (!has_calls)
            return bad_field(where + ".content", "'" + where + ".content' is required.", "missing_required_parameter");
        copy["content"] = "";
    }
    for (const char* name : {"name", "tool_call_id", "reasoning_content"})
        if (const auto value = message.value(name, json()); value.is_string()) copy[name] = value;
    return copy;
}

ApiResult<std::string> read_messages(const FieldReader& fields) {
    const auto* messages = fields.find("messages");
    if (messages == nullptr) return bad_field("messages", "'messages' is required.", "missing_required_parameter");
    if (!messages->is_array())
        return bad_field("messages", "'messages' must be an array, not " + std::string(type_name(*messages)) + ".",
                         "invalid_type");
    if (messages->empty() || messages->size() > kMessagesMax)
        return bad_field("messages", "'messages' must hold 1 to " + std::to_string(kMessagesMax) + " messages.");
    auto copies = json::array();
    for (std::size_t i = 0; i < messages->size(); ++i)
        copies.push_back(TRY(read_message((*messages)[i], "messages[" + std::to_string(i) + "]")));
    return dump(copies);
}

bool is_function_name(std::string_view name) {
    return !name.empty() && name.size() <= 64 && std::ranges::all_of(name, [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-' ||
               c == '.';
    });
}

ApiResult<void> read_tools(const FieldReader& fields, ChatRequest& request) {
    const auto* tools = fields.find("tools");
    if (tools == nullptr) return {};
    if (!tools->is_array() || tools->size() > kToolsMax)
        return bad_field("tools", "'tools' must be an array of at most " + std::to_string(kToolsMax) + " tools.");
    for (std::size_t i = 0; i < tools->size(); ++i) {
        const auto where = "tools[" + std::to_string(i) + "]";
        const auto& tool = (*tools)[i];
        if (!tool.is_object() || tool.value("type", json()) != "function")
            return bad_field(where + ".type", "'" + where + ".type' must be \"function\".");
        const auto function = tool.value("function", json());
        const auto name = function.is_object() ? function.value("name", json()) : json();
        if (!name.is_string() || !is_function_name(name.get_ref<const std::string&>()))
            return bad_field(where + ".function.name",
                             "'" + where + ".function.name' must be 1 to 64 letters, digits, '_', '-' or '.'.");
        if (const auto parameters = function.value("parameters", json());
            !parameters.is_null() && !parameters.is_object())
            return bad_field(where + ".function.parameters",
                             "'" + where + ".function.parameters' must be a JSON Schema object.", "invalid_type");
        if (std::ranges::find(request.tool_names, name.get_ref<const std::string&>()) != request.tool_names.end())
            return bad_field(where + ".function.name", "'" + where + ".function.name' repeats an earlier tool's.");
        request.tool_names.push_back(name.get<std::string>());
    }
    if (!tools->empty()) request.tools_json = dump(*tools);
    return {};
}

ApiResult<void> read_tool_choice(const FieldReader& fields, ChatRequest& request) {
    using Kind = ToolChoice::Kind;
    request.tool_choice.kind = request.tools_json.empty() ? Kind::none : Kind::automatic;
    const auto* choice = fields.find("tool_choice");
    if (choice == nullptr) return {};
    if (*choice == "none") return request.tool_choice.kind = Kind::none, ApiResult<void>{};
    if (request.tools_json.empty()) return bad_field("tool_choice", "'tool_choice' needs 'tools'.");
    if (*choice == "auto") return {};
    if (*choice == "required") return request.tool_choice.kind = Kind::required, ApiResult<void>{};
    const auto function =
        choice->is_object() && choice->value("type", json()) == "function" ? choice->value("function", json()) : json();
    const auto name = function.is_object() ? function.value("name", json()) : json();
    if (!name.is_string())
        return bad_field("tool_choice", "'tool_choice' must be \"none\", \"auto\", \"required\" or "
                                        "{\"type\":\"function\",\"function\":{\"name\"}}.");
    if (std::ranges::find(request.tool_names, name.get_ref<const std::string&>()) == request.tool_names.end())
        return bad_field("tool_choice", "'tool_choice' names a function that 'tools' does not hold.");
    request.tool_choice = {.kind = Kind::named, .name = name.get<std::string>()};
    return {};
}

void read_logprobs(FieldReader& fields, GenerationOptions& options) {
    const bool wanted = fields.boolean("logprobs", false);
    const auto top = fields.integer("top_logprobs", 0, 0, 20);
    if (!wanted && fields.find("top_logprobs") != nullptr && top > 0)
        fields.fail("top_logprobs", "needs 'logprobs' to be true");
    options.sampling.top_logprobs = wanted ? static_cast<std::int32_t>(top) : -1;
}

} // namespace

ApiResult<ChatRequest> parse_chat_request(std::string_view body) {
    const auto object = TRY(parse_object(body));
    const auto known =
        field_names(kSharedFields, {"messages", "max_completion_tokens", "top_logprobs", "response_format", "tools",
                                    "tool_choice", "parallel_tool_calls", "chat_template_kwargs", "metadata",
                                    "service_tier", "safety_identifier", "prompt_cache_key"});
    TRY_VOID(check_known_fields(object, known, kUnsupported));
    FieldReader fields(object);
    ChatRequest request;
    request.options = read_generation_options(fields);
    read_logprobs(fields, request.options);
    request.options.constraint = read_response_format(fields);
    fields.boolean("parallel_tool_calls", true);
    TRY_VOID(fields.result());
    request.messages_json = TRY(read_messages(fields));
    TRY_VOID(read_tools(fields, request));
    TRY_VOID(read_tool_choice(fields, request));
    if (request.options.constraint && request.tool_choice.kind != ToolChoice::Kind::none)
        return bad_field("response_format",
                         "'response_format' cannot be combined with 'tools'; set 'tool_choice' to \"none\".");
    if (const auto* variables = fields.find("chat_template_kwargs")) {
        if (!variables->is_object())
            return bad_field("chat_template_kwargs", "'chat_template_kwargs' must be an object.", "invalid_type");
        request.template_variables_json = dump(*variables);
    }
    return request;
}

} // namespace assay::api
