#pragma once
/// The working form of a grammar: rules drawn as graphs of byte ranges, empty steps and calls of other rules, before
/// they are made deterministic (grammar_machine.h). Bounded: past its limit it stops growing and says so once, so that
/// builders need no check at every step. Not thread-safe. Deterministic.
#include <array>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace assay::engine::grammar {

using StateId = std::uint32_t;
using RuleId = std::uint32_t;

inline constexpr std::uint32_t kNone = 0xFFFFFFFF;

class Nfa {
public:
    struct Edge {
        StateId target;
        std::uint32_t next; ///< of the same state and kind; kNone at the end
        std::uint32_t rule; ///< calls only
        std::uint8_t low, high;
    };

    static constexpr std::size_t kStatesMax = 400'000;

    StateId add();
    /// Any byte from low to high leads from one state to the other.
    void bytes(StateId from, std::uint8_t low, std::uint8_t high, StateId to);
    void empty(StateId from, StateId to);
    void call(StateId from, RuleId rule, StateId to);

    /// Adds what spells `text` after `from`; returns the state behind it.
    StateId text(StateId from, std::string_view text);
    void text(StateId from, std::string_view text, StateId to);

    std::size_t size() const { return heads_.size(); }
    bool overflowed() const { return overflowed_; }

    enum class Kind : std::uint8_t { bytes, empty, call };
    /// First edge of a kind, kNone without.
    std::uint32_t first(StateId state, Kind kind) const { return heads_[state][static_cast<std::size_t>(kind)]; }
    const Edge& edge(std::uint32_t index) const { return edges_[index]; }
    std::span<const Edge> edges() const { return edges_; }

private:
    void link(StateId from, Kind kind, Edge edge);

    std::vector<std::array<std::uint32_t, 3>> heads_;
    std::vector<Edge> edges_;
    bool overflowed_ = false;
};

} // namespace assay::engine::grammar
