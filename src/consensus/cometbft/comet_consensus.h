#pragma once
/// Consensus of many nodes: CometBFT orders transactions, this process executes them. Server and supervisor in one.
#include "consensus/cometbft/server.h"
#include "consensus/cometbft/supervisor.h"
#include "consensus/consensus.h"

#include <chrono>
#include <cstdint>
#include <memory>
#include <vector>

namespace assay::consensus {

struct CometOptions {
    ServerOptions server;
    SupervisorOptions supervisor; ///< with `attach`, the engine is started by somebody else, now or later
    std::uint32_t submit_threads = 2; ///< requests to the engine's RPC at once
    /// An engine that engine_settings() did not configure takes 10.
    std::size_t submissions_per_request = RpcClient::kSubmissionsMax;
    std::chrono::milliseconds check_timeout{10'000}; ///< for the engine to have a transaction checked
    std::size_t submissions_max = 20'000; ///< waiting to be handed over; more are refused with mempool_full
};

class CometConsensus : public Consensus {
public:
    /// Borrows `application` and the observers, which must outlive it. Serves ABCI, then starts the engine (whose home must
    /// be configured for server.address) and waits for its RPC. Errors: those of Server::start and Supervisor::start.
    static Result<std::unique_ptr<CometConsensus>> start(chain::Application& application,
                                                         std::vector<BlockObserver*> observers, CometOptions options);

    virtual const RpcClient& rpc() const = 0;
    /// How often the engine had to be started again.
    virtual std::uint64_t engine_restarts() const = 0;
};

} // namespace assay::consensus
