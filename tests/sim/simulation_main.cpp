/// Simulates chains and says what broke.
///   chain_simulation [--seed N]… [--blocks B] [--operations O] [--invariants-every K] [--once] [--report]
/// Each seed runs twice, with one thread and with two; both must agree in every byte.
#include "simulation.h"

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <future>

using namespace assay;
using namespace assay::sim;

namespace {

constexpr std::uint64_t kCoverageBlocks = 300; ///< a shorter run need not have reached every message

struct Command {
    std::vector<std::uint64_t> seeds;
    Choice choice;
    bool once = false; ///< without the second run
    bool report = false;
};

int complain(const std::string& what) {
    std::fprintf(stderr, "error: %s\n", what.c_str());
    return 1;
}

/// Every message done and refused, every refusal of checking seen, and most of what was tried successful.
std::string lacking(const Outcome& outcome, const std::vector<std::string>& types) {
    std::string lacks;
    for (const std::string& type : types) {
        if (!outcome.coverage.done.contains(type)) lacks += " " + type + " never succeeded;";
        if (!outcome.coverage.refused.contains(type)) lacks += " " + type + " was never refused;";
    }
    for (const auto code : {chain::TxCode::malformed, chain::TxCode::wrong_chain, chain::TxCode::bad_signature,
                            chain::TxCode::bad_nonce, chain::TxCode::expired, chain::TxCode::fee_too_low,
                            chain::TxCode::insufficient_funds, chain::TxCode::block_full})
        if (!outcome.coverage.codes.contains(code))
            lacks += " nothing was refused as " + std::string(to_string(code)) + ";";
    if (2 * outcome.succeeded < outcome.transactions) lacks += " most transactions failed;";
    if (outcome.evidence == 0) lacks += " no evidence was given;";
    return lacks;
}

void report(const Outcome& outcome, const std::vector<std::string>& types) {
    const auto count = [](const auto& counts, const std::string& type) {
        const auto found = counts.find(type);
        return found == counts.end() ? std::uint64_t{0} : found->second;
    };
    for (const std::string& type : types)
        std::printf("%-36s %7lu done %7lu refused\n", type.c_str(), count(outcome.coverage.done, type),
                    count(outcome.coverage.refused, type));
    for (const auto& [reason, times] : outcome.coverage.reasons) std::printf("%7lu  %s\n", times, reason.c_str());
}

int run(const Command& command, std::uint64_t seed) {
    Choice choice = command.choice;
    choice.seed = seed;
    const auto start = std::chrono::steady_clock::now();
    std::future<Result<Outcome>> repeated;
    if (!command.once) {
        Choice again = choice;
        again.threads = 2;
        again.invariants_every = again.export_every = again.snapshot_every = 0;
        again.print = false;
        repeated = std::async(std::launch::async, simulate, again);
    }
    const auto first = simulate(choice);
    if (!first) return complain(first.error().message);
    const auto types = TrafficMaker(chain::make_modules()).types();
    if (command.report) report(*first, types);
    const std::string lacks = choice.blocks < kCoverageBlocks ? "" : lacking(*first, types);
    if (!lacks.empty()) return complain("seed " + std::to_string(seed) + ":" + lacks);
    if (!command.once) {
        const auto second = repeated.get();
        if (!second) return complain("second run: " + second.error().message);
        for (std::size_t i = 0; i < first->blocks.size(); ++i)
            if (first->blocks[i] != second->blocks[i])
                return complain("seed " + std::to_string(seed) + ": two runs differ from block " +
                                std::to_string(i + 1) + " on");
    }
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
    std::printf("seed %lu: %zu blocks, %lu transactions, %lu succeeded, evidence in %lu blocks, %.0f s\n", seed,
                first->blocks.size(), first->transactions, first->succeeded, first->evidence, took.count());
    return 0;
}

} // namespace

int main(int argc, char** argv) {
    Command command;
    for (int i = 1; i < argc; ++i) {
        const std::string name = argv[i];
        const auto number = [&] { return i + 1 < argc ? std::strtoull(argv[++i], nullptr, 10) : 0; };
        if (name == "--seed") command.seeds.push_back(number());
        else if (name == "--blocks") command.choice.blocks = number();
        else if (name == "--operations") command.choice.operations = number();
        else if (name == "--invariants-every") command.choice.invariants_every = number();
        else if (name == "--once") command.once = true;
        else if (name == "--report") command.report = command.choice.print = true;
        else return complain("unknown argument '" + name + "'");
    }
    if (command.seeds.empty()) command.seeds.push_back(1);
    for (const std::uint64_t seed : command.seeds)
        if (const int failed = run(command, seed)) return failed;
    return 0;
}
