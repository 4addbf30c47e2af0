#include "consensus/cometbft/frame.h"

#include <gtest/gtest.h>

namespace assay::consensus {
namespace {

Bytes framed(std::string_view message) {
    Bytes out;
    append_frame(out, as_byte_view(message));
    return out;
}

TEST(Frame, LengthIsAnUnsignedVarint) {
    // Go's protoio writes 300 as ac 02; a signed varint would be d8 04.
    const Bytes bytes = framed(std::string(300, 'x'));
    EXPECT_EQ(to_hex(ByteView(bytes).first(3)), "ac0278");
    EXPECT_EQ(bytes.size(), 302U);
}

TEST(Frame, EveryCutGivesTheSameMessages) {
    Bytes stream = framed("one");
    for (const Bytes& more : {framed(""), framed(std::string(200, 'y'))})
        stream.insert(stream.end(), more.begin(), more.end());
    for (std::size_t cut = 0; cut <= stream.size(); ++cut) {
        FrameReader reader(1000);
        std::vector<std::size_t> sizes;
        for (const ByteView part : {ByteView(stream).first(cut), ByteView(stream).subspan(cut)}) {
            reader.append(part);
            for (;;) {
                const auto frame = reader.next();
                ASSERT_TRUE(frame.has_value()) << frame.error().message;
                if (!*frame) break;
                sizes.push_back((*frame)->size());
            }
        }
        EXPECT_EQ(sizes, (std::vector<std::size_t>{3, 0, 200})) << "cut at " << cut;
        EXPECT_EQ(reader.pending_bytes(), 0U);
    }
}

TEST(Frame, TooLongIsRefusedFromItsLengthAlone) {
    FrameReader reader(1000);
    const Bytes length = {0xff, 0xff, 0xff, 0xff, 0x07}; // 2^31 - 1, the protocol's own limit
    reader.append(length);
    const auto frame = reader.next();
    ASSERT_FALSE(frame.has_value());
    EXPECT_EQ(frame.error().message, "frame of 2147483647 bytes exceeds the limit of 1000");
}

TEST(Frame, LengthThatIsNoVarint) {
    FrameReader reader(1000);
    const Bytes endless(10, 0x80);
    reader.append(endless);
    const auto frame = reader.next();
    ASSERT_FALSE(frame.has_value());
    EXPECT_EQ(frame.error().code, ErrorCode::malformed);
}

TEST(Frame, UnfinishedLengthWaits) {
    FrameReader reader(1000);
    reader.append(Bytes{0x80});
    const auto frame = reader.next();
    ASSERT_TRUE(frame.has_value());
    EXPECT_FALSE(frame->has_value());
    EXPECT_EQ(reader.pending_bytes(), 1U);
}

} // namespace
} // namespace assay::consensus
