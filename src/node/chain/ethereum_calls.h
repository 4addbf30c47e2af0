#pragma once
/// The part of Ethereum's JSON-RPC that wallets need to read balances and send the native coin. A wei is 10^-9 units.
/// Blocks are final: latest, safe and finalized are the same. Thread-safe; borrows the host.
#include "api/chain_ports.h"
#include "node/chain/chain_host.h"

namespace assay::node {

class EthereumCalls {
public:
    explicit EthereumCalls(ChainHost& host) : host_(host) {}
    std::expected<std::string, api::EthereumError> call(std::string_view method, std::string_view params);

private:
    ChainHost& host_;
};

} // namespace assay::node
