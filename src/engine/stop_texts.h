#pragma once
/// Finds stop texts in a stream of text pieces and holds back what may be the beginning of one. Internal to the room.
/// The stop text that ends first counts, and of those ending at one place the longest: how the text is cut into pieces
/// changes nothing. Thread-compatible. Committed class.
#include <string>
#include <string_view>
#include <vector>

namespace assay::engine {

class StopTexts {
public:
    /// Texts must not be empty.
    explicit StopTexts(std::vector<std::string> texts) : texts_(std::move(texts)) {}

    struct Piece {
        std::string text;     ///< may be shown: no part of a stop text
        bool stopped = false; ///< a stop text is complete; nothing may follow
    };
    Piece push(std::string_view text);
    /// What was held back, when the text ends here.
    std::string finish() { return std::move(held_); }
    bool stopped() const { return stopped_; }

private:
    std::size_t longest_stop_ending_at(std::size_t end) const;
    std::size_t size_to_hold() const;

    std::vector<std::string> texts_;
    std::string held_;
    bool stopped_ = false;
};

} // namespace assay::engine
