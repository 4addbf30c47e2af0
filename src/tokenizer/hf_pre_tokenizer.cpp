#include "tokenizer/hf_json.h"

#include <array>

namespace assay::tokenizer::hf {
namespace {

using Steps = std::vector<std::unique_ptr<PreTokenizer>>;

Result<Delimiter> read_behavior(const Field& field) {
    static constexpr std::array<std::pair<std::string_view, Delimiter>, 5> kBehaviors = {{
        {"Removed", Delimiter::removed},
        {"Isolated", Delimiter::isolated},
        {"MergedWithPrevious", Delimiter::merged_with_previous},
        {"MergedWithNext", Delimiter::merged_with_next},
        {"Contiguous", Delimiter::contiguous},
    }};
    const std::string name = TRY(field.text_or("Isolated"));
    for (const auto& [known, behavior] : kBehaviors) {
        if (name == known) return behavior;
    }
    return field.unsupported("the behavior '" + name + "'");
}

Result<void> read_split(const Field& field, Steps& steps) {
    const Pattern pattern = TRY(read_pattern(field["pattern"]));
    const Delimiter behavior = TRY(read_behavior(field["behavior"]));
    const bool invert = TRY(field["invert"].boolean_or(false));
    if (pattern.text.empty()) return field["pattern"].unsupported("an empty pattern");
    if (const MatchEnd match = pattern.is_regex ? splitter_for_regex(pattern.text) : nullptr; match != nullptr) {
        // These expressions match everywhere, so all that is kept is matches.
        if (behavior != Delimiter::isolated && !(behavior == Delimiter::removed && invert)) {
            return field["behavior"].unsupported("only Isolated, or Removed and inverted, with this expression");
        }
        steps.push_back(make_regex_split(match));
        return {};
    }
    if (invert) return field["invert"].unsupported("an inverted pattern");
    if (!pattern.is_regex || pattern.text == " ") {
        steps.push_back(make_text_split(pattern.text, behavior));
    } else if (pattern.text == R"(\p{N})") {
        steps.push_back(make_property_split(kNumber, behavior));
    } else if (pattern.text == R"(\s)" || (pattern.text == R"(\s+)" && behavior == Delimiter::removed)) {
        steps.push_back(make_property_split(kSpace, behavior));
    } else {
        return field["pattern"].unsupported("the regular expression '" + pattern.text + "'");
    }
    return {};
}

Result<void> read_metaspace(const Field& field, Steps& steps) {
    const std::string mark = TRY(field["replacement"].text_or("\xE2\x96\x81"));
    if (mark.empty() || character_count(mark) != 1) return field["replacement"].expected("one character");
    const std::string scheme = TRY(field["prepend_scheme"].text_or("always"));
    const bool prefix = TRY(field["add_prefix_space"].boolean_or(true));
    const bool split = TRY(field["split"].boolean_or(true));
    Prepend prepend = Prepend::never;
    if (scheme == "first") {
        prepend = Prepend::first;
    } else if (scheme == "always") {
        prepend = Prepend::always;
    } else if (scheme != "never") {
        return field["prepend_scheme"].unsupported("'" + scheme + "'");
    }
    if (!prefix) {
        const bool contradicts = prepend != Prepend::never && !field["prepend_scheme"].is_null();
        if (contradicts) return field["add_prefix_space"].unsupported("false does not match the prepend_scheme");
        prepend = Prepend::never;
    }
    steps.push_back(make_metaspace(mark, prepend, split));
    return {};
}

Result<void> read_byte_level(const Field& field, PreTokenizerSteps& out) {
    const bool prefix = TRY(field["add_prefix_space"].boolean_or(true));
    const bool use_regex = TRY(field["use_regex"].boolean_or(true));
    if (prefix) out.steps.push_back(make_prefix_space());
    if (use_regex) out.steps.push_back(make_regex_split(match_gpt2));
    out.byte_level = true;
    return {};
}

Result<void> read_step(const Field& field, int depth, PreTokenizerSteps& out);

Result<void> read_sequence(const Field& field, int depth, PreTokenizerSteps& out) {
    if (depth > kNestingLimit) return field.unsupported("sequences nested too deeply");
    const Field list = field["pretokenizers"];
    const std::size_t count = TRY(list.array_size(kStepsLimit));
    for (std::size_t i = 0; i < count; ++i) TRY_VOID(read_step(list.at(i), depth + 1, out));
    return {};
}

Result<void> read_step(const Field& field, int depth, PreTokenizerSteps& out) {
    const std::string type = TRY(field["type"].text());
    if (type == "Sequence") return read_sequence(field, depth, out);
    if (out.byte_level) return field["type"].unsupported("'" + type + "' after ByteLevel");
    if (out.steps.size() >= kStepsLimit)
        return field.unsupported("more than " + std::to_string(kStepsLimit) + " steps");
    if (type == "ByteLevel") return read_byte_level(field, out);
    if (type == "Split") return read_split(field, out.steps);
    if (type == "Metaspace") return read_metaspace(field, out.steps);
    if (type == "Digits") {
        const bool individual = TRY(field["individual_digits"].boolean_or(false));
        out.steps.push_back(make_property_split(kNumber, individual ? Delimiter::isolated : Delimiter::contiguous));
    } else if (type == "BertPreTokenizer") {
        out.steps.push_back(make_property_split(kSpace, Delimiter::removed));
        out.steps.push_back(make_property_split(kPunctuation, Delimiter::isolated));
    } else if (type == "Punctuation") {
        out.steps.push_back(make_property_split(kPunctuation, TRY(read_behavior(field["behavior"]))));
    } else if (type == "Whitespace") {
        out.steps.push_back(make_word_split());
    } else if (type == "WhitespaceSplit") {
        out.steps.push_back(make_property_split(kSpace, Delimiter::removed));
    } else if (type == "CharDelimiterSplit") {
        const std::string delimiter = TRY(field["delimiter"].text());
        if (delimiter.empty()) return field["delimiter"].expected("one character");
        out.steps.push_back(make_text_split(delimiter, Delimiter::removed));
    } else {
        return field["type"].unsupported("the pre-tokenizer '" + type + "'");
    }
    return {};
}

} // namespace

Result<PreTokenizerSteps> read_pre_tokenizer(const Field& field) {
    PreTokenizerSteps out;
    if (!field.is_null()) TRY_VOID(read_step(field, 0, out));
    return out;
}

} // namespace assay::tokenizer::hf
