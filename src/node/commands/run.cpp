#include "node/commands/chain_flags.h"
#include "node/commands/command.h"
#include "node/commands/commands.h"
#include "node/commands/exit_codes.h"
#include "node/machine.h"
#include "node/terminal.h"

#include <cstdio>
#include <new>

namespace assay::node {
namespace {

constexpr const char* kAbout =
    "Assay runs language models bit for bit the same on every CPU, serves them over OpenAI's API, and keeps a chain.";

constexpr const char* kFooter = R"(Start here:
  assay up                                        fetch a small model, serve it, print a URL to open
  assay chat                                      talk to it in this terminal
  assay complete --prompt 'Once upon a time'      one answer
  assay COMMAND --help                            what a command takes

Exit codes: 0 done; 1 something failed while working; 2 the command line or input is wrong;
3 a file is missing, malformed or not supported; 130 interrupted.
Answers go to standard output; progress and errors go to standard error, an error in one line.)";

int complain(std::string_view message) {
    std::fprintf(stderr, "assay: %s\n", one_line(message).c_str());
    return kExitUsage;
}

/// The innermost command that was named, for "see … --help".
std::string deepest_command(const CLI::App& app) {
    std::string name = "assay";
    const CLI::App* at = &app;
    while (!at->get_subcommands().empty()) {
        at = at->get_subcommands().front();
        name += " " + at->get_name();
    }
    return name;
}

/// Help and version are printed and end with 0; all else is one line.
int report_parse_end(const CLI::App& app, const CLI::ParseError& error) {
    if (error.get_exit_code() == static_cast<int>(CLI::ExitCodes::Success)) return app.exit(error);
    return complain(std::string(error.what()) + " (see " + deepest_command(app) + " --help)");
}

int run_action(const Action& action) {
    if (!action) return kExitUsage;
    const Result<int> result = action();
    if (result) return *result;
    std::fflush(stdout);
    complain(result.error().message);
    return exit_code(result.error().code);
}

} // namespace

int run_command_line(int count, const char* const* arguments) {
    CLI::App app(kAbout, "assay");
    Action action;
    app.footer(kFooter);
    app.require_subcommand(1);
    app.set_version_flag("--version", std::string("assay ") + std::string(version()));
    add_up(app, action);
    add_chat(app, action);
    add_complete(app, action);
    add_model(app, action);
    add_info(app, action);
    add_tokenize(app, action);
    add_detokenize(app, action);
    add_logits(app, action);
    add_perplexity(app, action);
    add_bench(app, action);
    add_key(app, action);
    add_tx(app, action);
    add_query(app, action);
    add_chain(app, action);
    add_light(app, action);
    add_localnet(app, action);
    add_tool(app, action);
    app.add_subcommand("version", "Print the version")->callback([&action] {
        action = [] { return std::printf("assay %s\n", std::string(version()).c_str()) > 0 ? kExitDone : kExitFailed; };
    });
    try {
        app.parse(count, arguments);
    } catch (const CLI::ParseError& error) {
        return report_parse_end(app, error);
    }
    try {
        return run_action(action);
    } catch (const std::bad_alloc&) {
        complain("out of memory");
        return kExitFailed;
    }
}

} // namespace assay::node
