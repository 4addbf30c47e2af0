#include "engine/grammar_masks.h"

#include <algorithm>
#include <bit>

namespace assay::engine::grammar {
namespace {

/// Reads every token below tree nodes [begin, end) from `start`, which stands before `begin`, sharing common prefixes.
/// `reached(node, may_end)` is called where the set is not dead. Most sets are one configuration in a plain state, inside
/// a string say: those are followed in the table alone.
template <class Reached>
void walk(const Machine& machine, const Vocabulary& vocabulary, std::uint32_t begin, std::uint32_t end,
          const Configurations& start, Stacks& stacks, const Reached& reached) {
    if (begin >= end) return;
    struct Level {
        StateId plain = kNone; ///< the only state, if it is plain; else see `set`
        StackId stack = 0;
        Configurations set;
    };
    thread_local std::vector<Level> levels; // kept for their memory; every one is written before it is read
    if (levels.size() < vocabulary.depth_max() + 2) levels.resize(vocabulary.depth_max() + 2);
    const auto look = [&](Level& level) {
        const auto& items = level.set.items;
        const bool is_plain = items.size() == 1 && !level.set.at_end && machine.plain(items[0].state);
        level.plain = is_plain ? items[0].state : kNone;
        if (is_plain) level.stack = items[0].stack;
    };
    levels[vocabulary.node(begin).depth].set = start;
    look(levels[vocabulary.node(begin).depth]);
    for (std::uint32_t i = begin; i < end;) {
        const auto& node = vocabulary.node(i);
        Level& from = levels[node.depth];
        Level& to = levels[node.depth + 1u];
        const StateId next = from.plain == kNone ? kNone : machine.next(from.plain, node.byte);
        if (next != kNone && machine.plain(next) &&
            stacks.depth(from.stack) + machine.height(next) <= Machine::kDepthMax) {
            to.plain = next;
            to.stack = from.stack;
            reached(i, false);
            ++i;
            continue;
        }
        if (from.plain != kNone) {
            if (next == kNone) {
                i = node.next;
                continue;
            }
            from.set.at_end = false;
            from.set.items.assign(1, {from.plain, from.stack});
        }
        stacks.step(from.set, node.byte, to.set);
        if (to.set.is_dead()) {
            i = node.next;
            continue;
        }
        look(to);
        reached(i, to.set.at_end);
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
        walk(machine_, vocabulary_, 0, vocabulary_.nodes(), start, stacks, [&](std::uint32_t node, bool) {
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
    walk(machine_, vocabulary_, 0, vocabulary_.nodes(), start, stacks, [&](std::uint32_t node, bool may_end) {
        for (const auto id : vocabulary_.tokens(node)) local->tokens.push_back(id);
        if (may_end && vocabulary_.node(node).next > node + 1) local->ends.push_back(node);
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
        walk(machine_, vocabulary_, end + 1, vocabulary_.node(end).next, after, stacks, [&](std::uint32_t node, bool) {
            for (const auto id : vocabulary_.tokens(node)) set_bit(mask, id);
        });
    }
}

} // namespace assay::engine::grammar
