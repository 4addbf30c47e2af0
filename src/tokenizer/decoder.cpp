#include "tokenizer/decoder.h"

#include "base/assert.h"
#include "tokenizer/byte_level.h"
#include "tokenizer/unicode.h"

#include <array>
#include <optional>
#include <utility>

namespace assay::tokenizer {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";

std::string replaced(std::string_view text, std::string_view pattern, std::string_view content) {
    std::string out;
    std::size_t done = 0;
    for (std::size_t at = text.find(pattern); at != std::string_view::npos; at = text.find(pattern, done)) {
        out.append(text.substr(done, at - done)).append(content);
        done = at + pattern.size();
    }
    return out.append(text.substr(done));
}

int hex_digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/// The byte of an entry <0xNN>.
std::optional<char> fallback_byte(std::string_view token) {
    if (token.size() != 6 || !token.starts_with("<0x") || token.back() != '>') return std::nullopt;
    const int high = hex_digit(token[3]);
    const int low = hex_digit(token[4]);
    if (low < 0 || (high < 0 && token[3] != '+')) return std::nullopt; // Rust's number parser takes a plus sign
    return static_cast<char>((high < 0 ? 0 : high) << 4 | low);
}

class ByteLevelStep final : public DecodeStep {
public:
    explicit ByteLevelStep(bool mapped) : mapped_(mapped) {}
    void push(DecodeText token, std::vector<DecodeText>& out) override {
        const auto bytes = mapped_ ? byte_level_bytes(token.text) : std::nullopt;
        held_ += bytes ? *bytes : token.text;
        release(false, out);
    }
    void finish(std::vector<DecodeText>& out) override { release(true, out); }

private:
    void release(bool all, std::vector<DecodeText>& out) {
        std::string text;
        std::string_view rest = held_;
        while (!rest.empty()) {
            const std::size_t valid = valid_prefix(rest);
            text.append(rest.substr(0, valid));
            rest.remove_prefix(valid);
            if (rest.empty() || (!all && is_incomplete_sequence(rest))) break;
            text.append(kReplacement);
            rest.remove_prefix(invalid_length(rest));
        }
        held_ = std::string(rest);
        if (!text.empty()) out.push_back({std::move(text), std::exchange(begins_, false)});
    }
    bool mapped_;
    std::string held_;
    bool begins_ = true;
};

class ByteFallbackStep final : public DecodeStep {
public:
    void push(DecodeText token, std::vector<DecodeText>& out) override {
        if (const auto byte = fallback_byte(token.text)) {
            run_.push_back(*byte);
            return;
        }
        finish(out);
        out.push_back(std::move(token));
    }
    // A later byte can spoil the whole run, so none of it is final before the run ends.
    void finish(std::vector<DecodeText>& out) override {
        if (run_.empty()) return;
        if (valid_prefix(run_) == run_.size()) {
            out.push_back({std::move(run_)});
        } else {
            for (std::size_t i = 0; i < run_.size(); ++i) out.push_back({std::string(kReplacement)});
        }
        run_.clear();
    }

private:
    std::string run_;
};

class FuseStep final : public DecodeStep {
public:
    void push(DecodeText token, std::vector<DecodeText>& out) override {
        token.begins = std::exchange(begins_, false);
        out.push_back(std::move(token));
    }

private:
    bool begins_ = true;
};

class ReplaceStep final : public DecodeStep {
public:
    explicit ReplaceStep(const DecodeSpec& spec) : spec_(spec) {}
    void push(DecodeText token, std::vector<DecodeText>& out) override {
        out.push_back({replaced(token.text, spec_.pattern, spec_.content), token.begins});
    }

private:
    const DecodeSpec& spec_;
};

class StripStep final : public DecodeStep {
public:
    explicit StripStep(const DecodeSpec& spec) : spec_(spec) {}
    void push(DecodeText token, std::vector<DecodeText>& out) override {
        if (token.begins) {
            finish(out);
            left_ = spec_.start;
            begins_ = true;
        }
        std::string_view text = token.text;
        while (left_ > 0 && text.starts_with(spec_.pattern)) {
            text.remove_prefix(spec_.pattern.size());
            --left_;
        }
        if (!text.empty()) left_ = 0;
        // The last characters stay back while the token may end with them.
        held_ += text;
        std::size_t keep = held_.size();
        for (std::size_t i = 0; i < spec_.stop && held_.substr(0, keep).ends_with(spec_.pattern); ++i) {
            keep -= spec_.pattern.size();
        }
        emit(keep, out);
    }
    void finish(std::vector<DecodeText>& out) override {
        held_.clear();
        if (begins_) emit(0, out);
    }

private:
    void emit(std::size_t size, std::vector<DecodeText>& out) {
        out.push_back({held_.substr(0, size), std::exchange(begins_, false)});
        held_.erase(0, size);
    }
    const DecodeSpec& spec_;
    std::string held_;
    std::size_t left_ = 0;
    bool begins_ = false;
};

class MetaspaceStep final : public DecodeStep {
public:
    explicit MetaspaceStep(const DecodeSpec& spec) : spec_(spec) {}
    void push(DecodeText token, std::vector<DecodeText>& out) override {
        if (token.begins) ++index_;
        const std::string_view content = index_ == 1 && spec_.flag ? "" : " ";
        out.push_back({replaced(token.text, spec_.pattern, content), token.begins});
    }

private:
    const DecodeSpec& spec_;
    std::size_t index_ = 0;
};

/// Hugging Face's tidying of English punctuation, in its order.
std::string tidied(std::string text) {
    static constexpr std::array<std::pair<std::string_view, std::string_view>, 11> kRules = {{
        {" .", "."},
        {" ?", "?"},
        {" !", "!"},
        {" ,", ","},
        {" ' ", "'"},
        {" n't", "n't"},
        {" 'm", "'m"},
        {" do not", " don't"},
        {" 's", "'s"},
        {" 've", "'ve"},
        {" 're", "'re"},
    }};
    for (const auto& [pattern, content] : kRules) {
        if (text.find(pattern) != std::string::npos) text = replaced(text, pattern, content);
    }
    return text;
}

std::string word_piece_text(const DecodeSpec& spec, std::string_view token, bool first) {
    std::string text(token);
    if (!first && !spec.pattern.empty() && token.starts_with(spec.pattern)) {
        text.erase(0, spec.pattern.size());
    } else if (!first && !spec.pattern.empty()) {
        text.insert(0, 1, ' ');
    }
    return spec.flag ? tidied(std::move(text)) : text;
}

class WordPieceStep final : public DecodeStep {
public:
    explicit WordPieceStep(const DecodeSpec& spec) : spec_(spec) {}
    void push(DecodeText token, std::vector<DecodeText>& out) override {
        out.push_back({word_piece_text(spec_, token.text, std::exchange(first_, false)), token.begins});
    }

private:
    const DecodeSpec& spec_;
    bool first_ = true;
};

class BpeSuffixStep final : public DecodeStep {
public:
    explicit BpeSuffixStep(const DecodeSpec& spec) : spec_(spec) {}
    void push(DecodeText token, std::vector<DecodeText>& out) override {
        emit(" ", out);
        held_ = std::move(token);
    }
    void finish(std::vector<DecodeText>& out) override { emit("", out); }

private:
    void emit(std::string_view content, std::vector<DecodeText>& out) {
        if (held_) out.push_back({replaced(held_->text, spec_.pattern, content), held_->begins});
        held_.reset();
    }
    const DecodeSpec& spec_;
    std::optional<DecodeText> held_;
};

class JoinedStep final : public DecodeStep {
public:
    void push(DecodeText token, std::vector<DecodeText>& out) override {
        if (!std::exchange(first_, false)) token.text.insert(0, 1, ' ');
        out.push_back(std::move(token));
    }

private:
    bool first_ = true;
};

std::unique_ptr<DecodeStep> make_step(const DecodeSpec& spec) {
    switch (spec.kind) {
        case DecodeKind::byte_level: return std::make_unique<ByteLevelStep>(true);
        case DecodeKind::raw_bytes: return std::make_unique<ByteLevelStep>(false);
        case DecodeKind::byte_fallback: return std::make_unique<ByteFallbackStep>();
        case DecodeKind::fuse: return std::make_unique<FuseStep>();
        case DecodeKind::replace: return std::make_unique<ReplaceStep>(spec);
        case DecodeKind::strip: return std::make_unique<StripStep>(spec);
        case DecodeKind::metaspace: return std::make_unique<MetaspaceStep>(spec);
        case DecodeKind::word_piece: return std::make_unique<WordPieceStep>(spec);
        case DecodeKind::bpe_suffix: return std::make_unique<BpeSuffixStep>(spec);
        case DecodeKind::joined_by_space: return std::make_unique<JoinedStep>();
    }
    ASSAY_ASSERT(false);
}

} // namespace

DecodeChain::DecodeChain(const std::vector<DecodeSpec>& specs) {
    for (const DecodeSpec& spec : specs) steps_.push_back(make_step(spec));
}

void DecodeChain::push(std::string_view token, std::string& out) { run({{std::string(token)}}, 0, out); }

void DecodeChain::run(std::vector<DecodeText> tokens, std::size_t first_step, std::string& out) {
    std::vector<DecodeText> next;
    for (std::size_t i = first_step; i < steps_.size(); ++i) {
        next.clear();
        for (DecodeText& token : tokens) steps_[i]->push(std::move(token), next);
        tokens.swap(next);
    }
    for (const DecodeText& token : tokens) out += token.text;
}

void DecodeChain::finish(std::string& out) {
    for (std::size_t i = 0; i < steps_.size(); ++i) {
        std::vector<DecodeText> rest;
        steps_[i]->finish(rest);
        run(std::move(rest), i + 1, out);
    }
}

void append_token_bytes(const std::vector<DecodeSpec>& specs, std::string_view token, std::string& out) {
    std::string text(token);
    for (const DecodeSpec& spec : specs) {
        switch (spec.kind) {
            case DecodeKind::byte_level:
                if (auto bytes = byte_level_bytes(text)) text = std::move(*bytes);
                break;
            case DecodeKind::byte_fallback:
                if (const auto byte = fallback_byte(text)) text.assign(1, *byte);
                break;
            case DecodeKind::replace: text = replaced(text, spec.pattern, spec.content); break;
            case DecodeKind::metaspace:
            case DecodeKind::bpe_suffix: text = replaced(text, spec.pattern, " "); break;
            case DecodeKind::word_piece: text = word_piece_text(spec, text, false); break;
            case DecodeKind::joined_by_space: text.insert(0, 1, ' '); break;
            case DecodeKind::raw_bytes:
            case DecodeKind::fuse:
            case DecodeKind::strip: break; // act at the ends of a text
        }
    }
    out += text;
}

} // namespace assay::tokenizer
