#pragma once
/// Pieces that chat and text answers share. Internal to the room's .cpp files; pure, thread-safe.
#include "api/endpoints.h"
#include "api/generation.h"

#include <nlohmann/json_fwd.hpp>

#include <functional>
#include <memory>
#include <string>

namespace assay::api {

/// What every chunk and answer of one request repeats.
struct AnswerFrame {
    std::string id;
    std::int64_t created = 0;
    std::string model;
    std::string fingerprint;
    bool stream = false;
    bool include_usage = false;
    std::uint32_t choices_per_prompt = 1;
    std::weak_ptr<const ChatEngine> engine; ///< for the text of tokens in logprobs

    std::string token_bytes(TokenId token) const;
};

nlohmann::ordered_json frame_object(const AnswerFrame& frame, const char* object);
nlohmann::ordered_json usage_object(const TokenUsage& usage);
const char* finish_reason(FinishReason reason);

HttpResponse event_stream_head();
/// `data: {json}` and an empty line.
std::string server_sent_event(const nlohmann::ordered_json& value);
inline constexpr const char* kStreamEnd = "data: [DONE]\n\n";

/// Before anything was sent an ordinary error response; in a stream an event with the error object and the end.
void send_failure(Responder& responder, const ApiError& error, bool streaming);

} // namespace assay::api
