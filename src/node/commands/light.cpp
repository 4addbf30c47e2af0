// assay light: checks what a node says against signed headers, without trusting the node.
#include "consensus/light/proof_bundle.h"
#include "node/commands/chain_flags.h"
#include "node/commands/exit_codes.h"

#include <chrono>
#include <cstdio>

namespace assay::node {
namespace {

constexpr const char* kFooter =
    R"(The trusted height and hash come from elsewhere: an explorer, a friend, an earlier check.
Examples:
  assay light fetch --rpc http://127.0.0.2:26657 --trust-height 5 --trust-hash HASH bank 0x80… > answer.json
  assay light verify answer.json --trust-height 5 --trust-hash HASH)";

struct LightFlags {
    std::string file, module, key;
    std::vector<std::string> rpcs;
    std::uint64_t trust_height = 0;
    std::string trust_hash;
    consensus::TrustOptions options;
    bool json = false;

    void add_trust(CLI::App& command) {
        command.add_option("--trust-height", trust_height, "Height of a header that is known to be right")
            ->required()
            ->type_name("N");
        command.add_option("--trust-hash", trust_hash, "Its hash")->required()->type_name("HASH");
        command
            .add_option("--trust-period", options.trust_period_s,
                        "Seconds that such knowledge stays good; below the unbonding time")
            ->type_name("S")
            ->capture_default_str();
    }
    Result<consensus::TrustRoot> root() const {
        return consensus::TrustRoot{trust_height, TRY(parse_hash(trust_hash))};
    }
};

consensus::BlockTime now() {
    const auto since = std::chrono::system_clock::now().time_since_epoch();
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(since);
    return {seconds.count(), static_cast<std::int32_t>(std::chrono::nanoseconds(since - seconds).count())};
}

Result<int> verify(const LightFlags& flags) {
    const auto root = TRY(flags.root());
    const std::string text = TRY(read_small_file(flags.file, consensus::kBundleBytesMax));
    const auto bundle = TRY(consensus::parse_proof_bundle(text));
    const auto answer = TRY(consensus::verify_proof_bundle(bundle, root, flags.options, now()));
    const ChainJson json{{"ok", true},
                         {"chain_id", answer.chain_id},
                         {"height", answer.height},
                         {"app_hash", to_hex(answer.app_hash)},
                         {"headers", answer.headers},
                         {"module", bundle.module},
                         {"key", "0x" + to_hex(bundle.key)},
                         {"value", bundle.value ? ChainJson("0x" + to_hex(*bundle.value)) : ChainJson(nullptr)}};
    print_json(json, flags.json);
    return kExitDone;
}

Result<int> fetch(const LightFlags& flags) {
    const auto root = TRY(flags.root());
    const auto key = from_hex(flags.key);
    if (!key) return fail_in("key", key.error());
    std::vector<consensus::RpcClient> endpoints;
    for (const std::string& url : flags.rpcs) endpoints.emplace_back(url);
    const std::string bundle =
        TRY(consensus::fetch_proof_bundle(endpoints, root, flags.options, now(), flags.module, *key));
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
    verify_command.add_option("file", verify_flags->file, "What 'light fetch' wrote")->required()->type_name("FILE");
    verify_flags->add_trust(verify_command);
    verify_command.add_flag("--json", verify_flags->json, "Answer in one line of JSON");
    verify_command.callback([verify_flags, &action] { action = [verify_flags] { return verify(*verify_flags); }; });

    const auto fetch_flags = std::make_shared<LightFlags>();
    CLI::App& fetch_command =
        *light.add_subcommand("fetch", "Get a key's value with its proof and headers, checked on the way");
    fetch_command.add_option("module", fetch_flags->module, "Module: bank, staking, …")->required();
    fetch_command.add_option("key", fetch_flags->key, "Raw key, hexadecimal")->required()->type_name("HEX");
    fetch_command.add_option("--rpc", fetch_flags->rpcs, "CometBFT RPC; further ones are asked whether they agree")
        ->required()
        ->type_name("URL");
    fetch_flags->add_trust(fetch_command);
    fetch_command.callback([fetch_flags, &action] { action = [fetch_flags] { return fetch(*fetch_flags); }; });
}

} // namespace assay::node
