// assay up: a whole node.
#include "node/commands/command.h"
#include "node/start.h"

#include <fstream>

namespace assay::node {
namespace {

struct UpFlags {
    NodeOptions node;
    std::string model, embedding_model, data_folder, config;
    std::uint32_t port = 0;
    bool no_prefix_cache = false, no_speculation = false;
    bool no_model = false, no_chain = false, no_index = false;
    std::string consensus = "embedded", comet_home;
    double kv_gigabytes = 0;
};

constexpr const char* kFooter = R"(Examples:
  assay up                                        the default model at http://127.0.0.1:8080
  assay up --model mistral-7b.Q4_K_M.gguf --port 9000
  assay up --embedding-model all-MiniLM-L6-v2/    /v1/embeddings as well
  assay up --config node.toml                     options from a file: lines of  port = 9000  and so on
  assay up --no-model --consensus cometbft        a validator of a network (scripts/localnet makes one)

Open the URL that it prints in a browser to chat, or point an OpenAI client at URL/v1.
SIGTERM or Ctrl-C: finish the requests under way, then end with 0; a second one ends at once with 130.)";

void add_service_options(CLI::App& command, UpFlags& flags) {
    engine::ServiceOptions& service = flags.node.service;
    command.add_option("--batch", service.batch_max, "Sequences decoded together")
        ->type_name("N")
        ->check(CLI::Range(1U, 4096U))
        ->capture_default_str();
    command.add_option("--queue", service.queue_max, "Requests that may wait; more are answered 429")
        ->type_name("N")
        ->check(CLI::Range(1U, 1U << 20))
        ->capture_default_str();
    command
        .add_option("--context", service.context_max, "Longest prompt and answer together, in tokens; 0 = the model's")
        ->type_name("N")
        ->capture_default_str();
    command.add_option("--chunk", service.prefill_chunk, "Prompt tokens a step; never changes an answer")
        ->type_name("N")
        ->check(CLI::Range(1U, 65536U))
        ->capture_default_str();
    command
        .add_option("--kv-gb", flags.kv_gigabytes,
                    "Memory for keys and values, in GB; 0 = chosen from the model and this machine")
        ->type_name("X")
        ->check(CLI::Range(0.0, 1e6))
        ->capture_default_str();
    command.add_flag("--no-prefix-cache", flags.no_prefix_cache, "Do not share common beginnings of prompts");
    command.add_flag("--no-speculation", flags.no_speculation, "Do not draft tokens from the prompt");
}

void add_chain_options(CLI::App& command, UpFlags& flags) {
    ChainOptions& chain = flags.node.chain;
    command.add_flag("--no-model", flags.no_model, "Serve no model: a node of the chain only");
    command.add_flag("--no-chain", flags.no_chain, "Keep no chain");
    command
        .add_option("--consensus", flags.consensus,
                    "Who orders transactions: embedded (this node alone) or cometbft (many nodes)")
        ->check(CLI::IsMember({"embedded", "cometbft"}))
        ->capture_default_str();
    command
        .add_option("--block-interval", chain.block_interval_ms,
                    "Embedded: milliseconds between blocks, empty ones too; 0 = a block when there is something for it")
        ->type_name("MS")
        ->capture_default_str();
    command
        .add_option("--keep-versions", chain.keep_versions, "Heights whose state can still be read and proved; 0 = all")
        ->type_name("N")
        ->capture_default_str();
    command
        .add_option("--snapshot-interval", chain.snapshot_interval_blocks,
                    "Blocks between snapshots for nodes that join; 0 = none")
        ->type_name("N")
        ->capture_default_str();
    command.add_flag("--no-index", flags.no_index, "Keep no index of blocks and transactions");
    command.add_option("--comet-home", flags.comet_home, "CometBFT's home; default: chain/cometbft in the data folder")
        ->type_name("DIR");
    command.add_option("--comet-binary", chain.comet_binary, "CometBFT's program")
        ->type_name("FILE")
        ->capture_default_str();
    command.add_option("--comet-rpc", chain.comet_rpc, "Where CometBFT's RPC listens; keep it on loopback")
        ->type_name("URL")
        ->capture_default_str();
    command.add_option("--comet-p2p", chain.comet_p2p, "Where CometBFT listens for its peers")
        ->type_name("URL")
        ->capture_default_str();
    command.add_flag("--comet-attach", chain.comet_attach, "CometBFT is run by somebody else: only serve it");
    command
        .add_option("--abci", chain.abci_address,
                    "Where CometBFT finds this node; default: a socket in the data folder")
        ->type_name("URL");
}

/// Options that the command line left out, from a TOML file. CLI11 reads such files for its main command only.
void apply_config(CLI::App& command, const std::string& path) {
    if (path.empty()) return;
    if (!std::ifstream(path)) throw CLI::FileError("--config: cannot read " + path);
    for (const CLI::ConfigItem& item : CLI::ConfigTOML().from_file(path)) {
        CLI::Option* option = item.parents.empty() ? command.get_option_no_throw("--" + item.name) : nullptr;
        if (option == nullptr || !option->get_configurable())
            throw CLI::ConfigError(path + ": unknown option '" + item.fullname() + "'");
        if (option->count() > 0) continue;
        if (option->get_expected_max() == 0) {
            option->add_result(option->get_flag_value(item.name, CLI::ConfigTOML().to_flag(item)));
        } else {
            for (const std::string& value : item.inputs) option->add_result(value);
        }
        option->run_callback();
    }
}

Result<int> run(UpFlags& flags, bool port_given) {
    flags.node.model = flags.model;
    flags.node.embedding_model = flags.embedding_model;
    flags.node.data_folder = flags.data_folder;
    if (port_given) flags.node.port = static_cast<std::uint16_t>(flags.port);
    flags.node.serve_model = !flags.no_model;
    flags.node.with_chain = !flags.no_chain;
    flags.node.chain.index = !flags.no_index;
    flags.node.chain.mode = flags.consensus == "cometbft" ? ConsensusMode::cometbft : ConsensusMode::embedded;
    flags.node.chain.comet_home = flags.comet_home;
    flags.node.service.prefix_cache = !flags.no_prefix_cache;
    flags.node.service.speculation = !flags.no_speculation;
    flags.node.service.kv_bytes_max = static_cast<std::uint64_t>(flags.kv_gigabytes * 1e9);
    return run_node(flags.node);
}

} // namespace

void add_up(CLI::App& app, Action& action) {
    const auto flags = std::make_shared<UpFlags>();
    CLI::App& command = *app.add_subcommand("up", "Run a node: a model over OpenAI's API, a chat page, and a chain");
    command.footer(kFooter);
    command
        .add_option(
            "--model", flags->model,
            "GGUF file, or folder with config.json and safetensors; default: SmolLM2-135M-Instruct, downloaded once")
        ->type_name("FILE");
    command
        .add_option("--embedding-model", flags->embedding_model, "A BERT model for /v1/embeddings, beside the first")
        ->type_name("PATH");
    CLI::Option* port =
        command.add_option("--port", flags->port, "TCP port; 0 = any free one; default: 8080, or any free one")
            ->type_name("N")
            ->check(CLI::Range(0U, 65535U));
    command
        .add_option("--address", flags->node.address,
                    "Address to listen on; 0.0.0.0 = every network (no password protects it)")
        ->type_name("IP")
        ->capture_default_str();
    command
        .add_option("--data-dir", flags->data_folder,
                    "Folder of this node; default: $XDG_DATA_HOME/assay or ~/.local/share/assay")
        ->type_name("DIR");
    command
        .add_option("--threads", flags->node.threads,
                    "Threads to compute with; 0 = one a core. Never changes an answer")
        ->type_name("N")
        ->check(CLI::Range(0U, 1024U))
        ->capture_default_str();
    command
        .add_option("--isa", flags->node.isa,
                    "Instruction set: scalar, avx2, avx512, amx, neon; default: ASSAY_ISA or the best")
        ->type_name("NAME");
    add_service_options(command, *flags);
    add_chain_options(command, *flags);
    command
        .add_option("--allow-origin", flags->node.allowed_origins,
                    "Web page origin that may call this node, beyond this machine's")
        ->type_name("URL");
    command
        .add_option("--drain-timeout", flags->node.drain_timeout_s,
                    "Seconds that requests may take to finish at the end")
        ->type_name("S")
        ->capture_default_str();
    command.add_flag("--access-log", flags->node.access_log, "A line on standard error for each request");
    command.add_option("--config", flags->config, "TOML file with any of these options; the command line goes first")
        ->type_name("FILE")
        ->configurable(false);
    command.callback([flags, port, &command, &action] {
        apply_config(command, flags->config);
        action = [flags, given = port->count() > 0] { return run(*flags, given); };
    });
}

} // namespace assay::node
