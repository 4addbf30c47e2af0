#pragma once
/// The entries of a tokenizer's model: text to id and back. Immutable after creation, thread-safe.
#include "base/result.h"
#include "tokenizer/hash_tables.h"
#include "tokenizer/tokenizer.h"

namespace assay::tokenizer {

/// More entries than any published tokenizer has, and little enough to allocate.
inline constexpr std::size_t kVocabularyLimit = 4u << 20;
inline constexpr std::size_t kTokenBytesLimit = 1u << 20;

class Vocabulary {
public:
    /// Entry i has id i; an empty text leaves its id without an entry.
    /// Errors: malformed (entry too long), resource_exhausted (too many entries).
    static Result<Vocabulary> create(std::vector<std::string> texts);

    std::size_t size() const { return texts_.size(); }
    /// Ids that have an entry.
    std::size_t entries() const { return entries_; }
    /// Empty for an id outside the vocabulary.
    std::string_view text(TokenId id) const {
        return id >= 0 && static_cast<std::size_t>(id) < texts_.size() ? std::string_view(texts_[id])
                                                                       : std::string_view();
    }
    /// -1 when absent.
    TokenId find(std::string_view text) const { return index_.find(text); }

    // The index borrows the texts: moving keeps the vector's buffer, copying would not.
    Vocabulary() = default;
    Vocabulary(Vocabulary&&) = default;
    Vocabulary& operator=(Vocabulary&&) = default;

private:
    std::vector<std::string> texts_;
    TextIndex index_;
    std::size_t entries_ = 0;
};

} // namespace assay::tokenizer
