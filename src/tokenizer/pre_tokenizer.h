#pragma once
/// Cuts normalised text into the pieces that the model encodes one by one. Immutable after creation, thread-safe.
#include "tokenizer/splitters.h"
#include "tokenizer/unicode.h"

#include <deque>
#include <memory>
#include <vector>

namespace assay::tokenizer {

struct Piece {
    std::string_view text;
    bool at_start = false; ///< begins where the user's text begins
};

/// Owns the texts that a step had to rewrite, as long as the pieces that view them.
using TextArena = std::deque<std::string>;

class PreTokenizer {
public:
    virtual ~PreTokenizer() = default;
    /// Appends the parts of `piece`; none is empty.
    virtual void split(Piece piece, TextArena& arena, std::vector<Piece>& out) const = 0;
};

/// What becomes of the delimiter (Hugging Face's SplitDelimiterBehavior).
enum class Delimiter { removed, isolated, merged_with_previous, merged_with_next, contiguous };

/// One splitter after the other over the whole text.
std::unique_ptr<PreTokenizer> make_regex_split(MatchEnd match);
/// Characters with a property of `mask` are delimiters.
std::unique_ptr<PreTokenizer> make_property_split(std::uint8_t mask, Delimiter behavior);
/// A fixed text is the delimiter; not empty.
std::unique_ptr<PreTokenizer> make_text_split(std::string delimiter, Delimiter behavior);
/// `\w+|[^\w\s]+`.
std::unique_ptr<PreTokenizer> make_word_split();
/// A space before text that does not begin with one (ByteLevel's add_prefix_space).
std::unique_ptr<PreTokenizer> make_prefix_space();
/// Spaces become `mark`, which also comes before the text (`always`), or only before its start (`first`).
enum class Prepend { never, first, always };
std::unique_ptr<PreTokenizer> make_metaspace(std::string mark, Prepend prepend, bool split);
std::unique_ptr<PreTokenizer> make_sequence(std::vector<std::unique_ptr<PreTokenizer>> steps);

} // namespace assay::tokenizer
