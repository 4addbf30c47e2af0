/// Body bytes through the three request parsers, and the tool-call reader on whatever parsed.
#include "api/requests.h"
#include "api/tool_calls.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace assay::api;
    const std::string_view body(reinterpret_cast<const char*>(data), size);
    if (const auto chat = parse_chat_request(body); chat && !chat->tools_json.empty()) {
        for (const auto format : {ToolFormat::hermes, ToolFormat::mistral, ToolFormat::llama})
            force_tool_call(format, chat->tools_json, "");
    }
    if (const auto text = parse_completion_request(body); !text) to_response(text.error());
    if (const auto embedding = parse_embedding_request(body); !embedding) to_response(embedding.error());
    for (const auto format : {ToolFormat::hermes, ToolFormat::mistral, ToolFormat::llama}) {
        ToolCallReader reader(format, {"f", "get_weather"});
        std::string text = reader.feed(body.substr(0, size / 2));
        text += reader.feed(body.substr(size / 2));
        text += reader.finish().content;
    }
    return 0;
}
