#include "engine/scheduler.h"

#include "base/assert.h"

#include <algorithm>

namespace assay::engine {
namespace {

constexpr std::uint32_t kPositions = KvPages::kPositions;
/// Guesses a step may verify, over all sequences: bounds the memory for logits.
constexpr std::uint32_t kDraftsMax = 32;
/// Rows a step with logits after every prompt token: bounds the same memory.
constexpr std::uint32_t kEchoRowsMax = 32;

PrefixCache::Ids ids_of_page(const Sequence& sequence, std::size_t page) {
    return PrefixCache::Ids(sequence.tokens.data() + page * kPositions, kPositions);
}

PrefixCache::Entry last_entry(const Sequence& sequence) {
    return sequence.entries.empty() ? PrefixCache::kNone : sequence.entries.back();
}

} // namespace

Scheduler::Scheduler(const SchedulerOptions& options)
    : options_(options), allocator_(options.pages), cache_(allocator_) {}

void Scheduler::admit() {
    while (!waiting_.empty() && running_.size() < options_.batch_max) {
        Sequence& next = *waiting_.front();
        if (!take_pages(next)) return;
        if (!next.admitted) {
            next.admitted = true;
            next.admitted_at = Clock::now();
            next.cached_tokens = next.past;
        }
        running_.push_back(std::move(waiting_.front()));
        waiting_.pop_front();
    }
}

/// Pages for all tokens that the sequence has. While others run, each keeps a page to grow into, so that who comes in
/// is not thrown out again at once.
bool Scheduler::take_pages(Sequence& sequence) {
    take_cached_pages(sequence);
    const std::uint32_t needed =
        KvPages::pages_for(sequence.size()) - static_cast<std::uint32_t>(sequence.pages.size());
    if (needed + running() > available_pages()) {
        release_pages(sequence);
        return false;
    }
    const bool grown = grow(sequence, sequence.size());
    ASSAY_ASSERT(grown);
    return true;
}

/// The last token is always computed: its logits are wanted.
void Scheduler::take_cached_pages(Sequence& sequence) {
    if (!options_.prefix_cache || sequence.wants_prompt_logprobs()) return;
    for (std::size_t page = 0; page < (sequence.size() - 1) / kPositions; ++page) {
        const auto entry = cache_.find(last_entry(sequence), ids_of_page(sequence, page));
        if (entry == PrefixCache::kNone) return;
        cache_.acquire(entry);
        sequence.entries.push_back(entry);
        sequence.pages.push_back(cache_.page(entry));
        sequence.past += kPositions;
    }
}

void Scheduler::release_pages(Sequence& sequence) {
    for (std::size_t page = sequence.pages.size(); page-- > 0;) {
        if (page < sequence.entries.size()) cache_.release(sequence.entries[page]);
        else allocator_.release(sequence.pages[page]);
    }
    sequence.pages.clear();
    sequence.entries.clear();
    sequence.past = 0;
}

PageId Scheduler::take_page() {
    if (allocator_.free_count() == 0) cache_.evict();
    return allocator_.take();
}

/// Pages for so many positions; false, and nothing done, when there are too few.
bool Scheduler::grow(Sequence& sequence, std::uint32_t positions) {
    const std::size_t wanted = KvPages::pages_for(positions);
    if (wanted > sequence.pages.size() + available_pages()) return false;
    while (sequence.pages.size() < wanted) sequence.pages.push_back(take_page());
    return true;
}

/// False when it was the youngest itself that had to go.
bool Scheduler::grow_or_preempt(Sequence& sequence, std::uint32_t positions) {
    while (!grow(sequence, positions)) {
        const bool itself = running_.back().get() == &sequence;
        preempt_youngest();
        if (itself) return false;
    }
    return true;
}

void Scheduler::preempt_youngest() {
    release_pages(*running_.back());
    waiting_.push_front(std::move(running_.back()));
    running_.pop_back();
}

std::span<const StepPart> Scheduler::plan() {
    parts_.clear();
    plan_decode();
    const std::size_t decoding = parts_.size();
    plan_prefill();
    if (options_.speculation && parts_.size() == decoding) plan_drafts();
    return parts_;
}

/// Oldest first: who is thrown out for them has no row in the step yet.
void Scheduler::plan_decode() {
    for (std::size_t i = 0; i < running_.size(); ++i) {
        Sequence& sequence = *running_[i];
        if (sequence.pending() != 1) continue;
        if (grow_or_preempt(sequence, sequence.size())) parts_.push_back({&sequence, 1, 0, 1});
    }
}

void Scheduler::plan_prefill() {
    std::uint32_t rows_left = options_.prefill_chunk;
    for (const auto& sequence : running_) {
        if (rows_left == 0) return;
        if (sequence->pending() == 1) continue;
        const bool echo = sequence->wants_prompt_logprobs();
        const std::uint32_t rows = std::min({sequence->pending(), rows_left, echo ? kEchoRowsMax : UINT32_MAX});
        const bool last = rows == sequence->pending();
        parts_.push_back({sequence.get(), rows, 0, echo ? rows : last ? 1U : 0U});
        rows_left -= rows;
    }
}

void Scheduler::plan_drafts() {
    std::uint32_t drafts_left = kDraftsMax;
    std::uint32_t rows = static_cast<std::uint32_t>(parts_.size());
    for (StepPart& part : parts_) {
        const Sequence& sequence = *part.sequence;
        const std::uint32_t answer_left = sequence.request.tokens_max - sequence.generated();
        const std::uint32_t context_left = options_.context_max - sequence.size();
        // The last token that may come needs no guess after it.
        const std::uint32_t count_max = std::min(drafts_left, std::min(answer_left, context_left) - 1);
        const auto guesses =
            part.sequence->drafts.propose(sequence.tokens, rows, std::min(count_max, Drafts::kTokensMax));
        if (guesses.empty() || !grow(*part.sequence, sequence.size() + static_cast<std::uint32_t>(guesses.size())))
            continue;
        part.drafted = static_cast<std::uint32_t>(guesses.size());
        part.rows = part.logits_rows = 1 + part.drafted;
        const std::size_t begin = static_cast<std::size_t>(guesses.data() - sequence.tokens.data());
        for (std::uint32_t i = 0; i < part.drafted; ++i) {
            const TokenId guess = sequence.tokens[begin + i];
            part.sequence->tokens.push_back(guess);
        }
        drafts_left -= part.drafted;
        rows += part.drafted;
    }
}

void Scheduler::advance(Sequence& sequence, std::uint32_t positions) {
    sequence.past += positions;
    if (!options_.prefix_cache) return;
    while (sequence.entries.size() < sequence.past / kPositions) {
        const std::size_t page = sequence.entries.size();
        const auto parent = last_entry(sequence);
        auto entry = cache_.find(parent, ids_of_page(sequence, page));
        if (entry == PrefixCache::kNone) {
            entry = cache_.insert(parent, ids_of_page(sequence, page), sequence.pages[page]);
        } else { // another sequence computed the same at the same time: one of the two pages is enough
            cache_.acquire(entry);
            allocator_.release(sequence.pages[page]);
            sequence.pages[page] = cache_.page(entry);
        }
        sequence.entries.push_back(entry);
    }
}

std::unique_ptr<Sequence> Scheduler::remove(RequestId id) {
    const auto has_id = [id](const auto& sequence) { return sequence->id == id; };
    std::unique_ptr<Sequence> sequence;
    if (const auto it = std::ranges::find_if(running_, has_id); it != running_.end()) {
        sequence = std::move(*it);
        running_.erase(it);
        release_pages(*sequence);
    } else if (const auto queued = std::ranges::find_if(waiting_, has_id); queued != waiting_.end()) {
        sequence = std::move(*queued);
        waiting_.erase(queued);
    }
    return sequence;
}

std::unique_ptr<Sequence> Scheduler::remove_any() {
    if (!running_.empty()) return remove(running_.front()->id);
    return waiting_.empty() ? nullptr : remove(waiting_.front()->id);
}

} // namespace assay::engine
