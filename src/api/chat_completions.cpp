/// POST /v1/chat/completions, from body to answer: parse, find the model, render its template, check the length,
/// submit one engine request a choice. chat_answer.cpp writes what comes back.
#include "api/chat_answer.h"
#include "api/endpoints.h"
#include "api/requests.h"
#include "api/tool_calls.h"

namespace assay::api {

namespace {

/// A chat request ready to run.
struct PreparedChat {
    ModelDescription model;
    std::vector<GenerationRequest> choices;
    ChatAnswerOptions answer;
};

ApiResult<void> check_model(const ModelDescription& model, const ChatRequest& request) {
    if (!model.generates)
        return bad_field("model", "The model '" + model.id + "' makes embeddings and cannot chat; use /v1/embeddings.",
                         "unsupported_model");
    if (model.chat_template.empty())
        return bad_field("model", "The model '" + model.id + "' has no chat template; use /v1/completions.",
                         "unsupported_model");
    if (request.tool_choice.kind != ToolChoice::Kind::none && !model.uses_tools)
        return bad_field("tools", "The chat template of '" + model.id + "' has no tools.", "unsupported_parameter");
    return {};
}

/// Tools the template sees: none when the client forbids calls.
std::string_view visible_tools(const ChatRequest& request) {
    return request.tool_choice.kind == ToolChoice::Kind::none ? std::string_view{}
                                                              : std::string_view(request.tools_json);
}

/// With tool_choice "required" or a name, the answer is shaped into a call.
std::optional<ForcedCall> forced_call(const ModelDescription& model, const ChatRequest& request) {
    using Kind = ToolChoice::Kind;
    if (request.tool_choice.kind != Kind::required && request.tool_choice.kind != Kind::named) return std::nullopt;
    return force_tool_call(tool_format(model), request.tools_json, request.tool_choice.name);
}

ApiResult<std::vector<TokenId>> render(const ApiContext& context, const ChatRequest& request, std::string_view suffix) {
    const ChatPrompt prompt{.messages_json = request.messages_json,
                            .tools_json = visible_tools(request),
                            .extra_json = request.template_variables_json,
                            .suffix = suffix};
    auto ids = context.engine->apply_chat_template(request.options.model, prompt);
    if (!ids) return std::unexpected(from_request_part(ids.error(), "messages"));
    return std::move(*ids);
}

/// The answer's token limit: what was asked for, or the rest of the context.
ApiResult<std::uint32_t> answer_limit(const ModelDescription& model, const GenerationOptions& options,
                                      std::size_t prompt) {
    const std::uint64_t wanted = options.tokens_max.value_or(1);
    if (prompt + wanted > model.context_length)
        return std::unexpected(context_overflow(prompt >= model.context_length ? "messages" : options.tokens_max_param,
                                                model.context_length, prompt, wanted));
    return options.tokens_max.value_or(static_cast<std::uint32_t>(model.context_length - prompt));
}

ApiResult<std::shared_ptr<const Constraint>> compile(const ApiContext& context, const std::string& model,
                                                     const ConstraintText& text, std::string param) {
    auto constraint = context.engine->compile(model, text);
    if (!constraint) return std::unexpected(from_request_part(constraint.error(), std::move(param)));
    return std::move(*constraint);
}

ApiResult<PreparedChat> prepare(const ApiContext& context, const ChatRequest& request) {
    const auto& options = request.options;
    PreparedChat chat{.model = TRY(find_model(context, options.model)), .choices = {}, .answer = {}};
    TRY_VOID(check_model(chat.model, request));
    const auto forced = forced_call(chat.model, request);
    GenerationRequest base;
    base.prompt = TRY(render(context, request, forced ? forced->prompt_suffix : ""));
    base.tokens_max = TRY(answer_limit(chat.model, options, base.prompt.size()));
    base.sampling = options.sampling;
    base.sampling.seed = options.seed_given ? options.sampling.seed : draw_seed();
    base.stop = options.stop;
    base.ignore_end = options.ignore_end;
    if (forced) base.constraint = TRY(compile(context, options.model, forced->constraint, "tools"));
    else if (options.constraint)
        base.constraint = TRY(compile(context, options.model, *options.constraint, "response_format"));
    for (std::uint32_t i = 0; i < options.n; ++i) {
        chat.choices.push_back(base);
        ++base.sampling.seed; // the next choice draws its own way
    }
    const bool may_call = request.tool_choice.kind != ToolChoice::Kind::none;
    chat.answer = {.tools = may_call ? tool_format(chat.model) : ToolFormat::none,
                   .tool_names = request.tool_names,
                   .answer_prefix = forced ? forced->prompt_suffix : ""};
    return chat;
}

AnswerFrame frame_for(const ApiContext& context, const ChatRequest& request, const ModelDescription& model) {
    return {.id = new_id("chatcmpl-"),
            .created = unix_seconds(),
            .model = model.id,
            .fingerprint = system_fingerprint(model),
            .stream = request.options.stream,
            .include_usage = request.options.include_usage,
            .choices_per_prompt = request.options.n,
            .engine = context.engine};
}

} // namespace

void chat_completions(ApiContext& context, const RequestPtr& http, const ResponderPtr& responder) {
    const auto arrived = std::chrono::steady_clock::now();
    const auto request = parse_chat_request(http->body);
    if (!request) return responder->send(to_response(request.error()));
    auto chat = prepare(context, *request);
    if (!chat) return responder->send(to_response(chat.error()));
    if (request->options.stream) ++context.metrics->streams;
    auto writer =
        make_chat_answer(frame_for(context, *request, chat->model), std::move(chat->answer), request->options.n);
    Generation::start(context, chat->model.id, std::move(chat->choices), request->options.n, std::move(writer),
                      responder, arrived);
}

} // namespace assay::api
