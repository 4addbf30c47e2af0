#include "engine/drafts.h"

#include <algorithm>

namespace assay::engine {
namespace {

constexpr std::uint32_t kCountMin = 2;
/// Time of one more row in a step, in steps of one row: weights are read once for all rows, products are not.
constexpr double kRowCost = 0.12;
/// Tries count for less as time goes by, so that a text that begins to repeat itself is noticed.
constexpr double kForgetTried = 0.9;
constexpr double kForgetUntried = 0.995;
constexpr double kGuess = 0.5;

/// Where the last `size` tokens stood before, latest first: the position after them, or 0.
std::size_t find_earlier(std::span<const TokenId> tokens, std::size_t size) {
    if (tokens.size() <= size) return 0;
    const auto wanted = tokens.last(size);
    for (std::size_t end = tokens.size() - 1; end >= size; --end) {
        if (tokens[end - 1] == wanted.back() && std::ranges::equal(tokens.subspan(end - size, size), wanted))
            return end;
    }
    return 0;
}

} // namespace

std::span<const TokenId> Drafts::propose(std::span<const TokenId> tokens, std::uint32_t step_rows,
                                         std::uint32_t count_max) {
    const std::uint32_t count = std::min(best_count(step_rows), count_max);
    if (count == 0) {
        right_ = kGuess + (right_ - kGuess) * kForgetUntried;
        wrong_ = kGuess + (wrong_ - kGuess) * kForgetUntried;
        return {};
    }
    for (const std::size_t size : {3U, 2U}) {
        const std::size_t begin = find_earlier(tokens, size);
        if (begin != 0) return tokens.subspan(begin, std::min<std::size_t>(count, tokens.size() - begin));
    }
    return {};
}

/// Tokens a step over the step's time, at its largest; 0 where drafts would only cost.
std::uint32_t Drafts::best_count(std::uint32_t step_rows) const {
    const double acceptance = right_ / (right_ + wrong_);
    double best_rate = step_rows / (1 + kRowCost * (step_rows - 1));
    std::uint32_t best = 0;
    double expected = 0;
    double all_right = 1;
    for (std::uint32_t count = 1; count <= kTokensMax; ++count) {
        all_right *= acceptance;
        expected += all_right;
        const double rate = (step_rows + expected) / (1 + kRowCost * (step_rows + count - 1));
        if (count < kCountMin || rate <= best_rate) continue;
        best_rate = rate;
        best = count;
    }
    return best;
}

void Drafts::learn(std::uint32_t drafted, std::uint32_t accepted) {
    right_ = right_ * kForgetTried + accepted;
    wrong_ = wrong_ * kForgetTried + (accepted < drafted ? 1 : 0);
}

} // namespace assay::engine
