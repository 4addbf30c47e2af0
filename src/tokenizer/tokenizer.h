#pragma once
/// Text to token ids and back, token for token as Hugging Face `tokenizers` does it.
/// Immutable after creation and thread-safe. Committed class: equal inputs give equal ids on every target
/// (own Unicode tables; no locale, no ICU).
#include "base/bytes.h"
#include "base/result.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace assay::tokenizer {

using TokenId = std::int32_t;

/// What a GGUF file says of its tokenizer (field for field `formats::TokenizerData`, which this room may not see).
struct GgufVocabulary {
    std::string model; ///< "gpt2", "llama", "t5", "bert"
    std::string pre;   ///< "smollm", "llama-bpe", "qwen2", "gpt-2", "default", …
    std::vector<std::string> tokens;
    std::vector<float> scores;
    std::vector<std::int32_t> types;
    std::vector<std::string> merges;
    std::optional<TokenId> bos, eos, eot, unknown, separator, padding, mask, cls;
    std::optional<bool> add_bos, add_eos, add_space_prefix, remove_extra_whitespaces;
    std::string precompiled_charsmap;
};

class Tokenizer {
public:
    virtual ~Tokenizer() = default;

    /// Errors: malformed or unsupported, naming the field.
    static Result<std::unique_ptr<Tokenizer>> from_gguf(GgufVocabulary vocabulary);
    /// `tokenizer_json`: Hugging Face file text; `config_json`: tokenizer_config.json or empty.
    static Result<std::unique_ptr<Tokenizer>> from_hugging_face(std::string_view tokenizer_json,
                                                                std::string_view config_json);

    /// `parse_special`: special tokens written in the text ("<|im_start|>") become their ids; otherwise they are plain text.
    /// `add_special`: adds what the model's post-processor adds (BOS, [CLS] … [SEP]).
    /// Invalid UTF-8 is handled as Hugging Face handles bytes decoded with errors="replace".
    virtual std::vector<TokenId> encode(std::string_view text, bool add_special, bool parse_special) const = 0;
    /// Bytes of the ids, joined; special tokens are skipped when `skip_special`.
    virtual std::string decode(std::span<const TokenId> ids, bool skip_special) const = 0;
    /// Raw bytes that one token adds in the middle of a text (may be part of a UTF-8 sequence). Empty for special tokens.
    virtual std::string_view token_bytes(TokenId id) const = 0;
    /// The vocabulary entry as published ("Ġthe", "<|im_end|>").
    virtual std::string_view token_text(TokenId id) const = 0;
    virtual bool is_special(TokenId id) const = 0;
    virtual std::size_t vocabulary_size() const = 0;
    virtual std::optional<TokenId> find(std::string_view token_text) const = 0;
    virtual std::optional<TokenId> bos() const = 0;
    /// Every id that ends a generation (eos, eot, <|im_end|>, <|eot_id|>, …), ascending.
    virtual std::span<const TokenId> end_ids() const = 0;
};

} // namespace assay::tokenizer
