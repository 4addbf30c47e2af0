// assay bench: tokens a second.
#include "node/bench.h"
#include "node/commands/command.h"
#include "node/machine.h"
#include "node/terminal.h"

#include <cstdio>

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
    command.callback([flags, &action] { action = [flags] { return run(*flags); }; });
}

} // namespace assay::node
