#pragma once
/// Sets of Unicode characters, and how JSON strings spell them in bytes. Deterministic.
#include "engine/grammar_nfa.h"

#include <vector>

namespace assay::engine::grammar {

struct CharacterRange {
    char32_t low, high;
    friend bool operator==(const CharacterRange&, const CharacterRange&) = default;
};

/// Sorted, disjoint, not touching; never holds surrogates once normalised.
using CharacterSet = std::vector<CharacterRange>;

/// Sorts, joins, and takes surrogates and everything above U+10FFFF out.
CharacterSet normalized(CharacterSet set);
CharacterSet complement(const CharacterSet& set);
const CharacterSet& any_character();

enum class Escapes : std::uint8_t {
    all,     ///< \u may spell any character
    needed,  ///< \u spells control characters and what is outside ASCII, as JSON writers do
};

/// Adds every spelling, inside a JSON string, of one character of the set: UTF-8, short escapes, \u escapes (surrogate
/// pairs above U+FFFF). A quote, a backslash and control characters are always escaped.
void add_json_character(Nfa& nfa, StateId from, const CharacterSet& set, Escapes escapes, StateId to);

/// Adds the spellings of a number from low to high, in decimal, without sign or leading zeros.
void add_decimal_range(Nfa& nfa, StateId from, std::uint64_t low, std::uint64_t high, StateId to);

} // namespace assay::engine::grammar
