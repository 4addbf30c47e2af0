#include "engine/grammar_stacks.h"

#include <algorithm>

namespace assay::engine::grammar {
namespace {

constexpr std::size_t kNodesTidy = 2048; ///< below this many, nothing is forgotten

} // namespace

Stacks::Stacks(const Machine& machine) : machine_(&machine), table_(64, kNone) { intern({}, true); }

void Stacks::add(Configurations& set, StateId state, StackId stack) {
    const Machine& m = *machine_;
    if (depth(stack) + m.height(state) > Machine::kDepthMax) return;
    const auto same = std::ranges::find(set.items, state, &Configuration::state);
    if (same == set.items.end()) {
        set.items.push_back({state, stack});
    } else {
        const StackId both = merge(same->stack, stack);
        if (both == same->stack) return;
        same->stack = stack = both;
    }
    if (m.accepting(state)) add_returns(set, stack);
    for (const auto& call : m.calls(state)) {
        if (depth(stack) + m.height(call.resume) > Machine::kDepthMax) continue;
        add(set, call.callee, call.is_last ? stack : push(call.resume, stack));
    }
}

void Stacks::add_returns(Configurations& set, StackId stack) {
    if (nodes_[stack].holds_end) set.at_end = true;
    const auto first = nodes_[stack].first, count = nodes_[stack].frames;
    for (std::uint32_t i = first; i < first + count; ++i) {
        const Frame frame = frames_[i]; // by value: adding may move the frames
        add(set, frame.resume, frame.below);
    }
}

void Stacks::step(const Configurations& from, std::uint8_t byte, Configurations& to) {
    to.clear();
    const Machine& m = *machine_;
    for (const auto [state, stack] : from.items) {
        const StateId next = m.next(state, byte);
        if (next == kNone) continue;
        if (from.items.size() == 1 && m.plain(next)) {
            if (depth(stack) + m.height(next) <= Machine::kDepthMax) to.items.push_back({next, stack});
            return;
        }
        add(to, next, stack);
    }
    settle(to);
}

void Stacks::settle(Configurations& set) const {
    std::erase_if(set.items, [&](const Configuration& item) { return !machine_->reads(item.state); });
}

StackId Stacks::push(StateId resume, StackId below) {
    const Frame frame{resume, below};
    return intern({&frame, 1}, false);
}

StackId Stacks::intern(std::span<const Frame> frames, bool holds_end) {
    std::uint64_t hash = holds_end ? 0x9E3779B97F4A7C15 : 0xCBF29CE484222325;
    for (const Frame& frame : frames) hash = ((hash ^ frame.resume) * 0x100000001B3 ^ frame.below) * 0xD6E8FEB86659FD93;
    hash ^= hash >> 32;
    std::size_t slot = hash & (table_.size() - 1);
    for (; table_[slot] != kNone; slot = (slot + 1) & (table_.size() - 1)) {
        const StackId known = table_[slot];
        if (nodes_[known].holds_end == holds_end && std::ranges::equal(this->frames(known), frames)) return known;
    }
    std::uint32_t depth = 0;
    for (const Frame& frame : frames) depth = std::max(depth, nodes_[frame.below].depth + 1);
    const auto id = static_cast<StackId>(nodes_.size());
    nodes_.push_back(
        {static_cast<std::uint32_t>(frames_.size()), static_cast<std::uint32_t>(frames.size()), depth, holds_end});
    frames_.insert(frames_.end(), frames.begin(), frames.end());
    table_[slot] = id;
    if (2 * nodes_.size() > table_.size()) grow_table();
    return id;
}

void Stacks::grow_table() {
    Stacks larger(*machine_);
    larger.table_.assign(4 * table_.size(), kNone);
    larger.nodes_.clear();
    for (StackId id = 0; id < nodes_.size(); ++id) larger.intern(frames(id), nodes_[id].holds_end);
    table_ = std::move(larger.table_);
}

StackId Stacks::merge(StackId a, StackId b) {
    if (a == b) return a;
    const std::uint64_t key = std::uint64_t{std::min(a, b)} << 32 | std::max(a, b);
    if (const auto known = merged_.find(key); known != merged_.end()) return known->second;
    const std::vector<Frame> left(frames(a).begin(), frames(a).end()), right(frames(b).begin(), frames(b).end());
    std::vector<Frame> both;
    for (auto l = left.begin(), r = right.begin(); l != left.end() || r != right.end();) {
        if (r == right.end() || (l != left.end() && l->resume < r->resume)) {
            both.push_back(*l++);
        } else if (l == left.end() || r->resume < l->resume) {
            both.push_back(*r++);
        } else {
            both.push_back({l->resume, merge(l->below, r->below)});
            ++l, ++r;
        }
    }
    const StackId id = intern(both, nodes_[a].holds_end || nodes_[b].holds_end);
    merged_.emplace(key, id);
    return id;
}

StackId Stacks::copy_from(const Stacks& other, StackId stack, std::vector<StackId>& copied) {
    if (copied[stack] != kNone) return copied[stack];
    std::vector<Frame> frames;
    for (const Frame& frame : other.frames(stack))
        frames.push_back({frame.resume, copy_from(other, frame.below, copied)});
    return copied[stack] = intern(frames, other.nodes_[stack].holds_end);
}

void Stacks::tidy(Configurations& live) {
    if (nodes_.size() < kNodesTidy) return;
    Stacks kept(*machine_);
    std::vector<StackId> copied(nodes_.size(), kNone);
    for (auto& item : live.items) item.stack = kept.copy_from(*this, item.stack, copied);
    *this = std::move(kept);
}

} // namespace assay::engine::grammar
