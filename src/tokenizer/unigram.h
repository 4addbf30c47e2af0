#pragma once
/// Unigram language model: the segmentation of a piece with the highest sum of scores.
/// O(length × longest entry). Immutable after creation, thread-safe.
#include "tokenizer/model.h"

namespace assay::tokenizer {

struct UnigramOptions {
    std::optional<TokenId> unknown; ///< without it, characters that no entry covers vanish
    bool byte_fallback = false;     ///< unknown text becomes its <0xNN> entries
};

class Unigram final : public Model {
public:
    /// `scores` has one entry an id. Errors: malformed (sizes, ids, scores that are not finite).
    static Result<std::unique_ptr<Unigram>> create(Vocabulary vocabulary, std::vector<double> scores,
                                                   UnigramOptions options);

    void encode(std::string_view piece, Workspace& workspace, std::vector<TokenId>& out) const override;

private:
    Unigram(Vocabulary vocabulary, std::vector<double> scores, UnigramOptions options);
    void build_trie();
    void best_path(std::string_view piece, std::vector<Workspace::Best>& best) const;
    void emit_unknown(std::string_view text, std::vector<TokenId>& out) const;

    std::vector<double> scores_;
    UnigramOptions options_;
    double unknown_score_ = 0;
    MergeTable edges_;                  ///< (node, byte) to child node
    std::vector<TokenId> node_tokens_;  ///< the entry that ends at a node, or -1
    std::array<TokenId, 256> byte_ids_;
};

} // namespace assay::tokenizer
