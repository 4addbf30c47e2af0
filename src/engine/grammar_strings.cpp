#include "engine/grammar_strings.h"

#include <algorithm>
#include <map>

namespace assay::engine::grammar {

std::u32string characters_of(std::string_view utf8) {
    std::u32string characters;
    for (std::size_t i = 0; i < utf8.size();) {
        const auto lead = static_cast<unsigned char>(utf8[i]);
        const std::size_t length = lead < 0x80   ? 1
                                   : lead < 0xC0 ? 0
                                   : lead < 0xE0 ? 2
                                   : lead < 0xF0 ? 3
                                   : lead < 0xF8 ? 4
                                                 : 0;
        if (length == 0 || i + length > utf8.size()) {
            characters += U'\uFFFD';
            ++i;
            continue;
        }
        char32_t character = length == 1 ? lead : lead & (0xFFu >> (length + 1));
        for (std::size_t k = 1; k < length; ++k)
            character = character << 6 | (static_cast<unsigned char>(utf8[i + k]) & 0x3F);
        characters += character;
        i += length;
    }
    return characters;
}

std::size_t StringLanguage::range_of(char32_t character) const {
    return static_cast<std::size_t>(std::ranges::upper_bound(bounds, character) - bounds.begin()) - 1;
}

bool StringLanguage::contains(std::string_view utf8) const {
    if (accepting.empty()) return false;
    std::uint32_t state = 0;
    for (const char32_t character : characters_of(utf8)) {
        state = at(state, range_of(character));
        if (state == kNone) return false;
    }
    return accepting[state] != 0;
}

StringLanguage any_string() { return {.bounds = {0}, .next = {0}, .accepting = {1}}; }

StringLanguage strings_of_length(std::size_t least, std::size_t most) {
    StringLanguage language{.bounds = {0}, .next = {}, .accepting = {}};
    for (std::size_t length = 0; length <= most; ++length) {
        language.next.push_back(length < most ? static_cast<std::uint32_t>(length + 1) : kNone);
        language.accepting.push_back(length >= least ? 1 : 0);
    }
    return language;
}

StringLanguage strings_of_length_at_least(std::size_t least) {
    StringLanguage language = strings_of_length(least, least);
    language.next.back() = static_cast<std::uint32_t>(least);
    return language;
}

StringLanguage strings_except(const std::vector<std::string>& names) {
    StringLanguage language{.bounds = {0}, .next = {}, .accepting = {}};
    std::vector<std::u32string> spelled;
    for (const auto& name : names) {
        spelled.push_back(characters_of(name));
        for (const char32_t c : spelled.back()) {
            language.bounds.push_back(c);
            language.bounds.push_back(c + 1);
        }
    }
    std::ranges::sort(language.bounds);
    language.bounds.erase(std::ranges::unique(language.bounds).begin(), language.bounds.end());
    const std::size_t width = language.bounds.size();
    const auto add_state = [&](bool is_accepting) {
        language.next.insert(language.next.end(), width, 1);
        language.accepting.push_back(is_accepting ? 1 : 0);
        return static_cast<std::uint32_t>(language.accepting.size() - 1);
    };
    add_state(true);
    add_state(true); // 1: no name begins so
    for (const auto& name : spelled) {
        std::uint32_t state = 0;
        for (const char32_t c : name) {
            const std::size_t cell = state * width + language.range_of(c);
            state = language.next[cell];
            if (state == 1) {
                state = add_state(true);
                language.next[cell] = state;
            }
        }
        language.accepting[state] = 0;
    }
    return language;
}

Result<StringLanguage> both(const StringLanguage& a, const StringLanguage& b) {
    StringLanguage language;
    std::ranges::set_union(a.bounds, b.bounds, std::back_inserter(language.bounds));
    if (a.accepting.empty() || b.accepting.empty()) return language;
    std::map<std::pair<std::uint32_t, std::uint32_t>, std::uint32_t> numbers{{{0, 0}, 0}};
    std::vector<std::pair<std::uint32_t, std::uint32_t>> pairs{{0, 0}};
    for (std::size_t i = 0; i < pairs.size(); ++i) {
        if (pairs.size() > StringLanguage::kStatesMax) {
            return fail(ErrorCode::resource_exhausted, "strings so constrained need too many states");
        }
        const auto [x, y] = pairs[i];
        language.accepting.push_back(a.accepting[x] && b.accepting[y]);
        for (const char32_t bound : language.bounds) {
            const std::pair target{a.at(x, a.range_of(bound)), b.at(y, b.range_of(bound))};
            if (target.first == kNone || target.second == kNone) {
                language.next.push_back(kNone);
                continue;
            }
            const auto [found, added] = numbers.try_emplace(target, static_cast<std::uint32_t>(pairs.size()));
            if (added) pairs.push_back(target);
            language.next.push_back(found->second);
        }
    }
    return language;
}

void add_json_strings(Nfa& nfa, StateId from, const StringLanguage& language, Escapes escapes, StateId to) {
    std::vector<StateId> states;
    for (std::size_t i = 0; i < language.accepting.size(); ++i) states.push_back(nfa.add());
    if (states.empty()) return;
    nfa.empty(from, states[0]);
    for (std::size_t state = 0; state < states.size() && !nfa.overflowed(); ++state) {
        if (language.accepting[state]) nfa.empty(states[state], to);
        std::map<std::uint32_t, CharacterSet> by_target;
        for (std::size_t range = 0; range < language.bounds.size(); ++range) {
            const std::uint32_t target = language.at(state, range);
            if (target == kNone) continue;
            const char32_t last = range + 1 < language.bounds.size() ? language.bounds[range + 1] - 1 : 0x10FFFF;
            by_target[target].push_back({language.bounds[range], last});
        }
        for (auto& [target, set] : by_target) {
            add_json_character(nfa, states[state], normalized(std::move(set)), escapes, states[target]);
        }
    }
}

} // namespace assay::engine::grammar
