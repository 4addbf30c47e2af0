#include "tokenizer/bpe.h"
#include "tokenizer/hf_json.h"
#include "tokenizer/unigram.h"
#include "tokenizer/word_piece.h"

namespace assay::tokenizer::hf {
namespace {

constexpr std::size_t kMergesLimit = 16u << 20;

/// Ids may have holes, but not so many that a short file makes a long table.
constexpr std::size_t kHolesLimit = 65536;

Result<Vocabulary> read_vocabulary(const Field& field) {
    if (!field.value().is_object()) return field.expected("an object of entries and ids");
    const std::size_t count = field.value().size();
    std::vector<std::string> texts;
    for (const auto& [text, id] : field.value().items()) {
        if (!id.is_number_unsigned() ||
            id.get<std::uint64_t>() >= std::min(2 * count + kHolesLimit, kVocabularyLimit)) {
            return fail(ErrorCode::malformed,
                        field.path() + ": entry '" + text + "': its id is not a whole number in range");
        }
        const auto index = id.get<std::size_t>();
        if (index >= texts.size()) texts.resize(index + 1);
        if (!texts[index].empty()) {
            return fail(ErrorCode::malformed, field.path() + ": entries '" + texts[index] + "' and '" + text +
                                                  "' share id " + std::to_string(index));
        }
        texts[index] = text;
    }
    return Vocabulary::create(std::move(texts));
}

Result<MergePair> read_merge(const Field& field) {
    const Json& value = field.value();
    if (value.is_string()) {
        const std::string_view text = value.get_ref<const std::string&>();
        const std::size_t space = text.find(' ');
        if (space == std::string_view::npos || text.find(' ', space + 1) != std::string_view::npos) {
            return field.expected("two entries with a space between");
        }
        return MergePair{text.substr(0, space), text.substr(space + 1)};
    }
    if (!value.is_array() || value.size() != 2 || !value[0].is_string() || !value[1].is_string()) {
        return field.expected("a pair of entries");
    }
    return MergePair{value[0].get_ref<const std::string&>(), value[1].get_ref<const std::string&>()};
}

Result<std::unique_ptr<Model>> read_bpe(const Field& field, bool byte_level) {
    const Json& dropout = field["dropout"].value();
    if (!dropout.is_null() && !(dropout.is_number() && dropout.get<double>() == 0)) {
        return field["dropout"].unsupported("tokenization by chance would not be reproducible");
    }
    BpeOptions options;
    options.byte_level = byte_level;
    options.byte_fallback = TRY(field["byte_fallback"].boolean_or(false));
    options.fuse_unknown = TRY(field["fuse_unk"].boolean_or(false));
    options.ignore_merges = TRY(field["ignore_merges"].boolean_or(false));
    options.unknown = TRY(field["unk_token"].text_or(""));
    options.subword_prefix = TRY(field["continuing_subword_prefix"].text_or(""));
    options.word_suffix = TRY(field["end_of_word_suffix"].text_or(""));
    if (byte_level && (options.byte_fallback || !options.subword_prefix.empty() || !options.word_suffix.empty())) {
        return field.unsupported("byte-level entries with byte_fallback, a subword prefix or a word suffix");
    }
    const Field list = field["merges"];
    const std::size_t count = TRY(list.array_size(kMergesLimit));
    std::vector<MergePair> merges;
    merges.reserve(count);
    for (std::size_t i = 0; i < count; ++i) {
        const Json& value = list.value()[i];
        // Old files open with a version line.
        if (value.is_string() && value.get_ref<const std::string&>().starts_with("#version")) continue;
        merges.push_back(TRY(read_merge(list.at(i))));
    }
    Vocabulary vocabulary = TRY(read_vocabulary(field["vocab"]));
    return TRY(Bpe::create(std::move(vocabulary), merges, std::move(options)));
}

Result<std::unique_ptr<Model>> read_unigram(const Field& field) {
    const Field list = field["vocab"];
    const std::size_t count = TRY(list.array_size(kVocabularyLimit));
    std::vector<std::string> texts;
    std::vector<double> scores;
    for (std::size_t i = 0; i < count; ++i) {
        const Json& entry = list.value()[i];
        if (!entry.is_array() || entry.size() != 2 || !entry[0].is_string() || !entry[1].is_number()) {
            return list.at(i).expected("an entry and its score");
        }
        texts.push_back(entry[0].get_ref<const std::string&>());
        scores.push_back(entry[1].get<double>());
    }
    UnigramOptions options;
    options.byte_fallback = TRY(field["byte_fallback"].boolean_or(false));
    if (!field["unk_id"].is_null())
        options.unknown = static_cast<TokenId>(TRY(field["unk_id"].number(kVocabularyLimit)));
    Vocabulary vocabulary = TRY(Vocabulary::create(std::move(texts)));
    return TRY(Unigram::create(std::move(vocabulary), std::move(scores), options));
}

Result<std::unique_ptr<Model>> read_word_piece(const Field& field) {
    constexpr std::size_t kCharactersLimit = 4096;
    WordPieceOptions options;
    options.unknown = TRY(field["unk_token"].text_or("[UNK]"));
    options.prefix = TRY(field["continuing_subword_prefix"].text_or("##"));
    const Field characters = field["max_input_chars_per_word"];
    if (!characters.is_null()) options.characters_max = TRY(characters.number(kCharactersLimit));
    Vocabulary vocabulary = TRY(read_vocabulary(field["vocab"]));
    return TRY(WordPiece::create(std::move(vocabulary), std::move(options)));
}

/// Old files leave the type out.
std::string guessed_type(const Field& field) {
    if (!field["merges"].is_null()) return "BPE";
    return field["vocab"].value().is_array() ? "Unigram" : "WordPiece";
}

} // namespace

Result<std::unique_ptr<Model>> read_model(const Field& field, bool byte_level) {
    if (!field.value().is_object()) return field.expected("an object");
    const std::string type = TRY(field["type"].text_or(guessed_type(field)));
    if (type == "BPE") return read_bpe(field, byte_level);
    if (byte_level) return field["type"].unsupported("'" + type + "' behind a ByteLevel pre-tokenizer");
    if (type == "Unigram") return read_unigram(field);
    if (type == "WordPiece") return read_word_piece(field);
    return field["type"].unsupported("'" + type + "' is not one of BPE, Unigram, WordPiece");
}

} // namespace assay::tokenizer::hf
