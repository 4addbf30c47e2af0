#pragma once
/// Royalty shares by their definitions, word for word, over every path: the reference for royalty_graph.h. Works are
/// numbered; ties point to lower numbers. For tests only.
#include "chain/modules/registry/terms.h"

#include <cstdint>
#include <map>
#include <vector>

namespace assay::chain::registry {

struct NaiveTie {
    std::size_t parent = 0;
    std::string policy;
    std::uint32_t share = 0;
    bool version = false;
};
using NaiveGraph = std::vector<std::vector<NaiveTie>>;
using NaiveShares = std::map<std::size_t, std::uint64_t>;

/// Every tie on every path pays its parent.
inline std::uint64_t naive_lap(const NaiveGraph& graph, std::size_t work, std::size_t ancestor) {
    std::uint64_t sum = 0;
    for (const NaiveTie& tie : graph[work]) {
        if (tie.parent == ancestor && tie.policy == kPolicyAbsolute) sum += tie.share;
        sum += naive_lap(graph, tie.parent, ancestor);
    }
    return sum;
}

inline NaiveShares naive_lrp(const NaiveGraph& graph, std::size_t work);

/// Gives `units` to a parent, which passes on what it owes itself.
inline void naive_give(const NaiveGraph& graph, std::size_t parent, std::uint64_t units, NaiveShares& to) {
    std::uint64_t left = units;
    for (const auto& [ancestor, owed] : naive_lrp(graph, parent)) {
        const std::uint64_t part = units * owed / kWhole;
        to[ancestor] += part;
        left -= part;
    }
    to[parent] += left;
}

inline NaiveShares naive_lrp(const NaiveGraph& graph, std::size_t work) {
    NaiveShares to;
    for (const NaiveTie& tie : graph[work]) {
        if (tie.version) {
            for (const auto& [ancestor, units] : naive_lrp(graph, tie.parent)) to[ancestor] += units;
        } else if (tie.policy == kPolicyRelative) {
            naive_give(graph, tie.parent, tie.share, to);
        }
    }
    return to;
}

/// Without rounding, in parts of one: what a work owes relatively.
inline long double exact_owed(const NaiveGraph& graph, std::size_t work) {
    long double sum = 0;
    for (const NaiveTie& tie : graph[work]) {
        if (tie.version) sum += exact_owed(graph, tie.parent);
        if (tie.policy == kPolicyRelative) sum += tie.share / 1e8L;
    }
    return sum;
}

/// Without rounding: what reaches `ancestor` along all relative paths, before it passes its own part on.
inline long double exact_reach(const NaiveGraph& graph, std::size_t work, std::size_t ancestor) {
    long double sum = 0;
    for (const NaiveTie& tie : graph[work]) {
        const long double weight = tie.version ? 1 : tie.policy == kPolicyRelative ? tie.share / 1e8L : 0;
        sum += weight * ((tie.parent == ancestor && !tie.version ? 1 : 0) + exact_reach(graph, tie.parent, ancestor));
    }
    return sum;
}

} // namespace assay::chain::registry
