#pragma once
/// Keeps a CometBFT running beside the node, or attaches to one that somebody else runs.
/// Thread-safe. Local class.
#include "base/result.h"
#include "consensus/cometbft/rpc_client.h"

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace assay::consensus {

struct SupervisorOptions {
    bool attach = false; ///< true: only `rpc_url` is used, nothing is started or stopped
    std::filesystem::path binary = "cometbft";
    std::filesystem::path home;     ///< made by init_engine_home(); the engine's log is HOME/engine.log
    std::string rpc_url = "http://127.0.0.1:26657";
    std::chrono::milliseconds start_timeout{60'000};
    std::chrono::milliseconds stop_timeout{20'000}; ///< between SIGTERM and SIGKILL
    std::chrono::milliseconds restart_delay{500};   ///< doubled after each exit that follows soon
    std::chrono::milliseconds restart_delay_max{30'000};
    /// Whether the engine is connected to this node. One that was and is no longer hangs (CometBFT 0.38 may, when it loses
    /// its application inside a block): after `abandoned_timeout` it is killed and started again. Not asked when empty.
    std::function<bool()> connected = {};
    std::chrono::milliseconds abandoned_timeout{5'000};
    std::function<void(std::string_view)> log = {}; ///< one line for each start and exit, from any thread
};

class Supervisor {
public:
    /// Starts the engine, which dials the ABCI server: that must be listening. Waits until the engine's RPC answers.
    /// Errors: not_found (no program, no home; the text says what to do), unsupported (version), io (the engine ended, with
    /// the last line of its log; or did not answer in time).
    static Result<std::unique_ptr<Supervisor>> start(SupervisorOptions options);
    virtual ~Supervisor() = default;

    virtual const RpcClient& rpc() const = 0;
    /// Times that the engine was started again after an exit.
    virtual std::uint64_t restarts() const = 0;
    /// SIGTERM, and SIGKILL if need be; returns once the engine has ended. Call it before the ABCI server stops. Also done
    /// by the destructor.
    virtual void stop() = 0;
};

} // namespace assay::consensus
