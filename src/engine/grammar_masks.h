#pragma once
/// Which tokens may follow a configuration. What does not depend on the stack is found once for each state and kept.
/// Thread-safe. Deterministic: what is kept changes speed only.
#include "engine/grammar_stacks.h"
#include "engine/grammar_vocabulary.h"

#include <atomic>
#include <memory>

namespace assay::engine::grammar {

using Mask = std::span<std::uint64_t>;

inline void set_bit(Mask mask, tokenizer::TokenId id) {
    mask[static_cast<std::size_t>(id) / 64] |= std::uint64_t{1} << (static_cast<std::size_t>(id) % 64);
}

class Masks {
public:
    static constexpr std::size_t kBytesMax = std::size_t{64} << 20; ///< what one grammar keeps

    /// Borrows both.
    Masks(const Machine& machine, const Vocabulary& vocabulary);
    ~Masks();
    Masks(const Masks&) = delete;
    Masks& operator=(const Masks&) = delete;

    /// Adds to `mask` every token that may follow one of the set. End ids are not looked at.
    void add_tokens(const Configurations& set, Stacks& stacks, Mask mask) const;

private:
    /// What a state allows whatever stack is below it.
    struct Local {
        std::vector<std::uint64_t> bits;          ///< empty where `tokens` is shorter
        std::vector<tokenizer::TokenId> tokens;
        std::vector<std::uint32_t> ends;          ///< tree nodes where the rule may end and longer tokens go on
        std::size_t bytes() const { return 8 * bits.size() + 4 * (tokens.size() + ends.size()) + sizeof(Local); }
    };

    std::unique_ptr<const Local> find_local(StateId state) const;
    void add_configuration(Configuration at, Stacks& stacks, Mask mask) const;
    void add_local(Configuration at, const Local& local, Stacks& stacks, Mask mask) const;

    const Machine& machine_;
    const Vocabulary& vocabulary_;
    std::uint32_t cached_depth_max_; ///< deeper, a token might meet the bound on depth: nothing kept is true there
    mutable std::vector<std::atomic<const Local*>> locals_;
    mutable std::atomic<std::size_t> bytes_{0};
};

} // namespace assay::engine::grammar
