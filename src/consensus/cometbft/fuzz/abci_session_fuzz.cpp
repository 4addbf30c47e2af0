// Any bytes on a connection: the session ends, each whole request has had one answer, and the answers are whole frames.
#include "base/assert.h"
#include "consensus/cometbft/application_handler.h"
#include "consensus/cometbft/frame.h"
#include "consensus/cometbft/session.h"
#include "consensus/cometbft/testing/file_application.h"

#include <sys/socket.h>
#include <thread>

namespace {

using namespace assay;
using namespace assay::consensus;

constexpr std::size_t kFrameBytesMax = 4096;

// Requests that a session must answer: whole, parseable frames up to the first fault.
std::size_t requests_in(ByteView bytes) {
    FrameReader frames(kFrameBytesMax);
    frames.append(bytes);
    for (std::size_t count = 0;; ++count) {
        const auto frame = frames.next();
        abci::Request request;
        if (!frame || !*frame || !request.ParseFromArray((*frame)->data(), static_cast<int>((*frame)->size())))
            return count;
    }
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    std::array<int, 2> ends{};
    ASSAY_ASSERT(socketpair(AF_UNIX, SOCK_STREAM, 0, ends.data()) == 0);
    const Socket server(ends[0]), client(ends[1]);
    FileApplication application("");
    ApplicationHandler handler(application, {}, [](const Error&) {});
    std::thread thread([&] {
        (void)serve_session(server, handler, kFrameBytesMax);
        server.shut_down();
    });
    const ByteView input(data, size);
    (void)client.write_all(input); // fails when the session has ended before
    shutdown(ends[1], SHUT_WR);
    FrameReader answers(std::size_t{1} << 26);
    Bytes buffer(65536);
    for (;;) {
        const auto count = client.read_some(buffer);
        if (!count || *count == 0) break;
        answers.append(ByteView(buffer).first(*count));
    }
    thread.join();
    std::size_t answered = 0;
    for (auto frame = answers.next(); frame && *frame; frame = answers.next()) {
        abci::Response response;
        ASSAY_ASSERT(response.ParseFromArray((*frame)->data(), static_cast<int>((*frame)->size())));
        ++answered;
    }
    // A fault closes the connection, and answers not yet sent are lost with it.
    ASSAY_ASSERT(answered <= requests_in(input));
    return 0;
}
