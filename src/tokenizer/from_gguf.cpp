#include "tokenizer/bpe.h"
#include "tokenizer/pipeline.h"

#include <algorithm>

namespace assay::tokenizer {
namespace {

/// ggml's token types.
enum TokenType : std::int32_t { kNormal = 1, kUnknown = 2, kControl = 3, kUserDefined = 4, kUnused = 5, kByte = 6 };

/// Entries by which published models end an answer, whatever their eos says.
constexpr std::array<std::string_view, 8> kEndTexts = {"<|im_end|>", "<|eot_id|>", "<|endoftext|>", "<|end_of_text|>",
                                                       "<|end|>", "<|eom_id|>", "<end_of_turn>", "</s>"};

std::unique_ptr<PreTokenizer> digits_then_gpt2() {
    std::vector<std::unique_ptr<PreTokenizer>> steps;
    steps.push_back(make_property_split(kNumber, Delimiter::isolated));
    steps.push_back(make_regex_split(match_gpt2));
    return make_sequence(std::move(steps));
}

struct ByteLevelStyle {
    std::unique_ptr<PreTokenizer> pre_tokenizer;
    bool ignore_merges = false;
};

Result<ByteLevelStyle> byte_level_style(std::string_view pre) {
    const auto is = [&](std::initializer_list<std::string_view> names) { return std::ranges::find(names, pre) != names.end(); };
    if (is({"gpt-2", "gpt2", "default", ""})) return ByteLevelStyle{make_regex_split(match_gpt2)};
    if (is({"llama-bpe", "llama3", "llama-v3"})) return ByteLevelStyle{make_regex_split(match_llama3), true};
    if (is({"qwen2", "deepseek-r1-qwen"})) return ByteLevelStyle{make_regex_split(match_qwen2)};
    if (is({"smollm", "starcoder", "refact", "command-r"})) return ByteLevelStyle{digits_then_gpt2()};
    return fail(ErrorCode::unsupported, "tokenizer.ggml.pre: '" + std::string(pre) +
                                            "' is not one of gpt-2, default, llama-bpe, qwen2, deepseek-r1-qwen, smollm, "
                                            "starcoder, refact, command-r");
}

Result<void> check_id(const char* field, std::optional<TokenId> id, std::size_t size) {
    if (id && (*id < 0 || static_cast<std::size_t>(*id) >= size)) {
        return fail(ErrorCode::malformed, std::string("tokenizer.ggml.") + field + ": id " + std::to_string(*id) +
                                              " is outside the vocabulary of " + std::to_string(size));
    }
    return {};
}

Result<void> check(const GgufVocabulary& source) {
    const std::size_t size = source.tokens.size();
    if (size == 0) return fail(ErrorCode::malformed, "tokenizer.ggml.tokens: empty");
    if (!source.types.empty() && source.types.size() != size) {
        return fail(ErrorCode::malformed, "tokenizer.ggml.token_type: " + std::to_string(source.types.size()) +
                                              " entries for " + std::to_string(size) + " tokens");
    }
    if (!source.scores.empty() && source.scores.size() != size) {
        return fail(ErrorCode::malformed, "tokenizer.ggml.scores: " + std::to_string(source.scores.size()) +
                                              " entries for " + std::to_string(size) + " tokens");
    }
    TRY_VOID(check_id("bos_token_id", source.bos, size));
    TRY_VOID(check_id("eos_token_id", source.eos, size));
    TRY_VOID(check_id("eot_token_id", source.eot, size));
    TRY_VOID(check_id("unknown_token_id", source.unknown, size));
    TRY_VOID(check_id("seperator_token_id", source.separator, size));
    TRY_VOID(check_id("padding_token_id", source.padding, size));
    TRY_VOID(check_id("mask_token_id", source.mask, size));
    return check_id("cls_token_id", source.cls, size);
}

std::vector<AddedToken> added_tokens(const GgufVocabulary& source) {
    std::vector<AddedToken> added;
    for (std::size_t id = 0; id < source.types.size(); ++id) {
        const std::int32_t type = source.types[id];
        if ((type != kControl && type != kUserDefined && type != kUnknown) || source.tokens[id].empty()) continue;
        AddedToken token{.content = source.tokens[id], .id = static_cast<TokenId>(id)};
        token.special = type != kUserDefined;
        added.push_back(std::move(token));
    }
    return added;
}

std::vector<TokenId> ending_ids(const GgufVocabulary& source) {
    std::vector<TokenId> ends;
    if (source.eos) ends.push_back(*source.eos);
    if (source.eot) ends.push_back(*source.eot);
    for (std::size_t id = 0; id < source.types.size(); ++id) {
        const bool ends_text = std::ranges::find(kEndTexts, source.tokens[id]) != kEndTexts.end();
        if (source.types[id] == kControl && ends_text) ends.push_back(static_cast<TokenId>(id));
    }
    return ends;
}

Result<std::vector<MergePair>> merge_pairs(const std::vector<std::string>& merges) {
    std::vector<MergePair> pairs;
    pairs.reserve(merges.size());
    for (const std::string& merge : merges) {
        const std::size_t space = merge.find(' ', 1);
        if (space == std::string::npos || space + 1 == merge.size()) {
            return fail(ErrorCode::malformed,
                        "tokenizer.ggml.merges[" + std::to_string(pairs.size()) + "]: '" + merge + "' is not two entries");
        }
        pairs.emplace_back(std::string_view(merge).substr(0, space), std::string_view(merge).substr(space + 1));
    }
    return pairs;
}

Result<PipelineParts> byte_level_parts(GgufVocabulary& source) {
    PipelineParts parts;
    ByteLevelStyle style = TRY(byte_level_style(source.pre));
    parts.pre_tokenizer = std::move(style.pre_tokenizer);
    const std::vector<MergePair> merges = TRY(merge_pairs(source.merges));
    Vocabulary vocabulary = TRY(Vocabulary::create(std::move(source.tokens)));
    parts.model = TRY(Bpe::create(std::move(vocabulary), merges,
                                  {.byte_level = true, .ignore_merges = style.ignore_merges}));
    parts.decoder = {{.kind = DecodeKind::byte_level}};
    return parts;
}

} // namespace

Result<std::unique_ptr<Tokenizer>> Tokenizer::from_gguf(GgufVocabulary vocabulary) {
    TRY_VOID(check(vocabulary));
    std::vector<AddedToken> added = added_tokens(vocabulary);
    std::vector<TokenId> ends = ending_ids(vocabulary);
    if (vocabulary.model != "gpt2") {
        return fail(ErrorCode::unsupported, "tokenizer.ggml.model: '" + vocabulary.model + "' is not gpt2");
    }
    PipelineParts parts = TRY(byte_level_parts(vocabulary));
    parts.added = std::move(added);
    parts.end_ids = std::move(ends);
    parts.bos = vocabulary.bos;
    if (vocabulary.add_bos.value_or(false) && vocabulary.bos) parts.before.push_back(*vocabulary.bos);
    if (vocabulary.add_eos.value_or(false) && vocabulary.eos) parts.after.push_back(*vocabulary.eos);
    return std::make_unique<PipelineTokenizer>(std::move(parts));
}

} // namespace assay::tokenizer
