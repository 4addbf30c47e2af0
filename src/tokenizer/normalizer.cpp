#include "tokenizer/normalizer.h"

#include "tokenizer/unicode.h"

#include <algorithm>

namespace assay::tokenizer {
namespace {

/// A normaliser that is a function.
template <class Function>
class Made final : public Normalizer {
public:
    explicit Made(Function function) : function_(std::move(function)) {}
    void apply(std::string& text) const override { function_(text); }

private:
    Function function_;
};

template <class Function>
std::unique_ptr<Normalizer> made(Function function) {
    return std::make_unique<Made<Function>>(std::move(function));
}

/// Rewrites character by character; `rewrite(c, out)` appends what `c` becomes.
template <class Rewrite>
void for_characters(std::string& text, Rewrite rewrite) {
    std::string out;
    out.reserve(text.size());
    for (std::size_t at = 0; at < text.size();) {
        const Character c = character_at(text, at);
        rewrite(c.value, out);
        at += c.size;
    }
    text = std::move(out);
}

/// The blocks that BERT calls Chinese.
bool is_ideograph(char32_t c) {
    return (c >= 0x4E00 && c <= 0x9FFF) || (c >= 0x3400 && c <= 0x4DBF) || (c >= 0x20000 && c <= 0x2A6DF) ||
           (c >= 0x2A700 && c <= 0x2B73F) || (c >= 0x2B740 && c <= 0x2B81F) || (c >= 0x2B920 && c <= 0x2CEAF) ||
           (c >= 0xF900 && c <= 0xFAFF) || (c >= 0x2F800 && c <= 0x2FA1F);
}

void clean(std::string& text) {
    for_characters(text, [](char32_t c, std::string& out) {
        const std::uint8_t flags = Properties::get()[c];
        if (c == 0 || c == 0xFFFD || (flags & kControl) != 0) return;
        append_utf8(out, (flags & kSpace) != 0 ? U' ' : c);
    });
}

void space_ideographs(std::string& text) {
    for_characters(text, [](char32_t c, std::string& out) {
        const bool ideograph = is_ideograph(c);
        if (ideograph) out.push_back(' ');
        append_utf8(out, c);
        if (ideograph) out.push_back(' ');
    });
}

bool nmt_removes(char32_t c) {
    return (c >= 0x01 && c <= 0x08) || c == 0x0B || (c >= 0x0E && c <= 0x1F) || c == 0x7F || c == 0x8F || c == 0x9F;
}

bool nmt_blanks(char32_t c) {
    return c == 0x09 || c == 0x0A || c == 0x0C || c == 0x0D || c == 0x1680 || (c >= 0x200B && c <= 0x200F) ||
           c == 0x2028 || c == 0x2029 || c == 0x2581 || c == 0xFEFF || c == 0xFFFD;
}

void strip(std::string& text, bool left, bool right) {
    std::size_t begin = 0;
    std::size_t end = text.size();
    const auto is_space = [&](std::size_t at) { return has_property(character_at(text, at).value, kSpace); };
    while (left && begin < end && is_space(begin)) begin += character_at(text, begin).size;
    while (right && end > begin && is_space(previous_start(text, end))) end = previous_start(text, end);
    text = text.substr(begin, end - begin);
}

void replace_all(std::string& text, const std::string& pattern, const std::string& content) {
    std::size_t at = text.find(pattern);
    if (at == std::string::npos) return;
    std::string out;
    std::size_t done = 0;
    for (; at != std::string::npos; at = text.find(pattern, done)) {
        out.append(text, done, at - done).append(content);
        done = at + pattern.size();
    }
    text = out.append(text, done);
}

void replace_blanks(std::string& text, std::size_t least, const std::string& content) {
    std::string out;
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t end = std::min(text.find_first_not_of(' ', at), text.size());
        if (end - at >= least) {
            out += content;
        } else {
            out.append(text, at, end - at);
        }
        const std::size_t next = std::min(text.find(' ', end), text.size());
        out.append(text, end, next - end);
        at = next;
    }
    text = std::move(out);
}

} // namespace

std::unique_ptr<Normalizer> make_normal_form(NormalForm form) {
    return made([form](std::string& text) { normalize(text, form); });
}
std::unique_ptr<Normalizer> make_lowercase() { return made(lower_case); }
std::unique_ptr<Normalizer> make_strip_accents() {
    return made([](std::string& text) { remove_characters(text, kCombining); });
}
std::unique_ptr<Normalizer> make_strip(bool left, bool right) {
    return made([left, right](std::string& text) { strip(text, left, right); });
}
std::unique_ptr<Normalizer> make_nmt() {
    return made([](std::string& text) {
        for_characters(text, [](char32_t c, std::string& out) {
            if (!nmt_removes(c)) append_utf8(out, nmt_blanks(c) ? U' ' : c);
        });
    });
}
std::unique_ptr<Normalizer> make_bert_normalizer(BertNormalizerOptions options) {
    return made([options](std::string& text) {
        if (options.clean_text) clean(text);
        if (options.handle_chinese_chars) space_ideographs(text);
        if (options.strip_accents) {
            normalize(text, NormalForm::nfd);
            remove_characters(text, kNonspacing);
        }
        if (options.lowercase) lower_case(text);
    });
}
std::unique_ptr<Normalizer> make_replace(std::string pattern, std::string content) {
    return made([pattern = std::move(pattern), content = std::move(content)](std::string& text) {
        replace_all(text, pattern, content);
    });
}
std::unique_ptr<Normalizer> make_replace_blanks(std::size_t least, std::string content) {
    return made([least, content = std::move(content)](std::string& text) { replace_blanks(text, least, content); });
}
std::unique_ptr<Normalizer> make_prepend(std::string prefix) {
    return made([prefix = std::move(prefix)](std::string& text) {
        if (!text.empty()) text.insert(0, prefix);
    });
}
std::unique_ptr<Normalizer> make_precompiled(Charsmap map) {
    return made([map = std::move(map)](std::string& text) { map.apply(text); });
}
std::unique_ptr<Normalizer> make_normalizer_sequence(std::vector<std::unique_ptr<Normalizer>> steps) {
    return made([steps = std::make_shared<const std::vector<std::unique_ptr<Normalizer>>>(std::move(steps))](
                    std::string& text) {
        for (const auto& step : *steps) step->apply(text);
    });
}

} // namespace assay::tokenizer
