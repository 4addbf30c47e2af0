#include "tokenizer/chat_template.h"
#include <gtest/gtest.h>
namespace assay::tokenizer {
TEST(ChatTemplate, Basic) {
    const auto t = ChatTemplate::parse(
        "{% for message in messages %}{% if loop.first and messages[0]['role'] != 'system' %}{{ "
        "'<|im_start|>system\nYou are a helpful AI assistant named SmolLM, trained by Hugging Face<|im_end|>\n' }}{% "
        "endif %}{{'<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>' + '\n'}}{% endfor %}{% "
        "if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}");
    ASSERT_TRUE(t) << t.error().message;
    ChatTemplate::Variables v;
    v.messages_json = R"([{"role":"user","content":"hi"}])";
    const auto r = t->render(v);
    ASSERT_TRUE(r) << r.error().message;
    EXPECT_EQ(*r, "<|im_start|>system\nYou are a helpful AI assistant named SmolLM, trained by Hugging Face<|im_end|>\n"
                  "<|im_start|>user\nhi<|im_end|>\n<|im_start|>assistant\n");
}
} // namespace assay::tokenizer
