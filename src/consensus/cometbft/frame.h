#pragma once
/// Frames of the ABCI socket: an unsigned varint byte length, then one protobuf message.
/// Internal to the room. Used by one thread. A length is held against its limit before anything is allocated for it, and
/// memory grows with the bytes that arrive, not with what a length promises.
#include "base/bytes.h"
#include "base/result.h"

#include <cstddef>
#include <optional>

namespace assay::consensus {

void append_frame(Bytes& out, ByteView message);

/// Cuts a stream of bytes into messages.
class FrameReader {
public:
    explicit FrameReader(std::size_t frame_bytes_max) : frame_bytes_max_(frame_bytes_max) {}

    void append(ByteView received);
    /// The next whole message, valid until the next append(); nothing while it is incomplete.
    /// Errors: malformed (a length over the limit, or one that is no varint); the stream is then lost.
    Result<std::optional<ByteView>> next();
    /// Bytes that are waiting for the rest of their message.
    std::size_t pending_bytes() const { return buffer_.size() - begin_; }

private:
    Bytes buffer_;
    std::size_t begin_ = 0;
    std::size_t frame_bytes_max_;
};

} // namespace assay::consensus
