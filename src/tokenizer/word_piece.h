#pragma once
/// WordPiece: the longest entry that begins the word, then the longest that continues it, and so on.
/// Immutable after creation, thread-safe.
#include "tokenizer/model.h"

namespace assay::tokenizer {

struct WordPieceOptions {
    std::string unknown = "[UNK]";   ///< for words that cannot be spelled
    std::string prefix = "##";       ///< of entries that continue a word
    std::size_t characters_max = 100; ///< longer words are unknown
};

class WordPiece final : public Model {
public:
    /// Errors: malformed (the unknown entry is missing).
    static Result<std::unique_ptr<WordPiece>> create(Vocabulary vocabulary, WordPieceOptions options);

    void encode(std::string_view piece, Workspace& workspace, std::vector<TokenId>& out) const override;

private:
    WordPiece(Vocabulary vocabulary, WordPieceOptions options);
    bool spell(std::string_view word, Workspace& workspace) const;

    WordPieceOptions options_;
    TokenId unknown_ = -1;
    std::size_t longest_ = 0; ///< bytes of the longest entry
};

} // namespace assay::tokenizer
