// assay logits and perplexity: a model's answers to given tokens.
#include "node/commands/command.h"
#include "node/logits_file.h"
#include "node/perplexity.h"
#include "node/terminal.h"

#include <cstdio>

namespace assay::node {
namespace {

struct LogitsFlags {
    ModelFlags model;
    std::string tokens, out;
    std::uint32_t chunk = 0;
};

Result<int> run_logits(const LogitsFlags& flags) {
    const std::string input = TRY(read_input(flags.tokens));
    const auto ids = TRY(parse_ids(input));
    if (ids.empty()) return fail(ErrorCode::invalid_argument, "no token ids on input");
    const OpenModel open = TRY(flags.model.open(true));
    LogitsFile file = TRY(LogitsFile::create(flags.out, ids.size(), open.model->config().vocabulary));
    const std::uint64_t row_bytes = std::uint64_t{open.model->config().vocabulary} * sizeof(float);
    Progress progress("Computing " + flags.out);
    Result<void> written;
    TRY_VOID(open.model->evaluate(ids, flags.chunk, [&](std::size_t position, std::span<const float> row) {
        if (written) written = file.append(row);
        progress.report((position + 1) * row_bytes, ids.size() * row_bytes);
    }));
    TRY_VOID(std::move(written));
    TRY_VOID(file.finish());
    progress.finish();
    return 0;
}

struct PerplexityFlags {
    ModelFlags model;
    std::string file;
    std::uint32_t context = 512;
    bool json = false;
};

Result<int> run_perplexity(const PerplexityFlags& flags) {
    const std::string text = TRY(read_input(flags.file));
    const OpenModel open = TRY(flags.model.open(true));
    const auto ids = perplexity_tokens(*open.tokenizer, text);
    const std::uint64_t window_bytes = text.size() * flags.context / std::max<std::size_t>(ids.size(), 1);
    Progress progress("Scoring " + std::filesystem::path(flags.file).filename().string());
    const PerplexityResult result =
        TRY(measure_perplexity(open, ids, flags.context, [&](std::uint64_t done, std::uint64_t all) {
            progress.report(done * window_bytes, all * window_bytes);
        }));
    progress.finish();
    if (flags.json) {
        return print_json({{"perplexity", result.perplexity},
                           {"tokens", result.tokens},
                           {"windows", result.windows},
                           {"context", flags.context},
                           {"text_tokens", ids.size()},
                           {"seconds", result.seconds},
                           {"arithmetic", engine::kArithmeticVersion},
                           {"isa", open.model->isa()}});
    }
    std::printf("perplexity %.4f over %llu tokens\n", result.perplexity,
                static_cast<unsigned long long>(result.tokens));
    return 0;
}

} // namespace

void add_logits(CLI::App& app, Action& action) {
    const auto flags = std::make_shared<LogitsFlags>();
    CLI::App& command = *app.add_subcommand("logits", "Logits after every token, as a NumPy file");
    command.footer(
        "Example:\n  echo 504 3575 282 | assay logits --model FILE --tokens - --out logits.npy\n\n"
        "The file is a little-endian float32 array [tokens, vocabulary]; row i is what follows tokens 0 … i.");
    flags->model.add_to(command);
    command
        .add_option("--tokens", flags->tokens, "File of token ids (blanks, commas or a JSON array); - = standard input")
        ->required()
        ->type_name("FILE");
    command.add_option("--out", flags->out, "The .npy file to write")->required()->type_name("FILE");
    command.add_option("--chunk", flags->chunk, "Tokens a pass; 0 = chosen. Never changes a bit")
        ->type_name("N")
        ->capture_default_str();
    command.callback([flags, &action] { action = [flags] { return run_logits(*flags); }; });
}

void add_perplexity(CLI::App& app, Action& action) {
    const auto flags = std::make_shared<PerplexityFlags>();
    CLI::App& command = *app.add_subcommand("perplexity", "How well a model predicts a text");
    command.footer("Example:\n  assay perplexity --model FILE --file book.txt --context 512 --json\n\n"
                   "As llama-perplexity counts: whole windows of --context tokens, each from an empty cache, the "
                   "second half of each\n"
                   "scored. --json: {\"perplexity\",\"tokens\",…}, where tokens are the scored ones.");
    flags->model.add_to(command);
    command.add_option("--file", flags->file, "Text in UTF-8; - = standard input")->required()->type_name("FILE");
    command.add_option("--context", flags->context, "Tokens a window")->type_name("N")->capture_default_str();
    command.add_flag("--json", flags->json, "One JSON object");
    command.callback([flags, &action] { action = [flags] { return run_perplexity(*flags); }; });
}

} // namespace assay::node
