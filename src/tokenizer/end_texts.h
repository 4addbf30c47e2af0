#pragma once
/// Control tokens by which published models end an answer, whatever their eos says.
#include <algorithm>
#include <array>
#include <string_view>

namespace assay::tokenizer {

inline bool is_end_text(std::string_view text) {
    static constexpr std::array<std::string_view, 9> kTexts = {
        "<|im_end|>", "<|eot_id|>",    "<|endoftext|>", "<|end_of_text|>",      "<|end|>",
        "<|eom_id|>", "<end_of_turn>", "</s>",          "<｜end▁of▁sentence｜>"};
    return std::ranges::find(kTexts, text) != kTexts.end();
}

} // namespace assay::tokenizer
