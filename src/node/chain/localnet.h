#pragma once
/// A network of validators on this machine: homes for each (keys, CometBFT's configuration, one genesis), and running them.
/// Validator i listens on 127.0.0.(2 + i), ports 26656 (peers) and 26657 (RPC), and serves HTTP on `first_port` + i.
/// Local class; one caller.
#include "node/chain/chain_home.h"

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace assay::node {

struct LocalnetOptions {
    std::filesystem::path folder; ///< node0, node1, … go there
    std::uint32_t validators = 4;
    std::uint16_t first_port = 8180;
    std::filesystem::path comet_binary = "cometbft";
    std::string chain_id = "assay-localnet";
    std::uint32_t commit_pause_ms = 200;
};

/// Makes the homes where there are none yet. Every validator has the key "operator", funded and without a password.
/// Errors: invalid_argument (number, a folder with other contents), not_found (no cometbft), io.
Result<void> make_localnet(const LocalnetOptions& options);

/// The command line that runs validator `index`.
std::vector<std::string> localnet_command(const LocalnetOptions& options, std::uint32_t index,
                                          const std::string& program);

std::filesystem::path localnet_home(const LocalnetOptions& options, std::uint32_t index);
std::string localnet_url(const LocalnetOptions& options, std::uint32_t index);

} // namespace assay::node
