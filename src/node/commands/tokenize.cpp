// assay tokenize and detokenize.
#include "node/commands/command.h"

#include <cstdio>

namespace assay::node {
namespace {

struct TextFlags {
    ModelFlags model;
    bool json = false, special = false, add_special = false, parse_special = false;
};

Result<ModelText> open_text(const ModelFlags& flags) { return open_model_text(TRY(flags.path())); }

Result<Json> read_json_array() {
    Json json = Json::parse(TRY(read_stdin()), nullptr, false);
    if (json.is_discarded()) return fail(ErrorCode::invalid_argument, "standard input is not JSON in UTF-8");
    if (!json.is_array()) return fail(ErrorCode::invalid_argument, "standard input must be a JSON array");
    return json;
}

Result<int> run_tokenize(const TextFlags& flags) {
    const ModelText text = TRY(open_text(flags.model));
    const bool add = flags.special || flags.add_special;
    const bool parse = flags.special || flags.parse_special;
    if (!flags.json) {
        const std::string input = TRY(read_stdin());
        for (const auto id : text.tokenizer->encode(input, add, parse)) {
            const Json piece = std::string(text.tokenizer->token_text(id));
            std::printf("%d\t%s\n", id, piece.dump(-1, ' ', false, Json::error_handler_t::replace).c_str());
        }
        return 0;
    }
    Json out = Json::array();
    const Json in = TRY(read_json_array());
    for (std::size_t i = 0; i < in.size(); ++i) {
        if (!in[i].is_string())
            return fail(ErrorCode::invalid_argument, "element " + std::to_string(i) + " of the array is not a string");
        out.push_back(text.tokenizer->encode(in[i].get_ref<const std::string&>(), add, parse));
    }
    return print_json(out);
}

Result<std::vector<engine::TokenId>> check_ids(const Json& json, std::size_t index, std::size_t vocabulary) {
    const std::string where = "element " + std::to_string(index) + " of the array";
    if (!json.is_array()) return fail(ErrorCode::invalid_argument, where + " is not an array of ids");
    std::vector<engine::TokenId> ids;
    for (const Json& id : json) {
        if (!id.is_number_integer() || id.get<std::int64_t>() < 0 || id.get<std::uint64_t>() >= vocabulary) {
            return fail(ErrorCode::invalid_argument,
                        where + ": " + id.dump(-1, ' ', false, Json::error_handler_t::replace).substr(0, 40) +
                            " is not an id below " + std::to_string(vocabulary));
        }
        ids.push_back(id.get<engine::TokenId>());
    }
    return ids;
}

Result<int> run_detokenize(const TextFlags& flags) {
    const ModelText text = TRY(open_text(flags.model));
    const tokenizer::Tokenizer& tokenizer = *text.tokenizer;
    if (!flags.json) {
        const std::string input = TRY(read_stdin());
        const Json listed = TRY(parse_ids(input));
        const auto ids = TRY(check_ids(listed, 0, tokenizer.vocabulary_size()));
        const std::string decoded = tokenizer.decode(ids, !flags.special);
        std::fwrite(decoded.data(), 1, decoded.size(), stdout);
        return 0;
    }
    Json out = Json::array();
    const Json in = TRY(read_json_array());
    for (std::size_t i = 0; i < in.size(); ++i) {
        out.push_back(tokenizer.decode(TRY(check_ids(in[i], i, tokenizer.vocabulary_size())), !flags.special));
    }
    return print_json(out);
}

} // namespace

void add_tokenize(CLI::App& app, Action& action) {
    const auto flags = std::make_shared<TextFlags>();
    CLI::App& command = *app.add_subcommand("tokenize", "Text on standard input to token ids");
    command.footer(
        "Examples:\n  echo -n 'Hello, world' | assay tokenize\n"
        "  echo '[\"one text\", \"another\"]' | assay tokenize --json --model FILE      an array of arrays of ids\n\n"
        "Without further options the text is plain: <|im_start|> written in it is text, and nothing is added around "
        "it.");
    flags->model.add_model_option(command);
    command.add_flag("--json", flags->json, "JSON array of strings in, array of arrays of ids out");
    command.add_flag("--special", flags->special, "Both of the following");
    command.add_flag("--parse-special", flags->parse_special, "Special tokens written in the text become their ids");
    command.add_flag("--add-special", flags->add_special,
                     "Add what the model puts around a text (BOS; [CLS] and [SEP])");
    command.callback([flags, &action] { action = [flags] { return run_tokenize(*flags); }; });
}

void add_detokenize(CLI::App& app, Action& action) {
    const auto flags = std::make_shared<TextFlags>();
    CLI::App& command = *app.add_subcommand("detokenize", "Token ids on standard input to text");
    command.footer("Examples:\n  echo 19556 28 905 | assay detokenize\n"
                   "  echo '[[19556, 28, 905]]' | assay detokenize --json --model FILE      an array of strings");
    flags->model.add_model_option(command);
    command.add_flag("--json", flags->json, "JSON array of arrays of ids in, array of strings out");
    command.add_flag("--special", flags->special, "Write special tokens too; they are left out otherwise");
    command.callback([flags, &action] { action = [flags] { return run_detokenize(*flags); }; });
}

} // namespace assay::node
