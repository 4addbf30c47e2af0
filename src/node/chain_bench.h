#pragma once
/// What `assay bench chain` measures: a whole node in this process (state, consensus, index, HTTP server) and the clients
/// that drive it over loopback, all on the same cores. Local class.
#include "base/result.h"

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string_view>

namespace assay::node {

struct ChainBenchOptions {
    std::size_t accounts = 10'000; ///< they send in turn; more than transfers: the rest is in the state, and receives
    std::size_t transfers = 200'000; ///< signed beforehand
    std::size_t batch = 1'000; ///< transfers in one request
    std::size_t connections = 8; ///< each waits until its batch has committed before it sends the next
    std::size_t single = 200; ///< more transfers, sent one at a time: the latency of one
    bool index = true; ///< the explorer's index is written meanwhile, as in any node
    std::filesystem::path data_folder; ///< kept; must have no chain. Empty: a temporary one
};

struct ChainBenchResult {
    unsigned cores = 0;
    double seconds = 0; ///< from the first request to the last commit
    double transfers_per_s = 0;
    double recoveries_per_s_per_core = 0; ///< of the time a core computes, before and after the run
    double cpu_us_per_transfer = 0; ///< of the whole process: node, index and clients
    double p50_ms = 0, p99_ms = 0; ///< from a batch's request to the client's knowing that it committed
    double single_p50_ms = 0, single_p99_ms = 0;
    std::uint64_t blocks = 0;
    std::uint64_t bytes_per_transfer = 0;
    std::uint64_t index_behind_blocks = 0; ///< at the end of the run
    double index_catch_up_s = 0;
    double genesis_s = 0; ///< to make the state that the chain starts with
    std::uint64_t state_bytes = 0; ///< on disk, at the end
    std::uint64_t peak_resident_bytes = 0;

    /// Of what the cores could do if they did nothing but recover signatures.
    double share_of_limit() const { return transfers_per_s / (cores * recoveries_per_s_per_core); }
};

/// What goes on, and how much of it is done.
using ChainBenchProgress = std::function<void(std::string_view what, std::uint64_t done, std::uint64_t all)>;

/// Errors: invalid_argument (an option), io, resource_exhausted, and the first refusal of a transfer.
Result<ChainBenchResult> run_chain_bench(const ChainBenchOptions& options, const ChainBenchProgress& progress);

} // namespace assay::node
