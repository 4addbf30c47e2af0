#include "engine/stop_texts.h"

#include <algorithm>

namespace assay::engine {

StopTexts::Piece StopTexts::push(std::string_view text) {
    if (texts_.empty()) return {std::string(text), false};
    const std::size_t seen = held_.size();
    held_ += text;
    for (std::size_t end = seen + 1; end <= held_.size(); ++end) {
        const std::size_t size = longest_stop_ending_at(end);
        if (size == 0) continue;
        stopped_ = true;
        Piece piece{held_.substr(0, end - size), true};
        held_.clear();
        return piece;
    }
    const std::size_t shown = held_.size() - size_to_hold();
    Piece piece{held_.substr(0, shown), false};
    held_.erase(0, shown);
    return piece;
}

std::size_t StopTexts::longest_stop_ending_at(std::size_t end) const {
    const std::string_view text(held_.data(), end);
    std::size_t longest = 0;
    for (const std::string& stop : texts_) {
        if (text.ends_with(stop)) longest = std::max(longest, stop.size());
    }
    return longest;
}

/// Size of the longest end of the text that begins a stop text.
std::size_t StopTexts::size_to_hold() const {
    std::size_t longest = 0;
    for (const std::string& stop : texts_) {
        for (std::size_t size = std::min(stop.size() - 1, held_.size()); size > longest; --size) {
            if (held_.ends_with(std::string_view(stop).substr(0, size))) longest = size;
        }
    }
    return longest;
}

} // namespace assay::engine
