#include "consensus/cometbft/engine_home.h"

#include "base/mapped_file.h"
#include "codec/base_text.h"
#include "codec/dag_json.h"
#include "consensus/cometbft/engine_process.h"
#include "consensus/cometbft/json_read.h"
#include "consensus/cometbft/rpc_client.h"

#include <algorithm>
#include <ctime>

namespace assay::consensus {

namespace {

constexpr std::size_t kFileBytesMax = std::size_t{64} << 20;

std::string base64(ByteView bytes) {
    std::string text = codec::to_base64(bytes);
    text.resize((text.size() + 3) / 4 * 4, '=');
    return text;
}

codec::Value digits(std::uint64_t value) { return std::to_string(value); }

// RFC 3339, UTC.
std::string time_text(std::int64_t milliseconds) {
    const std::int64_t below = ((milliseconds % 1000) + 1000) % 1000;
    const auto seconds = static_cast<std::time_t>((milliseconds - below) / 1000);
    std::tm parts{};
    gmtime_r(&seconds, &parts);
    std::array<char, 64> text{};
    std::size_t size = std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%S", &parts);
    std::string fraction = std::to_string(1000 + below);
    fraction.front() = '.';
    return std::string(text.data(), size) + fraction + "Z";
}

codec::Value parameters_value(const chain::ConsensusParameters& parameters) {
    using Map = codec::Value::Map;
    const std::string gas = parameters.block_gas_max ? std::to_string(*parameters.block_gas_max) : "-1";
    return Map{{"block", Map{{"max_bytes", digits(parameters.block_bytes_max)}, {"max_gas", gas}}},
               {"evidence", Map{{"max_age_num_blocks", digits(parameters.evidence_age_blocks)},
                                {"max_age_duration", std::to_string(parameters.evidence_age_ms * 1'000'000)},
                                {"max_bytes", digits(parameters.evidence_bytes_max)}}},
               {"validator", Map{{"pub_key_types", codec::Value::List{"ed25519"}}}},
               {"version", Map{{"app", "0"}}},
               {"abci", Map{{"vote_extensions_enable_height", "0"}}}};
}

codec::Value validator_value(const chain::ValidatorUpdate& validator) {
    using Map = codec::Value::Map;
    std::string address = to_hex(consensus_address(validator.public_key).bytes);
    std::ranges::transform(address, address.begin(), [](char c) { return c >= 'a' ? static_cast<char>(c - 32) : c; });
    return Map{{"address", address},
               {"pub_key", Map{{"type", "tendermint/PubKeyEd25519"}, {"value", base64(validator.public_key)}}},
               {"power", digits(validator.power)},
               {"name", ""}};
}

// The name that a line of TOML sets; empty when it sets none.
std::string_view name_set_by(std::string_view line) {
    const auto end = line.find_first_of(" =");
    return line.find('=') == std::string_view::npos || line.starts_with('#') ? "" : line.substr(0, end);
}

bool set_line(std::string& text, const EngineSetting& setting) {
    std::string section;
    for (std::size_t begin = 0; begin < text.size();) {
        const std::size_t end = std::min(text.find('\n', begin), text.size());
        const std::string_view line(text.data() + begin, end - begin);
        if (line.starts_with('[')) section = line.substr(1, line.find(']') - 1);
        if (section == setting.section && name_set_by(line) == setting.name) {
            text.replace(begin, end - begin, setting.name + " = " + setting.value);
            return true;
        }
        begin = end + 1;
    }
    return false;
}

std::string quoted(const std::string& text) { return '"' + text + '"'; }

std::string milliseconds(std::uint32_t value) { return quoted(std::to_string(value) + "ms"); }

} // namespace

Result<std::string> engine_version(const std::filesystem::path& binary) {
    auto output = run_program(binary, {"version"});
    if (!output && output.error().code == ErrorCode::not_found) {
        return fail(
            ErrorCode::not_found,
            output.error().message +
                ": install CometBFT with Go 1.22 or newer, `go install "
                "github.com/cometbft/cometbft/cmd/cometbft@v0.38.25`, and put it on PATH; scripts/localnet does it");
    }
    if (!output) return std::unexpected(output.error());
    const std::string version = output->text.substr(0, output->text.find_first_of("+\n "));
    const std::string line = version.substr(0, version.rfind('.'));
    if (output->exit_status != 0 || (line != "0.38" && line != "0.39" && line != "0.40")) {
        return fail(ErrorCode::unsupported, "'" + binary.string() + "' says it is version '" + version +
                                                "'; CometBFT 0.38 to 0.40 is needed, v0.38.25 is the one tested");
    }
    return version;
}

Result<void> init_engine_home(const std::filesystem::path& binary, const std::filesystem::path& home) {
    TRY_VOID(engine_version(binary));
    const ProcessOutput output = TRY(run_program(binary, {"init", "--home", home.string()}));
    if (output.exit_status == 0) return {};
    return fail(ErrorCode::io,
                "cometbft init in " + home.string() + " failed: " + output.text.substr(0, output.text.find('\n')));
}

Result<std::array<std::uint8_t, 32>> validator_public_key(const std::filesystem::path& home) {
    const auto path = home / "config" / "priv_validator_key.json";
    const std::string text = TRY(read_file(path, kFileBytesMax));
    const auto json = codec::parse_json(text);
    if (!json) return fail_in(path.string(), json.error());
    const auto key = json_base64(*json, "pub_key.value");
    if (!key) return fail_in(path.string(), key.error());
    std::array<std::uint8_t, 32> out{};
    if (key->size() != out.size()) return fail(ErrorCode::malformed, path.string() + ": the key has no 32 bytes");
    std::ranges::copy(*key, out.begin());
    return out;
}

Result<std::string> node_id(const std::filesystem::path& binary, const std::filesystem::path& home) {
    const ProcessOutput output = TRY(run_program(binary, {"show-node-id", "--home", home.string()}));
    const std::string id = output.text.substr(0, output.text.find('\n'));
    if (output.exit_status != 0) return fail(ErrorCode::not_found, "cometbft show-node-id: " + id);
    return id;
}

chain::ConsensusAddress consensus_address(const std::array<std::uint8_t, 32>& public_key) {
    const chain::Digest digest = crypto::sha256(public_key);
    chain::ConsensusAddress address;
    std::copy_n(digest.begin(), address.bytes.size(), address.bytes.begin());
    return address;
}

Result<void> write_engine_genesis(const std::filesystem::path& home, const chain::GenesisRequest& genesis) {
    if (genesis.chain_id.empty() || genesis.chain_id.size() > 50)
        return fail(ErrorCode::invalid_argument,
                    "chain id '" + genesis.chain_id + "': CometBFT wants 1 to 50 characters");
    codec::Value::List validators;
    for (const chain::ValidatorUpdate& validator : genesis.validators) {
        if (validator.power == 0)
            return fail(ErrorCode::invalid_argument,
                        "genesis validator " + to_hex(validator.public_key) + " has no power");
        validators.push_back(validator_value(validator));
    }
    const codec::Value document = codec::Value::Map{
        {"genesis_time", time_text(genesis.time_ms)},
        {"chain_id", genesis.chain_id},
        {"initial_height", digits(std::max<std::uint64_t>(genesis.initial_height, 1))},
        {"consensus_params", parameters_value(genesis.consensus.value_or(chain::ConsensusParameters{}))},
        {"validators", std::move(validators)},
        {"app_hash", ""},
        {"app_state", genesis.app_state}};
    const std::string text = TRY(codec::encode_dag_json(document));
    return write_file_atomically(home / "config" / "genesis.json", text);
}

Result<void> configure_engine(const std::filesystem::path& home, std::span<const EngineSetting> settings) {
    const auto path = home / "config" / "config.toml";
    std::string text = TRY(read_file(path, kFileBytesMax));
    for (const EngineSetting& setting : settings) {
        if (!set_line(text, setting))
            return fail(ErrorCode::not_found, path.string() + ": no '" + setting.name + "' in section '" +
                                                  setting.section + "'; the file is not of CometBFT 0.38 to 0.40");
    }
    return write_file_atomically(path, text);
}

std::vector<EngineSetting> engine_settings(const EngineNetwork& network) {
    const std::string local = network.local_addresses ? "true" : "false";
    return {
        {"", "proxy_app", quoted(network.proxy_app)},
        {"", "abci", quoted("socket")},
        {"", "log_level", quoted("main:info,state:info,statesync:info,*:error")}, // one or two lines a block
        {"rpc", "laddr", quoted(network.rpc)},
        {"rpc", "max_request_batch_size", std::to_string(RpcClient::kSubmissionsMax)},
        {"p2p", "laddr", quoted(network.p2p)},
        {"p2p", "persistent_peers", quoted(network.persistent_peers)},
        {"p2p", "allow_duplicate_ip", local},
        {"p2p", "addr_book_strict", network.local_addresses ? "false" : "true"},
        {"p2p", "send_rate", "20480000"}, // blocks of 20 MB would take four seconds at the default of 5 MB/s
        {"p2p", "recv_rate", "20480000"},
        {"mempool", "size", std::to_string(kEngineMempoolTransactions)},
        {"mempool", "cache_size", "40000"},
        {"consensus", "timeout_commit", milliseconds(network.commit_pause_ms)},
        {"consensus", "create_empty_blocks", network.empty_blocks ? "true" : "false"},
        {"consensus", "create_empty_blocks_interval", milliseconds(network.empty_blocks_interval_ms)},
        {"consensus", "peer_gossip_sleep_duration", milliseconds(10)}, // the default adds up to 100 ms a hop
    };
}

} // namespace assay::consensus
