#pragma once
/// A grammar made deterministic: for each rule one automaton over bytes and calls of rules, all in one table.
/// A text is read by configurations, pairs of a state and the stack of states to return to. Configurations in the same
/// state share one node that stands for all their stacks, so that alternatives cost what differs in them, not their
/// product. Immutable after `build`, thread-safe. Deterministic.
#include "base/result.h"
#include "engine/grammar_nfa.h"

#include <array>
#include <bitset>
#include <span>
#include <vector>

namespace assay::engine::grammar {

/// A rule's first and last states in the Nfa. No rule may be left without a byte being read.
struct Rule {
    StateId start = kNone;
    StateId accept = kNone;
};

class Machine {
public:
    struct Call {
        StateId callee;    ///< its rule's first state
        StateId resume;    ///< where the caller goes on
        bool is_last;      ///< nothing but the end of the caller's rule follows
    };

    /// How deep arrays and objects may nest in a text; what other readers of JSON bear at the least.
    static constexpr std::uint32_t kDepthMax = 64;
    static constexpr std::size_t kStatesMax = 200'000;
    static constexpr std::size_t kCellsMax = std::size_t{1} << 24;

    /// Rule 0 is the root. Bytes not in `usable` are left out of the language, and so are states from which no text can
    /// end within the depth. Errors: resource_exhausted; unsupported when nothing is left.
    static Result<Machine> build(const Nfa& nfa, std::span<const Rule> rules, const std::bitset<256>& usable);

    StateId start() const { return start_; }
    std::size_t size() const { return height_.size(); }
    StateId next(StateId state, std::uint8_t byte) const { return next_[state * classes_ + class_of_[byte]]; }
    bool accepting(StateId state) const { return accepting_[state] != 0; }
    /// Whether a byte may be read in this state, before any call.
    bool reads(StateId state) const { return reads_[state] != 0; }
    /// Neither accepting nor calling: the configuration is all there is to it.
    bool plain(StateId state) const { return plain_[state] != 0; }
    /// Nested calls that the way to the end of the rule takes at least.
    std::uint32_t height(StateId state) const { return height_[state]; }
    std::uint32_t height_max() const { return height_max_; }
    std::span<const Call> calls(StateId state) const {
        return std::span(calls_).subspan(call_begin_[state], call_begin_[state + 1] - call_begin_[state]);
    }

private:
    friend class MachineBuilder;

    std::array<std::uint8_t, 256> class_of_{};
    std::size_t classes_ = 0;
    std::vector<StateId> next_; ///< state by class; kNone where nothing follows
    std::vector<std::uint8_t> accepting_, reads_, plain_;
    std::vector<std::uint32_t> height_;
    std::vector<std::uint32_t> call_begin_;
    std::vector<Call> calls_;
    std::uint32_t height_max_ = 0;
    StateId start_ = kNone;
};

} // namespace assay::engine::grammar
