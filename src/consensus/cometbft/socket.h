#pragma once
/// Stream sockets by address text, as CometBFT writes them: "unix:///path/to/socket" or "tcp://127.0.0.1:26658".
/// Internal to the room. A socket is used by one thread, except shut_down(), which any thread may call to wake it.
#include "base/bytes.h"
#include "base/result.h"

#include <cstddef>
#include <span>
#include <string>
#include <utility>

namespace assay::consensus {

/// Owns a file descriptor.
class Socket {
public:
    Socket() = default;
    explicit Socket(int descriptor) : descriptor_(descriptor) {}
    Socket(Socket&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
    Socket& operator=(Socket&& other) noexcept {
        std::swap(descriptor_, other.descriptor_);
        return *this;
    }
    Socket(const Socket&) = delete;
    Socket& operator=(const Socket&) = delete;
    ~Socket();

    int descriptor() const { return descriptor_; }
    /// Bytes read; 0 when the peer has closed. Errors: io.
    Result<std::size_t> read_some(std::span<std::uint8_t> into) const;
    Result<void> write_all(ByteView bytes) const;
    /// Ends reads and writes in progress, from any thread.
    void shut_down() const;

private:
    int descriptor_ = -1;
};

struct Listener {
    Socket socket;
    std::string address;   ///< with the port that the system chose, where 0 was asked for
    std::string unix_path; ///< to remove at the end; empty for tcp
};

/// A unix socket is reachable by its owner only; one that a dead process left behind is replaced.
/// Errors: invalid_argument (the address, with what is wrong), io (in use, no permission).
Result<Listener> listen_on(const std::string& address);
/// Errors: invalid_argument, io.
Result<Socket> connect_to(const std::string& address);
/// The next peer. Errors: io; cancelled after shut_down().
Result<Socket> accept_from(const Socket& listener);

} // namespace assay::consensus
