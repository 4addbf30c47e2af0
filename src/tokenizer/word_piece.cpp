#include "tokenizer/word_piece.h"

#include "tokenizer/unicode.h"

#include <algorithm>

namespace assay::tokenizer {
WordPiece::WordPiece(Vocabulary vocabulary, WordPieceOptions options)
    : Model(std::move(vocabulary)), options_(std::move(options)), unknown_(vocabulary_.find(options_.unknown)) {
    for (std::size_t id = 0; id < vocabulary_.size(); ++id) {
        longest_ = std::max(longest_, vocabulary_.text(static_cast<TokenId>(id)).size());
    }
}

Result<std::unique_ptr<WordPiece>> WordPiece::create(Vocabulary vocabulary, WordPieceOptions options) {
    std::unique_ptr<WordPiece> model(new WordPiece(std::move(vocabulary), std::move(options)));
    if (model->unknown_ < 0) {
        return fail(ErrorCode::malformed,
                    "model.unk_token: '" + model->options_.unknown + "' is not in the vocabulary");
    }
    return model;
}

void WordPiece::encode(std::string_view piece, Workspace& workspace, std::vector<TokenId>& out) const {
    workspace.ids.clear();
    if (character_count(piece) > options_.characters_max || !spell(piece, workspace)) {
        out.push_back(unknown_);
        return;
    }
    out.insert(out.end(), workspace.ids.begin(), workspace.ids.end());
}

bool WordPiece::spell(std::string_view word, Workspace& workspace) const {
    for (std::size_t start = 0; start < word.size();) {
        std::string_view entry = word;
        if (start > 0) {
            workspace.text.assign(options_.prefix).append(word.substr(start));
            entry = workspace.text;
        }
        const std::size_t before = start > 0 ? options_.prefix.size() : 0;
        std::size_t end = entry.size();
        if (end > longest_) {
            end = longest_;
            while (end > before && (entry[end] & 0xC0) == 0x80) --end; // back to the start of a character
        }
        TokenId found = -1;
        while (end > before && (found = vocabulary_.find(entry.substr(0, end))) < 0) end = previous_start(entry, end);
        if (found < 0) return false;
        workspace.ids.push_back(found);
        start += end - before;
    }
    return true;
}

} // namespace assay::tokenizer
