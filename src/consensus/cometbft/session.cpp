// How one connection of the consensus engine is served. Nothing on the wire says which of the four connections (query,
// snapshot, mempool, consensus) this is: each request says what it wants, and answers leave in the order of requests.
#include "consensus/cometbft/session.h"

#include "consensus/cometbft/frame.h"

namespace assay::consensus {

namespace {

constexpr std::size_t kReadBytes = std::size_t{256} << 10;
constexpr std::size_t kUnsentBytesMax = std::size_t{1}
                                        << 20; // of answers, before they are sent without being asked for

class Session {
public:
    Session(const Socket& socket, Handler& handler, std::size_t frame_bytes_max)
        : socket_(socket), handler_(handler), frames_(frame_bytes_max), chunk_(kReadBytes) {}

    Result<void> run() {
        for (;;) {
            const std::size_t received = TRY(socket_.read_some(chunk_));
            if (received == 0) return end_of_stream();
            frames_.append(ByteView(chunk_).first(received));
            TRY_VOID(answer_everything_received());
            TRY_VOID(send());
        }
    }

private:
    Result<void> answer_everything_received() {
        for (;;) {
            const auto frame = TRY(frames_.next());
            if (!frame) break;
            abci::Request request;
            if (!request.ParseFromArray(frame->data(), static_cast<int>(frame->size())))
                return fail(ErrorCode::malformed,
                            "a frame of " + std::to_string(frame->size()) + " bytes is no request");
            TRY_VOID(take(std::move(request)));
        }
        answer_checks();
        return {};
    }

    // CheckTx requests wait for each other, so that their signatures are recovered side by side; any other request first
    // lets them be answered.
    Result<void> take(abci::Request request) {
        if (request.has_check_tx()) {
            if (!checks_.empty() && checks_.back().type() != request.check_tx().type()) answer_checks();
            checks_.push_back(std::move(*request.mutable_check_tx()));
            return {};
        }
        answer_checks();
        append(TRY(handler_.answer(request)));
        // Whoever sends Flush waits for every answer up to this one.
        if (request.has_flush() || out_.size() > kUnsentBytesMax) TRY_VOID(send());
        return {};
    }

    void answer_checks() {
        if (checks_.empty()) return;
        for (const abci::Response& response : handler_.check(checks_)) append(response);
        checks_.clear();
    }

    void append(const abci::Response& response) {
        message_.resize(response.ByteSizeLong());
        response.SerializeWithCachedSizesToArray(message_.data());
        append_frame(out_, message_);
    }

    Result<void> send() {
        TRY_VOID(socket_.write_all(out_));
        out_.clear();
        return {};
    }

    Result<void> end_of_stream() const {
        if (frames_.pending_bytes() == 0) return {};
        return fail(ErrorCode::malformed,
                    "closed " + std::to_string(frames_.pending_bytes()) + " bytes into an unfinished frame");
    }

    const Socket& socket_;
    Handler& handler_;
    FrameReader frames_;
    Bytes chunk_, message_, out_;
    std::vector<abci::CheckTxRequest> checks_;
};

} // namespace

Result<void> serve_session(const Socket& socket, Handler& handler, std::size_t frame_bytes_max) {
    return Session(socket, handler, frame_bytes_max).run();
}

} // namespace assay::consensus
