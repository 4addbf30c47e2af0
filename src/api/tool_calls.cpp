#include "api/tool_calls.h"

#include "api/json_fields.h"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace assay::api {

namespace {

using nlohmann::json;

constexpr std::string_view kHermesOpen = "<tool_call>";
constexpr std::string_view kHermesClose = "</tool_call>";
constexpr std::string_view kMistralOpen = "[TOOL_CALLS]";
constexpr std::string_view kSpace = " \t\r\n";

std::string_view trim(std::string_view text) {
    const auto first = text.find_first_not_of(kSpace);
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(kSpace) - first + 1);
}

/// Bytes at the end of `text` that could be the start of `opener`.
std::size_t possible_start(std::string_view text, std::string_view opener) {
    for (std::size_t length = std::min(text.size(), opener.size() - 1); length > 0; --length)
        if (text.ends_with(opener.substr(0, length))) return length;
    return 0;
}

std::string_view opener_of(ToolFormat format) { return format == ToolFormat::hermes ? kHermesOpen : kMistralOpen; }

/// Formats that write bare JSON: a call can only be the first thing in the answer.
bool starts_bare_call(ToolFormat format, std::string_view text) {
    const auto body = trim(text);
    return !body.empty() && ((format == ToolFormat::llama && body.front() == '{') ||
                             (format == ToolFormat::mistral && body.starts_with("[{")));
}

json call_schema(const json& function, const char* arguments_name) {
    const auto parameters = function.value("parameters", json());
    return {{"type", "object"},
            {"properties",
             {{"name", {{"const", function["name"]}}},
              {arguments_name,
               parameters.is_object() ? parameters : json{{"type", "object"}, {"additionalProperties", false}}}}},
            {"required", {"name", arguments_name}},
            {"additionalProperties", false}};
}

} // namespace

ToolFormat tool_format(const ModelDescription& model) {
    if (!model.uses_tools) return ToolFormat::none;
    if (model.chat_template.contains("[TOOL_CALLS]")) return ToolFormat::mistral;
    if (model.chat_template.contains("<tool_call>")) return ToolFormat::hermes;
    return ToolFormat::llama;
}

ToolCallReader::ToolCallReader(ToolFormat format, std::vector<std::string> names)
    : format_(format), names_(std::move(names)), plain_(format == ToolFormat::none) {}

std::string ToolCallReader::feed(std::string_view text) {
    if (plain_) return std::string(text);
    held_ += text;
    if (opened_) return {};
    if (starts_bare_call(format_, held_)) return opened_ = true, std::string();
    if (format_ == ToolFormat::llama) {
        if (trim(held_).empty()) return {};
        plain_ = true;
        return std::exchange(held_, {});
    }
    const auto opener = opener_of(format_);
    const auto found = held_.find(opener);
    opened_ = found != std::string::npos;
    const bool may_be_bare = format_ == ToolFormat::mistral && (trim(held_).empty() || trim(held_) == "[");
    const auto keep = opened_ ? held_.size() - found : may_be_bare ? held_.size() : possible_start(held_, opener);
    auto content = held_.substr(0, held_.size() - keep);
    held_.erase(0, held_.size() - keep);
    return content;
}

bool ToolCallReader::add_calls(std::string_view text, std::vector<ToolCall>& calls) const {
    const auto wrapped = parse_object("{\"calls\":" + std::string(trim(text)) + "}"); // the depth limit comes with it
    if (!wrapped) return false;
    const auto& value = (*wrapped)["calls"];
    const auto list = value.is_array() ? value : json::array({value});
    std::vector<ToolCall> found;
    for (const auto& item : list) {
        if (!item.is_object() || !item.value("name", json()).is_string()) return false;
        auto name = item["name"].get<std::string>();
        if (std::ranges::find(names_, name) == names_.end()) return false;
        auto arguments = item.value("arguments", item.value("parameters", json::object()));
        found.push_back({std::move(name), arguments.is_string() ? arguments.get<std::string>() : dump(arguments)});
    }
    calls.insert(calls.end(), found.begin(), found.end());
    return !found.empty();
}

ToolCallReader::Rest ToolCallReader::finish_tagged(std::string_view held) const {
    Rest rest;
    while (!held.empty()) {
        const auto open = held.find(kHermesOpen);
        rest.content += held.substr(0, open);
        if (open == std::string_view::npos) break;
        held.remove_prefix(open + kHermesOpen.size());
        const auto close = held.find(kHermesClose);
        const auto body = held.substr(0, close);
        if (!add_calls(body, rest.calls))
            rest.content += std::string(kHermesOpen) + std::string(body) +
                            (close == std::string_view::npos ? "" : std::string(kHermesClose));
        if (close == std::string_view::npos) break;
        held.remove_prefix(close + kHermesClose.size());
    }
    if (!rest.calls.empty() && trim(rest.content).empty()) rest.content.clear();
    return rest;
}

ToolCallReader::Rest ToolCallReader::finish() {
    const auto held = std::exchange(held_, {});
    if (!opened_) return {.content = held, .calls = {}};
    if (format_ == ToolFormat::hermes) return finish_tagged(held);
    Rest rest;
    auto body = trim(held);
    if (body.starts_with(kMistralOpen)) body.remove_prefix(kMistralOpen.size());
    if (!add_calls(body, rest.calls)) rest.content = held;
    return rest;
}

ForcedCall force_tool_call(ToolFormat format, std::string_view tools_json, std::string_view name) {
    const char* arguments = format == ToolFormat::llama ? "parameters" : "arguments";
    json any = json::array();
    for (const auto& tool : json::parse(tools_json))
        if (name.empty() || tool["function"]["name"] == name) any.push_back(call_schema(tool["function"], arguments));
    json schema = any.size() == 1 ? any.front() : json{{"anyOf", any}};
    if (format == ToolFormat::mistral)
        schema = {{"type", "array"}, {"items", schema}, {"minItems", 1}, {"maxItems", 1}};
    std::string suffix = format == ToolFormat::hermes    ? "<tool_call>\n"
                         : format == ToolFormat::mistral ? std::string(kMistralOpen)
                                                         : "";
    return {.prompt_suffix = std::move(suffix),
            .constraint = {.kind = ConstraintText::Kind::json_schema, .schema_json = dump(schema)}};
}

} // namespace assay::api
