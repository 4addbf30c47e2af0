#include "tokenizer/bpe.h"

#include "tokenizer/byte_level.h"
#include "tokenizer/unicode.h"

#include <algorithm>
#include <tuple>
#include <utility>

namespace assay::tokenizer {
namespace {

/// Up to here a scan for the best merge beats a heap.
constexpr std::size_t kShortWord = 24;

constexpr TokenId kNoToken = -1;

/// SentencePiece's stand-in for a space.
constexpr std::string_view kMark = "\xE2\x96\x81";

/// Longer entries are not split into pairs when merges are made from scores.
constexpr std::size_t kJoinedBytesLimit = 256;

/// Whether a text has the mark after another character.
bool has_inner_mark(std::string_view text) {
    for (std::size_t at = text.find(kMark); at != std::string_view::npos; at = text.find(kMark, at + 1)) {
        if (at > 0 && !text.substr(0, at).ends_with(kMark)) return true;
    }
    return false;
}

/// Later in the heap: higher rank, then further right.
bool comes_later(const Workspace::Candidate& a, const Workspace::Candidate& b) {
    return a.rank != b.rank ? a.rank > b.rank : a.position > b.position;
}

} // namespace

Bpe::Bpe(Vocabulary vocabulary, BpeOptions options) : Model(std::move(vocabulary)), options_(std::move(options)) {
    byte_ids_.fill(kNoToken);
}

Result<void> Bpe::prepare() {
    for (unsigned byte = 0; byte < 256; ++byte) {
        std::string entry;
        if (options_.byte_level) {
            append_utf8(entry, byte_level_character(static_cast<unsigned char>(byte)));
        } else {
            entry = fallback_entry(static_cast<unsigned char>(byte));
        }
        byte_ids_[byte] = vocabulary_.find(entry);
    }
    if (!options_.unknown.empty()) {
        unknown_ = vocabulary_.find(options_.unknown);
        if (unknown_ == kNoToken) {
            return fail(ErrorCode::malformed, "model.unk_token: '" + options_.unknown + "' is not in the vocabulary");
        }
    }
    if (options_.byte_level && options_.ignore_merges) {
        raw_texts_.resize(vocabulary_.size());
        raw_index_.reserve(vocabulary_.size());
        for (std::size_t id = 0; id < raw_texts_.size(); ++id) {
            auto raw = byte_level_bytes(vocabulary_.text(static_cast<TokenId>(id)));
            if (!raw || raw->empty()) continue;
            raw_texts_[id] = std::move(*raw);
            raw_index_.add(raw_texts_[id], static_cast<std::int32_t>(id));
        }
    }
    return {};
}

Result<std::unique_ptr<Bpe>> Bpe::create(Vocabulary vocabulary, std::span<const MergePair> merges, BpeOptions options) {
    std::unique_ptr<Bpe> bpe(new Bpe(std::move(vocabulary), std::move(options)));
    TRY_VOID(bpe->prepare());
    bpe->merges_.reserve(merges.size());
    const BpeOptions& chosen = bpe->options_;
    bpe->marks_split_ = !chosen.byte_level && !chosen.ignore_merges && chosen.subword_prefix.empty() &&
                        chosen.word_suffix.empty() && bpe->vocabulary_.find(kMark) != kNoToken;
    const std::size_t prefix = bpe->options_.subword_prefix.size();
    std::string joined;
    for (std::size_t rank = 0; rank < merges.size(); ++rank) {
        const auto [left, right] = merges[rank];
        const TokenId left_id = bpe->vocabulary_.find(left);
        const TokenId right_id = bpe->vocabulary_.find(right);
        joined.assign(left).append(right.substr(std::min(prefix, right.size())));
        const TokenId result = bpe->vocabulary_.find(joined);
        if (left_id == kNoToken || right_id == kNoToken || result == kNoToken) {
            const std::string_view missing = left_id == kNoToken ? left : right_id == kNoToken ? right : joined;
            return fail(ErrorCode::malformed, "merges[" + std::to_string(rank) + "]: '" + std::string(missing) +
                                                  "' is not in the vocabulary");
        }
        if (bpe->marks_split_ && has_inner_mark(joined)) bpe->marks_split_ = false;
        bpe->merges_.add(left_id, right_id, {static_cast<std::uint32_t>(rank), result});
    }
    return bpe;
}

Result<std::unique_ptr<Bpe>> Bpe::create_scored(Vocabulary vocabulary, std::span<const float> scores,
                                                BpeOptions options) {
    struct Join {
        float score;
        std::size_t left, left_characters, right_characters;
        TokenId id;
    };
    if (scores.size() != vocabulary.size() || std::ranges::any_of(scores, [](float score) { return score != score; })) {
        return fail(ErrorCode::malformed, "scores: " + std::to_string(scores.size()) + " for " +
                                              std::to_string(vocabulary.size()) + " entries");
    }
    std::vector<Join> joins;
    for (std::size_t id = 0; id < vocabulary.size(); ++id) {
        const std::string_view text = vocabulary.text(static_cast<TokenId>(id));
        if (text.size() > kJoinedBytesLimit || valid_prefix(text) != text.size()) continue;
        const std::size_t characters = character_count(text);
        std::size_t before = 0;
        for (std::size_t at = 0; at < text.size(); at += character_at(text, at).size, ++before) {
            if (at > 0 && vocabulary.find(text.substr(0, at)) >= 0 && vocabulary.find(text.substr(at)) >= 0) {
                joins.push_back({scores[id], at, before, characters - before, static_cast<TokenId>(id)});
            }
        }
    }
    // Ties go as in Hugging Face's conversion: the longer left part first, then the longer right one.
    std::ranges::stable_sort(joins, [](const Join& a, const Join& b) {
        return std::tie(a.score, a.left_characters, a.right_characters) >
               std::tie(b.score, b.left_characters, b.right_characters);
    });
    std::vector<std::string> texts; // the merges' parts must outlive the vocabulary's move
    std::vector<MergePair> merges;
    texts.reserve(joins.size());
    for (const Join& join : joins) {
        const std::string_view text = texts.emplace_back(vocabulary.text(join.id));
        merges.emplace_back(text.substr(0, join.left), text.substr(join.left));
    }
    return create(std::move(vocabulary), merges, std::move(options));
}

void Bpe::encode(std::string_view piece, Workspace& workspace, std::vector<TokenId>& out) const {
    while (marks_split_) {
        // No merge joins a character to a mark after it, so the words can be taken one by one.
        std::size_t end = 0;
        while (piece.substr(end).starts_with(kMark)) end += kMark.size();
        end = piece.find(kMark, end);
        if (end == std::string_view::npos) break;
        encode_word(piece.substr(0, end), workspace, out);
        piece.remove_prefix(end);
    }
    encode_word(piece, workspace, out);
}

void Bpe::encode_word(std::string_view piece, Workspace& workspace, std::vector<TokenId>& out) const {
    using Word = Workspace::Word;
    if (workspace.words.empty() || piece.size() > Word::kBytes) {
        encode_uncached(piece, workspace);
        out.insert(out.end(), workspace.ids.begin(), workspace.ids.end());
        return;
    }
    Word& word = workspace.words[hash_bytes(piece) % Workspace::kWords];
    if (std::string_view(word.bytes.data(), word.size) != piece) {
        encode_uncached(piece, workspace);
        if (workspace.ids.size() > Word::kIds) {
            out.insert(out.end(), workspace.ids.begin(), workspace.ids.end());
            return;
        }
        std::copy(piece.begin(), piece.end(), word.bytes.begin());
        std::copy(workspace.ids.begin(), workspace.ids.end(), word.ids.begin());
        word.size = static_cast<std::uint8_t>(piece.size());
        word.count = static_cast<std::uint8_t>(workspace.ids.size());
    }
    out.insert(out.end(), word.ids.begin(), word.ids.begin() + word.count);
}

void Bpe::encode_uncached(std::string_view piece, Workspace& workspace) const {
    workspace.ids.clear();
    if (options_.ignore_merges) {
        const TokenId whole = options_.byte_level ? raw_index_.find(piece) : vocabulary_.find(piece);
        if (whole != kNoToken) {
            workspace.ids.push_back(whole);
            return;
        }
    }
    if (options_.byte_level) {
        start_bytes(piece, workspace.ids);
    } else {
        start_characters(piece, workspace);
    }
    if (workspace.ids.size() <= kShortWord) {
        merge_short(workspace.ids);
    } else {
        merge_long(workspace);
    }
}

void Bpe::start_bytes(std::string_view piece, std::vector<TokenId>& ids) const {
    bool unknown_before = false;
    for (const char c : piece) {
        const TokenId id = byte_ids_[static_cast<unsigned char>(c)];
        if (id != kNoToken) {
            ids.push_back(id);
        } else if (unknown_ != kNoToken && !(unknown_before && options_.fuse_unknown)) {
            ids.push_back(unknown_);
        }
        unknown_before = id == kNoToken;
    }
}

bool Bpe::fall_back(std::string_view bytes, std::vector<TokenId>& ids) const {
    const auto id_of = [&](char c) { return byte_ids_[static_cast<unsigned char>(c)]; };
    if (!std::ranges::all_of(bytes, [&](char c) { return id_of(c) != kNoToken; })) return false;
    for (const char c : bytes) ids.push_back(id_of(c));
    return true;
}

void Bpe::start_characters(std::string_view piece, Workspace& workspace) const {
    // An unknown token waits for the next known character, even past fallen-back bytes: so does Hugging Face.
    bool waiting = false;
    const bool plain = options_.subword_prefix.empty() && options_.word_suffix.empty();
    for (std::size_t at = 0; at < piece.size();) {
        const std::size_t size = character_at(piece, at).size;
        std::string_view entry = piece.substr(at, size);
        if (!plain) {
            workspace.text.clear();
            if (at > 0) workspace.text += options_.subword_prefix;
            workspace.text += entry;
            if (at + size == piece.size()) workspace.text += options_.word_suffix;
            entry = workspace.text;
        }
        at += size;
        const TokenId id = vocabulary_.find(entry);
        if (id != kNoToken) {
            if (std::exchange(waiting, false)) workspace.ids.push_back(unknown_);
            workspace.ids.push_back(id);
        } else if (options_.byte_fallback && fall_back(entry, workspace.ids)) {
            continue;
        } else if (unknown_ != kNoToken) {
            if (waiting && !options_.fuse_unknown) workspace.ids.push_back(unknown_);
            waiting = true;
        }
    }
    if (waiting) workspace.ids.push_back(unknown_);
}

void Bpe::merge_short(std::vector<TokenId>& ids) const {
    std::array<Merge, kShortWord> merges; // of ids[i] and ids[i + 1]
    std::size_t count = ids.size();
    for (std::size_t i = 0; i + 1 < count; ++i) merges[i] = merges_.find(ids[i], ids[i + 1]);
    while (count > 1) {
        std::size_t best = count;
        for (std::size_t i = 0; i + 1 < count; ++i) {
            if (merges[i].result != kNoToken && (best == count || merges[i].rank < merges[best].rank)) best = i;
        }
        if (best == count) break;
        ids[best] = merges[best].result;
        std::copy(ids.begin() + best + 2, ids.begin() + count, ids.begin() + best + 1);
        std::copy(merges.begin() + best + 2, merges.begin() + count, merges.begin() + best + 1);
        --count;
        if (best > 0) merges[best - 1] = merges_.find(ids[best - 1], ids[best]);
        if (best + 1 < count) merges[best] = merges_.find(ids[best], ids[best + 1]);
    }
    ids.resize(count);
}

void Bpe::merge_long(Workspace& workspace) const {
    auto& symbols = workspace.symbols;
    auto& heap = workspace.heap;
    const auto count = static_cast<std::int32_t>(workspace.ids.size());
    symbols.clear();
    heap.clear();
    for (std::int32_t i = 0; i < count; ++i) {
        symbols.push_back({workspace.ids[i], i - 1, i + 1 < count ? i + 1 : -1, true});
    }
    const auto candidate = [&](std::int32_t left) {
        if (left < 0 || symbols[left].next < 0) return;
        const Merge merge = merges_.find(symbols[left].id, symbols[symbols[left].next].id);
        if (merge.result == kNoToken) return;
        heap.push_back({merge.rank, left, merge.result});
        std::ranges::push_heap(heap, comes_later);
    };
    for (std::int32_t i = 0; i + 1 < count; ++i) {
        const Merge merge = merges_.find(symbols[i].id, symbols[i + 1].id);
        if (merge.result != kNoToken) heap.push_back({merge.rank, i, merge.result});
    }
    std::ranges::make_heap(heap, comes_later);
    while (!heap.empty()) {
        std::ranges::pop_heap(heap, comes_later);
        const Workspace::Candidate top = heap.back();
        heap.pop_back();
        Workspace::Symbol& left = symbols[top.position];
        if (!left.alive || left.next < 0) continue;
        Workspace::Symbol& right = symbols[left.next];
        // A neighbour may have changed since this candidate was found.
        if (merges_.find(left.id, right.id).result != top.result) continue;
        left.id = top.result;
        left.next = right.next;
        right.alive = false;
        if (right.next >= 0) symbols[right.next].previous = top.position;
        candidate(left.previous);
        candidate(top.position);
    }
    workspace.ids.clear();
    for (std::int32_t i = count == 0 ? -1 : 0; i >= 0; i = symbols[i].next) workspace.ids.push_back(symbols[i].id);
}

} // namespace assay::tokenizer
