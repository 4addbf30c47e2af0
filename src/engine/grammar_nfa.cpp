#include "engine/grammar_nfa.h"

namespace assay::engine::grammar {

StateId Nfa::add() {
    if (heads_.size() >= kStatesMax) {
        overflowed_ = true;
        return static_cast<StateId>(heads_.size() - 1);
    }
    heads_.push_back({kNone, kNone, kNone});
    return static_cast<StateId>(heads_.size() - 1);
}

void Nfa::link(StateId from, Kind kind, Edge edge) {
    if (overflowed_) return;
    if (edges_.size() >= 4 * kStatesMax) {
        overflowed_ = true;
        return;
    }
    std::uint32_t& head = heads_[from][static_cast<std::size_t>(kind)];
    edge.next = head;
    head = static_cast<std::uint32_t>(edges_.size());
    edges_.push_back(edge);
}

void Nfa::bytes(StateId from, std::uint8_t low, std::uint8_t high, StateId to) {
    link(from, Kind::bytes, {.target = to, .next = kNone, .rule = kNone, .low = low, .high = high});
}

void Nfa::empty(StateId from, StateId to) {
    link(from, Kind::empty, {.target = to, .next = kNone, .rule = kNone, .low = 0, .high = 0});
}

void Nfa::call(StateId from, RuleId rule, StateId to) {
    link(from, Kind::call, {.target = to, .next = kNone, .rule = rule, .low = 0, .high = 0});
}

StateId Nfa::text(StateId from, std::string_view text) {
    for (const char c : text) {
        const auto byte = static_cast<std::uint8_t>(c);
        const StateId next = add();
        bytes(from, byte, byte, next);
        from = next;
    }
    return from;
}

void Nfa::text(StateId from, std::string_view text_, StateId to) { empty(text(from, text_), to); }

} // namespace assay::engine::grammar
