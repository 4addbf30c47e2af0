#include "tokenizer/added_vocabulary.h"

#include "base/assert.h"
#include "tokenizer/unicode.h"

#include <algorithm>

namespace assay::tokenizer {
namespace {

std::size_t spaces_start_before(std::string_view text, std::size_t end) {
    while (end > 0) {
        const std::size_t start = previous_start(text, end);
        if (!has_property(character_at(text, start).value, kSpace)) break;
        end = start;
    }
    return end;
}

std::size_t spaces_end_after(std::string_view text, std::size_t at) {
    while (at < text.size()) {
        const Character c = character_at(text, at);
        if (!has_property(c.value, kSpace)) break;
        at += c.size;
    }
    return at;
}

bool stands_alone(std::string_view text, std::size_t start, std::size_t end) {
    const bool word_before = start > 0 && has_property(character_at(text, previous_start(text, start)).value, kWord);
    const bool word_after = end < text.size() && has_property(character_at(text, end).value, kWord);
    return !word_before && !word_after;
}

} // namespace

void AddedVocabulary::Trie::add(std::string_view text, std::int32_t value) {
    starts_[static_cast<unsigned char>(text.front())] = true;
    std::int32_t at = 0;
    for (const char c : text) {
        const auto [edge, inserted] = nodes_[at].children.try_emplace(c, static_cast<std::int32_t>(nodes_.size()));
        at = edge->second;
        if (inserted) nodes_.emplace_back();
    }
    nodes_[at].value = value;
}

std::pair<std::size_t, std::int32_t> AddedVocabulary::Trie::longest(std::string_view text) const {
    std::pair<std::size_t, std::int32_t> found{0, -1};
    std::int32_t at = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const auto edge = nodes_[at].children.find(text[i]);
        if (edge == nodes_[at].children.end()) break;
        at = edge->second;
        if (nodes_[at].value >= 0) found = {i + 1, nodes_[at].value};
    }
    return found;
}

AddedVocabulary::AddedVocabulary(std::vector<AddedToken> tokens, std::span<const std::string> normalized_contents)
    : tokens_(std::move(tokens)) {
    ASSAY_ASSERT(tokens_.size() == normalized_contents.size());
    for (std::size_t i = 0; i < tokens_.size(); ++i) {
        by_id_[tokens_[i].id] = i;
        by_content_[tokens_[i].content] = i;
    }
    for (const auto& [id, i] : by_id_) {
        const std::string& pattern = tokens_[i].normalized ? normalized_contents[i] : tokens_[i].content;
        if (!pattern.empty()) tries_[tokens_[i].normalized].add(pattern, static_cast<std::int32_t>(i));
    }
}

void AddedVocabulary::split(std::string_view text, bool normalized, bool parse_special, std::vector<Part>& out) const {
    const Trie& trie = tries_[normalized];
    std::size_t done = 0;
    for (std::size_t at = 0; at < text.size();) {
        const auto [length, index] =
            trie.starts(text[at]) ? trie.longest(text.substr(at)) : std::pair<std::size_t, int>{0, -1};
        if (length == 0) {
            ++at;
            continue;
        }
        // What is found and then refused still uses up its text, as in Hugging Face's matcher.
        std::size_t start = at;
        std::size_t end = at + length;
        at = end;
        const AddedToken& token = tokens_[index];
        if (token.special && !parse_special) continue;
        if (token.single_word && !stands_alone(text, start, end)) continue;
        if (token.strip_left) start = std::max(spaces_start_before(text, start), done);
        if (token.strip_right) end = spaces_end_after(text, end);
        if (done < start) out.push_back({text.substr(done, start - done)});
        out.push_back({text.substr(start, end - start), token.id});
        done = end;
    }
    if (done != text.size()) out.push_back({text.substr(done)});
}

const AddedToken* AddedVocabulary::find(TokenId id) const {
    const auto found = by_id_.find(id);
    return found == by_id_.end() ? nullptr : &tokens_[found->second];
}

const AddedToken* AddedVocabulary::find(std::string_view content) const {
    const auto found = by_content_.find(content);
    return found == by_content_.end() ? nullptr : &tokens_[found->second];
}

} // namespace assay::tokenizer
