// Any bytes as a schema, up to the first NUL; the rest picks tokens out of each mask. Whatever the schema, there is always
// a token to go on with, and a text that may end is JSON.
#include "engine/constraint.h"

#include "base/assert.h"

#include <nlohmann/json.hpp>

#include <algorithm>

using namespace assay;

namespace {

/// Every byte, and some tokens across the borders of JSON's parts.
const tokenizer::Tokenizer& small_tokenizer() {
    static const auto made = [] {
        tokenizer::GgufVocabulary vocabulary;
        vocabulary.model = "llama";
        vocabulary.pre = "default";
        const auto add = [&](const std::string& text, std::int32_t type) {
            vocabulary.tokens.push_back(text);
            vocabulary.types.push_back(type);
            vocabulary.scores.push_back(0);
        };
        add("<unk>", 2);
        add("<s>", 3);
        add("</s>", 3);
        static constexpr std::string_view kHex = "0123456789ABCDEF";
        for (std::size_t byte = 0; byte < 256; ++byte) add({'<', '0', 'x', kHex[byte / 16], kHex[byte % 16], '>'}, 6);
        for (const char* text :
             {"\":", "\",\"", "},{", "{\"", "[[", "]]", "true", "\xC3\xA9", "12", ".5e", "\\u", "\n  ", "\"}"})
            add(text, 1);
        vocabulary.unknown = 0;
        vocabulary.bos = 1;
        vocabulary.eos = 2;
        auto made_tokenizer = tokenizer::Tokenizer::from_gguf(std::move(vocabulary));
        ASSAY_ASSERT(made_tokenizer.has_value());
        return std::move(*made_tokenizer);
    }();
    return *made;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view input(reinterpret_cast<const char*>(data), size);
    const std::size_t end = std::min(input.find('\0'), input.size());
    const auto& tokenizer = small_tokenizer();
    const auto grammar = engine::Grammar::from_json_schema(input.substr(0, end), tokenizer);
    if (!grammar) {
        ASSAY_ASSERT(!grammar.error().message.empty() && grammar.error().message.find('\n') == std::string::npos);
        return 0;
    }
    auto state = (*grammar)->start();
    std::vector<std::uint64_t> mask((tokenizer.vocabulary_size() + 63) / 64);
    std::string text;
    for (const char pick : input.substr(end)) {
        state->allowed(mask);
        std::vector<tokenizer::TokenId> choices;
        for (std::size_t id = 0; id < tokenizer.vocabulary_size(); ++id) {
            if (mask[id / 64] >> (id % 64) & 1) choices.push_back(static_cast<tokenizer::TokenId>(id));
        }
        ASSAY_ASSERT(!choices.empty());
        const auto ends = tokenizer.end_ids();
        const bool may_end =
            std::ranges::any_of(choices, [&](auto id) { return std::ranges::binary_search(ends, id); });
        if (may_end) ASSAY_ASSERT(nlohmann::json::accept(text));
        if (state->finished()) break;
        state = state->clone();
        const auto id = choices[static_cast<std::uint8_t>(pick) % choices.size()];
        if (std::ranges::binary_search(ends, id)) break;
        state->accept(id);
        text += tokenizer.token_bytes(id);
    }
    return 0;
}
