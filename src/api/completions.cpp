/// POST /v1/completions: text in, text out; several prompts, n answers each, echo and logprobs in the older shape.
#include "api/answer_json.h"
#include "api/endpoints.h"
#include "api/json_fields.h"
#include "api/requests.h"

#include <nlohmann/json.hpp>

namespace assay::api {

namespace {

using nlohmann::ordered_json;

std::size_t code_points(std::string_view text) {
    std::size_t count = 0;
    for (const char byte : text) count += (static_cast<unsigned char>(byte) & 0xC0) != 0x80;
    return count;
}

/// {"tokens","token_logprobs","top_logprobs","text_offset"}, one entry a token.
class TextLogprobs {
public:
    explicit TextLogprobs(std::size_t offset) : offset_(offset) {}

    void add(const AnswerFrame& frame, const TokenEvent& event) {
        const auto token = frame.token_bytes(event.id);
        lists_["tokens"].push_back(token);
        lists_["token_logprobs"].push_back(event.chosen->logprob);
        ordered_json top = ordered_json::object();
        for (const auto& candidate : event.top) top[frame.token_bytes(candidate.id)] = candidate.logprob;
        lists_["top_logprobs"].push_back(event.top.empty() ? ordered_json(nullptr) : top);
        lists_["text_offset"].push_back(offset_);
        offset_ += code_points(token);
    }
    /// What was added since the last call; null when nothing was.
    ordered_json take() { return std::exchange(lists_, nullptr); }

private:
    ordered_json lists_;
    std::size_t offset_;
};

class TextAnswer final : public AnswerWriter {
public:
    /// `echoes`: one text a prompt, empty without echo.
    TextAnswer(AnswerFrame frame, std::vector<std::string> echoes) : frame_(std::move(frame)) {
        for (auto& echo : echoes)
            for (std::uint32_t i = 0; i < frame_.choices_per_prompt; ++i)
                choices_.push_back({.text = echo, .logprobs = TextLogprobs(code_points(echo))});
    }

    void begin(Responder& responder) override {
        if (!frame_.stream) return;
        begun_ = true;
        responder.start_stream(event_stream_head());
        for (std::size_t i = 0; i < choices_.size(); ++i)
            if (!choices_[i].text.empty()) write_chunk(responder, i, choices_[i].text, nullptr);
    }

    void token(Responder& responder, std::size_t index, const TokenEvent& event) override {
        auto& choice = choices_[index];
        if (event.chosen) choice.logprobs.add(frame_, event);
        if (frame_.stream && (!event.text.empty() || event.chosen)) write_chunk(responder, index, event.text, nullptr);
        choice.text += event.text;
    }

    void choice_finished(Responder& responder, std::size_t index, const FinishEvent& event) override {
        auto& choice = choices_[index];
        choice.text += event.text;
        choice.finish = finish_reason(event.reason);
        if (frame_.stream) write_chunk(responder, index, event.text, choice.finish);
    }

    void finished(Responder& responder, const TokenUsage& usage) override {
        auto answer = frame_object(frame_, "text_completion");
        answer["choices"] = ordered_json::array();
        answer["usage"] = usage_object(usage);
        if (frame_.stream) {
            if (frame_.include_usage) responder.write(server_sent_event(answer));
            responder.write(kStreamEnd);
            return responder.finish();
        }
        for (std::size_t i = 0; i < choices_.size(); ++i)
            answer["choices"].push_back({{"text", choices_[i].text},
                                         {"index", i},
                                         {"logprobs", choices_[i].logprobs.take()},
                                         {"finish_reason", choices_[i].finish}});
        responder.send({.body = dump(answer)});
    }

    void failed(Responder& responder, const ApiError& error) override { send_failure(responder, error, begun_); }

private:
    struct Choice {
        std::string text;
        TextLogprobs logprobs;
        const char* finish = "stop";
    };

    void write_chunk(Responder& responder, std::size_t index, const std::string& text, const char* finish) {
        auto chunk = frame_object(frame_, "text_completion");
        ordered_json choice = {{"text", text}, {"index", index}, {"logprobs", choices_[index].logprobs.take()}};
        choice["finish_reason"] = finish == nullptr ? ordered_json(nullptr) : ordered_json(finish);
        chunk["choices"] = ordered_json::array({choice});
        if (frame_.include_usage) chunk["usage"] = nullptr;
        responder.write(server_sent_event(chunk));
    }

    AnswerFrame frame_;
    std::vector<Choice> choices_;
    bool begun_ = false;
};

struct PreparedText {
    ModelDescription model;
    std::vector<GenerationRequest> choices;
    std::vector<std::string> echoes;
};

ApiResult<std::vector<TokenId>> prompt_ids(const ApiContext& context, const ModelDescription& model,
                                           const PromptInput& prompt) {
    if (const auto* text = std::get_if<std::string>(&prompt)) {
        auto ids = context.engine->encode(model.id, *text);
        if (!ids) return std::unexpected(from_request_part(ids.error(), "prompt"));
        if (ids->empty()) return bad_field("prompt", "'prompt' has no tokens.");
        return std::move(*ids);
    }
    const auto& ids = std::get<std::vector<TokenId>>(prompt);
    for (const TokenId id : ids)
        if (static_cast<std::uint32_t>(id) >= model.vocabulary_size)
            return bad_field("prompt", "'prompt' holds token " + std::to_string(id) + "; the vocabulary has " +
                                           std::to_string(model.vocabulary_size) + ".");
    return ids;
}

ApiResult<PreparedText> prepare(const ApiContext& context, const CompletionRequest& request) {
    const auto& options = request.options;
    PreparedText text{.model = TRY(find_model(context, options.model)), .choices = {}, .echoes = {}};
    if (!text.model.generates)
        return bad_field("model", "The model '" + text.model.id + "' makes embeddings only; use /v1/embeddings.",
                         "unsupported_model");
    GenerationRequest base{.prompt = {},
                           .tokens_max = *options.tokens_max,
                           .sampling = options.sampling,
                           .stop = options.stop,
                           .constraint = nullptr,
                           .ignore_end = options.ignore_end};
    if (!options.seed_given) base.sampling.seed = draw_seed();
    if (options.constraint) {
        auto constraint = context.engine->compile(options.model, *options.constraint);
        if (!constraint) return std::unexpected(from_request_part(constraint.error(), "response_format"));
        base.constraint = std::move(*constraint);
    }
    for (const auto& prompt : request.prompts) {
        base.prompt = TRY(prompt_ids(context, text.model, prompt));
        if (base.prompt.size() + base.tokens_max > text.model.context_length)
            return std::unexpected(
                context_overflow("prompt", text.model.context_length, base.prompt.size(), base.tokens_max));
        text.echoes.push_back(request.echo ? context.engine->decode(options.model, base.prompt) : "");
        for (std::uint32_t i = 0; i < options.n; ++i) {
            text.choices.push_back(base);
            text.choices.back().sampling.seed += i;
        }
    }
    return text;
}

} // namespace

void completions(ApiContext& context, const RequestPtr& http, const ResponderPtr& responder) {
    const auto arrived = std::chrono::steady_clock::now();
    const auto request = parse_completion_request(http->body);
    if (!request) return responder->send(to_response(request.error()));
    auto text = prepare(context, *request);
    if (!text) return responder->send(to_response(text.error()));
    if (request->options.stream) ++context.metrics->streams;
    AnswerFrame frame{.id = new_id("cmpl-"),
                      .created = unix_seconds(),
                      .model = text->model.id,
                      .fingerprint = system_fingerprint(text->model),
                      .stream = request->options.stream,
                      .include_usage = request->options.include_usage,
                      .choices_per_prompt = request->options.n,
                      .engine = context.engine};
    auto writer = std::make_unique<TextAnswer>(std::move(frame), std::move(text->echoes));
    Generation::start(context, text->model.id, std::move(text->choices), request->options.n, std::move(writer),
                      responder, arrived);
}

} // namespace assay::api
