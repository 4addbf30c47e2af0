#pragma once
/// What the commands share. Internal to the room.
#include "base/result.h"
#include "engine/service.h"
#include "node/open_model.h"

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace assay::node {

using Json = nlohmann::ordered_json;
/// What the parsed command line asks for; the value is the exit code.
using Action = std::function<Result<int>()>;

void add_up(CLI::App& app, Action& action);
void add_chat(CLI::App& app, Action& action);
void add_complete(CLI::App& app, Action& action);
void add_model(CLI::App& app, Action& action);
void add_info(CLI::App& app, Action& action);
void add_tokenize(CLI::App& app, Action& action);
void add_detokenize(CLI::App& app, Action& action);
void add_logits(CLI::App& app, Action& action);
void add_perplexity(CLI::App& app, Action& action);
void add_bench(CLI::App& app, Action& action);
void add_tool(CLI::App& app, Action& action);

/// --model, --threads, --isa.
struct ModelFlags {
    std::string model;
    std::uint32_t threads = 0;
    std::string isa;

    void add_model_option(CLI::App& command);
    void add_to(CLI::App& command);
    /// --model, else the default model in the cache. Errors: not_found, telling how to get it.
    Result<std::filesystem::path> path() const;
    /// Opens it with a progress bar. Errors: as open_model; unsupported for an embedding model when `must_generate`.
    Result<OpenModel> open(bool must_generate) const;
};

/// Sampling options, under the names of the API.
struct SamplingFlags {
    double temperature = 0;
    double top_p = 1, min_p = 0, repetition_penalty = 1;
    std::uint32_t top_k = 0;
    std::uint64_t seed = 0;
    CLI::Option* seed_option = nullptr;

    void add_to(CLI::App& command, double usual_temperature);
    engine::SamplingOptions options() const;
};

/// A service of one model for one command, sized for `sequences` of at most `tokens` tokens.
Result<std::unique_ptr<engine::GenerationService>> make_command_service(const OpenModel& open,
                                                                        engine::ServiceOptions options,
                                                                        std::uint32_t sequences, std::uint64_t tokens);

/// One line of JSON on standard output. Ill-formed UTF-8 becomes U+FFFD.
int print_json(const Json& json);

/// Everything on standard input. Errors: io, resource_exhausted (over a gigabyte).
Result<std::string> read_stdin();
/// `name` "-" is standard input. Errors: as read_file.
Result<std::string> read_input(const std::string& name);

/// Ids in decimal, separated by blanks, line ends, commas or JSON brackets. Errors: invalid_argument, naming what is not a number.
Result<std::vector<engine::TokenId>> parse_ids(std::string_view text);

} // namespace assay::node
