// assay bench: tokens a second; assay bench chain: transfers a second.
#include "node/bench.h"
#include "node/chain_bench.h"
#include "node/commands/command.h"
#include "node/machine.h"
#include "node/terminal.h"

#include <cstdio>
#include <optional>

namespace assay::node {
namespace {

struct BenchFlags {
    ModelFlags model;
    BenchOptions options;
    bool json = false;
};

Result<int> run(BenchFlags& flags) {
    const OpenModel open = TRY(flags.model.open(true));
    flags.options.after_prompt = flags.options.batch > 1;
    Progress progress("Measuring", flags.json ? Progress::Style::silent : Progress::Style::automatic);
    const BenchResult result = TRY(run_bench(*open.model, flags.options, [&](std::uint64_t done, std::uint64_t all) {
        progress.report(done * 1000, all * 1000);
    }));
    if (!flags.json) {
        std::printf("prefill  %8.1f tokens/s\ndecode   %8.1f tokens/s\nfirst token after %s\n", result.prefill_tok_s,
                    result.decode_tok_s, format_seconds(result.first_token_ms / 1e3).c_str());
        return 0;
    }
    return print_json({{"decode_tok_s", result.decode_tok_s},
                       {"prefill_tok_s", result.prefill_tok_s},
                       {"first_token_ms", result.first_token_ms},
                       {"prompt", flags.options.prompt},
                       {"generate", flags.options.generate},
                       {"batch", flags.options.batch},
                       {"chunk", flags.options.chunk},
                       {"threads", open.model->threads()},
                       {"isa", open.model->isa()},
                       {"arithmetic", engine::kArithmeticVersion},
                       {"model", open.file->name()},
                       {"weight_bytes", open.model->weight_bytes()},
                       {"load_s", open.load_seconds},
                       {"peak_resident_bytes", peak_resident_bytes()}});
}

struct ChainBenchFlags {
    ChainBenchOptions options;
    bool no_index = false;
    bool json = false;
};

/// A bar for each thing that goes on.
class Bars {
public:
    explicit Bars(Progress::Style style) : style_(style) {}
    void report(std::string_view what, std::uint64_t done, std::uint64_t all) {
        if (what != what_) {
            if (bar_) bar_->finish();
            bar_.emplace(std::string(what), style_, Progress::Unit::items);
            what_ = what;
        }
        bar_->report(done, all);
    }
    void finish() {
        if (bar_) bar_->finish();
    }

private:
    const Progress::Style style_;
    std::string what_;
    std::optional<Progress> bar_;
};

Json to_json(const ChainBenchResult& result, const ChainBenchOptions& options) {
    return {{"transfers_per_s", result.transfers_per_s},
            {"recoveries_per_s_per_core", result.recoveries_per_s_per_core},
            {"cores", result.cores},
            {"share_of_limit", result.share_of_limit()},
            {"cpu_us_per_transfer", result.cpu_us_per_transfer},
            {"p50_ms", result.p50_ms},
            {"p99_ms", result.p99_ms},
            {"single_p50_ms", result.single_p50_ms},
            {"single_p99_ms", result.single_p99_ms},
            {"bytes_per_transfer", result.bytes_per_transfer},
            {"transfers", options.transfers},
            {"accounts", options.accounts},
            {"batch", options.batch},
            {"connections", options.connections},
            {"blocks", result.blocks},
            {"seconds", result.seconds},
            {"intake", "http"},
            {"index", options.index},
            {"index_behind_blocks", result.index_behind_blocks},
            {"index_catch_up_s", result.index_catch_up_s},
            {"genesis_s", result.genesis_s},
            {"state_bytes", result.state_bytes},
            {"peak_resident_bytes", result.peak_resident_bytes}};
}

Result<int> run_chain(ChainBenchFlags& flags) {
    flags.options.index = !flags.no_index;
    Bars bars(flags.json ? Progress::Style::silent : Progress::Style::automatic);
    const ChainBenchResult result =
        TRY(run_chain_bench(flags.options, [&](std::string_view what, std::uint64_t done, std::uint64_t all) {
            bars.report(what, done, all);
        }));
    bars.finish();
    if (flags.json) return print_json(to_json(result, flags.options));
    std::printf("transfers    %10.0f /s, %.2f of what %u cores recover (%.0f /s each)\n"
                "commit       %10.0f ms after the request (p99 %.0f), batches of %zu; one alone %.1f ms (p99 %.1f)\n"
                "transfer     %10llu bytes, %.1f us of CPU\n",
                result.transfers_per_s, result.share_of_limit(), result.cores, result.recoveries_per_s_per_core,
                result.p50_ms, result.p99_ms, flags.options.batch, result.single_p50_ms, result.single_p99_ms,
                static_cast<unsigned long long>(result.bytes_per_transfer), result.cpu_us_per_transfer);
    return 0;
}

void add_chain_bench(CLI::App& bench, Action& action) {
    const auto flags = std::make_shared<ChainBenchFlags>();
    ChainBenchOptions& options = flags->options;
    CLI::App& command = *bench.add_subcommand("chain", "Transfers a second of a whole node on this machine");
    command.footer("Examples:\n  assay bench chain --json\n  assay bench chain --accounts 1000000\n\n"
                   "A node with synced commits, its HTTP server and its clients share this machine's cores. Transfers\n"
                   "are signed beforehand, sent in batches, and counted when they have committed.");
    const auto number = [&](const char* name, std::size_t& value, const char* text) {
        command.add_option(name, value, text)->type_name("N")->capture_default_str();
    };
    number("--accounts", options.accounts, "Funded accounts, which send in turn");
    number("--transfers", options.transfers, "Transfers to commit");
    number("--batch", options.batch, "Transfers in one request");
    number("--connections", options.connections, "Clients; each waits for its batch's commit");
    number("--single", options.single, "Transfers sent one at a time, for the latency of one");
    command.add_flag("--no-index", flags->no_index, "Keep no explorer index");
    command
        .add_option("--data-dir", options.data_folder, "Folder for the chain, kept afterwards; else a temporary one")
        ->type_name("DIR");
    command.add_flag("--json", flags->json, "One JSON object");
    command.callback([flags, &action] { action = [flags] { return run_chain(*flags); }; });
}

} // namespace

void add_bench(CLI::App& app, Action& action) {
    const auto flags = std::make_shared<BenchFlags>();
    BenchOptions& options = flags->options;
    CLI::App& command = *app.add_subcommand("bench", "Tokens a second of a model on this machine");
    command.footer("Examples:\n  assay bench --model FILE --threads 8 --prompt 512 --generate 128 --json\n  assay "
                   "bench --batch 8 --prompt 128\n\n"
                   "One sequence: as llama-bench, the prompt alone, then decoding from an empty cache. Several: as\n"
                   "llama-batched-bench, the prompts, then decoding behind them; decode_tok_s counts all sequences.");
    flags->model.add_to(command);
    command.add_option("--prompt", options.prompt, "Prompt tokens of each sequence; 0 = do not measure")
        ->type_name("N")
        ->capture_default_str();
    command.add_option("--generate", options.generate, "Tokens to decode for each sequence; 0 = do not measure")
        ->type_name("N")
        ->capture_default_str();
    command.add_option("--batch", options.batch, "Sequences")
        ->type_name("B")
        ->check(CLI::Range(1U, 4096U))
        ->capture_default_str();
    command.add_option("--chunk", options.chunk, "Prompt tokens a pass")
        ->type_name("N")
        ->check(CLI::Range(1U, 65536U))
        ->capture_default_str();
    command.add_option("--repeat", options.repeat, "Runs; the fastest counts")
        ->type_name("N")
        ->check(CLI::Range(1U, 1000U))
        ->capture_default_str();
    command.add_flag("--json", flags->json, "One JSON object");
    add_chain_bench(command, action);
    command.callback([flags, &command, &action] {
        if (command.get_subcommands().empty()) action = [flags] { return run(*flags); };
    });
}

} // namespace assay::node
