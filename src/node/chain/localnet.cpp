#include "node/chain/localnet.h"

#include "chain/chain_application.h"
#include "chain/modules/staking/staking_params.h"
#include "consensus/cometbft/engine_home.h"
#include "node/folders.h"

#include <algorithm>
#include <chrono>

namespace assay::node {
namespace {

constexpr std::uint32_t kValidatorsMax = 32;
constexpr std::string_view kOperatorKey = "operator";

std::string loopback(std::uint32_t index) { return "127.0.0." + std::to_string(2 + index); }

std::filesystem::path engine_home(const LocalnetOptions& options, std::uint32_t index) {
    return ChainHome{localnet_home(options, index)}.cometbft();
}

struct Member {
    chain::DevelopmentGenesis::Validator validator;
    std::string peer; ///< "ID@IP:PORT"
};

Result<Member> make_member(const LocalnetOptions& options, std::uint32_t index) {
    const ChainHome home{localnet_home(options, index)};
    TRY_VOID(make_folder(home.cometbft()));
    TRY_VOID(consensus::init_engine_home(options.comet_binary, home.cometbft()));
    auto key = find_key(home, kOperatorKey);
    if (!key) {
        const auto secret = TRY(crypto::SecretKey::random());
        key = store_key(home, kOperatorKey, secret, "");
        if (!key) return std::unexpected(key.error());
    }
    Member member;
    member.validator.account = TRY(crypto::parse_address(key->address));
    member.validator.public_key = TRY(consensus::validator_public_key(home.cometbft()));
    member.validator.name = "node" + std::to_string(index);
    member.peer = TRY(consensus::node_id(options.comet_binary, home.cometbft())) + "@" + loopback(index) + ":26656";
    return member;
}

Result<chain::GenesisRequest> make_genesis(const LocalnetOptions& options, const std::vector<Member>& members) {
    chain::DevelopmentGenesis choice;
    choice.chain_id = options.chain_id;
    choice.time_ms =
        std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::system_clock::now().time_since_epoch())
            .count();
    for (const Member& member : members) choice.validators.push_back(member.validator);
    const chain::GenesisDocument document = chain::make_development_genesis(choice);
    chain::GenesisRequest request;
    request.chain_id = document.chain_id;
    request.time_ms = document.time_ms;
    request.initial_height = document.initial_height;
    request.app_state = document.modules;
    // The engine must know the set that the state begins with: it is computed from the state itself.
    const chain::ModuleSet modules = chain::make_modules();
    chain::MemoryState state;
    chain::BlockInfo block{.chain_id = request.chain_id,
                           .height = 0,
                           .time_ms = request.time_ms,
                           .proposer = {},
                           .last_commit = {},
                           .misbehavior = {}};
    TRY_VOID(chain::apply_genesis(modules, block, request.app_state, state));
    request.validators = modules.validators(state);
    // The engine keeps evidence while there is stake that answers for it: for that time, and for as many blocks as fit in.
    const std::uint64_t unbonding_ms = modules.params->get<chain::StakingParams>(state).unbonding_ms;
    request.consensus.emplace();
    request.consensus->evidence_age_ms = static_cast<std::int64_t>(unbonding_ms);
    request.consensus->evidence_age_blocks = unbonding_ms / std::max<std::uint32_t>(options.commit_pause_ms, 100);
    return request;
}

} // namespace

std::filesystem::path localnet_home(const LocalnetOptions& options, std::uint32_t index) {
    return options.folder / ("node" + std::to_string(index));
}

std::string localnet_url(const LocalnetOptions& options, std::uint32_t index) {
    return "http://127.0.0.1:" + std::to_string(options.first_port + index);
}

Result<void> make_localnet(const LocalnetOptions& options) {
    if (options.validators == 0 || options.validators > kValidatorsMax)
        return fail(ErrorCode::invalid_argument,
                    "a network here has 1 … " + std::to_string(kValidatorsMax) + " validators");
    std::error_code error;
    const auto genesis_of = [&](std::uint32_t index) {
        return engine_home(options, index) / "config" / "genesis.json";
    };
    if (std::filesystem::exists(localnet_home(options, 0) / "made", error)) return {};
    std::vector<Member> members;
    for (std::uint32_t i = 0; i < options.validators; ++i) members.push_back(TRY(make_member(options, i)));
    const chain::GenesisRequest genesis = TRY(make_genesis(options, members));
    for (std::uint32_t i = 0; i < options.validators; ++i) {
        std::string peers;
        for (std::uint32_t j = 0; j < options.validators; ++j) {
            if (j != i) peers += (peers.empty() ? "" : ",") + members[j].peer;
        }
        TRY_VOID(consensus::write_engine_genesis(engine_home(options, i), genesis));
        const auto settings = consensus::engine_settings(
            {.proxy_app = "unix://" + (ChainHome{localnet_home(options, i)}.chain() / "abci.sock").string(),
             .rpc = "tcp://" + loopback(i) + ":26657",
             .p2p = "tcp://" + loopback(i) + ":26656",
             .persistent_peers = peers,
             .local_addresses = true,
             .commit_pause_ms = options.commit_pause_ms});
        TRY_VOID(consensus::configure_engine(engine_home(options, i), settings));
        if (!std::filesystem::exists(genesis_of(i), error))
            return fail(ErrorCode::io, genesis_of(i).string() + ": was not written");
    }
    return write_file_durably(localnet_home(options, 0) / "made", "by assay localnet\n", false);
}

std::vector<std::string> localnet_command(const LocalnetOptions& options, std::uint32_t index,
                                          const std::string& program) {
    return {program,
            "up",
            "--no-model",
            "--consensus",
            "cometbft",
            "--data-dir",
            localnet_home(options, index).string(),
            "--port",
            std::to_string(options.first_port + index),
            "--comet-binary",
            options.comet_binary.string(),
            "--comet-rpc",
            "tcp://" + loopback(index) + ":26657",
            "--comet-p2p",
            "tcp://" + loopback(index) + ":26656"};
}

} // namespace assay::node
