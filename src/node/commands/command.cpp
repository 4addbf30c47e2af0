#include "node/commands/command.h"

#include "node/model_fetch.h"
#include "node/terminal.h"

#include <charconv>
#include <cstdio>

namespace assay::node {
namespace {

constexpr std::size_t kInputBytesMax = std::size_t{1} << 30;

} // namespace

void ModelFlags::add_model_option(CLI::App& command) {
    command
        .add_option(
            "--model", model,
            "GGUF file, or folder with config.json and safetensors; default: SmolLM2-135M-Instruct, once fetched")
        ->type_name("FILE");
}

void ModelFlags::add_to(CLI::App& command) {
    add_model_option(command);
    command.add_option("--threads", threads, "Threads to compute with; 0 = one a core. Never changes an answer")
        ->type_name("N")
        ->check(CLI::Range(0U, 1024U))
        ->capture_default_str();
    command
        .add_option(
            "--isa", isa,
            "Instruction set: scalar, avx2, avx512, amx, neon; default: ASSAY_ISA or the best. Never changes an answer")
        ->type_name("NAME");
}

Result<std::filesystem::path> ModelFlags::path() const {
    if (!model.empty()) return std::filesystem::path(model);
    auto usual = TRY(default_model_path());
    std::error_code error;
    if (std::filesystem::exists(usual, error)) return usual;
    return fail(ErrorCode::not_found,
                "no --model given, and the default model is not here yet: run 'assay model fetch'");
}

Result<OpenModel> ModelFlags::open(bool must_generate) const {
    const auto file = TRY(path());
    Progress progress("Loading " + model_id(file));
    OpenModel opened = TRY(open_model(file, {.threads = threads, .isa = isa, .progress = progress.callback()}));
    progress.finish();
    if (must_generate && opened.model->config().architecture == formats::Architecture::bert) {
        return fail(ErrorCode::unsupported, file.string() + ": this is an embedding model; it does not generate text");
    }
    return opened;
}

void SamplingFlags::add_to(CLI::App& command, double usual_temperature) {
    temperature = usual_temperature;
    command.add_option("--temperature", temperature, "0 = always the likeliest token; higher = more variety")
        ->type_name("X")
        ->check(CLI::Range(0.0, 10.0))
        ->capture_default_str();
    command.add_option("--top-k", top_k, "Choose among the K likeliest tokens; 0 = off")
        ->type_name("K")
        ->capture_default_str();
    command.add_option("--top-p", top_p, "Choose among the likeliest tokens of total probability P")
        ->type_name("P")
        ->check(CLI::Range(0.0, 1.0))
        ->capture_default_str();
    command.add_option("--min-p", min_p, "Drop tokens less likely than P times the likeliest")
        ->type_name("P")
        ->check(CLI::Range(0.0, 1.0))
        ->capture_default_str();
    command.add_option("--repetition-penalty", repetition_penalty, "Above 1: tokens that occurred become less likely")
        ->type_name("X")
        ->check(CLI::Range(0.01, 100.0))
        ->capture_default_str();
    seed_option = command.add_option("--seed", seed, "The same seed gives the same answer, on every machine")
                      ->type_name("S")
                      ->capture_default_str();
}

engine::SamplingOptions SamplingFlags::options() const {
    engine::SamplingOptions sampling;
    sampling.temperature = temperature;
    sampling.top_p = top_p;
    sampling.min_p = min_p;
    sampling.top_k = top_k;
    sampling.repetition_penalty = repetition_penalty;
    sampling.seed = seed;
    return sampling;
}

Result<std::unique_ptr<engine::GenerationService>> make_command_service(const OpenModel& open,
                                                                        engine::ServiceOptions options,
                                                                        std::uint32_t sequences, std::uint64_t tokens) {
    const std::uint64_t longest = std::min<std::uint64_t>(tokens, open.model->config().context_max);
    // One page more than a sequence needs, for the token under way, and one for drafts.
    const std::uint64_t pages = std::uint64_t{engine::KvPages::pages_for(longest)} + 2;
    options.batch_max = sequences;
    options.queue_max = std::max(options.queue_max, sequences);
    options.kv_bytes_max = pages * sequences * engine::KvPages::page_bytes(open.model->config());
    return engine::make_service(open.model, open.tokenizer, options);
}

int print_json(const Json& json) {
    const std::string text = json.dump(-1, ' ', false, Json::error_handler_t::replace);
    std::printf("%s\n", text.c_str());
    return std::fflush(stdout) == 0 ? 0 : 1;
}

Result<std::string> read_stdin() {
    std::string text;
    std::array<char, 65536> part{};
    while (const std::size_t count = std::fread(part.data(), 1, part.size(), stdin)) {
        text.append(part.data(), count);
        if (text.size() > kInputBytesMax)
            return fail(ErrorCode::resource_exhausted, "standard input is longer than a gigabyte");
    }
    if (std::ferror(stdin) != 0) return fail(ErrorCode::io, "cannot read standard input");
    return text;
}

Result<std::string> read_input(const std::string& name) {
    if (name == "-") return read_stdin();
    return read_file(name, kInputBytesMax);
}

Result<std::vector<engine::TokenId>> parse_ids(std::string_view text) {
    constexpr std::string_view kBetween = " \t\r\n,[]";
    std::vector<engine::TokenId> ids;
    for (std::size_t at = text.find_first_not_of(kBetween); at != std::string_view::npos;
         at = text.find_first_not_of(kBetween, at)) {
        const std::size_t end = std::min(text.find_first_of(kBetween, at), text.size());
        engine::TokenId id = 0;
        const auto [stop, error] = std::from_chars(text.data() + at, text.data() + end, id);
        if (error != std::errc() || stop != text.data() + end) {
            return fail(ErrorCode::invalid_argument,
                        "'" + std::string(text.substr(at, std::min<std::size_t>(end - at, 40))) +
                            "' is not a token id");
        }
        ids.push_back(id);
        at = end;
    }
    return ids;
}

} // namespace assay::node
