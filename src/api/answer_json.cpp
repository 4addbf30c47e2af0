#include "api/answer_json.h"

#include "api/json_fields.h"

#include <nlohmann/json.hpp>

namespace assay::api {

using nlohmann::ordered_json;

std::string AnswerFrame::token_bytes(TokenId token) const {
    const auto strong = engine.lock();
    return strong ? strong->token_bytes(model, token) : std::string();
}

ordered_json frame_object(const AnswerFrame& frame, const char* object) {
    return {{"id", frame.id},
            {"object", object},
            {"created", frame.created},
            {"model", frame.model},
            {"system_fingerprint", frame.fingerprint}};
}

ordered_json usage_object(const TokenUsage& usage) {
    return {{"prompt_tokens", usage.prompt},
            {"completion_tokens", usage.generated},
            {"total_tokens", usage.prompt + usage.generated},
            {"prompt_tokens_details", {{"cached_tokens", usage.cached}}},
            {"completion_tokens_details",
             {{"accepted_prediction_tokens", usage.accepted},
              {"rejected_prediction_tokens", usage.drafted - std::min(usage.drafted, usage.accepted)}}}};
}

const char* finish_reason(FinishReason reason) { return reason == FinishReason::length ? "length" : "stop"; }

HttpResponse event_stream_head() {
    return {.content_type = "text/event-stream; charset=utf-8",
            .headers = {{"Cache-Control", "no-cache"}, {"X-Accel-Buffering", "no"}}};
}

std::string server_sent_event(const ordered_json& value) { return "data: " + dump(value) + "\n\n"; }

void send_failure(Responder& responder, const ApiError& error, bool streaming) {
    if (!streaming) return responder.send(to_response(error));
    responder.write("data: " + to_json(error) + "\n\n");
    responder.write(kStreamEnd);
    responder.finish();
}

} // namespace assay::api
