#pragma once
/// Languages of strings as automata over characters: regular expressions, lengths, and what both allow.
/// Values; deterministic.
#include "base/result.h"
#include "engine/grammar_characters.h"

#include <string>
#include <string_view>
#include <vector>

namespace assay::engine::grammar {

/// A deterministic automaton over characters. State 0 is the first. Characters are told apart by ranges:
/// range i is [bounds[i], bounds[i + 1]).
struct StringLanguage {
    static constexpr std::size_t kStatesMax = 20'000;

    std::vector<char32_t> bounds;    ///< ascending, from 0
    std::vector<std::uint32_t> next; ///< state by range; kNone where nothing follows
    std::vector<std::uint8_t> accepting;

    std::uint32_t at(std::size_t state, std::size_t range) const { return next[state * bounds.size() + range]; }
    std::size_t range_of(char32_t character) const;
    bool contains(std::string_view utf8) const;
};

StringLanguage any_string();
StringLanguage strings_of_length(std::size_t least, std::size_t most);
StringLanguage strings_of_length_at_least(std::size_t least);
/// Every string but these (UTF-8).
StringLanguage strings_except(const std::vector<std::string>& names);
/// Strings in which the regular expression (ECMA-262 as JSON Schema uses it: unanchored) finds a match.
/// Errors: malformed; unsupported, naming the construct; resource_exhausted.
Result<StringLanguage> strings_matching(std::string_view pattern);
/// Errors: resource_exhausted.
Result<StringLanguage> both(const StringLanguage& a, const StringLanguage& b);

/// Adds the strings, as JSON spells them, without quotes.
void add_json_strings(Nfa& nfa, StateId from, const StringLanguage& language, Escapes escapes, StateId to);

/// Code points of valid UTF-8; invalid bytes become U+FFFD.
std::u32string characters_of(std::string_view utf8);

} // namespace assay::engine::grammar
