// Any bytes as a tokenizer.json: refused, or a tokenizer that takes any text.
#include "tokenizer/stream_decoder.h"
#include "tokenizer/tokenizer.h"

#include "base/assert.h"

using assay::tokenizer::StreamDecoder;
using assay::tokenizer::Tokenizer;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const std::string kLines[] = {
        "",
        "Hello, world!",
        "  a\tb\r\n\n 123 1234",
        "\xff\xe2\x82 caf\xc3\xa9 \xe6\xbc\xa2\xe5\xad\x97",
        "<s><|endoftext|>[CLS]</s> \xe2\x96\x81x",
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
        "e\xcc\x81\xcc\xa3 \xf0\x9f\x91\xa8\xe2\x80\x8d\xf0\x9f\x91\xa9 I'LL it's -/-"};
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const auto tokenizer = Tokenizer::from_hugging_face(text, "");
    if (!tokenizer) {
        ASSAY_ASSERT(!tokenizer.error().message.empty());
        return 0;
    }
    for (const std::string& line : kLines) {
        for (const bool special : {false, true}) {
            const auto ids = (*tokenizer)->encode(line, special, special);
            StreamDecoder stream(**tokenizer, special);
            std::string streamed;
            for (const auto id : ids) {
                ASSAY_ASSERT(id >= 0 && static_cast<std::size_t>(id) < (*tokenizer)->vocabulary_size());
                streamed += stream.push(id);
            }
            streamed += stream.finish();
            ASSAY_ASSERT(streamed == (*tokenizer)->decode(ids, special));
        }
    }
    return 0;
}
