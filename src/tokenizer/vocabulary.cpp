#include "tokenizer/vocabulary.h"

namespace assay::tokenizer {

Result<Vocabulary> Vocabulary::create(std::vector<std::string> texts) {
    if (texts.size() > kVocabularyLimit) {
        return fail(ErrorCode::resource_exhausted, "vocabulary: " + std::to_string(texts.size()) +
                                                       " entries exceed the limit of " +
                                                       std::to_string(kVocabularyLimit));
    }
    Vocabulary vocabulary;
    vocabulary.texts_ = std::move(texts);
    vocabulary.index_.reserve(vocabulary.texts_.size());
    for (std::size_t id = 0; id < vocabulary.texts_.size(); ++id) {
        const std::string& text = vocabulary.texts_[id];
        if (text.size() > kTokenBytesLimit) {
            return fail(ErrorCode::malformed, "vocabulary entry " + std::to_string(id) + ": " +
                                                  std::to_string(text.size()) + " bytes exceed the limit of " +
                                                  std::to_string(kTokenBytesLimit));
        }
        if (text.empty()) continue;
        vocabulary.index_.add(text, static_cast<std::int32_t>(id));
        ++vocabulary.entries_;
    }
    return vocabulary;
}

} // namespace assay::tokenizer
