#pragma once
/// The stacks of a text being read, shared and interned: equal sets of stacks are one number. Not thread-safe; copyable.
#include "engine/grammar_machine.h"

#include <unordered_map>
#include <vector>

namespace assay::engine::grammar {

using StackId = std::uint32_t;

/// A state and all the stacks it may have below it.
struct Configuration {
    StateId state;
    StackId stack;
};

/// Where a text may stand: each state at most once.
struct Configurations {
    std::vector<Configuration> items;
    bool at_end = false; ///< the text may end here

    bool is_dead() const { return items.empty() && !at_end; }
    void clear() {
        items.clear();
        at_end = false;
    }
};

class Stacks {
public:
    static constexpr StackId kEnd = 0; ///< the empty stack: behind it the text ends

    explicit Stacks(const Machine& machine);

    /// Adds a configuration and all that it can become without reading a byte.
    void add(Configurations& set, StateId state, StackId stack);
    /// Adds what may follow the end of a rule above `stack`.
    void add_returns(Configurations& set, StackId stack);
    /// Takes out the states that only led to others; done once all is added.
    void settle(Configurations& set) const;
    /// Reads one byte. `to` is overwritten.
    void step(const Configurations& from, std::uint8_t byte, Configurations& to);

    std::uint32_t depth(StackId stack) const { return nodes_[stack].depth; }
    /// Forgets all stacks but those of `live`, when they have become many.
    void tidy(Configurations& live);

private:
    struct Frame {
        StateId resume;
        StackId below;
        friend bool operator==(const Frame&, const Frame&) = default;
    };
    struct Node {
        std::uint32_t first;
        std::uint32_t frames; ///< by resume, ascending
        std::uint32_t depth; ///< of its deepest stack
        bool holds_end;
    };

    std::span<const Frame> frames(StackId stack) const {
        return std::span(frames_).subspan(nodes_[stack].first, nodes_[stack].frames);
    }
    StackId intern(std::span<const Frame> frames, bool holds_end);
    StackId push(StateId resume, StackId below);
    StackId merge(StackId a, StackId b);
    StackId copy_from(const Stacks& other, StackId stack, std::vector<StackId>& copied);
    void grow_table();

    const Machine* machine_;
    std::vector<Node> nodes_;
    std::vector<Frame> frames_;
    std::vector<StackId> table_; ///< open addressing, size a power of two
    std::unordered_map<std::uint64_t, StackId> merged_;
};

} // namespace assay::engine::grammar
