// assay query: what the chain says.
#include "consensus/light/proof_bundle.h"
#include "node/chain/node_light_source.h"
#include "node/commands/chain_flags.h"
#include "node/commands/exit_codes.h"
#include "node/commands/trust_flags.h"

#include <cstdio>

namespace assay::node {
namespace {

constexpr const char* kFooter = R"(Examples:
  assay query balance 0x52908400098527886E0F7030069857D2E4169EE7
  assay query balance operator --proof answer.json
  assay query tx 5f2c…
  assay query get staking/validators limit=10
  assay query get store/bank/key key=0x80… --prove --height 41)";

struct QueryFlags : ChainFlags {
    std::string what;
    std::string token;
    std::vector<std::string> arguments;
    std::uint64_t height = 0;
    CLI::Option* height_given = nullptr;
    bool prove = false;
    std::string proof_file;
    TrustFlags trust;

    void add_common(CLI::App& command) {
        add_node(command);
        add_data_folder(command);
        add_json(command);
    }
    void add_height(CLI::App& command) {
        height_given = command.add_option("--height", height, "As of this block; default: the last")->type_name("N");
    }
    std::optional<std::uint64_t> wanted_height() const {
        return height_given != nullptr && height_given->count() > 0 ? std::optional(height) : std::nullopt;
    }
    std::string at_height() const {
        const auto wanted = wanted_height();
        return wanted ? "&height=" + std::to_string(*wanted) : "";
    }
};

/// A key's name stands for its address.
Result<std::string> address_of(const QueryFlags& flags) {
    if (flags.what.starts_with("0x")) {
        const auto address = crypto::parse_address(flags.what);
        if (!address) return fail(ErrorCode::invalid_argument, "'" + flags.what + "': " + address.error().message);
        return crypto::to_string(*address);
    }
    const auto home = TRY(flags.home());
    return TRY(find_key(home, flags.what)).address;
}

/// The balance with its proof and headers, as `assay light verify` reads them, in a file.
Result<ChainJson> proven_balance(const QueryFlags& flags, const std::string& address) {
    const NodeLightSource source(TRY(flags.client()));
    std::optional<crypto::Address> token;
    if (!flags.token.empty()) token = TRY(crypto::parse_address(flags.token));
    const Bytes key = balance_key(token, TRY(crypto::parse_address(address)));
    const auto root = TRY(flags.trust.root(source));
    const consensus::LightSource* const sources[] = {&source};
    const std::string text = TRY(consensus::fetch_proof_bundle(sources, root, flags.trust.options, time_now(), "bank",
                                                               key, flags.wanted_height()));
    const auto bundle = TRY(consensus::parse_proof_bundle(text));
    TRY_VOID(write_file_durably(flags.proof_file, text + "\n", false));
    ChainJson json = balance_of(bundle.module, bundle.key, bundle.value);
    json.erase("nonce");
    json["height"] = bundle.height;
    json["proof"] = flags.proof_file;
    return json;
}

void print_balance(const QueryFlags& flags, const ChainJson& json) {
    if (flags.json) {
        print_json(json, true);
    } else {
        std::printf("%s\n", json.value("balance", std::string()).c_str());
    }
}

Result<int> balance(const QueryFlags& flags) {
    const std::string address = TRY(address_of(flags));
    if (!flags.proof_file.empty()) {
        print_balance(flags, TRY(proven_balance(flags, address)));
        return kExitDone;
    }
    const auto node = TRY(flags.client());
    std::string path = "/chain/query/bank/balance?address=" + address + flags.at_height();
    if (!flags.token.empty()) path += "&token=" + percent_encode(flags.token);
    const ChainJson answer = TRY(node.get(path));
    ChainJson json = answer["value"];
    json["height"] = answer["height"];
    print_balance(flags, json);
    return kExitDone;
}

Result<int> print_answer(const QueryFlags& flags, const Result<ChainJson>& answer) {
    if (!answer) return std::unexpected(answer.error());
    print_json(*answer, flags.json);
    return kExitDone;
}

Result<int> account(const QueryFlags& flags) {
    const std::string address = TRY(address_of(flags));
    return print_answer(flags, TRY(flags.client()).get("/chain/accounts/" + address));
}

Result<int> transaction(const QueryFlags& flags) {
    return print_answer(flags, TRY(flags.client()).get("/chain/transactions/" + percent_encode(flags.what)));
}

Result<int> block(const QueryFlags& flags) {
    return print_answer(flags, TRY(flags.client()).get("/chain/blocks/" + percent_encode(flags.what)));
}

Result<int> get(const QueryFlags& flags) {
    std::string path = flags.what;
    while (path.starts_with('/')) path.erase(0, 1);
    path = "/chain/query/" + path + "?";
    for (const std::string& argument : flags.arguments) {
        const auto equals = argument.find('=');
        if (equals == std::string::npos || equals == 0)
            return fail(ErrorCode::invalid_argument, "'" + argument + "' is not NAME=VALUE");
        path += "&" + percent_encode(argument.substr(0, equals)) + "=" + percent_encode(argument.substr(equals + 1));
    }
    path += flags.at_height();
    if (flags.prove) path += "&prove=true";
    return print_answer(flags, TRY(flags.client()).get(path));
}

} // namespace

void add_query(CLI::App& app, Action& action) {
    CLI::App& query = *app.add_subcommand("query", "What the chain says: balances, transactions, blocks, modules");
    query.require_subcommand(1);
    query.footer(kFooter);
    const auto add = [&](const char* name, const char* about, const char* argument, const char* argument_about,
                         Result<int> (*run)(const QueryFlags&)) -> std::pair<CLI::App*, std::shared_ptr<QueryFlags>> {
        const auto flags = std::make_shared<QueryFlags>();
        CLI::App& command = *query.add_subcommand(name, about);
        command.add_option(argument, flags->what, argument_about)->required();
        flags->add_common(command);
        command.callback([flags, run, &action] { action = [flags, run] { return run(*flags); }; });
        return {&command, flags};
    };
    const auto [balance_command, balance_flags] =
        add("balance", "An account's money, in units", "address", "Address, or the name of a key here", balance);
    balance_command->add_option("--token", balance_flags->token, "Which token; default: the native coin")
        ->type_name("ADDRESS");
    balance_flags->add_height(*balance_command);
    balance_command
        ->add_option("--proof", balance_flags->proof_file, "Also write it with its proof, for 'assay light verify'")
        ->type_name("FILE");
    balance_flags->trust.add_to(*balance_command, false);
    add("account", "An account's nonce and native balance", "address", "Address, or the name of a key here", account);
    add("tx", "A committed transaction", "hash", "64 hexadecimal digits", transaction);
    add("block", "A block", "block", "Height, hash or latest", block);
    const auto [get_command, get_flags] =
        add("get", "Any query of a module", "path", "MODULE/QUERY, or store/MODULE/key for a raw key", get);
    get_command->add_option("arguments", get_flags->arguments, "NAME=VALUE …");
    get_command->add_flag("--prove", get_flags->prove, "With a proof (store/… only)");
    get_flags->add_height(*get_command);
}

} // namespace assay::node
