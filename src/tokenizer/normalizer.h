#pragma once
/// Rewrites text before it is split, as the normalisers of Hugging Face do. Immutable after creation, thread-safe.
#include "tokenizer/charsmap.h"
#include "tokenizer/unicode_normal.h"

#include <memory>

namespace assay::tokenizer {

class Normalizer {
public:
    virtual ~Normalizer() = default;
    /// `text` is valid UTF-8 before and after.
    virtual void apply(std::string& text) const = 0;
};

struct BertNormalizerOptions {
    bool clean_text = true;           ///< no control characters, every white space a blank
    bool handle_chinese_chars = true; ///< blanks around ideographs
    bool strip_accents = true;
    bool lowercase = true;
};

std::unique_ptr<Normalizer> make_normal_form(NormalForm form);
std::unique_ptr<Normalizer> make_lowercase();
std::unique_ptr<Normalizer> make_strip_accents();
std::unique_ptr<Normalizer> make_strip(bool left, bool right);
std::unique_ptr<Normalizer> make_nmt();
std::unique_ptr<Normalizer> make_bert_normalizer(BertNormalizerOptions options);
std::unique_ptr<Normalizer> make_replace(std::string pattern, std::string content); ///< `pattern` is not empty
/// Runs of `least` or more blanks become `content` (the regular expression ` {2,}`).
std::unique_ptr<Normalizer> make_replace_blanks(std::size_t least, std::string content);
std::unique_ptr<Normalizer> make_prepend(std::string text);
std::unique_ptr<Normalizer> make_precompiled(Charsmap map);
std::unique_ptr<Normalizer> make_normalizer_sequence(std::vector<std::unique_ptr<Normalizer>> steps);

} // namespace assay::tokenizer
