// assay light: checks what a node says against signed headers, without trusting the node.
#include "consensus/light/proof_bundle.h"
#include "node/chain/node_light_source.h"
#include "node/commands/chain_flags.h"
#include "node/commands/exit_codes.h"
#include "node/commands/trust_flags.h"

#include <cstdio>

namespace assay::node {
namespace {

constexpr const char* kFooter =
    R"(The trusted height and hash come from elsewhere: an explorer, a friend, an earlier check.
Examples:
  assay query balance ADDRESS --proof answer.json
  assay light verify answer.json --trust-height 1 --trust-hash HASH
  assay light fetch --trust-height 5 --trust-hash HASH bank 0x80… > answer.json
  assay light fetch --rpc http://127.0.0.2:26657 --trust-height 5 --trust-hash HASH bank 0x80… > answer.json)";

struct LightFlags : ChainFlags {
    std::string file, module, key;
    std::vector<std::string> rpcs;
    TrustFlags trust;
};

Result<int> verify(const LightFlags& flags) {
    const auto root = TRY(flags.trust.root());
    const std::string text = TRY(read_small_file(flags.file, consensus::kBundleBytesMax));
    const auto bundle = TRY(consensus::parse_proof_bundle(text));
    const auto answer = TRY(consensus::verify_proof_bundle(bundle, root, flags.trust.options, time_now()));
    ChainJson json{{"ok", true},
                   {"chain_id", answer.chain_id},
                   {"height", answer.height},
                   {"app_hash", to_hex(answer.app_hash)},
                   {"headers", answer.headers},
                   {"module", bundle.module},
                   {"key", "0x" + to_hex(bundle.key)},
                   {"value", bundle.value ? ChainJson("0x" + to_hex(*bundle.value)) : ChainJson(nullptr)}};
    if (ChainJson account = balance_of(bundle.module, bundle.key, bundle.value); !account.is_null())
        json["account"] = std::move(account);
    print_json(json, flags.json);
    return kExitDone;
}

Result<int> fetch(const LightFlags& flags) {
    const auto key = from_hex(flags.key);
    if (!key) return fail_in("key", key.error());
    std::vector<std::unique_ptr<consensus::LightSource>> owned;
    for (const std::string& url : flags.rpcs)
        owned.push_back(std::make_unique<consensus::RpcLightSource>(consensus::RpcClient(url)));
    if (owned.empty()) owned.push_back(std::make_unique<NodeLightSource>(TRY(flags.client())));
    std::vector<const consensus::LightSource*> sources;
    for (const auto& source : owned) sources.push_back(source.get());
    const auto root = TRY(flags.trust.root());
    const std::string bundle =
        TRY(consensus::fetch_proof_bundle(sources, root, flags.trust.options, time_now(), flags.module, *key));
    std::printf("%s\n", bundle.c_str());
    return kExitDone;
}

} // namespace

void add_light(CLI::App& app, Action& action) {
    CLI::App& light =
        *app.add_subcommand("light", "Check a node's answer against signed headers, without trusting the node");
    light.require_subcommand(1);
    light.footer(kFooter);
    const auto verify_flags = std::make_shared<LightFlags>();
    CLI::App& verify_command = *light.add_subcommand("verify", "Check an answer with its proof and headers, off line");
    verify_command.add_option("file", verify_flags->file, "What 'light fetch' or 'query balance --proof' wrote")
        ->required()
        ->type_name("FILE");
    verify_flags->trust.add_to(verify_command, true);
    verify_flags->add_json(verify_command);
    verify_command.callback([verify_flags, &action] { action = [verify_flags] { return verify(*verify_flags); }; });

    const auto fetch_flags = std::make_shared<LightFlags>();
    CLI::App& fetch_command =
        *light.add_subcommand("fetch", "Get a key's value with its proof and headers, checked on the way");
    fetch_command.add_option("module", fetch_flags->module, "Module: bank, staking, …")->required();
    fetch_command.add_option("key", fetch_flags->key, "Raw key, hexadecimal")->required()->type_name("HEX");
    fetch_command
        .add_option("--rpc", fetch_flags->rpcs,
                    "CometBFT RPC to ask instead of a node; further ones are asked whether they agree")
        ->type_name("URL");
    fetch_flags->add_node(fetch_command);
    fetch_flags->add_data_folder(fetch_command);
    fetch_flags->trust.add_to(fetch_command, true);
    fetch_command.callback([fetch_flags, &action] { action = [fetch_flags] { return fetch(*fetch_flags); }; });
}

} // namespace assay::node
