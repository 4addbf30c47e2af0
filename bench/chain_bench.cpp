// Transfers through the application, step by step: where the time of one goes. One block after another, no overlap;
// `assay bench chain` measures the node as a whole.
//   chain_bench [--accounts N] [--transfers N] [--block N] [--threads N] [--dir FOLDER] (without --dir: in memory)
#include "chain/chain_application.h"
#include "chain/transfer_load.h"
#include "storage/lmdb_database.h"
#include "storage/memory_database.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <string>

namespace {

using namespace assay;

struct Options {
    std::size_t accounts = 10'000;
    std::size_t transfers = 100'000;
    std::size_t block = 10'000;
    unsigned threads = 2;
    std::string dir;
};

template <class T>
T must(Result<T> result) {
    if (!result) {
        std::fprintf(stderr, "error: %s\n", result.error().message.c_str());
        std::exit(1);
    }
    if constexpr (!std::is_void_v<T>) return std::move(*result);
}

struct Step {
    const char* name;
    double seconds = 0;
    double cpu_seconds = 0; ///< of all threads: what it costs, however busy the machine is
};

double cpu_seconds() { return static_cast<double>(std::clock()) / CLOCKS_PER_SEC; }

template <class F>
auto timed(Step& step, F work) {
    const auto start = std::chrono::steady_clock::now();
    const double cpu_start = cpu_seconds();
    auto result = work();
    step.cpu_seconds += cpu_seconds() - cpu_start;
    step.seconds += std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    return result;
}

Options parse(int argc, char** argv) {
    Options options;
    for (int i = 1; i + 1 < argc; i += 2) {
        const std::string name = argv[i];
        if (name == "--accounts") options.accounts = std::strtoull(argv[i + 1], nullptr, 10);
        if (name == "--transfers") options.transfers = std::strtoull(argv[i + 1], nullptr, 10);
        if (name == "--block") options.block = std::strtoull(argv[i + 1], nullptr, 10);
        if (name == "--threads") options.threads = static_cast<unsigned>(std::strtoul(argv[i + 1], nullptr, 10));
        if (name == "--dir") options.dir = argv[i + 1];
    }
    return options;
}

void run(const Options& options, storage::Database& database) {
    const auto load = chain::make_transfer_load(
        {.accounts = options.accounts, .transfers = options.transfers, .threads = options.threads});
    chain::ApplicationOptions how;
    how.threads = options.threads;
    how.state = {.threads = options.threads, .keep_versions = 16};
    auto application = must(chain::ChainApplication::create(database, chain::make_modules(), how));
    chain::DevelopmentGenesis genesis;
    genesis.accounts = load.accounts;
    const chain::GenesisDocument document = chain::make_development_genesis(genesis);
    chain::GenesisRequest request;
    request.chain_id = document.chain_id;
    request.app_state = document.modules;
    must(application->init_chain(request));

    chain::BlockInfo block;
    block.chain_id = document.chain_id;
    const auto next = [&] {
        block.height += 1;
        block.time_ms += 1000;
    };
    next();
    must(application->finalize_block(block, {})); // genesis itself is not measured
    must(application->commit());

    const double recoveries = chain::measure_recoveries_per_s(load, application->messages());
    Step check{"check (with recovery)"}, prepare{"prepare_proposal"}, finalize{"finalize_block"}, commit{"commit"};
    std::size_t done = 0, failed = 0;
    for (std::size_t at = 0; at < load.transfers.size(); at += options.block) {
        const auto first = load.transfers.begin() + static_cast<std::ptrdiff_t>(at);
        const auto count = std::min(options.block, load.transfers.size() - at);
        std::vector<Bytes> wires(first, first + static_cast<std::ptrdiff_t>(count));
        next();
        timed(check, [&] {
            const std::vector<ByteView> views(wires.begin(), wires.end());
            for (const auto& result : application->check_transactions(views, false)) {
                if (result.result.code != chain::TxCode::ok && failed++ == 0)
                    std::fprintf(stderr, "refused: %s\n", result.result.log.c_str());
            }
            return 0;
        });
        const auto chosen = timed(
            prepare, [&] { return application->prepare_proposal(block, std::move(wires), std::size_t{20} << 20); });
        const auto result = timed(finalize, [&] { return must(application->finalize_block(block, chosen)); });
        timed(commit, [&] { return must(application->commit()); });
        for (const auto& transaction : result.transactions) {
            if (transaction.code == chain::TxCode::ok) ++done;
            else if (failed++ == 0) std::fprintf(stderr, "failed: %s\n", transaction.log.c_str());
        }
    }
    double total = 0, cpu_total = 0;
    for (const Step* step : {&check, &prepare, &finalize, &commit}) {
        total += step->seconds;
        cpu_total += step->cpu_seconds;
    }
    const auto number = static_cast<double>(done);
    std::printf("accounts %zu, transfers %zu (%zu failed), %zu a block, %u threads, %s\n", options.accounts, done,
                failed, options.block, options.threads, options.dir.empty() ? "in memory" : options.dir.c_str());
    std::printf("bytes a transfer        %8.0f\n", static_cast<double>(load.transfers.front().size()));
    std::printf("recoveries/s/core       %8.0f   (%.1f us)\n", recoveries, 1e6 / recoveries);
    for (const Step* step : {&check, &prepare, &finalize, &commit})
        std::printf("%-23s %8.2f us a transfer, %6.2f of CPU\n", step->name, 1e6 * step->seconds / number,
                    1e6 * step->cpu_seconds / number);
    std::printf("transfers/s             %8.0f   (%.1f us, %.1f of CPU; %.2f of threads x recoveries)\n",
                number / total, 1e6 * total / number, 1e6 * cpu_total / number,
                number / total / (options.threads * recoveries));
}

} // namespace

int main(int argc, char** argv) {
    const Options options = parse(argc, argv);
    if (options.dir.empty()) {
        storage::MemoryDatabase database;
        run(options, database);
        return 0;
    }
    std::filesystem::create_directories(options.dir);
    const auto database = must(storage::LmdbDatabase::open(options.dir));
    run(options, *database);
    return 0;
}
