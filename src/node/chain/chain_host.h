#pragma once
/// A chain in this process: state, application, consensus, index, from the data folder; started and stopped as one.
/// Thread-safe once open. Local class.
#include "chain/chain_application.h"
#include "consensus/cometbft/rpc_client.h"
#include "consensus/consensus.h"
#include "consensus/index/commit_waiters.h"
#include "consensus/index/explorer_index.h"
#include "node/chain/chain_home.h"
#include "node/chain/observer_list.h"
#include "storage/database.h"

#include <functional>
#include <memory>
#include <string>

namespace assay::node {

enum class ConsensusMode { embedded, cometbft };

struct ChainOptions {
    std::filesystem::path data_folder;
    ConsensusMode mode = ConsensusMode::embedded;
    std::uint32_t block_interval_ms = 0; ///< embedded: 0 = a block when there is something for it
    std::uint64_t keep_versions = 100;   ///< heights whose state can still be read; 0 = all
    std::uint32_t snapshot_interval_blocks = 0; ///< 0 = none
    bool index = true;
    unsigned threads = 0; ///< for signatures; 0 = one a core
    /// cometbft: its home (default DATA/chain/cometbft), its program, and where it listens.
    std::filesystem::path comet_home;
    std::filesystem::path comet_binary = "cometbft";
    std::string comet_rpc = "tcp://127.0.0.1:26657";
    std::string comet_p2p = "tcp://0.0.0.0:26656";
    bool comet_attach = false; ///< somebody else runs it
    std::string abci_address;  ///< default: a socket in the data folder
    std::function<void(const std::string& line)> log = {};
    std::function<void(const Error& error)> on_fatal = {}; ///< no more blocks; the process should end
};

class ChainHost {
public:
    /// Opens what is there. An empty folder gets a development chain of its own: one validator (this node), and a funded
    /// account, key "operator". Errors: named after what stops it.
    static Result<std::unique_ptr<ChainHost>> open(ChainOptions options);
    virtual ~ChainHost() = default; ///< stops

    virtual const ChainHome& home() const = 0;
    virtual chain::ChainApplication& application() = 0;
    virtual consensus::Consensus& consensus() = 0;
    virtual consensus::CommitWaiters& waiters() = 0;
    virtual consensus::ExplorerIndex* index() = 0; ///< null without one
    /// One more observer of blocks, told after the index as long as the value lives.
    [[nodiscard]] virtual std::unique_ptr<Observation> observe(consensus::BlockObserver& observer) = 0;
    virtual void stop() = 0;
};

/// A chain's parts for work without consensus: verify, export, roll back. Never makes anything.
struct ChainAtRest {
    std::unique_ptr<storage::Database> database;
    std::unique_ptr<chain::StateStore> store;
    chain::ModuleSet modules;
};
/// Errors: not_found (no chain in the folder), those of opening.
Result<ChainAtRest> open_chain_at_rest(const ChainHome& home, bool read_only);

} // namespace assay::node
