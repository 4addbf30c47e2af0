#pragma once
/// Which rows form a step, and which sequence has which pages. Internal to the room; used by the engine's thread alone.
/// Sequences run in the order in which they were submitted. When pages run out, idle cached pages go first; then the
/// youngest sequence gives up its pages and waits, first in the queue, to be computed again: to the same bits.
/// Local class: it changes when a token is computed, never which.
#include "engine/prefix_cache.h"
#include "engine/sequence.h"

#include <deque>
#include <memory>
#include <span>
#include <vector>

namespace assay::engine {

struct SchedulerOptions {
    std::uint32_t pages = 0;
    std::uint32_t batch_max = 0;
    std::uint32_t prefill_chunk = 0;
    std::uint32_t context_max = 0;
    bool prefix_cache = true;
    bool speculation = true;
};

/// Rows of one sequence in a step: its tokens [past, past + rows), the last `drafted` of which are guesses.
struct StepPart {
    Sequence* sequence;
    std::uint32_t rows;
    std::uint32_t drafted;
    std::uint32_t logits_rows;
};

class Scheduler {
public:
    explicit Scheduler(const SchedulerOptions& options);

    void enqueue(std::unique_ptr<Sequence> sequence) { waiting_.push_back(std::move(sequence)); }
    bool empty() const { return waiting_.empty() && running_.empty(); }
    std::uint32_t running() const { return static_cast<std::uint32_t>(running_.size()); }
    std::uint32_t waiting() const { return static_cast<std::uint32_t>(waiting_.size()); }
    std::uint32_t pages_used() const { return allocator_.count() - available_pages(); }

    /// Lets waiting sequences in, first come first served, as long as there are places and pages.
    void admit();
    /// The next step: a row of every decoding sequence, then prompts up to the chunk; drafts are appended to the sequences'
    /// tokens. Never empty after admit() unless the scheduler is.
    std::span<const StepPart> plan();
    /// The next `positions` tokens of the sequence are in its pages.
    void advance(Sequence& sequence, std::uint32_t positions);
    /// Takes a sequence out; nullptr when there is none of that id.
    std::unique_ptr<Sequence> remove(RequestId id);
    /// Takes the oldest out; nullptr when there is none.
    std::unique_ptr<Sequence> remove_any();

private:
    std::uint32_t available_pages() const { return allocator_.free_count() + cache_.idle_count(); }
    PageId take_page();
    void take_cached_pages(Sequence& sequence);
    bool take_pages(Sequence& sequence);
    void release_pages(Sequence& sequence);
    bool grow(Sequence& sequence, std::uint32_t positions);
    bool grow_or_preempt(Sequence& sequence, std::uint32_t positions);
    void preempt_youngest();
    void plan_decode();
    void plan_prefill();
    void plan_drafts();

    const SchedulerOptions options_;
    PageAllocator allocator_;
    PrefixCache cache_;
    std::deque<std::unique_ptr<Sequence>> waiting_;
    std::vector<std::unique_ptr<Sequence>> running_; ///< oldest first
    std::vector<StepPart> parts_;
};

} // namespace assay::engine
