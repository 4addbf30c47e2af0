#pragma once
/// The chain behind the HTTP surface: api::ChainNode over a ChainHost. Thread-safe. Borrows the host, which must outlive it.
#include "api/chain_ports.h"
#include "node/chain/chain_host.h"

#include <memory>

namespace assay::node {

std::shared_ptr<api::ChainNode> make_chain_adapter(ChainHost& host);

} // namespace assay::node
