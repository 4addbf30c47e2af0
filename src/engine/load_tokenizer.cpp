#include "engine/model.h"

namespace assay::engine {
namespace {

tokenizer::GgufVocabulary vocabulary_of(const formats::TokenizerData& data) {
    return {.model = data.model,
            .pre = data.pre,
            .tokens = data.tokens,
            .scores = data.scores,
            .types = data.types,
            .merges = data.merges,
            .bos = data.bos,
            .eos = data.eos,
            .eot = data.eot,
            .unknown = data.unknown,
            .separator = data.separator,
            .padding = data.padding,
            .mask = data.mask,
            .cls = data.cls,
            .add_bos = data.add_bos,
            .add_eos = data.add_eos,
            .add_space_prefix = data.add_space_prefix,
            .remove_extra_whitespaces = data.remove_extra_whitespaces,
            .precompiled_charsmap = data.precompiled_charsmap};
}

Result<std::unique_ptr<tokenizer::Tokenizer>> read(const formats::TokenizerData& data) {
    if (!data.tokenizer_json.empty())
        return tokenizer::Tokenizer::from_hugging_face(data.tokenizer_json, data.tokenizer_config_json);
    if (data.tokens.empty()) return fail(ErrorCode::not_found, "the model carries no tokenizer");
    return tokenizer::Tokenizer::from_gguf(vocabulary_of(data));
}

} // namespace

Result<std::shared_ptr<const tokenizer::Tokenizer>> load_tokenizer(const formats::ModelFile& file) {
    return std::shared_ptr<const tokenizer::Tokenizer>(TRY(read(file.tokenizer())));
}

} // namespace assay::engine
