#pragma once
/// Byte-pair encoding: start from characters (or bytes) and apply the best-ranked merge until none is left.
/// O(n log n) in the length of a piece. Immutable after creation, thread-safe.
#include "tokenizer/model.h"

namespace assay::tokenizer {

struct BpeOptions {
    bool byte_level = false;     ///< pieces are raw text, vocabulary entries are written in byte-level characters
    bool byte_fallback = false;  ///< an unknown character becomes its <0xNN> entries
    bool fuse_unknown = false;   ///< neighbouring unknown characters become one token
    bool ignore_merges = false;  ///< a piece that is an entry is taken whole
    std::string unknown = {};         ///< entry for unknown characters; empty: they vanish
    std::string subword_prefix = {};  ///< before every character but the first ("##")
    std::string word_suffix = {};     ///< after the last character ("</w>")
};

using MergePair = std::pair<std::string_view, std::string_view>;

class Bpe final : public Model {
public:
    /// Merges in order of rank. Errors: malformed, naming the merge or option.
    static Result<std::unique_ptr<Bpe>> create(Vocabulary vocabulary, std::span<const MergePair> merges,
                                               BpeOptions options);
    /// SentencePiece's form: no list of merges; any two neighbours that join to an entry merge, best score first.
    /// `scores` has one entry an id. Errors: malformed.
    static Result<std::unique_ptr<Bpe>> create_scored(Vocabulary vocabulary, std::span<const float> scores,
                                                      BpeOptions options);

    void encode(std::string_view piece, Workspace& workspace, std::vector<TokenId>& out) const override;
    const BpeOptions& options() const { return options_; }

private:
    Bpe(Vocabulary vocabulary, BpeOptions options);
    Result<void> prepare();
    void start_bytes(std::string_view piece, std::vector<TokenId>& ids) const;
    void start_characters(std::string_view piece, Workspace& workspace) const;
    bool fall_back(std::string_view bytes, std::vector<TokenId>& ids) const;
    void encode_word(std::string_view piece, Workspace& workspace, std::vector<TokenId>& out) const;
    void encode_uncached(std::string_view piece, Workspace& workspace) const;
    void merge_short(std::vector<TokenId>& ids) const;
    void merge_long(Workspace& workspace) const;

    BpeOptions options_;
    MergeTable merges_;
    TokenId unknown_ = -1;
    bool marks_split_ = false; ///< pieces may be cut before a SentencePiece mark
    std::array<TokenId, 256> byte_ids_; ///< of the byte's character (byte level) or of <0xNN>
    std::vector<std::string> raw_texts_; ///< byte level with ignore_merges: entries as raw bytes
    TextIndex raw_index_;
};

} // namespace assay::tokenizer
