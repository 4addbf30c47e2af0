#include "tokenizer/unigram.h"

#include "tokenizer/byte_level.h"
#include "tokenizer/unicode.h"

#include <algorithm>
#include <cmath>

namespace assay::tokenizer {
namespace {

/// How much worse an unknown character is than the worst entry.
constexpr double kUnknownPenalty = 10.0;

} // namespace

Unigram::Unigram(Vocabulary vocabulary, std::vector<double> scores, UnigramOptions options)
    : Model(std::move(vocabulary)), scores_(std::move(scores)), options_(options) {
    for (unsigned byte = 0; byte < 256; ++byte)
        byte_ids_[byte] = vocabulary_.find(fallback_entry(static_cast<unsigned char>(byte)));
}

Result<std::unique_ptr<Unigram>> Unigram::create(Vocabulary vocabulary, std::vector<double> scores,
                                                 UnigramOptions options) {
    if (scores.size() != vocabulary.size()) {
        return fail(ErrorCode::malformed, "unigram: " + std::to_string(scores.size()) + " scores for " +
                                              std::to_string(vocabulary.size()) + " entries");
    }
    if (options.unknown && (*options.unknown < 0 || static_cast<std::size_t>(*options.unknown) >= vocabulary.size())) {
        return fail(ErrorCode::malformed,
                    "unigram: unk_id " + std::to_string(*options.unknown) + " is outside the vocabulary");
    }
    if (!std::ranges::all_of(scores, [](double score) { return std::isfinite(score); })) {
        return fail(ErrorCode::malformed, "unigram: a score is not finite");
    }
    std::unique_ptr<Unigram> model(new Unigram(std::move(vocabulary), std::move(scores), options));
    model->unknown_score_ = (model->scores_.empty() ? 0 : *std::ranges::min_element(model->scores_)) - kUnknownPenalty;
    model->build_trie();
    return model;
}

void Unigram::build_trie() {
    std::size_t bytes = 0;
    for (std::size_t id = 0; id < vocabulary_.size(); ++id) bytes += vocabulary_.text(static_cast<TokenId>(id)).size();
    edges_.reserve(bytes);
    node_tokens_.assign(1, -1);
    for (std::size_t id = 0; id < vocabulary_.size(); ++id) {
        const std::string_view text = vocabulary_.text(static_cast<TokenId>(id));
        if (text.empty()) continue;
        std::int32_t node = 0;
        for (const char c : text) {
            const std::int32_t byte = static_cast<unsigned char>(c);
            std::int32_t child = edges_.find(node, byte).result;
            if (child < 0) {
                child = static_cast<std::int32_t>(node_tokens_.size());
                edges_.add(node, byte, {0, child});
                node_tokens_.push_back(-1);
            }
            node = child;
        }
        node_tokens_[node] = static_cast<TokenId>(id);
    }
}

void Unigram::best_path(std::string_view piece, std::vector<Workspace::Best>& best) const {
    best.assign(piece.size() + 1, {});
    const auto offer = [&](std::size_t start, std::size_t end, TokenId id, double score) {
        Workspace::Best& target = best[end];
        if (target.start >= 0 && score <= target.score) return;
        target = {score, static_cast<std::int32_t>(start), id};
    };
    for (std::size_t start = 0; start < piece.size();) {
        const std::size_t size = character_at(piece, start).size;
        const double score_here = best[start].score;
        bool covers_character = false;
        std::int32_t node = 0;
        for (std::size_t end = start; end < piece.size();) {
            node = edges_.find(node, static_cast<unsigned char>(piece[end++])).result;
            if (node < 0) break;
            const TokenId id = node_tokens_[node];
            if (id < 0) continue;
            offer(start, end, id, scores_[id] + score_here);
            covers_character = covers_character || end - start == size;
        }
        if (!covers_character) offer(start, start + size, options_.unknown.value_or(-1), unknown_score_ + score_here);
        start += size;
    }
}

void Unigram::encode(std::string_view piece, Workspace& workspace, std::vector<TokenId>& out) const {
    std::vector<Workspace::Best>& best = workspace.best;
    best_path(piece, best);
    // The path is known from its end: turn the links around, then read it forwards.
    std::int32_t next = static_cast<std::int32_t>(piece.size());
    for (std::int32_t at = next; at > 0;) {
        const std::int32_t start = best[at].start;
        const TokenId id = best[at].id;
        best[at].start = next;
        next = at;
        at = start;
        best[next].id = id;
    }
    std::size_t unknown_from = piece.size(), done = 0;
    bool in_unknown = false;
    for (std::size_t end = static_cast<std::size_t>(next); done < piece.size();
         end = static_cast<std::size_t>(best[end].start)) {
        const TokenId id = best[end].id;
        const bool unknown = id < 0 || id == options_.unknown;
        if (unknown && !in_unknown) unknown_from = done;
        if (!unknown && in_unknown) emit_unknown(piece.substr(unknown_from, done - unknown_from), out);
        if (!unknown) out.push_back(id);
        in_unknown = unknown;
        done = end;
    }
    if (in_unknown) emit_unknown(piece.substr(unknown_from), out);
}

void Unigram::emit_unknown(std::string_view text, std::vector<TokenId>& out) const {
    // Neighbouring unknown characters are one token; together they may even be an entry.
    if (const TokenId whole = vocabulary_.find(text); whole >= 0) {
        out.push_back(whole);
        return;
    }
    const auto byte_id = [&](char c) { return byte_ids_[static_cast<unsigned char>(c)]; };
    if (options_.byte_fallback && std::ranges::all_of(text, [&](char c) { return byte_id(c) >= 0; })) {
        for (const char c : text) out.push_back(byte_id(c));
    } else if (options_.unknown) {
        out.push_back(*options_.unknown);
    }
}

} // namespace assay::tokenizer
