#include "tokenizer/hf_json.h"

#include "tokenizer/unicode.h"

namespace assay::tokenizer::hf {
namespace {

constexpr std::size_t kReplaceLimit = 1024;
constexpr double kGrowthLimit = 4096;

class DecoderReader {
public:
    Result<void> read(const Field& field, int depth, std::vector<DecodeSpec>& out);

private:
    Result<void> read_replace(const Field& field, std::vector<DecodeSpec>& out);
    double growth_ = 1;
};

Result<void> read_strip(const Field& field, std::vector<DecodeSpec>& out) {
    DecodeSpec spec{.kind = DecodeKind::strip};
    spec.pattern = TRY(field["content"].text());
    if (spec.pattern.empty() || character_count(spec.pattern) != 1) return field["content"].expected("one character");
    spec.start = TRY(field["start"].number(kReplaceLimit));
    spec.stop = TRY(field["stop"].number(kReplaceLimit));
    out.push_back(std::move(spec));
    return {};
}

Result<void> DecoderReader::read_replace(const Field& field, std::vector<DecodeSpec>& out) {
    const Pattern pattern = TRY(read_pattern(field["pattern"]));
    DecodeSpec spec{.kind = DecodeKind::replace, .pattern = pattern.text};
    spec.content = TRY(field["content"].text());
    if (pattern.is_regex) return field["pattern"].unsupported("the regular expression '" + pattern.text + "'");
    if (pattern.text.empty()) return field["pattern"].unsupported("an empty pattern");
    growth_ *= std::max(1.0, static_cast<double>(spec.content.size()) / static_cast<double>(pattern.text.size()));
    if (spec.content.size() > kReplaceLimit || growth_ > kGrowthLimit) return field["content"].unsupported("too long");
    out.push_back(std::move(spec));
    return {};
}

Result<void> DecoderReader::read(const Field& field, int depth, std::vector<DecodeSpec>& out) {
    if (depth > kNestingLimit || out.size() >= kStepsLimit) return field.unsupported("too many decoders");
    const std::string type = TRY(field["type"].text());
    if (type == "Sequence") {
        const Field list = field["decoders"];
        const std::size_t count = TRY(list.array_size(kStepsLimit));
        for (std::size_t i = 0; i < count; ++i) TRY_VOID(read(list.at(i), depth + 1, out));
        return {};
    }
    if (type == "Replace") return read_replace(field, out);
    if (type == "Strip") return read_strip(field, out);
    if (type == "ByteLevel") {
        out.push_back({.kind = DecodeKind::byte_level});
    } else if (type == "ByteFallback") {
        out.push_back({.kind = DecodeKind::byte_fallback});
    } else if (type == "Fuse") {
        out.push_back({.kind = DecodeKind::fuse});
    } else if (type == "WordPiece") {
        DecodeSpec spec{.kind = DecodeKind::word_piece};
        spec.pattern = TRY(field["prefix"].text_or("##"));
        spec.flag = TRY(field["cleanup"].boolean_or(true));
        out.push_back(std::move(spec));
    } else if (type == "Metaspace") {
        DecodeSpec spec{.kind = DecodeKind::metaspace};
        spec.pattern = TRY(field["replacement"].text_or("\xE2\x96\x81"));
        if (character_count(spec.pattern) != 1) return field["replacement"].expected("one character");
        const std::string scheme = TRY(field["prepend_scheme"].text_or("always"));
        spec.flag = scheme != "never" && TRY(field["add_prefix_space"].boolean_or(true));
        out.push_back(std::move(spec));
    } else if (type == "BPEDecoder") {
        DecodeSpec spec{.kind = DecodeKind::bpe_suffix};
        spec.pattern = TRY(field["suffix"].text_or("</w>"));
        if (spec.pattern.empty()) return field["suffix"].expected("text");
        out.push_back(std::move(spec));
    } else {
        return field["type"].unsupported("the decoder '" + type + "'");
    }
    return {};
}

Result<TokenId> read_pair_id(const Field& field) {
    if (TRY(field.array_size(2)) != 2) return field.expected("an entry and its id");
    return static_cast<TokenId>(TRY(field.at(1).number(kVocabularyLimit)));
}

Result<void> read_template(const Field& field, Surround& out) {
    const Field pieces = field["single"];
    const std::size_t count = TRY(pieces.array_size(kStepsLimit));
    Surround own;
    int texts = 0;
    for (std::size_t i = 0; i < count; ++i) {
        const Field special = pieces.at(i)["SpecialToken"];
        if (special.is_null()) {
            if (TRY(pieces.at(i)["Sequence"]["id"].text()) != "A" || ++texts > 1) {
                return pieces.at(i).unsupported("a template of more than the one text");
            }
            continue;
        }
        const std::string name = TRY(special["id"].text());
        const Field ids = field["special_tokens"][name.c_str()]["ids"];
        const std::size_t id_count = TRY(ids.array_size(kStepsLimit));
        for (std::size_t k = 0; k < id_count; ++k) {
            (texts == 0 ? own.before : own.after)
                .push_back(static_cast<TokenId>(TRY(ids.at(k).number(kVocabularyLimit))));
        }
    }
    if (texts == 0) return pieces.unsupported("a template without the text");
    out.before.insert(out.before.begin(), own.before.begin(), own.before.end());
    out.after.insert(out.after.end(), own.after.begin(), own.after.end());
    return {};
}

Result<void> read_processor(const Field& field, int depth, Surround& out) {
    if (depth > kNestingLimit) return field.unsupported("sequences nested too deeply");
    const std::string type = TRY(field["type"].text());
    if (type == "ByteLevel") return {}; // moves offsets only
    if (type == "TemplateProcessing") return read_template(field, out);
    if (type == "BertProcessing" || type == "RobertaProcessing") {
        out.before.insert(out.before.begin(), TRY(read_pair_id(field["cls"])));
        out.after.push_back(TRY(read_pair_id(field["sep"])));
        return {};
    }
    if (type != "Sequence") return field["type"].unsupported("the post-processor '" + type + "'");
    const Field list = field["processors"];
    const std::size_t count = TRY(list.array_size(kStepsLimit));
    for (std::size_t i = 0; i < count; ++i) TRY_VOID(read_processor(list.at(i), depth + 1, out));
    return {};
}

} // namespace

Result<std::vector<DecodeSpec>> read_decoder(const Field& field) {
    std::vector<DecodeSpec> out;
    if (field.is_null()) {
        out.push_back({.kind = DecodeKind::joined_by_space});
        return out;
    }
    TRY_VOID(DecoderReader().read(field, 0, out));
    return out;
}

Result<Surround> read_post_processor(const Field& field) {
    Surround out;
    if (!field.is_null()) TRY_VOID(read_processor(field, 0, out));
    return out;
}

} // namespace assay::tokenizer::hf
