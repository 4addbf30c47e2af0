// Any bytes as a chat template, rendered on a few conversations: refused, or text that is UTF-8 and the same each time.
#include "tokenizer/chat_template.h"
#include "tokenizer/unicode.h"

#include "base/assert.h"

#include <cstdint>

using assay::tokenizer::ChatTemplate;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static constexpr std::string_view kMessages[] = {
        "[]", R"([{"role":"system","content":" s "},{"role":"user","content":"<b>Grüße</b> \n🎉"}])",
        R"([{"role":"user","content":[{"type":"text","text":"x"}]},{"role":"assistant","content":null,"reasoning":"r","tool_calls":
            [{"id":"a","type":"function","function":{"name":"f","arguments":{"x":[1,2.5,null,true,{"k":"v"}]}}}]},
            {"role":"tool","tool_call_id":"a","content":"y"}])"};
    const std::string_view source(reinterpret_cast<const char*>(data), size);
    const auto parsed = ChatTemplate::parse(source);
    if (!parsed) {
        ASSAY_ASSERT(!parsed.error().message.empty());
        return 0;
    }
    for (const std::string_view messages : kMessages) {
        ChatTemplate::Variables variables;
        variables.messages_json = messages;
        variables.tools_json =
            R"([{"type":"function","function":{"name":"f","parameters":{"properties":{"x":{"type":"object"}}}}}])";
        variables.extra_json = R"({"l":[3,1,2],"d":{"a":1},"s":"Text","n":-7,"f":2.5,"enable_thinking":false})";
        variables.bos_token = "<s>";
        variables.eos_token = "</s>";
        variables.date = "26 Jul 2024";
        const auto first = parsed->render(variables), second = parsed->render(variables);
        ASSAY_ASSERT(first.has_value() == second.has_value());
        if (first) {
            ASSAY_ASSERT(*first == *second);
            ASSAY_ASSERT(assay::tokenizer::valid_prefix(*first) == first->size());
        } else {
            ASSAY_ASSERT(first.error().code != assay::ErrorCode::internal);
        }
    }
    return 0;
}
