#include "tokenizer/pipeline.h"

#include "tokenizer/unicode.h"

#include <algorithm>

namespace assay::tokenizer {

/// Buffers of one call of encode.
struct EncodeState {
    explicit EncodeState(std::size_t text_bytes) : workspace(text_bytes) {}
    Workspace workspace;
    TextArena arena;
    std::vector<Piece> pieces;
    std::vector<TokenId> ids;
};

namespace {

std::vector<std::string> normalized_contents(const PipelineParts& parts) {
    std::vector<std::string> contents;
    for (const AddedToken& token : parts.added) {
        contents.push_back(token.content);
        if (token.normalized && parts.normalizer) parts.normalizer->apply(contents.back());
    }
    return contents;
}

} // namespace

PipelineTokenizer::PipelineTokenizer(PipelineParts parts) : parts_(std::move(parts)) {
    const std::vector<std::string> contents = normalized_contents(parts_);
    size_ = parts_.model->vocabulary().size();
    for (std::size_t i = 0; i < parts_.added.size(); ++i) {
        const AddedToken& token = parts_.added[i];
        size_ = std::max(size_, static_cast<std::size_t>(token.id) + 1);
        if (contents[i] != token.content) normalized_added_.emplace_back(token.id, contents[i]);
    }
    std::ranges::sort(normalized_added_);
    special_.resize(size_);
    for (const AddedToken& token : parts_.added) special_[token.id] = token.special;
    added_ = AddedVocabulary(std::move(parts_.added), contents);
    std::ranges::sort(parts_.end_ids);
    parts_.end_ids.erase(std::unique(parts_.end_ids.begin(), parts_.end_ids.end()), parts_.end_ids.end());
    fill_token_bytes();
}

std::vector<TokenId> PipelineTokenizer::encode(std::string_view text, bool add_special, bool parse_special) const {
    EncodeState state(text.size());
    std::string repaired;
    text = replace_invalid(text, repaired);
    state.ids.reserve(text.size() / 3 + 8);
    if (add_special) state.ids = parts_.before;
    std::vector<AddedVocabulary::Part> parts;
    added_.split(text, false, parse_special, parts);
    std::vector<AddedVocabulary::Part> normal_parts;
    std::string normal;
    for (const AddedVocabulary::Part& part : parts) {
        if (part.id >= 0) {
            state.ids.push_back(part.id);
            continue;
        }
        const bool at_start = part.text.data() == text.data();
        std::string_view body = part.text;
        if (parts_.normalizer) {
            normal.assign(body);
            parts_.normalizer->apply(normal);
            body = normal;
        }
        normal_parts.clear();
        added_.split(body, true, parse_special, normal_parts);
        for (const AddedVocabulary::Part& inner : normal_parts) {
            if (inner.id >= 0) {
                state.ids.push_back(inner.id);
            } else {
                encode_text(inner.text, at_start && inner.text.data() == body.data(), state);
            }
        }
    }
    if (add_special) state.ids.insert(state.ids.end(), parts_.after.begin(), parts_.after.end());
    return std::move(state.ids);
}

void PipelineTokenizer::encode_text(std::string_view text, bool at_start, EncodeState& state) const {
    if (text.empty()) return;
    if (!parts_.pre_tokenizer) {
        parts_.model->encode(text, state.workspace, state.ids);
        return;
    }
    state.arena.clear();
    state.pieces.clear();
    parts_.pre_tokenizer->split({text, at_start}, state.arena, state.pieces);
    for (const Piece& piece : state.pieces) parts_.model->encode(piece.text, state.workspace, state.ids);
}

std::string PipelineTokenizer::decode(std::span<const TokenId> ids, bool skip_special) const {
    DecodeChain chain(parts_.decoder);
    std::string out;
    for (const TokenId id : ids) {
        const std::string_view text = decoder_text(id);
        if (text.empty() || (skip_special && is_special(id))) continue;
        chain.push(text, out);
    }
    chain.finish(out);
    return out;
}

std::string_view PipelineTokenizer::decoder_text(TokenId id) const {
    const auto found = std::ranges::lower_bound(normalized_added_, id, {}, &std::pair<TokenId, std::string>::first);
    if (found != normalized_added_.end() && found->first == id) return found->second;
    return token_text(id);
}

std::string_view PipelineTokenizer::token_text(TokenId id) const {
    const std::string_view text = parts_.model->vocabulary().text(id);
    if (!text.empty()) return text;
    const AddedToken* token = added_.find(id);
    return token == nullptr ? std::string_view() : std::string_view(token->content);
}

std::string_view PipelineTokenizer::token_bytes(TokenId id) const {
    if (id < 0 || static_cast<std::size_t>(id) >= size_) return {};
    const std::size_t begin = id == 0 ? 0 : byte_ends_[id - 1];
    return std::string_view(byte_blob_).substr(begin, byte_ends_[id] - begin);
}

bool PipelineTokenizer::is_special(TokenId id) const {
    return id >= 0 && static_cast<std::size_t>(id) < size_ && special_[id];
}

std::optional<TokenId> PipelineTokenizer::find(std::string_view token_text) const {
    if (const AddedToken* token = added_.find(token_text); token != nullptr) return token->id;
    const TokenId id = parts_.model->vocabulary().find(token_text);
    return id < 0 ? std::nullopt : std::optional(id);
}

void PipelineTokenizer::fill_token_bytes() {
    byte_ends_.reserve(size_);
    for (std::size_t id = 0; id < size_; ++id) {
        if (!special_[id]) append_token_bytes(parts_.decoder, decoder_text(static_cast<TokenId>(id)), byte_blob_);
        byte_ends_.push_back(byte_blob_.size());
    }
}

} // namespace assay::tokenizer
