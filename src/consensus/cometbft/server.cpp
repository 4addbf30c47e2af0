#include "consensus/cometbft/server.h"

#include "consensus/cometbft/application_handler.h"
#include "consensus/cometbft/listening_server.h"
#include "consensus/cometbft/session.h"

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <list>
#include <mutex>
#include <thread>
#include <unistd.h>

namespace assay::consensus {

namespace {

constexpr std::chrono::milliseconds kAcceptPause{100}; // after an error such as too many open files

class ListeningServer final : public Server {
public:
    ListeningServer(std::unique_ptr<Handler> handler, ServerOptions options, Listener listener)
        : handler_(std::move(handler)), options_(std::move(options)), listener_(std::move(listener)),
          acceptor_([this] { accept_all(); }) {}
    ~ListeningServer() override { stop(); }

    const std::string& address() const override { return listener_.address; }
    std::size_t connection_count() const override {
        const std::lock_guard lock(open_->mutex);
        return open_->sockets.size();
    }
    void stop() override;

private:
    // Shared with the connections' threads, whose last act is to leave the list.
    struct Open {
        std::mutex mutex;
        std::condition_variable empty;
        std::list<Socket> sockets;
    };

    void accept_all();
    void serve(const Socket& socket);
    void log(std::string_view line) const {
        if (options_.log) options_.log(line);
    }

    std::unique_ptr<Handler> handler_;
    ServerOptions options_;
    Listener listener_;
    std::atomic<bool> stopping_{false};
    std::shared_ptr<Open> open_ = std::make_shared<Open>();
    std::once_flag stopped_;
    std::thread acceptor_; // last, since it uses everything above
};

void ListeningServer::accept_all() {
    while (!stopping_) {
        auto peer = accept_from(listener_.socket);
        if (!peer) {
            if (stopping_) return;
            log("abci: " + peer.error().message);
            std::this_thread::sleep_for(kAcceptPause);
            continue;
        }
        const std::lock_guard lock(open_->mutex);
        if (stopping_) return;
        if (open_->sockets.size() >= options_.connections_max) {
            log("abci: refused a connection: " + std::to_string(open_->sockets.size()) + " are open");
            continue;
        }
        const auto socket = open_->sockets.insert(open_->sockets.end(), std::move(*peer));
        std::thread([this, open = open_, socket] {
            serve(*socket);
            const std::lock_guard leaving(open->mutex);
            open->sockets.erase(socket);
            open->empty.notify_all();
        }).detach(); // stop() waits for the list to empty
    }
}

void ListeningServer::serve(const Socket& socket) {
    const auto ended = serve_session(socket, *handler_, options_.frame_bytes_max);
    if (!ended && !stopping_) log("abci: connection closed: " + ended.error().message);
}

void ListeningServer::stop() {
    std::call_once(stopped_, [this] {
        stopping_ = true;
        listener_.socket.shut_down();
        acceptor_.join();
        std::unique_lock lock(open_->mutex);
        for (const Socket& socket : open_->sockets) socket.shut_down();
        open_->empty.wait(lock, [this] { return open_->sockets.empty(); });
        if (!listener_.unix_path.empty()) unlink(listener_.unix_path.c_str());
    });
}

} // namespace

Result<std::unique_ptr<Server>> start_server(std::unique_ptr<Handler> handler, ServerOptions options) {
    Listener listener = TRY(listen_on(options.address));
    return std::make_unique<ListeningServer>(std::move(handler), std::move(options), std::move(listener));
}

Result<std::unique_ptr<Server>> Server::start(chain::Application& application, std::vector<BlockObserver*> observers,
                                              ServerOptions options) {
    auto handler =
        std::make_unique<ApplicationHandler>(application, std::move(observers), options.on_fatal, options.on_checked);
    return start_server(std::move(handler), std::move(options));
}

} // namespace assay::consensus
