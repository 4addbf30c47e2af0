#pragma once
/// The ABCI 2.0 server: an unmodified CometBFT (0.38 to 0.40) drives an application over a unix or tcp socket.
///
/// Every connection has its own thread: queries and snapshots are served while a block executes, and consensus methods of
/// all connections come one at a time. A connection that breaks, or sends nonsense, ends alone.
/// Thread-safe. Local class; what is answered is the application's.
#include "base/result.h"
#include "chain/application.h"
#include "consensus/consensus.h"

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace assay::consensus {

struct ServerOptions {
    std::string address =
        "unix:///tmp/assay-abci.sock"; ///< or tcp://127.0.0.1:26658; tcp port 0 lets the system choose
    std::size_t frame_bytes_max = std::size_t{128} << 20; ///< above the 100 MiB that a block can have
    std::size_t connections_max = 64; ///< the engine opens four
    /// One line for each connection that ended badly. From any thread.
    std::function<void(std::string_view)> log = {};
    /// What CheckTx said of a transaction that is new. From any thread, before the engine knows.
    std::function<void(ByteView transaction, const chain::CheckResult&)> on_checked = {};
    /// A commit failed or the state is damaged: the process must stop without answering the engine. Called once, on a
    /// connection's thread, so it may not destroy the server; without it the process ends at once.
    std::function<void(const Error&)> on_fatal = {};
};

class Server {
public:
    /// Listens and serves until destroyed. Borrows `application` and the observers, which are told of each block after its
    /// commit. Errors: invalid_argument (address), io.
    static Result<std::unique_ptr<Server>> start(chain::Application& application, std::vector<BlockObserver*> observers,
                                                 ServerOptions options);
    virtual ~Server() = default;

    /// What to give CometBFT as --proxy_app.
    virtual const std::string& address() const = 0;
    virtual std::size_t connection_count() const = 0;
    /// Closes every connection after the request it is answering, and waits for the threads. Also done by the destructor.
    virtual void stop() = 0;
};

} // namespace assay::consensus
