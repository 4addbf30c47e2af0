#include "tokenizer/unicode_normal.h"

#include "tokenizer/unicode.h"
#include "tokenizer/unicode_tables.h"

#include <algorithm>
#include <unordered_map>
#include <vector>

namespace assay::tokenizer {
namespace {

// Hangul syllables are composed by arithmetic (Unicode 3.12).
constexpr char32_t kSyllables = 0xAC00, kLeads = 0x1100, kVowels = 0x1161, kTails = 0x11A7;
constexpr char32_t kLeadCount = 19, kVowelCount = 21, kTailCount = 28;
constexpr char32_t kSyllableCount = kLeadCount * kVowelCount * kTailCount;

std::uint8_t run_value(const tables::PropertyRun* runs, std::size_t size, char32_t c) {
    const auto* after = std::upper_bound(
        runs, runs + size, c, [](char32_t value, const tables::PropertyRun& run) { return value < run.first; });
    return (after - 1)->flags;
}

std::uint8_t combining_class(char32_t c) {
    return c < 0x300 ? std::uint8_t{0} : run_value(tables::kClassRuns, tables::kClassRunsSize, c);
}

template <class Row>
const Row* find_row(const Row* rows, std::size_t size, char32_t c) {
    const Row* found =
        std::lower_bound(rows, rows + size, c, [](const Row& row, char32_t value) { return row.code < value; });
    return found != rows + size && found->code == c ? found : nullptr;
}

void decompose(char32_t c, bool compatibility, std::vector<char32_t>& out) {
    if (c < 0x80) {
        out.push_back(c);
        return;
    }
    if (c - kSyllables < kSyllableCount) {
        const char32_t index = c - kSyllables;
        out.push_back(kLeads + index / (kVowelCount * kTailCount));
        out.push_back(kVowels + index % (kVowelCount * kTailCount) / kTailCount);
        if (index % kTailCount != 0) out.push_back(kTails + index % kTailCount);
        return;
    }
    if (compatibility) {
        if (const auto* row = find_row(tables::kCompatibility, tables::kCompatibilitySize, c)) {
            const auto* first = tables::kCompatibilityPool + row->offset;
            out.insert(out.end(), first, first + row->length);
            return;
        }
    }
    if (const auto* row = find_row(tables::kCanonical, tables::kCanonicalSize, c)) {
        decompose(row->first, compatibility, out);
        if (row->second != 0) decompose(row->second, compatibility, out);
        return;
    }
    out.push_back(c);
}

/// Sorts each run of combining marks by class, keeping the order of equals.
void order_marks(std::vector<char32_t>& text) {
    for (std::size_t i = 0; i < text.size();) {
        if (combining_class(text[i]) == 0) {
            ++i;
            continue;
        }
        const std::size_t start = i;
        while (i < text.size() && combining_class(text[i]) != 0) ++i;
        std::stable_sort(text.begin() + static_cast<std::ptrdiff_t>(start),
                         text.begin() + static_cast<std::ptrdiff_t>(i),
                         [](char32_t a, char32_t b) { return combining_class(a) < combining_class(b); });
    }
}

const std::unordered_map<std::uint64_t, char32_t>& compositions() {
    static const auto instance = [] {
        std::unordered_map<std::uint64_t, char32_t> map;
        for (std::size_t i = 0; i < tables::kCanonicalSize; ++i) {
            const tables::Canonical& row = tables::kCanonical[i];
            if (row.composes) map[static_cast<std::uint64_t>(row.first) << 32 | row.second] = row.code;
        }
        return map;
    }();
    return instance;
}

/// The character that a pair composes to, or 0.
char32_t composed(char32_t first, char32_t second) {
    if (first - kLeads < kLeadCount && second - kVowels < kVowelCount) {
        return kSyllables + ((first - kLeads) * kVowelCount + (second - kVowels)) * kTailCount;
    }
    if (first - kSyllables < kSyllableCount && (first - kSyllables) % kTailCount == 0 && second > kTails &&
        second < kTails + kTailCount) {
        return first + (second - kTails);
    }
    const auto found = compositions().find(static_cast<std::uint64_t>(first) << 32 | second);
    return found == compositions().end() ? 0 : found->second;
}

void compose(std::vector<char32_t>& text) {
    constexpr std::size_t kNoStarter = static_cast<std::size_t>(-1);
    std::size_t starter = kNoStarter;
    std::size_t end = 0;
    int last_class = -1; // of the character kept before, -1 right after a starter
    for (const char32_t c : text) {
        const int own_class = combining_class(c);
        if (starter != kNoStarter && last_class < own_class) {
            if (const char32_t whole = composed(text[starter], c); whole != 0) {
                text[starter] = whole;
                continue;
            }
        }
        if (own_class == 0) {
            starter = end;
            last_class = -1;
        } else {
            last_class = own_class;
        }
        text[end++] = c;
    }
    text.resize(end);
}

bool is_ascii(std::string_view text) {
    return std::ranges::all_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

/// The lower case of `c` where it is one character.
char32_t lower(char32_t c) {
    const auto* begin = tables::kLowerRuns;
    const auto* after = std::upper_bound(begin, begin + tables::kLowerRunsSize, c,
                                         [](char32_t value, const tables::LowerRun& run) { return value < run.first; });
    if (after == begin) return c;
    const tables::LowerRun& run = *(after - 1);
    return c <= run.last && (c - run.first) % run.step == 0 ? c + static_cast<char32_t>(run.add) : c;
}

enum GraphemeClass : std::uint8_t { kOther, kBreaks, kExtend, kJoiner, kSpacing, kPrepends, kPictographic };

GraphemeClass grapheme_class(char32_t c) {
    return static_cast<GraphemeClass>(run_value(tables::kGraphemeRuns, tables::kGraphemeRunsSize, c));
}

} // namespace

void normalize(std::string& text, NormalForm form) {
    if (is_ascii(text)) return;
    const bool compatibility = form == NormalForm::nfkc || form == NormalForm::nfkd;
    std::vector<char32_t> characters;
    characters.reserve(text.size());
    for (std::size_t at = 0; at < text.size();) {
        const Character c = character_at(text, at);
        decompose(c.value, compatibility, characters);
        at += c.size;
    }
    order_marks(characters);
    if (form == NormalForm::nfc || form == NormalForm::nfkc) compose(characters);
    text.clear();
    for (const char32_t c : characters) append_utf8(text, c);
}

void lower_case(std::string& text) {
    std::string out;
    out.reserve(text.size());
    for (std::size_t at = 0; at < text.size();) {
        const Character c = character_at(text, at);
        at += c.size;
        if (c.value < 0x80) {
            out.push_back(static_cast<char>(c.value >= 'A' && c.value <= 'Z' ? c.value + ('a' - 'A') : c.value));
        } else if (c.value == 0x130) {
            out += "i\xCC\x87"; // the only capital whose lower case is two characters
        } else {
            append_utf8(out, lower(c.value));
        }
    }
    text = std::move(out);
}

void remove_characters(std::string& text, unsigned mask) {
    const Properties& properties = Properties::get();
    std::size_t end = 0;
    for (std::size_t at = 0; at < text.size();) {
        const Character c = character_at(text, at);
        if ((properties[c.value] & mask) == 0) {
            std::copy_n(text.begin() + static_cast<std::ptrdiff_t>(at), c.size,
                        text.begin() + static_cast<std::ptrdiff_t>(end));
            end += c.size;
        }
        at += c.size;
    }
    text.resize(end);
}

std::size_t grapheme_end(std::string_view text, std::size_t at) {
    const Character first = character_at(text, at);
    std::size_t end = at + first.size;
    if (first.value == '\r' && end < text.size() && text[end] == '\n') return end + 1;
    GraphemeClass before = grapheme_class(first.value);
    bool pictographic = before == kPictographic; // a pictograph and then only extenders so far
    while (end < text.size() && before != kBreaks) {
        const Character next = character_at(text, end);
        const GraphemeClass kind = grapheme_class(next.value);
        const bool joins = kind == kExtend || kind == kJoiner || kind == kSpacing ||
                           (before == kPrepends && kind != kBreaks) ||
                           (pictographic && before == kJoiner && kind == kPictographic);
        if (!joins) break;
        pictographic = kind == kPictographic || (pictographic && (kind == kExtend || kind == kJoiner));
        before = kind;
        end += next.size;
    }
    return end;
}

} // namespace assay::tokenizer
