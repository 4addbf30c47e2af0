#include "tokenizer/pre_tokenizer.h"

namespace assay::tokenizer {
namespace {

/// Where the text that a part comes from begins, to tell whether the part begins there too.
Piece part_of(Piece whole, std::size_t start, std::size_t end) {
    return {whole.text.substr(start, end - start), whole.at_start && start == 0};
}

/// Gathers delimiters and the text between them into pieces, by the rules of one behaviour.
class Gatherer {
public:
    Gatherer(Piece whole, Delimiter behavior, std::vector<Piece>& out)
        : whole_(whole), behavior_(behavior), out_(out) {}

    void add(std::size_t start, std::size_t end, bool is_delimiter) {
        if (start == end) return;
        switch (behavior_) {
            case Delimiter::removed:
                if (!is_delimiter) emit(start, end);
                break;
            case Delimiter::isolated: emit(start, end); break;
            case Delimiter::contiguous:
                if (open_ && is_delimiter != last_was_delimiter_) flush();
                extend(start, end);
                break;
            case Delimiter::merged_with_previous:
                if (open_ && (!is_delimiter || last_was_delimiter_)) flush();
                extend(start, end);
                break;
            case Delimiter::merged_with_next:
                if (open_ && (is_delimiter || !last_was_delimiter_)) flush();
                extend(start, end);
                break;
        }
        last_was_delimiter_ = is_delimiter;
    }
    void finish() {
        if (open_) flush();
    }

private:
    void emit(std::size_t start, std::size_t end) { out_.push_back(part_of(whole_, start, end)); }
    void extend(std::size_t start, std::size_t end) {
        if (!open_) start_ = start;
        open_ = true;
        end_ = end;
    }
    void flush() {
        emit(start_, end_);
        open_ = false;
    }

    Piece whole_;
    Delimiter behavior_;
    std::vector<Piece>& out_;
    std::size_t start_ = 0, end_ = 0;
    bool open_ = false;
    bool last_was_delimiter_ = false;
};

class RegexSplit final : public PreTokenizer {
public:
    explicit RegexSplit(MatchEnd match) : match_(match) {}
    void split(Piece piece, TextArena&, std::vector<Piece>& out) const override {
        for (std::size_t at = 0; at < piece.text.size();) {
            const std::size_t end = match_(piece.text, at);
            out.push_back(part_of(piece, at, end));
            at = end;
        }
    }

private:
    MatchEnd match_;
};

class PropertySplit final : public PreTokenizer {
public:
    PropertySplit(std::uint8_t mask, Delimiter behavior) : mask_(mask), behavior_(behavior) {}
    void split(Piece piece, TextArena&, std::vector<Piece>& out) const override {
        const Properties& properties = Properties::get();
        Gatherer gatherer(piece, behavior_, out);
        std::size_t between = 0;
        for (std::size_t at = 0; at < piece.text.size();) {
            const Character c = character_at(piece.text, at);
            if (properties[c.value] & mask_) {
                gatherer.add(between, at, false);
                gatherer.add(at, at + c.size, true);
                between = at + c.size;
            }
            at += c.size;
        }
        gatherer.add(between, piece.text.size(), false);
        gatherer.finish();
    }

private:
    std::uint8_t mask_;
    Delimiter behavior_;
};

void split_at_text(Piece piece, std::string_view delimiter, Delimiter behavior, std::vector<Piece>& out) {
    Gatherer gatherer(piece, behavior, out);
    std::size_t between = 0;
    for (std::size_t at = piece.text.find(delimiter); at != std::string_view::npos;
         at = piece.text.find(delimiter, between)) {
        gatherer.add(between, at, false);
        gatherer.add(at, at + delimiter.size(), true);
        between = at + delimiter.size();
    }
    gatherer.add(between, piece.text.size(), false);
    gatherer.finish();
}

class TextSplit final : public PreTokenizer {
public:
    TextSplit(std::string delimiter, Delimiter behavior) : delimiter_(std::move(delimiter)), behavior_(behavior) {}
    void split(Piece piece, TextArena&, std::vector<Piece>& out) const override {
        split_at_text(piece, delimiter_, behavior_, out);
    }

private:
    std::string delimiter_;
    Delimiter behavior_;
};

class WordSplit final : public PreTokenizer {
public:
    void split(Piece piece, TextArena&, std::vector<Piece>& out) const override {
        const Properties& properties = Properties::get();
        enum class Kind { space, word, other };
        const auto kind_of = [&](char32_t c) {
            const std::uint8_t flags = properties[c];
            return flags & kWord ? Kind::word : flags & kSpace ? Kind::space : Kind::other;
        };
        std::size_t start = 0;
        Kind current = Kind::space;
        for (std::size_t at = 0; at < piece.text.size();) {
            const Character c = character_at(piece.text, at);
            const Kind kind = kind_of(c.value);
            if (kind != current) {
                if (current != Kind::space) out.push_back(part_of(piece, start, at));
                start = at;
                current = kind;
            }
            at += c.size;
        }
        if (current != Kind::space) out.push_back(part_of(piece, start, piece.text.size()));
    }
};

class PrefixSpace final : public PreTokenizer {
public:
    void split(Piece piece, TextArena& arena, std::vector<Piece>& out) const override {
        if (!piece.text.starts_with(' ')) piece.text = arena.emplace_back(" " + std::string(piece.text));
        out.push_back(piece);
    }
};

class Metaspace final : public PreTokenizer {
public:
    Metaspace(std::string mark, Prepend prepend, bool split)
        : mark_(std::move(mark)), prepend_(prepend), split_(split) {}
    void split(Piece piece, TextArena& arena, std::vector<Piece>& out) const override {
        std::string& text = arena.emplace_back();
        text.reserve(piece.text.size() + piece.text.size() / 2);
        const bool may_prepend = prepend_ == Prepend::always || (prepend_ == Prepend::first && piece.at_start);
        if (may_prepend && !piece.text.starts_with(' ') && !piece.text.starts_with(mark_)) text += mark_;
        for (const char c : piece.text) {
            if (c == ' ') {
                text += mark_;
            } else {
                text.push_back(c);
            }
        }
        const Piece whole{text, piece.at_start};
        if (split_) {
            split_at_text(whole, mark_, Delimiter::merged_with_next, out);
        } else {
            out.push_back(whole);
        }
    }

private:
    std::string mark_;
    Prepend prepend_;
    bool split_;
};

class Sequence final : public PreTokenizer {
public:
    explicit Sequence(std::vector<std::unique_ptr<PreTokenizer>> steps) : steps_(std::move(steps)) {}
    void split(Piece piece, TextArena& arena, std::vector<Piece>& out) const override {
        std::vector<Piece> now{piece};
        std::vector<Piece> next;
        for (const auto& step : steps_) {
            next.clear();
            for (const Piece& part : now) step->split(part, arena, next);
            now.swap(next);
        }
        out.insert(out.end(), now.begin(), now.end());
    }

private:
    std::vector<std::unique_ptr<PreTokenizer>> steps_;
};

} // namespace

std::unique_ptr<PreTokenizer> make_regex_split(MatchEnd match) { return std::make_unique<RegexSplit>(match); }
std::unique_ptr<PreTokenizer> make_property_split(std::uint8_t mask, Delimiter behavior) {
    return std::make_unique<PropertySplit>(mask, behavior);
}
std::unique_ptr<PreTokenizer> make_text_split(std::string delimiter, Delimiter behavior) {
    return std::make_unique<TextSplit>(std::move(delimiter), behavior);
}
std::unique_ptr<PreTokenizer> make_word_split() { return std::make_unique<WordSplit>(); }
std::unique_ptr<PreTokenizer> make_prefix_space() { return std::make_unique<PrefixSpace>(); }
std::unique_ptr<PreTokenizer> make_metaspace(std::string mark, Prepend prepend, bool split) {
    return std::make_unique<Metaspace>(std::move(mark), prepend, split);
}
std::unique_ptr<PreTokenizer> make_sequence(std::vector<std::unique_ptr<PreTokenizer>> steps) {
    return std::make_unique<Sequence>(std::move(steps));
}

} // namespace assay::tokenizer
