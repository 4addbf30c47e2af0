#pragma once
/// The tokenizer that both formats build: added tokens, normaliser, pre-tokenizer, model, template, decoder.
/// Immutable after creation, thread-safe.
#include "tokenizer/added_vocabulary.h"
#include "tokenizer/decoder.h"
#include "tokenizer/model.h"
#include "tokenizer/normalizer.h"
#include "tokenizer/pre_tokenizer.h"

namespace assay::tokenizer {

/// What a format reader must supply; a null step does nothing.
struct PipelineParts {
    std::unique_ptr<Model> model;
    std::unique_ptr<Normalizer> normalizer;
    std::unique_ptr<PreTokenizer> pre_tokenizer;
    std::vector<AddedToken> added;
    std::vector<TokenId> before, after; ///< what add_special puts around a text
    std::vector<DecodeSpec> decoder;
    std::optional<TokenId> bos;
    std::vector<TokenId> end_ids;
};

class PipelineTokenizer final : public Tokenizer {
public:
    explicit PipelineTokenizer(PipelineParts parts);

    std::vector<TokenId> encode(std::string_view text, bool add_special, bool parse_special) const override;
    std::string decode(std::span<const TokenId> ids, bool skip_special) const override;
    std::string_view token_bytes(TokenId id) const override;
    std::string_view token_text(TokenId id) const override;
    bool is_special(TokenId id) const override;
    std::size_t vocabulary_size() const override { return size_; }
    std::optional<TokenId> find(std::string_view token_text) const override;
    std::optional<TokenId> bos() const override { return parts_.bos; }
    std::span<const TokenId> end_ids() const override { return parts_.end_ids; }

    const std::vector<DecodeSpec>& decoder() const { return parts_.decoder; }
    /// The entry as the decoder takes it: an added token's normalised form, else the published text.
    std::string_view decoder_text(TokenId id) const;

private:
    void encode_text(std::string_view text, bool at_start, struct EncodeState& state) const;
    void fill_token_bytes();

    PipelineParts parts_;
    AddedVocabulary added_;
    std::vector<std::pair<TokenId, std::string>> normalized_added_; ///< ascending; those that normalisation changes
    std::vector<bool> special_;
    std::size_t size_ = 0;
    std::string byte_blob_;
    std::vector<std::size_t> byte_ends_; ///< token i's bytes end here and begin where token i - 1's end
};

} // namespace assay::tokenizer
