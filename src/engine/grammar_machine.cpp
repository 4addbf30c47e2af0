#include "engine/grammar_machine.h"

#include <algorithm>
#include <map>
#include <unordered_map>

namespace assay::engine::grammar {
namespace {

constexpr std::uint32_t kUnbounded = 0xFFFFFFFF; ///< height of a state from which no text ends

using Subset = std::vector<StateId>;

struct SubsetHash {
    std::size_t operator()(const Subset& subset) const {
        std::uint64_t hash = 0xCBF29CE484222325;
        for (const StateId state : subset) hash = (hash ^ state) * 0x100000001B3;
        return static_cast<std::size_t>(hash ^ (hash >> 29));
    }
};

} // namespace

/// Subset construction, one rule after another, then what cannot end is cut.
class MachineBuilder {
public:
    MachineBuilder(const Nfa& nfa, std::span<const Rule> rules, const std::bitset<256>& usable)
        : nfa_(nfa), rules_(rules), usable_(usable), mark_(nfa.size(), 0) {}

    Result<Machine> build() {
        number_classes();
        std::vector<StateId> starts;
        for (const Rule& rule : rules_) starts.push_back(TRY(add_rule(rule)));
        machine_.call_begin_.push_back(static_cast<std::uint32_t>(machine_.calls_.size()));
        for (auto& call : machine_.calls_) call.callee = starts[call.callee];
        measure();
        machine_.start_ = starts.front();
        if (machine_.height_[machine_.start_] == kUnbounded) {
            return fail(ErrorCode::unsupported, "no text satisfies the grammar with this vocabulary");
        }
        if (machine_.height_[machine_.start_] > Machine::kDepthMax) {
            return fail(ErrorCode::resource_exhausted,
                        "every text nests deeper than " + std::to_string(Machine::kDepthMax));
        }
        cut();
        return std::move(machine_);
    }

private:
    /// Bytes that no edge tells apart share a column.
    void number_classes() {
        std::bitset<257> starts;
        starts.set(0);
        for (const auto& edge : nfa_.edges()) {
            starts.set(edge.low);
            starts.set(static_cast<std::size_t>(edge.high) + 1);
        }
        for (std::size_t byte = 1; byte < 256; ++byte) {
            if (usable_[byte] != usable_[byte - 1]) starts.set(byte);
        }
        for (std::size_t byte = 0; byte < 256; ++byte) {
            if (starts[byte]) first_byte_.push_back(static_cast<std::uint8_t>(byte));
            machine_.class_of_[byte] = static_cast<std::uint8_t>(first_byte_.size() - 1);
        }
        machine_.classes_ = first_byte_.size();
    }

    /// Everything reachable by empty steps, sorted; of the rest, only states that lead somewhere are kept.
    Subset closed(Subset open) {
        ++round_;
        Subset all;
        while (!open.empty()) {
            const StateId state = open.back();
            open.pop_back();
            if (mark_[state] == round_) continue;
            mark_[state] = round_;
            const bool leads =
                nfa_.first(state, Nfa::Kind::bytes) != kNone || nfa_.first(state, Nfa::Kind::call) != kNone;
            if (leads || state == accept_) all.push_back(state);
            for (auto i = nfa_.first(state, Nfa::Kind::empty); i != kNone; i = nfa_.edge(i).next)
                open.push_back(nfa_.edge(i).target);
        }
        std::ranges::sort(all);
        return all;
    }

    StateId number(Subset open) {
        const auto [found, added] =
            numbers_.try_emplace(closed(std::move(open)), machine_.accepting_.size() + pending_.size());
        if (added) pending_.push_back(&found->first);
        return static_cast<StateId>(found->second);
    }

    Result<StateId> add_rule(const Rule& rule) {
        numbers_.clear();
        accept_ = rule.accept;
        const StateId start = number({rule.start});
        for (std::size_t done = 0; done < pending_.size(); ++done) {
            const std::size_t states = first_ + pending_.size();
            if (states > Machine::kStatesMax || states * machine_.classes_ > Machine::kCellsMax) {
                return fail(ErrorCode::resource_exhausted,
                            "the grammar needs more than " + std::to_string(states - 1) + " states");
            }
            add_state(*pending_[done]);
        }
        finish_rule();
        return start;
    }

    void add_state(const Subset& subset) {
        row_.assign(machine_.classes_, {});
        std::map<RuleId, Subset> called;
        for (const StateId state : subset) {
            for (auto i = nfa_.first(state, Nfa::Kind::bytes); i != kNone; i = nfa_.edge(i).next) {
                const auto& edge = nfa_.edge(i);
                for (std::size_t c = machine_.class_of_[edge.low]; c <= machine_.class_of_[edge.high]; ++c) {
                    if (usable_[first_byte_[c]]) row_[c].push_back(edge.target);
                }
            }
            for (auto i = nfa_.first(state, Nfa::Kind::call); i != kNone; i = nfa_.edge(i).next) {
                called[nfa_.edge(i).rule].push_back(nfa_.edge(i).target);
            }
        }
        for (auto& targets : row_) new_next_.push_back(targets.empty() ? kNone : number(std::move(targets)));
        new_call_begin_.push_back(static_cast<std::uint32_t>(machine_.calls_.size()));
        for (auto& [rule, targets] : called) machine_.calls_.push_back({rule, number(std::move(targets)), false});
        new_accepting_.push_back(std::ranges::binary_search(subset, accept_) ? 1 : 0);
    }

    void finish_rule() {
        auto& m = machine_;
        m.next_.insert(m.next_.end(), new_next_.begin(), new_next_.end());
        m.accepting_.insert(m.accepting_.end(), new_accepting_.begin(), new_accepting_.end());
        m.call_begin_.insert(m.call_begin_.end(), new_call_begin_.begin(), new_call_begin_.end());
        first_ = m.accepting_.size();
        new_next_.clear();
        new_accepting_.clear();
        new_call_begin_.clear();
        pending_.clear();
    }

    /// Heights by relaxation from the ends backwards, until nothing changes.
    void measure() {
        auto& height = machine_.height_;
        const std::size_t states = machine_.accepting_.size();
        height.assign(states, kUnbounded);
        for (bool changed = true; changed;) {
            changed = false;
            for (std::size_t state = states; state-- > 0;) {
                std::uint32_t least = machine_.accepting_[state] ? 0 : height[state];
                for (std::size_t c = 0; c < machine_.classes_; ++c) {
                    const StateId target = machine_.next_[state * machine_.classes_ + c];
                    if (target != kNone) least = std::min(least, height[target]);
                }
                for (const auto& call : machine_.calls(static_cast<StateId>(state))) {
                    if (height[call.callee] == kUnbounded || height[call.resume] == kUnbounded) continue;
                    least = std::min(least, std::max(height[call.callee] + 1, height[call.resume]));
                }
                if (least != height[state]) {
                    height[state] = least;
                    changed = true;
                }
            }
        }
    }

    /// Takes out the ways from which no text ends, and notes what each state can do.
    void cut() {
        auto& m = machine_;
        const std::size_t states = m.accepting_.size();
        const auto ends = [&](StateId state) { return m.height_[state] <= Machine::kDepthMax; };
        for (StateId& target : m.next_) {
            if (target != kNone && !ends(target)) target = kNone;
        }
        std::vector<std::uint32_t> begin;
        std::vector<Machine::Call> calls;
        m.reads_.assign(states, 0);
        for (StateId state = 0; state < states; ++state) {
            const std::span row(m.next_.data() + state * m.classes_, m.classes_);
            m.reads_[state] = std::ranges::any_of(row, [](StateId target) { return target != kNone; });
            begin.push_back(static_cast<std::uint32_t>(calls.size()));
            for (const auto& call : m.calls(state)) {
                if (ends(call.callee) && ends(call.resume)) calls.push_back(call);
            }
            if (ends(state)) m.height_max_ = std::max(m.height_max_, m.height_[state]);
        }
        begin.push_back(static_cast<std::uint32_t>(calls.size()));
        m.calls_ = std::move(calls);
        m.call_begin_ = std::move(begin);
        m.plain_.assign(states, 0);
        for (StateId state = 0; state < states; ++state)
            m.plain_[state] = !m.accepting_[state] && m.calls(state).empty();
        for (auto& call : m.calls_)
            call.is_last = m.accepting_[call.resume] && !m.reads_[call.resume] && m.calls(call.resume).empty();
    }

    const Nfa& nfa_;
    std::span<const Rule> rules_;
    const std::bitset<256>& usable_;
    Machine machine_;
    std::vector<std::uint8_t> first_byte_; ///< of each class
    std::vector<std::uint32_t> mark_;
    std::uint32_t round_ = 0;

    StateId accept_ = kNone; ///< of the rule at hand
    std::size_t first_ = 0;  ///< its first state's number
    std::unordered_map<Subset, std::size_t, SubsetHash> numbers_;
    std::vector<const Subset*> pending_; ///< its states in order; keys of `numbers_`, which stay where they are
    std::vector<Subset> row_;
    std::vector<StateId> new_next_;
    std::vector<std::uint8_t> new_accepting_;
    std::vector<std::uint32_t> new_call_begin_;
};

Result<Machine> Machine::build(const Nfa& nfa, std::span<const Rule> rules, const std::bitset<256>& usable) {
    if (nfa.overflowed()) {
        return fail(ErrorCode::resource_exhausted,
                    "the grammar needs more than " + std::to_string(Nfa::kStatesMax) + " steps");
    }
    return MachineBuilder(nfa, rules, usable).build();
}

} // namespace assay::engine::grammar
