#include "api/chat_answer.h"

#include "api/json_fields.h"

#include <nlohmann/json.hpp>

namespace assay::api {

namespace {

using nlohmann::ordered_json;

/// {"token","logprob","bytes"}; `token` is the readable form, `bytes` the exact one.
ordered_json logprob_object(const AnswerFrame& frame, const Logprob& logprob) {
    const auto bytes = frame.token_bytes(logprob.id);
    return {{"token", bytes},
            {"logprob", logprob.logprob},
            {"bytes", std::vector<std::uint8_t>(bytes.begin(), bytes.end())}};
}

ordered_json logprob_entry(const AnswerFrame& frame, const TokenEvent& event) {
    auto entry = logprob_object(frame, *event.chosen);
    auto& top = entry["top_logprobs"] = ordered_json::array();
    for (const auto& candidate : event.top) top.push_back(logprob_object(frame, candidate));
    return entry;
}

ordered_json call_object(const ToolCall& call) {
    return {{"id", new_id("call_")},
            {"type", "function"},
            {"function", {{"name", call.name}, {"arguments", call.arguments_json}}}};
}

class ChatAnswer final : public AnswerWriter {
public:
    ChatAnswer(AnswerFrame frame, const ChatAnswerOptions& options, std::size_t choices) : frame_(std::move(frame)) {
        for (std::size_t i = 0; i < choices; ++i) {
            choices_.push_back({.reader = ToolCallReader(options.tools, options.tool_names)});
            choices_.back().reader.feed(options.answer_prefix);
        }
    }

    void begin(Responder& responder) override {
        if (!frame_.stream) return;
        begun_ = true;
        responder.start_stream(event_stream_head());
        for (std::size_t i = 0; i < choices_.size(); ++i)
            write_chunk(responder, i, {{"role", "assistant"}, {"content", ""}}, nullptr);
    }

    void token(Responder& responder, std::size_t index, const TokenEvent& event) override {
        auto& choice = choices_[index];
        ordered_json logprobs;
        if (event.chosen)
            logprobs = {{"content", ordered_json::array({logprob_entry(frame_, event)})}, {"refusal", nullptr}};
        auto text = choice.reader.feed(event.text);
        if (frame_.stream) {
            if (!text.empty() || event.chosen) write_chunk(responder, index, {{"content", text}}, nullptr, logprobs);
            return;
        }
        choice.content += text;
        if (event.chosen) choice.logprobs.push_back(logprobs["content"][0]);
    }

    void choice_finished(Responder& responder, std::size_t index, const FinishEvent& event) override {
        auto& choice = choices_[index];
        auto text = choice.reader.feed(event.text);
        auto rest = choice.reader.finish();
        text += rest.content;
        choice.finish =
            rest.calls.empty() || event.reason != FinishReason::stop ? finish_reason(event.reason) : "tool_calls";
        choice.content += text;
        for (const auto& call : rest.calls) choice.calls.push_back(call_object(call));
        if (!frame_.stream) return;
        if (!text.empty()) write_chunk(responder, index, {{"content", text}}, nullptr);
        for (std::size_t i = 0; i < choice.calls.size(); ++i) {
            ordered_json call = {{"index", i}};
            call.update(choice.calls[i]);
            write_chunk(responder, index, {{"tool_calls", ordered_json::array({call})}}, nullptr);
        }
        write_chunk(responder, index, ordered_json::object(), choice.finish);
    }

    void finished(Responder& responder, const TokenUsage& usage) override {
        if (!frame_.stream) return responder.send({.body = dump(whole_answer(usage))});
        if (frame_.include_usage) {
            auto chunk = frame_object(frame_, "chat.completion.chunk");
            chunk["choices"] = ordered_json::array();
            chunk["usage"] = usage_object(usage);
            responder.write(server_sent_event(chunk));
        }
        responder.write(kStreamEnd);
        responder.finish();
    }

    void failed(Responder& responder, const ApiError& error) override { send_failure(responder, error, begun_); }

private:
    struct Choice {
        ToolCallReader reader;
        std::string content = {};
        ordered_json logprobs = ordered_json::array();
        std::vector<ordered_json> calls = {};
        const char* finish = "stop";
    };

    void write_chunk(Responder& responder, std::size_t index, const ordered_json& delta, const char* finish,
                     const ordered_json& logprobs = nullptr) const {
        auto chunk = frame_object(frame_, "chat.completion.chunk");
        ordered_json choice = {{"index", index}, {"delta", delta}, {"logprobs", logprobs}};
        choice["finish_reason"] = finish == nullptr ? ordered_json(nullptr) : ordered_json(finish);
        chunk["choices"] = ordered_json::array({choice});
        if (frame_.include_usage) chunk["usage"] = nullptr;
        responder.write(server_sent_event(chunk));
    }

    ordered_json whole_answer(const TokenUsage& usage) const {
        auto answer = frame_object(frame_, "chat.completion");
        auto& list = answer["choices"] = ordered_json::array();
        for (std::size_t i = 0; i < choices_.size(); ++i) {
            const auto& choice = choices_[i];
            ordered_json message = {{"role", "assistant"}, {"content", choice.content}, {"refusal", nullptr}};
            if (!choice.calls.empty()) {
                message["tool_calls"] = choice.calls;
                if (choice.content.empty()) message["content"] = nullptr;
            }
            ordered_json logprobs;
            if (!choice.logprobs.empty()) logprobs = {{"content", choice.logprobs}, {"refusal", nullptr}};
            list.push_back(
                {{"index", i}, {"message", message}, {"logprobs", logprobs}, {"finish_reason", choice.finish}});
        }
        answer["usage"] = usage_object(usage);
        return answer;
    }

    AnswerFrame frame_;
    std::vector<Choice> choices_;
    bool begun_ = false;
};

} // namespace

std::unique_ptr<AnswerWriter> make_chat_answer(AnswerFrame frame, ChatAnswerOptions options, std::size_t choices) {
    return std::make_unique<ChatAnswer>(std::move(frame), options, choices);
}

} // namespace assay::api
