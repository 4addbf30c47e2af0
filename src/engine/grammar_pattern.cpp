/// Regular expressions of the `pattern` keyword, by Thompson's construction and then subsets.
#include "engine/grammar_strings.h"

#include <algorithm>
#include <map>
#include <optional>

namespace assay::engine::grammar {
namespace {

constexpr std::size_t kPartsMax = 20'000;
constexpr std::size_t kGroupsDeep = 64;
constexpr std::size_t kRepeatMax = 4096;

/// A graph over characters, in the manner of Nfa.
struct Graph {
    struct Step {
        std::uint32_t target;
        std::uint32_t set; ///< index of the characters; kNone: empty step
    };
    std::vector<std::vector<Step>> states;
    std::vector<CharacterSet> sets;
};

struct Fragment {
    std::uint32_t first, last;
};

const CharacterSet& digits() {
    static const CharacterSet set{{'0', '9'}};
    return set;
}
const CharacterSet& word_characters() {
    static const CharacterSet set{{'0', '9'}, {'A', 'Z'}, {'_', '_'}, {'a', 'z'}};
    return set;
}
const CharacterSet& spaces() {
    static const CharacterSet set{{'\t', '\r'},     {' ', ' '},       {0xA0, 0xA0},     {0x1680, 0x1680},
                                  {0x2000, 0x200A}, {0x2028, 0x2029}, {0x202F, 0x202F}, {0x205F, 0x205F},
                                  {0x3000, 0x3000}, {0xFEFF, 0xFEFF}};
    return set;
}

/// Recursive descent; builds the graph as it reads. A repeated part is read again for every copy.
class PatternReader {
public:
    explicit PatternReader(std::u32string_view pattern) : pattern_(pattern) {}

    Result<Fragment> read() {
        const Fragment whole{add(), add()};
        do {
            const bool anchored = take('^');
            const Fragment part = TRY(sequence());
            const bool ended = take('$');
            if (!at_end() && peek() != '|') return fail(ErrorCode::unsupported, "'$' inside an expression");
            const Fragment before = anything(!anchored), after = anything(!ended);
            link(whole.first, before.first);
            link(before.last, part.first);
            link(part.last, after.first);
            link(after.last, whole.last);
        } while (take('|'));
        return whole;
    }

    const Graph& graph() const { return graph_; }

private:
    bool at_end() const { return at_ >= pattern_.size(); }
    char32_t peek() const { return at_end() ? 0 : pattern_[at_]; }
    bool take(char32_t c) {
        if (at_end() || pattern_[at_] != c) return false;
        ++at_;
        return true;
    }
    bool take(std::u32string_view text) {
        if (!pattern_.substr(std::min(at_, pattern_.size())).starts_with(text)) return false;
        at_ += text.size();
        return true;
    }

    std::uint32_t add() {
        graph_.states.emplace_back();
        return static_cast<std::uint32_t>(graph_.states.size() - 1);
    }
    void link(std::uint32_t from, std::uint32_t to) { graph_.states[from].push_back({to, kNone}); }
    Fragment one_of(CharacterSet set) {
        const Fragment part{add(), add()};
        graph_.states[part.first].push_back({part.last, static_cast<std::uint32_t>(graph_.sets.size())});
        graph_.sets.push_back(normalized(std::move(set)));
        return part;
    }
    Fragment nothing() {
        const std::uint32_t state = add();
        return {state, state};
    }
    Fragment anything(bool is_allowed) {
        if (!is_allowed) return nothing();
        const std::uint32_t state = add();
        graph_.states[state].push_back({state, static_cast<std::uint32_t>(graph_.sets.size())});
        graph_.sets.push_back(any_character());
        return {state, state};
    }
    Fragment joined(Fragment a, Fragment b) {
        link(a.last, b.first);
        return {a.first, b.last};
    }

    Result<Fragment> alternatives() {
        const Fragment whole{add(), add()};
        do {
            const Fragment part = TRY(sequence());
            link(whole.first, part.first);
            link(part.last, whole.last);
        } while (take('|'));
        return whole;
    }

    Result<Fragment> sequence() {
        Fragment whole = nothing();
        while (!at_end() && peek() != '|' && peek() != ')' && !(peek() == '$' && depth_ == 0)) {
            whole = joined(whole, TRY(repeated()));
            if (graph_.states.size() > kPartsMax) return fail(ErrorCode::resource_exhausted, "too large");
        }
        if (peek() == ')' && depth_ == 0) return fail(ErrorCode::malformed, "')' without '('");
        return whole;
    }

    Result<Fragment> repeated() {
        const std::size_t begin = at_;
        const Fragment first = TRY(atom());
        const auto [least, most] = TRY(quantifier());
        const std::size_t end = at_;
        if (least == 1 && most == 1) return first;
        if (peek() == '*' || peek() == '+' || peek() == '{' || peek() == '?')
            return fail(ErrorCode::malformed, "nothing to repeat");
        const auto copy = [&]() -> Result<Fragment> {
            at_ = begin;
            auto part = atom();
            at_ = end;
            return part;
        };
        Fragment whole = nothing();
        for (std::size_t i = 0; i < least; ++i) whole = joined(whole, i == 0 ? first : TRY(bounded(copy())));
        if (most == kNone) {
            const Fragment loop = least == 0 ? first : TRY(bounded(copy()));
            const std::uint32_t state = add();
            link(state, loop.first);
            link(loop.last, state);
            return joined(whole, {state, state});
        }
        const std::uint32_t last = add();
        for (std::size_t i = least; i < most; ++i) {
            link(whole.last, last);
            whole = joined(whole, i == 0 ? first : TRY(bounded(copy())));
        }
        link(whole.last, last);
        return Fragment{whole.first, last};
    }

    Result<Fragment> bounded(Result<Fragment> part) const {
        if (graph_.states.size() > kPartsMax) return fail(ErrorCode::resource_exhausted, "too large");
        return part;
    }

    Result<std::pair<std::size_t, std::size_t>> quantifier() {
        std::pair<std::size_t, std::size_t> times{1, 1};
        if (take('*')) times = {0, kNone};
        else if (take('+')) times = {1, kNone};
        else if (take('?')) times = {0, 1};
        else if (take('{')) times = TRY(braces());
        else return times;
        take('?'); // lazy: the same strings
        return times;
    }

    Result<std::pair<std::size_t, std::size_t>> braces() {
        const auto least = number();
        if (!least) return fail(ErrorCode::malformed, "'{' without a count");
        std::optional<std::size_t> most = least;
        if (take(',')) most = peek() == '}' ? std::optional<std::size_t>(kNone) : number();
        if (!most || !take('}')) return fail(ErrorCode::malformed, "'{' without '}'");
        if (*least > *most) return fail(ErrorCode::malformed, "counts out of order");
        if (*least > kRepeatMax || (*most > kRepeatMax && *most != kNone)) {
            return fail(ErrorCode::resource_exhausted, "a count above " + std::to_string(kRepeatMax));
        }
        return std::pair{*least, *most};
    }

    std::optional<std::size_t> number() {
        std::optional<std::size_t> value;
        while (peek() >= '0' && peek() <= '9') {
            value = std::min<std::size_t>(value.value_or(0) * 10 + (pattern_[at_++] - '0'), kRepeatMax + 1);
        }
        return value;
    }

    Result<Fragment> atom() {
        if (take('(')) return group();
        if (take('[')) return one_of(TRY(character_class()));
        if (take('.')) return one_of(complement({{'\n', '\n'}, {'\r', '\r'}, {0x2028, 0x2029}}));
        if (take('\\')) return one_of(TRY(escape(false)));
        const char32_t c = pattern_[at_++];
        if (c == '^' || c == '$') return fail(ErrorCode::unsupported, "'^' or '$' inside an expression");
        if (c == '*' || c == '+' || c == '?' || c == '{') return fail(ErrorCode::malformed, "nothing to repeat");
        return one_of({{c, c}});
    }

    Result<Fragment> group() {
        if (take(U"?=") || take(U"?!")) return fail(ErrorCode::unsupported, "look-ahead");
        if (take(U"?<=") || take(U"?<!")) return fail(ErrorCode::unsupported, "look-behind");
        if (take(U"?<") || take(U"?P<")) {
            while (!at_end() && peek() != '>') ++at_;
            if (!take('>')) return fail(ErrorCode::malformed, "a group's name without '>'");
        } else if (take('?') && !take(':')) {
            return fail(ErrorCode::unsupported, "a group with flags");
        }
        if (++depth_ > kGroupsDeep) return fail(ErrorCode::resource_exhausted, "groups nested too deep");
        const Fragment inner = TRY(alternatives());
        --depth_;
        if (!take(')')) return fail(ErrorCode::malformed, "'(' without ')'");
        return inner;
    }

    Result<CharacterSet> character_class() {
        const bool negated = take('^');
        CharacterSet set;
        while (!take(']')) {
            if (at_end()) return fail(ErrorCode::malformed, "'[' without ']'");
            const CharacterSet low = TRY(class_atom());
            const bool is_range = peek() == '-' && at_ + 1 < pattern_.size() && pattern_[at_ + 1] != ']';
            if (!is_range) {
                set.insert(set.end(), low.begin(), low.end());
                continue;
            }
            take('-');
            if (at_end()) return fail(ErrorCode::malformed, "'[' without ']'");
            const CharacterSet high = TRY(class_atom());
            const auto is_one = [](const CharacterSet& s) { return s.size() == 1 && s[0].low == s[0].high; };
            if (!is_one(low) || !is_one(high) || low[0].low > high[0].low)
                return fail(ErrorCode::malformed, "a range out of order");
            set.push_back({low[0].low, high[0].low});
        }
        set = normalized(std::move(set));
        return negated ? complement(set) : set;
    }

    Result<CharacterSet> class_atom() {
        if (take('\\')) return escape(true);
        const char32_t c = pattern_[at_++];
        return CharacterSet{{c, c}};
    }

    Result<CharacterSet> escape(bool in_class) {
        if (at_end()) return fail(ErrorCode::malformed, "a backslash at the end");
        const char32_t c = pattern_[at_++];
        const auto one = [](char32_t character) { return CharacterSet{{character, character}}; };
        switch (c) {
            case 'd': return digits();
            case 'D': return complement(digits());
            case 'w': return word_characters();
            case 'W': return complement(word_characters());
            case 's': return spaces();
            case 'S': return complement(spaces());
            case 't': return one('\t');
            case 'n': return one('\n');
            case 'r': return one('\r');
            case 'f': return one('\f');
            case 'v': return one('\v');
            case '0': return one(0);
            case 'x': return hex(2);
            case 'u': return take('{') ? hex_in_braces() : hex(4);
            case 'b':
                if (in_class) return one('\b');
                [[fallthrough]];
            case 'B': return fail(ErrorCode::unsupported, "word boundaries");
            case 'p':
            case 'P': return fail(ErrorCode::unsupported, "Unicode properties");
            case 'k': return fail(ErrorCode::unsupported, "back references");
            default: break;
        }
        if (c >= '1' && c <= '9') return fail(ErrorCode::unsupported, "back references");
        const bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        if (is_letter) return fail(ErrorCode::unsupported, std::string("escape \\") + static_cast<char>(c));
        return one(c);
    }

    std::optional<char32_t> hex_digit() {
        const char32_t c = peek();
        const auto value = c >= '0' && c <= '9'   ? c - '0'
                           : c >= 'a' && c <= 'f' ? c - 'a' + 10
                           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                                  : 16;
        if (value == 16) return std::nullopt;
        ++at_;
        return value;
    }

    Result<CharacterSet> hex(std::size_t length) {
        char32_t value = 0;
        for (std::size_t i = 0; i < length; ++i) {
            const auto digit = hex_digit();
            if (!digit) return fail(ErrorCode::malformed, "an escape without its hexadecimal digits");
            value = value << 4 | *digit;
        }
        const bool is_high = length == 4 && value >= 0xD800 && value < 0xDC00;
        if (is_high && take(U"\\u")) {
            const CharacterSet low = TRY(hex(4));
            return CharacterSet{{0x10000 + ((value & 0x3FF) << 10 | (low[0].low & 0x3FF)),
                                 0x10000 + ((value & 0x3FF) << 10 | (low[0].low & 0x3FF))}};
        }
        return CharacterSet{{value, value}};
    }

    Result<CharacterSet> hex_in_braces() {
        char32_t value = 0;
        for (auto digit = hex_digit(); digit; digit = hex_digit())
            value = std::min<char32_t>(value << 4 | *digit, 0x110000);
        if (!take('}') || value > 0x10FFFF)
            return fail(ErrorCode::malformed, "an escape without its hexadecimal digits");
        return CharacterSet{{value, value}};
    }

    std::u32string_view pattern_;
    std::size_t at_ = 0;
    std::size_t depth_ = 0;
    Graph graph_;
};

class SubsetBuilder {
public:
    explicit SubsetBuilder(const Graph& graph) : graph_(graph), seen_(graph.states.size(), 0) {}

    Result<StringLanguage> build(Fragment whole) {
        language_.bounds = bounds();
        number({whole.first});
        for (std::size_t i = 0; i < subsets_.size(); ++i) {
            if (subsets_.size() > StringLanguage::kStatesMax)
                return fail(ErrorCode::resource_exhausted, "too many states");
            add_state(*subsets_[i], whole.last);
        }
        return std::move(language_);
    }

private:
    std::vector<char32_t> bounds() const {
        std::vector<char32_t> all{0};
        for (const auto& set : graph_.sets) {
            for (const auto& range : set) {
                all.push_back(range.low);
                if (range.high < 0x10FFFF) all.push_back(range.high + 1);
            }
        }
        std::ranges::sort(all);
        all.erase(std::ranges::unique(all).begin(), all.end());
        return all;
    }

    std::uint32_t number(std::vector<std::uint32_t> open) {
        ++round_;
        std::vector<std::uint32_t> all;
        while (!open.empty()) {
            const std::uint32_t state = open.back();
            open.pop_back();
            if (seen_[state] == round_) continue;
            seen_[state] = round_;
            all.push_back(state);
            for (const auto& step : graph_.states[state]) {
                if (step.set == kNone) open.push_back(step.target);
            }
        }
        std::ranges::sort(all);
        const auto [found, added] = numbers_.try_emplace(std::move(all), static_cast<std::uint32_t>(subsets_.size()));
        if (added) subsets_.push_back(&found->first);
        return found->second;
    }

    void add_state(const std::vector<std::uint32_t>& subset, std::uint32_t last) {
        const auto& bounds = language_.bounds;
        std::vector<std::vector<std::uint32_t>> targets(bounds.size());
        for (const std::uint32_t state : subset) {
            for (const auto& step : graph_.states[state]) {
                if (step.set == kNone) continue;
                for (const auto& range : graph_.sets[step.set]) {
                    for (std::size_t i = language_.range_of(range.low); i < bounds.size() && bounds[i] <= range.high;
                         ++i) {
                        targets[i].push_back(step.target);
                    }
                }
            }
        }
        language_.accepting.push_back(std::ranges::binary_search(subset, last));
        for (auto& target : targets) language_.next.push_back(target.empty() ? kNone : number(std::move(target)));
    }

    const Graph& graph_;
    StringLanguage language_;
    std::map<std::vector<std::uint32_t>, std::uint32_t> numbers_;
    std::vector<const std::vector<std::uint32_t>*> subsets_;
    std::vector<std::uint32_t> seen_;
    std::uint32_t round_ = 0;
};

} // namespace

Result<StringLanguage> strings_matching(std::string_view pattern) {
    const std::u32string characters = characters_of(pattern);
    PatternReader reader(characters);
    const auto whole = reader.read();
    if (!whole) return std::unexpected(whole.error());
    return SubsetBuilder(reader.graph()).build(*whole);
}

} // namespace assay::engine::grammar
