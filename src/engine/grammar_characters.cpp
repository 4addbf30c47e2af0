#include "engine/grammar_characters.h"

#include <algorithm>
#include <array>

namespace assay::engine::grammar {
namespace {

constexpr char32_t kLast = 0x10FFFF;

using Digits = std::span<const int>;

/// Adds the sequences of digits between two of the same length. `edge(from, low, high, to)` adds one digit's range.
/// `last`: the greatest digit. The last argument of `edge` says how many digits are left, this one counted.
template <class AddEdge>
void add_between(Nfa& nfa, StateId from, Digits low, Digits high, int last, StateId to, const AddEdge& edge) {
    if (low.size() == 1) return edge(from, low[0], high[0], to, low.size());
    const auto rest = [](Digits digits) { return digits.subspan(1); };
    if (low[0] == high[0]) {
        const StateId middle = nfa.add();
        edge(from, low[0], low[0], middle, low.size());
        return add_between(nfa, middle, rest(low), rest(high), last, to, edge);
    }
    const std::vector<int> zeros(low.size() - 1, 0), lasts(low.size() - 1, last);
    int whole_low = low[0], whole_high = high[0];
    if (!std::ranges::equal(rest(low), zeros)) {
        const StateId middle = nfa.add();
        edge(from, low[0], low[0], middle, low.size());
        add_between(nfa, middle, rest(low), lasts, last, to, edge);
        ++whole_low;
    }
    if (!std::ranges::equal(rest(high), lasts)) {
        const StateId middle = nfa.add();
        edge(from, high[0], high[0], middle, low.size());
        add_between(nfa, middle, zeros, rest(high), last, to, edge);
        --whole_high;
    }
    if (whole_low > whole_high || whole_high > high[0]) return;
    const StateId middle = nfa.add();
    edge(from, whole_low, whole_high, middle, low.size());
    add_between(nfa, middle, zeros, lasts, last, to, edge);
}

void add_utf8(Nfa& nfa, StateId from, CharacterRange range, StateId to) {
    if (range.low < 0x80) {
        nfa.bytes(from, static_cast<std::uint8_t>(range.low),
                  static_cast<std::uint8_t>(std::min<char32_t>(range.high, 0x7F)), to);
    }
    static constexpr std::array<char32_t, 4> kEnds{0x80, 0x800, 0x10000, kLast + 1};
    static constexpr std::array<int, 5> kMarks{0, 0, 0xC0, 0xE0, 0xF0};
    for (std::size_t length = 2; length <= 4; ++length) {
        const char32_t low = std::max(range.low, kEnds[length - 2]),
                       high = std::min<char32_t>(range.high, kEnds[length - 1] - 1);
        if (low > high) continue;
        std::array<int, 4> low_digits{}, high_digits{};
        for (std::size_t i = 0; i < length; ++i) {
            const auto shift = 6 * (length - 1 - i);
            low_digits[i] = static_cast<int>(low >> shift) & (i == 0 ? 0xFF : 0x3F);
            high_digits[i] = static_cast<int>(high >> shift) & (i == 0 ? 0xFF : 0x3F);
        }
        const auto edge = [&](StateId a, int x, int y, StateId b, std::size_t left) {
            const int mark = left == length ? kMarks[length] : 0x80;
            nfa.bytes(a, static_cast<std::uint8_t>(mark | x), static_cast<std::uint8_t>(mark | y), b);
        };
        add_between(nfa, from, std::span(low_digits).first(length), std::span(high_digits).first(length), 0x3F, to,
                    edge);
    }
}

void add_hex_digit(Nfa& nfa, StateId from, int low, int high, StateId to) {
    if (low <= 9)
        nfa.bytes(from, static_cast<std::uint8_t>('0' + low), static_cast<std::uint8_t>('0' + std::min(high, 9)), to);
    if (high < 10) return;
    const int first = std::max(low, 10) - 10, last = high - 10;
    nfa.bytes(from, static_cast<std::uint8_t>('a' + first), static_cast<std::uint8_t>('a' + last), to);
    nfa.bytes(from, static_cast<std::uint8_t>('A' + first), static_cast<std::uint8_t>('A' + last), to);
}

/// \uXXXX for every unit of the range.
void add_unit(Nfa& nfa, StateId from, char32_t low, char32_t high, StateId to) {
    std::array<int, 4> low_digits{}, high_digits{};
    for (std::size_t i = 0; i < 4; ++i) {
        low_digits[i] = static_cast<int>(low >> (4 * (3 - i))) & 15;
        high_digits[i] = static_cast<int>(high >> (4 * (3 - i))) & 15;
    }
    add_between(nfa, nfa.text(from, "\\u"), low_digits, high_digits, 15, to,
                [&](StateId a, int x, int y, StateId b, std::size_t) { add_hex_digit(nfa, a, x, y, b); });
}

void add_unicode_escape(Nfa& nfa, StateId from, CharacterRange range, StateId to) {
    if (range.low <= 0xFFFF) add_unit(nfa, from, range.low, std::min<char32_t>(range.high, 0xFFFF), to);
    if (range.high <= 0xFFFF) return;
    const char32_t low = std::max<char32_t>(range.low, 0x10000) - 0x10000, high = range.high - 0x10000;
    const std::array<int, 2> low_digits{static_cast<int>(low >> 10), static_cast<int>(low & 0x3FF)};
    const std::array<int, 2> high_digits{static_cast<int>(high >> 10), static_cast<int>(high & 0x3FF)};
    add_between(nfa, from, low_digits, high_digits, 0x3FF, to,
                [&](StateId a, int x, int y, StateId b, std::size_t left) {
                    const int base = left == 2 ? 0xD800 : 0xDC00;
                    add_unit(nfa, a, static_cast<char32_t>(base + x), static_cast<char32_t>(base + y), b);
                });
}

/// The parts of `set` inside [low, high].
CharacterSet within(const CharacterSet& set, char32_t low, char32_t high) {
    CharacterSet part;
    for (const auto& range : set) {
        const CharacterRange cut{std::max(range.low, low), std::min(range.high, high)};
        if (cut.low <= cut.high) part.push_back(cut);
    }
    return part;
}

bool contains(const CharacterSet& set, char32_t character) { return !within(set, character, character).empty(); }

} // namespace

CharacterSet normalized(CharacterSet set) {
    std::ranges::sort(set, {}, &CharacterRange::low);
    CharacterSet joined;
    for (const auto& range : set) {
        if (range.low > range.high) continue;
        if (!joined.empty() && range.low <= joined.back().high + 1) {
            joined.back().high = std::max(joined.back().high, range.high);
        } else {
            joined.push_back(range);
        }
    }
    CharacterSet below = within(joined, 0, 0xD7FF);
    for (const auto& range : within(joined, 0xE000, kLast)) below.push_back(range);
    return below;
}

CharacterSet complement(const CharacterSet& set) {
    CharacterSet rest;
    char32_t next = 0;
    for (const auto& range : set) {
        if (range.low > next) rest.push_back({next, range.low - 1});
        next = range.high + 1;
    }
    if (next <= kLast) rest.push_back({next, kLast});
    return normalized(std::move(rest));
}

const CharacterSet& any_character() {
    static const CharacterSet all{{0, 0xD7FF}, {0xE000, kLast}};
    return all;
}

void add_json_character(Nfa& nfa, StateId from, const CharacterSet& set, Escapes escapes, StateId to) {
    for (const auto [low, high] : {CharacterRange{0x20, 0x21}, {0x23, 0x5B}, {0x5D, kLast}}) {
        for (const auto& range : within(set, low, high)) add_utf8(nfa, from, range, to);
    }
    static constexpr std::string_view kShort = "\"\"\\\\//\bb\ff\nn\rr\tt";
    for (std::size_t i = 0; i < kShort.size(); i += 2) {
        if (!contains(set, static_cast<char32_t>(kShort[i]))) continue;
        const std::array<char, 2> spelling{'\\', kShort[i + 1]};
        nfa.text(from, {spelling.data(), 2}, to);
    }
    const auto add_escaped = [&](char32_t low, char32_t high) {
        for (const auto& range : within(set, low, high)) add_unicode_escape(nfa, from, range, to);
    };
    if (escapes == Escapes::all) return add_escaped(0, kLast);
    add_escaped(0, 0x1F);
    add_escaped(0x7F, kLast);
}

void add_decimal_range(Nfa& nfa, StateId from, std::uint64_t low, std::uint64_t high, StateId to) {
    std::uint64_t first = 0; // of the numbers with `length` digits
    for (std::size_t length = 1; length <= 20; ++length) {
        const std::uint64_t last = length == 20 ? ~std::uint64_t{0} : (first == 0 ? 1 : first) * 10 - 1;
        const std::uint64_t a = std::max(low, first), b = std::min(high, last);
        if (a <= b) {
            std::array<int, 20> low_digits{}, high_digits{};
            std::uint64_t x = a, y = b;
            for (std::size_t i = length; i-- > 0; x /= 10, y /= 10) {
                low_digits[i] = static_cast<int>(x % 10);
                high_digits[i] = static_cast<int>(y % 10);
            }
            add_between(nfa, from, std::span(low_digits).first(length), std::span(high_digits).first(length), 9, to,
                        [&](StateId s, int p, int q, StateId t, std::size_t) {
                            nfa.bytes(s, static_cast<std::uint8_t>('0' + p), static_cast<std::uint8_t>('0' + q), t);
                        });
        }
        if (last >= high) return;
        first = last + 1;
    }
}

} // namespace assay::engine::grammar
