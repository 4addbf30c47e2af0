#pragma once
/// Writes chat answers: one JSON object, or a stream of chunks. Belongs to one request; runs on its connection's executor.
#include "api/answer_json.h"
#include "api/tool_calls.h"

#include <memory>
#include <string>
#include <vector>

namespace assay::api {

struct ChatAnswerOptions {
    ToolFormat tools = ToolFormat::none;
    std::vector<std::string> tool_names = {};
    std::string answer_prefix = {}; ///< put after the prompt: the start of a forced call
};

std::unique_ptr<AnswerWriter> make_chat_answer(AnswerFrame frame, ChatAnswerOptions options, std::size_t choices);

} // namespace assay::api
