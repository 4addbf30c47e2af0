#include "consensus/cometbft/frame.h"

#include "codec/varint.h"

#include <algorithm>
#include <string>

namespace assay::consensus {

namespace {

constexpr std::size_t kLengthBytesMax = 9; // of a varint up to 2^63 - 1

// Whether more bytes could still complete the varint at the front.
bool is_incomplete_varint(ByteView bytes) {
    return bytes.size() < kLengthBytesMax && std::ranges::all_of(bytes, [](std::uint8_t byte) { return byte >= 0x80; });
}

} // namespace

void append_frame(Bytes& out, ByteView message) {
    codec::append_varint(out, message.size());
    out.insert(out.end(), message.begin(), message.end());
}

void FrameReader::append(ByteView received) {
    if (begin_ > 0) {
        buffer_.erase(buffer_.begin(), buffer_.begin() + static_cast<std::ptrdiff_t>(begin_));
        begin_ = 0;
    }
    buffer_.insert(buffer_.end(), received.begin(), received.end());
}

Result<std::optional<ByteView>> FrameReader::next() {
    ByteView rest = ByteView(buffer_).subspan(begin_);
    if (is_incomplete_varint(rest.first(std::min(rest.size(), kLengthBytesMax)))) return std::nullopt;
    const auto length = codec::read_varint(rest);
    if (!length) return fail_in("frame length", length.error());
    if (*length > frame_bytes_max_) {
        return fail(ErrorCode::malformed, "frame of " + std::to_string(*length) + " bytes exceeds the limit of " +
                                              std::to_string(frame_bytes_max_));
    }
    if (rest.size() < *length) return std::nullopt;
    const ByteView message = rest.first(static_cast<std::size_t>(*length));
    begin_ = buffer_.size() - (rest.size() - message.size());
    return message;
}

} // namespace assay::consensus
