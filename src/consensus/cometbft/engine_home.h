#pragma once
/// The folder that CometBFT calls its home: keys, genesis and configuration.
/// Stateless functions over files; one caller for one folder. Local class.
#include "chain/application.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

namespace assay::consensus {

/// The engine's program. Errors: not_found (with what to do about it), unsupported (another version than 0.38 to 0.40), io.
Result<std::string> engine_version(const std::filesystem::path& binary);

/// Keys and default files where there are none; what is there stays. Errors: those of engine_version, io.
Result<void> init_engine_home(const std::filesystem::path& binary, const std::filesystem::path& home);

/// The Ed25519 key with which the engine of this home signs blocks. Errors: not_found, malformed.
Result<std::array<std::uint8_t, 32>> validator_public_key(const std::filesystem::path& home);
/// What other engines call this one: persistent_peers = "ID@IP:PORT,…". Errors: as above.
Result<std::string> node_id(const std::filesystem::path& binary, const std::filesystem::path& home);

/// First 20 bytes of SHA-256 of the key: how the engine names a validator.
chain::ConsensusAddress consensus_address(const std::array<std::uint8_t, 32>& public_key);

/// The engine's genesis document with our state in it. Every validator needs a power. Errors: invalid_argument, io.
Result<void> write_engine_genesis(const std::filesystem::path& home, const chain::GenesisRequest& genesis);

/// One line of config.toml: {"consensus", "timeout_commit", "\"200ms\""}. Section "" is what stands above the first.
struct EngineSetting {
    std::string section;
    std::string name;
    std::string value; ///< as TOML, text with its quotation marks
};

/// Changes settings that the file has. Errors: not_found (the file, or a setting, named), io.
Result<void> configure_engine(const std::filesystem::path& home, std::span<const EngineSetting> settings);

/// Transactions that the mempool of our engines has room for.
inline constexpr std::size_t kEngineMempoolTransactions = 20'000;

struct EngineNetwork {
    std::string proxy_app; ///< Server::address()
    std::string rpc = "tcp://127.0.0.1:26657"; ///< keep it on loopback: it is unprotected
    std::string p2p = "tcp://0.0.0.0:26656";
    std::string persistent_peers = ""; ///< "ID@IP:PORT,…"
    bool local_addresses = false; ///< peers on loopback or in one private network
    std::uint32_t commit_pause_ms = 500; ///< between a block and the next height: late votes are collected
    bool empty_blocks = true;
    std::uint32_t empty_blocks_interval_ms = 0; ///< with empty_blocks: least time between two
};
/// The settings of a node of ours.
std::vector<EngineSetting> engine_settings(const EngineNetwork& network);

} // namespace assay::consensus
