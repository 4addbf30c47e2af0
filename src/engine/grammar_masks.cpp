#include "engine/grammar_masks.h"

#include <algorithm>
#include <bit>

namespace assay::engine::grammar {
namespace {

/// Reads every token below tree nodes [begin, end) from `start`, which stands before `begin`, sharing common prefixes.
/// `reached(node, set)` is called where the set is not dead.
template <class Reached>
void walk(const Vocabulary& vocabulary, std::uint32_t begin, std::uint32_t end, const Configurations& start, Stacks& stacks,
          const Reached& reached) {
    if (begin >= end) return;
    const std::size_t base = vocabulary.node(begin).depth;
    thread_local std::vector<Configurations> levels; // kept for their memory; every one is written before it is read
    if (levels.size() < vocabulary.depth_max() + 2) levels.resize(vocabulary.depth_max() + 2);
    levels[base] = start;
    for (std::uint32_t i = begin; i < end;) {
        const auto& node = vocabulary.node(i);
        Configurations& set = levels[node.depth + 1u];
        stacks.step(levels[node.depth], node.byte, set);
        if (set.is_dead()) {
            i = node.next;
            continue;
        }
        reached(i, set);
        ++i;
    }
}

} // namespace

Masks::Masks(const Machine& machine, const Vocabulary& vocabulary)
    : machine_(machine), vocabulary_(vocabulary), cached_depth_max_(0), locals_(machine.size()) {
    const std::uint32_t used = machine.height_max() + vocabulary.openings_max() + 2;
    if (used < Machine::kDepthMax) cached_depth_max_ = Machine::kDepthMax - used;
}

Masks::~Masks() {
    for (const auto& local : locals_) delete local.load(std::memory_order_relaxed);
}

void Masks::add_tokens(const Configurations& set, Stacks& stacks, Mask mask) const {
    for (const Configuration& at : set.items) add_configuration(at, stacks, mask);
}

void Masks::add_configuration(Configuration at, Stacks& stacks, Mask mask) const {
    if (stacks.depth(at.stack) > cached_depth_max_) {
        const Configurations start{.items = {at}};
        walk(vocabulary_, 0, vocabulary_.nodes(), start, stacks, [&](std::uint32_t node, const Configurations&) {
            for (const auto id : vocabulary_.tokens(node)) set_bit(mask, id);
        });
        return;
    }
    auto& slot = locals_[at.state];
    if (const Local* known = slot.load(std::memory_order_acquire)) return add_local(at, *known, stacks, mask);
    auto found = find_local(at.state);
    add_local(at, *found, stacks, mask);
    if (bytes_.fetch_add(found->bytes(), std::memory_order_relaxed) > kBytesMax) {
        bytes_.fetch_sub(found->bytes(), std::memory_order_relaxed);
        return;
    }
    const Local* none = nullptr;
    if (slot.compare_exchange_strong(none, found.get(), std::memory_order_acq_rel)) found.release();
}

std::unique_ptr<const Masks::Local> Masks::find_local(StateId state) const {
    auto local = std::make_unique<Local>();
    Stacks stacks(machine_);
    const Configurations start{.items = {{state, Stacks::kEnd}}};
    walk(vocabulary_, 0, vocabulary_.nodes(), start, stacks, [&](std::uint32_t node, const Configurations& set) {
        for (const auto id : vocabulary_.tokens(node)) local->tokens.push_back(id);
        if (set.at_end && vocabulary_.node(node).next > node + 1) local->ends.push_back(node);
    });
    if (local->tokens.size() > 2 * vocabulary_.mask_words()) {
        local->bits.assign(vocabulary_.mask_words(), 0);
        for (const auto id : local->tokens) set_bit(local->bits, id);
        local->tokens = {};
    }
    return local;
}

void Masks::add_local(Configuration at, const Local& local, Stacks& stacks, Mask mask) const {
    for (std::size_t i = 0; i < local.bits.size(); ++i) mask[i] |= local.bits[i];
    for (const auto id : local.tokens) set_bit(mask, id);
    if (local.ends.empty()) return;
    Configurations after;
    stacks.add_returns(after, at.stack);
    stacks.settle(after);
    if (after.items.empty()) return;
    for (const std::uint32_t end : local.ends) {
        walk(vocabulary_, end + 1, vocabulary_.node(end).next, after, stacks, [&](std::uint32_t node, const Configurations&) {
            for (const auto id : vocabulary_.tokens(node)) set_bit(mask, id);
        });
    }
}

} // namespace assay::engine::grammar
