#include "tokenizer/bpe.h"
#include "tokenizer/end_texts.h"
#include "tokenizer/pipeline.h"
#include "tokenizer/unigram.h"
#include "tokenizer/word_piece.h"

#include <algorithm>

namespace assay::tokenizer {
namespace {

/// ggml's token types.
enum TokenType : std::int32_t { kNormal = 1, kUnknown = 2, kControl = 3, kUserDefined = 4, kUnused = 5, kByte = 6 };

/// SentencePiece's stand-in for a space.
constexpr std::string_view kMark = "\xE2\x96\x81";

std::unique_ptr<PreTokenizer> digits_then_gpt2() {
    std::vector<std::unique_ptr<PreTokenizer>> steps;
    steps.push_back(make_property_split(kNumber, Delimiter::isolated));
    steps.push_back(make_regex_split(match_gpt2));
    return make_sequence(std::move(steps));
}

struct ByteLevelStyle {
    std::unique_ptr<PreTokenizer> pre_tokenizer;
    bool ignore_merges = false;
    bool composes = false; ///< the published tokenizer normalises to NFC
};

Result<ByteLevelStyle> byte_level_style(std::string_view pre) {
    const auto is = [&](std::initializer_list<std::string_view> names) {
        return std::ranges::find(names, pre) != names.end();
    };
    if (is({"gpt-2", "gpt2", "default", ""})) return ByteLevelStyle{make_regex_split(match_gpt2), false, false};
    if (is({"llama-bpe", "llama3", "llama-v3"})) return ByteLevelStyle{make_regex_split(match_llama3), true, false};
    if (is({"qwen2"})) return ByteLevelStyle{make_regex_split(match_qwen2), false, true};
    if (is({"deepseek-r1-qwen"})) return ByteLevelStyle{make_regex_split(match_qwen2), false, false};
    if (is({"smollm", "starcoder", "refact", "command-r"})) return ByteLevelStyle{digits_then_gpt2(), false, false};
    return fail(ErrorCode::unsupported,
                "tokenizer.ggml.pre: '" + std::string(pre) +
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
        if (source.types[id] == kControl && is_end_text(source.tokens[id])) ends.push_back(static_cast<TokenId>(id));
    }
    return ends;
}

Result<std::vector<MergePair>> merge_pairs(const std::vector<std::string>& merges) {
    std::vector<MergePair> pairs;
    pairs.reserve(merges.size());
    for (const std::string& merge : merges) {
        const std::size_t space = merge.find(' ', 1);
        if (space == std::string::npos || space + 1 == merge.size()) {
            return fail(ErrorCode::malformed, "tokenizer.ggml.merges[" + std::to_string(pairs.size()) + "]: '" + merge +
                                                  "' is not two entries");
        }
        pairs.emplace_back(std::string_view(merge).substr(0, space), std::string_view(merge).substr(space + 1));
    }
    return pairs;
}

/// The tokens that `add_special` puts around a text; `add_bos` and `add_eos` say what the model's kind does by default.
void surround(const GgufVocabulary& source, bool add_bos, bool add_eos, PipelineParts& parts) {
    if (source.add_bos.value_or(add_bos) && source.bos) parts.before.push_back(*source.bos);
    if (source.add_eos.value_or(add_eos) && source.eos) parts.after.push_back(*source.eos);
}

Result<PipelineParts> byte_level_parts(GgufVocabulary& source) {
    PipelineParts parts;
    ByteLevelStyle style = TRY(byte_level_style(source.pre));
    parts.pre_tokenizer = std::move(style.pre_tokenizer);
    if (style.composes) parts.normalizer = make_normal_form(NormalForm::nfc);
    const std::vector<MergePair> merges = TRY(merge_pairs(source.merges));
    Vocabulary vocabulary = TRY(Vocabulary::create(std::move(source.tokens)));
    parts.model =
        TRY(Bpe::create(std::move(vocabulary), merges, {.byte_level = true, .ignore_merges = style.ignore_merges}));
    parts.decoder = {{.kind = DecodeKind::byte_level}};
    surround(source, style.ignore_merges, false, parts); // llama 3's template opens with its bos
    return parts;
}

/// Entry of the unknown token, or empty.
std::string unknown_text(const GgufVocabulary& source) {
    if (source.unknown) return source.tokens[*source.unknown];
    const auto found = std::ranges::find(source.types, static_cast<std::int32_t>(kUnknown));
    return found == source.types.end() ? std::string() : source.tokens[found - source.types.begin()];
}

Result<PipelineParts> sentence_piece_parts(GgufVocabulary& source) {
    PipelineParts parts;
    const bool prefix = source.add_space_prefix.value_or(true);
    std::vector<std::unique_ptr<Normalizer>> steps;
    if (prefix) steps.push_back(make_prepend(std::string(kMark)));
    steps.push_back(make_replace(" ", std::string(kMark)));
    parts.normalizer = make_normalizer_sequence(std::move(steps));
    const BpeOptions options{.byte_fallback = true, .fuse_unknown = true, .unknown = unknown_text(source)};
    const std::vector<MergePair> merges = TRY(merge_pairs(source.merges));
    Vocabulary vocabulary = TRY(Vocabulary::create(std::move(source.tokens)));
    parts.model = merges.empty() ? TRY(Bpe::create_scored(std::move(vocabulary), source.scores, options))
                                 : TRY(Bpe::create(std::move(vocabulary), merges, options));
    parts.decoder = {{.kind = DecodeKind::replace, .pattern = std::string(kMark), .content = " "},
                     {.kind = DecodeKind::byte_fallback},
                     {.kind = DecodeKind::fuse}};
    if (prefix) parts.decoder.push_back({.kind = DecodeKind::strip, .pattern = " ", .start = 1});
    surround(source, true, false, parts);
    return parts;
}

Result<PipelineParts> unigram_parts(GgufVocabulary& source) {
    PipelineParts parts;
    const bool prefix = source.add_space_prefix.value_or(true);
    std::vector<std::unique_ptr<Normalizer>> steps;
    if (!source.precompiled_charsmap.empty()) {
        auto map = Charsmap::create(source.precompiled_charsmap);
        if (!map) return fail_in("tokenizer.ggml", std::move(map.error()));
        steps.push_back(make_precompiled(std::move(*map)));
    }
    if (source.remove_extra_whitespaces.value_or(false)) {
        steps.push_back(make_strip(true, true));
        steps.push_back(make_replace_blanks(2, " "));
    }
    parts.normalizer = make_normalizer_sequence(std::move(steps));
    parts.pre_tokenizer = make_metaspace(std::string(kMark), prefix ? Prepend::always : Prepend::never, true);
    const std::string unknown = unknown_text(source);
    Vocabulary vocabulary = TRY(Vocabulary::create(std::move(source.tokens)));
    UnigramOptions options;
    if (const TokenId id = vocabulary.find(unknown); id >= 0) options.unknown = id;
    parts.model = TRY(Unigram::create(std::move(vocabulary), {source.scores.begin(), source.scores.end()}, options));
    parts.decoder = {{.kind = DecodeKind::metaspace, .pattern = std::string(kMark), .flag = prefix}};
    surround(source, false, true, parts);
    return parts;
}

/// GGUF files write "▁word" and "ing" where the published vocabulary has "word" and "##ing".
std::vector<std::string> published_word_pieces(const GgufVocabulary& source) {
    std::vector<std::string> texts = source.tokens;
    for (std::size_t id = 0; id < texts.size(); ++id) {
        const bool control = id < source.types.size() && source.types[id] == kControl;
        if (control || texts[id].empty()) continue;
        if (texts[id].starts_with(kMark)) {
            texts[id].erase(0, kMark.size());
        } else {
            texts[id].insert(0, "##");
        }
    }
    return texts;
}

Result<PipelineParts> word_piece_parts(GgufVocabulary& source, std::vector<AddedToken>& added) {
    PipelineParts parts;
    parts.normalizer = make_bert_normalizer({});
    std::vector<std::unique_ptr<PreTokenizer>> steps;
    steps.push_back(make_property_split(kSpace, Delimiter::removed));
    steps.push_back(make_property_split(kPunctuation, Delimiter::isolated));
    parts.pre_tokenizer = make_sequence(std::move(steps));
    std::vector<std::string> texts = published_word_pieces(source);
    for (AddedToken& token : added) token.content = texts[token.id];
    WordPieceOptions options;
    if (source.unknown) options.unknown = texts[*source.unknown];
    Vocabulary vocabulary = TRY(Vocabulary::create(std::move(texts)));
    parts.model = TRY(WordPiece::create(std::move(vocabulary), std::move(options)));
    parts.decoder = {{.kind = DecodeKind::word_piece, .pattern = "##", .flag = true}};
    const std::optional<TokenId> first = source.cls ? source.cls : source.bos;
    const std::optional<TokenId> last = source.separator ? source.separator : source.eos;
    if (first && source.add_bos.value_or(true)) parts.before.push_back(*first);
    if (last && source.add_eos.value_or(true)) parts.after.push_back(*last);
    return parts;
}

Result<PipelineParts> parts_of(GgufVocabulary& source, std::vector<AddedToken>& added) {
    if (source.model == "gpt2") return byte_level_parts(source);
    if (source.model == "llama") return sentence_piece_parts(source);
    if (source.model == "t5") return unigram_parts(source);
    if (source.model == "bert") return word_piece_parts(source, added);
    return fail(ErrorCode::unsupported,
                "tokenizer.ggml.model: '" + source.model + "' is not one of gpt2, llama, t5, bert");
}

} // namespace

Result<std::unique_ptr<Tokenizer>> Tokenizer::from_gguf(GgufVocabulary vocabulary) {
    TRY_VOID(check(vocabulary));
    std::vector<AddedToken> added = added_tokens(vocabulary);
    std::vector<TokenId> ends = ending_ids(vocabulary);
    PipelineParts parts = TRY(parts_of(vocabulary, added));
    parts.added = std::move(added);
    parts.end_ids = std::move(ends);
    parts.bos = vocabulary.bos;
    return std::make_unique<PipelineTokenizer>(std::move(parts));
}

} // namespace assay::tokenizer
