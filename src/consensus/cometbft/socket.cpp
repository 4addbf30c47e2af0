#include "consensus/cometbft/socket.h"

#include <arpa/inet.h>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <optional>
#include <string_view>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

namespace assay::consensus {

namespace {

constexpr int kBacklog = 16;

struct Target {
    int family = AF_UNIX;
    sockaddr_storage storage{};
    socklen_t size = 0;
    std::string unix_path;
    const sockaddr* address() const { return reinterpret_cast<const sockaddr*>(&storage); }
};

std::unexpected<Error> refuse(const std::string& address, const std::string& why) {
    return fail(ErrorCode::invalid_argument, "address '" + address + "': " + why);
}

Result<Target> unix_target(const std::string& address, std::string path) {
    Target target;
    auto& out = reinterpret_cast<sockaddr_un&>(target.storage);
    if (path.empty() || path.size() >= sizeof out.sun_path) {
        return refuse(address, "the path of a unix socket has 1 to " + std::to_string(sizeof out.sun_path - 1) +
                                   " bytes, this one " + std::to_string(path.size()));
    }
    out.sun_family = AF_UNIX;
    std::memcpy(out.sun_path, path.data(), path.size());
    target.size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path.size() + 1);
    target.unix_path = std::move(path);
    return target;
}

Result<Target> tcp_target(const std::string& address, std::string_view rest) {
    const auto colon = rest.rfind(':');
    if (colon == std::string_view::npos) return refuse(address, "no port");
    const std::string_view port_text = rest.substr(colon + 1);
    std::uint16_t port = 0;
    const auto parsed = std::from_chars(port_text.data(), port_text.data() + port_text.size(), port);
    if (parsed.ec != std::errc{} || parsed.ptr != port_text.data() + port_text.size())
        return refuse(address, "'" + std::string(port_text) + "' is not a port");
    Target target;
    auto& out = reinterpret_cast<sockaddr_in&>(target.storage);
    out.sin_family = AF_INET;
    out.sin_port = htons(port);
    const std::string host(rest.substr(0, colon));
    if (inet_pton(AF_INET, host.c_str(), &out.sin_addr) != 1) return refuse(address, "not an IPv4 address and port");
    target.family = AF_INET;
    target.size = sizeof out;
    return target;
}

Result<Target> parse_target(const std::string& address) {
    const std::string_view text = address;
    if (text.starts_with("unix://")) return unix_target(address, address.substr(7));
    if (text.starts_with("tcp://")) return tcp_target(address, text.substr(6));
    return refuse(address, "expected unix:///path or tcp://IP:PORT");
}

std::unexpected<Error> system_error(const std::string& doing) {
    return fail(ErrorCode::io, doing + ": " + std::strerror(errno));
}

// A socket file that nobody listens on any more.
bool is_left_behind(const Target& target) {
    struct stat status{};
    if (lstat(target.unix_path.c_str(), &status) != 0 || !S_ISSOCK(status.st_mode)) return false;
    const Socket probe(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    return connect(probe.descriptor(), target.address(), target.size) != 0 && errno == ECONNREFUSED;
}

std::string bound_address(const Socket& socket) {
    sockaddr_in bound{};
    socklen_t size = sizeof bound;
    getsockname(socket.descriptor(), reinterpret_cast<sockaddr*>(&bound), &size);
    char host[INET_ADDRSTRLEN] = {};
    inet_ntop(AF_INET, &bound.sin_addr, host, sizeof host);
    return "tcp://" + std::string(host) + ":" + std::to_string(ntohs(bound.sin_port));
}

} // namespace

Socket::~Socket() {
    if (descriptor_ >= 0) close(descriptor_);
}

Result<std::size_t> Socket::read_some(std::span<std::uint8_t> into) const {
    for (;;) {
        const ssize_t count = recv(descriptor_, into.data(), into.size(), 0);
        if (count >= 0) return static_cast<std::size_t>(count);
        if (errno != EINTR) return system_error("reading");
    }
}

Result<void> Socket::write_all(ByteView bytes) const {
    while (!bytes.empty()) {
        const ssize_t count = send(descriptor_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) return system_error("writing");
        bytes = bytes.subspan(static_cast<std::size_t>(count));
    }
    return {};
}

void Socket::shut_down() const {
    if (descriptor_ >= 0) shutdown(descriptor_, SHUT_RDWR);
}

Result<Listener> listen_on(const std::string& address) {
    const Target target = TRY(parse_target(address));
    Listener listener{Socket(socket(target.family, SOCK_STREAM | SOCK_CLOEXEC, 0)), address, {}};
    const int descriptor = listener.socket.descriptor();
    if (descriptor < 0) return system_error("socket for " + address);
    if (target.family == AF_UNIX) {
        if (is_left_behind(target)) unlink(target.unix_path.c_str());
    } else {
        const int on = 1;
        setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    }
    // On the descriptor of a socket, fchmod before bind gives the file its mode from the start.
    if (target.family == AF_UNIX) fchmod(descriptor, S_IRUSR | S_IWUSR);
    if (bind(descriptor, target.address(), target.size) != 0 || listen(descriptor, kBacklog) != 0)
        return system_error("cannot listen on " + address);
    if (target.family == AF_UNIX) listener.unix_path = target.unix_path;
    else listener.address = bound_address(listener.socket);
    return listener;
}

Result<Socket> connect_to(const std::string& address) {
    const Target target = TRY(parse_target(address));
    Socket peer(socket(target.family, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (peer.descriptor() < 0 || connect(peer.descriptor(), target.address(), target.size) != 0)
        return system_error("cannot connect to " + address);
    return peer;
}

Result<Socket> accept_from(const Socket& listener) {
    for (;;) {
        const int descriptor = accept4(listener.descriptor(), nullptr, nullptr, SOCK_CLOEXEC);
        if (descriptor >= 0) {
            const int on = 1; // answers are small and waited for; on a unix socket this does nothing
            setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
            return Socket(descriptor);
        }
        if (errno == EINVAL) return fail(ErrorCode::cancelled, "no longer listening"); // after shut_down()
        if (errno != EINTR && errno != ECONNABORTED) return system_error("accepting");
    }
}

} // namespace assay::consensus
