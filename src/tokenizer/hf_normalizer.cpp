#include "tokenizer/hf_json.h"

#include "tokenizer/base64.h"

#include <algorithm>

namespace assay::tokenizer::hf {
namespace {

/// How much longer a row of normalisers may make a text: beyond any published tokenizer, short of exhausting memory.
constexpr double kGrowthLimit = 4096;
constexpr std::size_t kInsertLimit = 1024;

class Reader {
public:
    Result<std::unique_ptr<Normalizer>> read(const Field& field, int depth);

private:
    Result<std::unique_ptr<Normalizer>> read_sequence(const Field& field, int depth);
    Result<std::unique_ptr<Normalizer>> read_replace(const Field& field);
    Result<std::unique_ptr<Normalizer>> read_bert(const Field& field);
    Result<std::unique_ptr<Normalizer>> read_precompiled(const Field& field);
    Result<void> grow(const Field& field, double factor) {
        growth_ *= std::max(1.0, factor);
        if (growth_ > kGrowthLimit) return field.unsupported("these normalizers can make a text too long");
        return {};
    }
    double growth_ = 1;
};

Result<std::unique_ptr<Normalizer>> Reader::read_sequence(const Field& field, int depth) {
    const Field list = field["normalizers"];
    const std::size_t count = TRY(list.array_size(kStepsLimit));
    std::vector<std::unique_ptr<Normalizer>> steps;
    for (std::size_t i = 0; i < count; ++i) steps.push_back(TRY(read(list.at(i), depth + 1)));
    return make_normalizer_sequence(std::move(steps));
}

/// A regular expression without operators stands for itself.
bool is_literal(const std::string& regex) { return regex.find_first_of(R"(\.^$|?*+()[]{})") == std::string::npos; }

Result<std::unique_ptr<Normalizer>> Reader::read_replace(const Field& field) {
    const Pattern pattern = TRY(read_pattern(field["pattern"]));
    std::string content = TRY(field["content"].text());
    if (content.size() > kInsertLimit)
        return field["content"].unsupported("longer than " + std::to_string(kInsertLimit) + " bytes");
    if (pattern.text.empty()) return field["pattern"].unsupported("an empty pattern");
    TRY_VOID(grow(field, static_cast<double>(content.size()) /
                             static_cast<double>(pattern.is_regex ? 1 : pattern.text.size())));
    if (!pattern.is_regex || is_literal(pattern.text)) return make_replace(pattern.text, std::move(content));
    if (pattern.text == " {2,}") return make_replace_blanks(2, std::move(content));
    if (pattern.text == " +") return make_replace_blanks(1, std::move(content));
    return field["pattern"].unsupported("the regular expression '" + pattern.text + "'");
}

Result<std::unique_ptr<Normalizer>> Reader::read_bert(const Field& field) {
    BertNormalizerOptions options;
    options.clean_text = TRY(field["clean_text"].boolean_or(true));
    options.handle_chinese_chars = TRY(field["handle_chinese_chars"].boolean_or(true));
    options.lowercase = TRY(field["lowercase"].boolean_or(true));
    options.strip_accents = TRY(field["strip_accents"].boolean_or(options.lowercase));
    TRY_VOID(grow(field, 6));
    return make_bert_normalizer(options);
}

Result<std::unique_ptr<Normalizer>> Reader::read_precompiled(const Field& field) {
    const Field encoded = field["precompiled_charsmap"];
    const std::string text = TRY(encoded.text());
    const auto bytes = decode_base64(text);
    if (!bytes) return encoded.expected("base64");
    auto map = Charsmap::create(*bytes);
    if (!map) return fail_in(field.path(), std::move(map.error()));
    TRY_VOID(grow(field, static_cast<double>(map->longest_replacement())));
    return make_precompiled(std::move(*map));
}

Result<std::unique_ptr<Normalizer>> Reader::read(const Field& field, int depth) {
    if (depth > kNestingLimit) return field.unsupported("sequences nested too deeply");
    const std::string type = TRY(field["type"].text());
    if (type == "Sequence") return read_sequence(field, depth);
    if (type == "Replace") return read_replace(field);
    if (type == "BertNormalizer") return read_bert(field);
    if (type == "Precompiled") return read_precompiled(field);
    if (type == "NFC") return make_normal_form(NormalForm::nfc);
    if (type == "Lowercase") return make_lowercase();
    if (type == "StripAccents") return make_strip_accents();
    if (type == "Nmt") return make_nmt();
    if (type == "Strip") {
        const bool left = TRY(field["strip_left"].boolean_or(true));
        const bool right = TRY(field["strip_right"].boolean_or(true));
        return make_strip(left, right);
    }
    if (type == "Prepend") {
        std::string text = TRY(field["prepend"].text());
        if (text.size() > kInsertLimit)
            return field["prepend"].unsupported("longer than " + std::to_string(kInsertLimit) + " bytes");
        return make_prepend(std::move(text));
    }
    TRY_VOID(grow(field, 12)); // what decomposition can add
    if (type == "NFD") return make_normal_form(NormalForm::nfd);
    if (type == "NFKC") return make_normal_form(NormalForm::nfkc);
    if (type == "NFKD") return make_normal_form(NormalForm::nfkd);
    return field["type"].unsupported("the normalizer '" + type + "'");
}

} // namespace

Result<std::unique_ptr<Normalizer>> read_normalizer(const Field& field) {
    if (field.is_null()) return std::unique_ptr<Normalizer>();
    return Reader().read(field, 0);
}

} // namespace assay::tokenizer::hf
