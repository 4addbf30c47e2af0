#pragma once
/// A chain in memory, block by block under random traffic, and everything that must hold of it. For tests only.
#include "traffic.h"

#include <cstdint>
#include <string>

namespace assay::sim {

struct Choice {
    std::uint64_t seed = 1;
    std::uint64_t blocks = 60;
    std::size_t operations = 200;
    unsigned threads = 1;
    /// Invariants of all modules are looked at after every so many blocks; 0: never, for runs that are only compared.
    std::uint64_t invariants_every = 1;
    std::uint64_t export_every = 50;
    std::uint64_t snapshot_every = 50;
    bool print = false;
};

struct Outcome {
    std::vector<Digest> blocks; ///< of app hash, results, events and validator updates of each
    Coverage coverage;
    std::uint64_t transactions = 0, succeeded = 0, evidence = 0;
};

/// Errors: internal, naming seed, block and what failed.
Result<Outcome> simulate(const Choice& choice);

} // namespace assay::sim
