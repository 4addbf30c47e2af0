#include "engine/grammar_vocabulary.h"

#include <algorithm>
#include <mutex>

namespace assay::engine::grammar {
namespace {

using tokenizer::TokenId;

/// Bytes that the token may add to a text; empty for what a grammar never offers.
std::string_view offered_bytes(const tokenizer::Tokenizer& tokenizer, TokenId id) {
    const auto ends = tokenizer.end_ids();
    if (tokenizer.is_special(id) || std::ranges::binary_search(ends, id)) return {};
    const std::string_view bytes = tokenizer.token_bytes(id);
    return bytes.size() <= Vocabulary::kTokenBytesMax ? bytes : std::string_view();
}

std::size_t common_prefix(std::string_view a, std::string_view b) {
    return static_cast<std::size_t>(std::ranges::mismatch(a, b).in1 - a.begin());
}

} // namespace

std::shared_ptr<const Vocabulary> Vocabulary::build(const tokenizer::Tokenizer& tokenizer) {
    const std::shared_ptr<Vocabulary> made(new Vocabulary);
    Vocabulary& v = *made;
    const auto size = static_cast<TokenId>(tokenizer.vocabulary_size());
    for (TokenId id = 0; id < size; ++id) {
        v.token_begin_.push_back(static_cast<std::uint32_t>(v.text_.size()));
        v.text_ += offered_bytes(tokenizer, id);
    }
    v.token_begin_.push_back(static_cast<std::uint32_t>(v.text_.size()));
    v.end_ids_.assign(tokenizer.end_ids().begin(), tokenizer.end_ids().end());
    for (TokenId id = 0; id < size; ++id) {
        if (!v.bytes(id).empty()) v.tokens_.push_back(id);
    }
    std::ranges::stable_sort(v.tokens_, {}, [&](TokenId id) { return v.bytes(id); });

    std::vector<std::uint32_t> open; // the nodes from the root to here
    const auto close_to = [&](std::size_t depth) {
        for (; open.size() > depth; open.pop_back())
            v.nodes_[open.back()].next = static_cast<std::uint32_t>(v.nodes_.size());
    };
    std::string_view before;
    for (std::uint32_t i = 0; i < v.tokens_.size(); ++i) {
        const std::string_view bytes = v.bytes(v.tokens_[i]);
        close_to(common_prefix(before, bytes));
        while (open.size() < bytes.size()) {
            const auto depth = open.size();
            open.push_back(static_cast<std::uint32_t>(v.nodes_.size()));
            v.nodes_.push_back({0, i, static_cast<std::uint16_t>(depth), static_cast<std::uint8_t>(bytes[depth])});
        }
        v.depth_max_ = std::max(v.depth_max_, bytes.size());
        const auto openings = std::ranges::count_if(bytes, [](char c) { return c == '{' || c == '['; });
        v.openings_max_ = std::max(v.openings_max_, static_cast<std::uint32_t>(openings));
        if (bytes.size() == 1) v.single_bytes_.set(static_cast<std::uint8_t>(bytes[0]));
        before = bytes;
    }
    close_to(0);
    v.nodes_.push_back({0, static_cast<std::uint32_t>(v.tokens_.size()), 0, 0});
    return made;
}

bool Vocabulary::describes(const tokenizer::Tokenizer& tokenizer) const {
    if (tokenizer.vocabulary_size() != size() || !std::ranges::equal(tokenizer.end_ids(), end_ids_)) return false;
    for (TokenId id = 0; id < static_cast<TokenId>(size()); ++id) {
        if (offered_bytes(tokenizer, id) != bytes(id)) return false;
    }
    return true;
}

std::shared_ptr<const Vocabulary> Vocabulary::shared(const tokenizer::Tokenizer& tokenizer) {
    static std::mutex mutex;
    static std::vector<std::weak_ptr<const Vocabulary>> known;
    const std::lock_guard lock(mutex);
    std::erase_if(known, [](const auto& entry) { return entry.expired(); });
    for (const auto& entry : known) {
        if (auto vocabulary = entry.lock(); vocabulary && vocabulary->describes(tokenizer)) return vocabulary;
    }
    auto made = build(tokenizer);
    known.push_back(made);
    return made;
}

} // namespace assay::engine::grammar
