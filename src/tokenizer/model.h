#pragma once
/// What turns one piece of pre-tokenized text into ids. Implementations are immutable and thread-safe;
/// the workspace belongs to one call of encode.
#include "tokenizer/vocabulary.h"

#include <array>

namespace assay::tokenizer {

/// Buffers that pieces of one text reuse, and the words seen in it.
class Workspace {
public:
    struct Symbol {
        TokenId id;
        std::int32_t previous, next; ///< positions, -1 at the ends
        bool alive;
    };
    struct Candidate {
        std::uint32_t rank;
        std::int32_t position;
        TokenId result;
    };
    /// A short word and its ids.
    struct Word {
        static constexpr std::size_t kBytes = 22, kIds = 6;
        std::array<char, kBytes> bytes;
        std::uint8_t size = 0;
        std::uint8_t count = 0;
        std::array<TokenId, kIds> ids;
    };
    struct Best {
        double score = 0;
        std::int32_t start = -1;
        TokenId id = -1;
    };

    explicit Workspace(std::size_t text_bytes) {
        if (text_bytes >= kCacheFrom) words.resize(kWords);
    }

    std::vector<TokenId> ids;
    std::vector<Symbol> symbols;
    std::vector<Candidate> heap;
    std::vector<Word> words; ///< direct-mapped; empty for short texts, where it would cost more than it saves
    std::vector<Best> best;
    std::string text;

    static constexpr std::size_t kWords = 8192;

private:
    static constexpr std::size_t kCacheFrom = 16384;
};

class Model {
public:
    virtual ~Model() = default;
    /// Appends the ids of `piece` (valid UTF-8, not empty).
    virtual void encode(std::string_view piece, Workspace& workspace, std::vector<TokenId>& out) const = 0;
    const Vocabulary& vocabulary() const { return vocabulary_; }

protected:
    explicit Model(Vocabulary vocabulary) : vocabulary_(std::move(vocabulary)) {}
    Vocabulary vocabulary_;
};

} // namespace assay::tokenizer
