#include "engine/grammar_numbers.h"

#include <algorithm>
#include <map>
#include <tuple>

namespace assay::engine::grammar {
namespace {

constexpr std::uint64_t kWholeMax = 9'999'999'999'999'999'999u;
constexpr int kFractionDigits = 24;

/// The size of a bound: whole part, and the digits behind the point without trailing zeros.
struct Size {
    std::uint64_t whole = 0;
    std::string fraction;
    bool is_exclusive = false;

    bool is_zero() const { return whole == 0 && fraction.empty(); }
};

struct Signed {
    bool is_negative = false;
    Size size;
};

Result<Signed> signed_of(const Bound& bound) {
    std::string text = bound.value.dump();
    Signed number;
    number.is_negative = text.starts_with('-');
    text.erase(0, number.is_negative ? 1 : 0);
    const std::size_t point = std::min(text.find('.'), text.size());
    const bool is_plain =
        text.find_first_of("eE") == std::string::npos && point <= 19 && text.size() - point <= kFractionDigits;
    if (!is_plain)
        return fail(ErrorCode::unsupported,
                    "schema: the bound " + bound.value.dump() + " is too large or too fine for a number");
    number.size.whole = std::stoull(text.substr(0, point));
    if (point < text.size()) number.size.fraction = text.substr(point + 1);
    number.size.fraction.erase(number.size.fraction.find_last_not_of('0') + 1);
    number.size.is_exclusive = bound.is_exclusive;
    number.is_negative = number.is_negative && !number.size.is_zero();
    return number;
}

/// Follows the digits behind the point against a lower and an upper fraction at once. A side that holds whatever follows
/// is kNone; otherwise it counts the digits that were equal.
class FractionWriter {
public:
    FractionWriter(Nfa& nfa, const Size* low, const Size* high, StateId to)
        : nfa_(nfa), low_(low), high_(high), to_(to) {}

    void write(StateId from) {
        const Place start{low_ != nullptr ? 0 : kNone, high_ != nullptr ? 0 : kNone, 0};
        if (may_end(start)) nfa_.empty(from, to_);
        const StateId point = nfa_.add();
        nfa_.bytes(from, '.', '.', point);
        states_[start] = point;
        open_.push_back(start);
        while (!open_.empty()) {
            const Place place = open_.back();
            open_.pop_back();
            if (std::get<2>(place) == kFractionDigits) continue;
            for (std::uint32_t digit = 0; digit < 10; ++digit) write_digit(place, digit);
        }
    }

private:
    using Place = std::tuple<std::uint32_t, std::uint32_t, int>; ///< low, high, digits

    bool may_end(const Place& place) const {
        const auto [low, high, digits] = place;
        if (low != kNone && (low < low_->fraction.size() || low_->is_exclusive)) return false;
        return high == kNone || high < high_->fraction.size() || !high_->is_exclusive;
    }

    /// `wanted` is +1 when a greater digit settles the side, -1 when a smaller one does. False when the digit is wrong.
    static bool follow(std::uint32_t& side, const Size* bound, std::uint32_t digit, int wanted) {
        if (side == kNone) return true;
        const std::uint32_t expected =
            side < bound->fraction.size() ? static_cast<std::uint32_t>(bound->fraction[side] - '0') : 0;
        if (digit == expected) {
            if (side < bound->fraction.size()) ++side;
            return true;
        }
        const bool is_settled = (digit > expected) == (wanted > 0);
        side = kNone;
        return is_settled;
    }

    void write_digit(const Place& place, std::uint32_t digit) {
        auto [low, high, digits] = place;
        if (!follow(low, low_, digit, 1) || !follow(high, high_, digit, -1)) return;
        const Place next{low, high, digits + 1};
        const auto [found, added] = states_.try_emplace(next, kNone);
        if (added) {
            found->second = nfa_.add();
            open_.push_back(next);
            if (may_end(next)) nfa_.empty(found->second, to_);
        }
        const auto byte = static_cast<std::uint8_t>('0' + digit);
        nfa_.bytes(states_[place], byte, byte, found->second);
    }

    Nfa& nfa_;
    const Size* low_;
    const Size* high_;
    StateId to_;
    std::map<Place, StateId> states_;
    std::vector<Place> open_;
};

void add_whole(Nfa& nfa, StateId from, std::uint64_t low, std::uint64_t high, const Size* least, const Size* most,
               StateId to) {
    if (low > high) return;
    const StateId whole = nfa.add();
    add_decimal_range(nfa, from, low, high, whole);
    FractionWriter(nfa, least, most, to).write(whole);
}

/// Numbers without sign from `least` to `most`.
void add_sizes(Nfa& nfa, StateId from, const Size& least, const Size& most, StateId to) {
    if (least.whole > most.whole) return;
    if (least.whole == most.whole) return add_whole(nfa, from, least.whole, least.whole, &least, &most, to);
    add_whole(nfa, from, least.whole, least.whole, &least, nullptr, to);
    if (most.whole - least.whole > 1) add_whole(nfa, from, least.whole + 1, most.whole - 1, nullptr, nullptr, to);
    add_whole(nfa, from, most.whole, most.whole, nullptr, &most, to);
}

} // namespace

Result<void> add_numbers_between(Nfa& nfa, StateId from, const std::optional<Bound>& minimum,
                                 const std::optional<Bound>& maximum, StateId to) {
    const Size zero, endless{kWholeMax, "", false};
    const Signed low = minimum ? TRY(signed_of(*minimum)) : Signed{true, endless};
    const Signed high = maximum ? TRY(signed_of(*maximum)) : Signed{false, endless};
    if (low.is_negative) {
        const StateId sign = nfa.add();
        nfa.bytes(from, '-', '-', sign);
        const bool excludes_zero = high.size.is_zero() && high.size.is_exclusive;
        add_sizes(nfa, sign, high.is_negative || excludes_zero ? high.size : zero, low.size, to);
    }
    if (!high.is_negative) add_sizes(nfa, from, low.is_negative ? zero : low.size, high.size, to);
    return {};
}

} // namespace assay::engine::grammar
