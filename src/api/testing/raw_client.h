#pragma once
/// A blocking TCP client for tests: sends bytes as they are and reads what comes. Fails the test on surprises.
#include <cstdint>
#include <string>
#include <string_view>

namespace assay::api {

class RawClient {
public:
    explicit RawClient(std::uint16_t port, int receive_buffer = 0);
    ~RawClient();
    RawClient(const RawClient&) = delete;
    RawClient& operator=(const RawClient&) = delete;

    /// False when the peer has closed.
    bool send(std::string_view bytes);
    /// Reads until the text has arrived (true) or the peer closes (false). Everything read is in received().
    bool read_until(std::string_view text);
    /// Reads until the peer closes.
    const std::string& read_all();
    const std::string& received() const { return received_; }
    void close();

private:
    bool read_some();
    int fd_ = -1;
    std::string received_;
};

/// "POST path" with a JSON body.
std::string post_text(std::string_view path, std::string_view body, std::string_view headers = "");
/// Sends one request with `Connection: close` and returns the whole answer.
std::string exchange(std::uint16_t port, std::string_view request);

} // namespace assay::api
