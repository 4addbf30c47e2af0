#include "chain/core/cbor.h"

#include "codec/utf8.h"

#include <array>

namespace assay::chain {
namespace {

constexpr unsigned kUnsigned = 0, kNegative = 1, kBytes = 2, kText = 3, kList = 4, kMap = 5, kSimple = 7;
constexpr unsigned kFalse = 20, kTrue = 21;
constexpr unsigned kOneByteFollows = 24, kEightBytesFollow = 27;
constexpr std::array<std::string_view, 8> kKinds = {"an integer", "an integer", "bytes",         "text",
                                                    "a list",     "a map",      "a tagged item", "a simple value"};

std::unexpected<Error> malformed(std::string_view what) { return fail(ErrorCode::malformed, std::string(what)); }

std::unexpected<Error> expected(std::string_view what, unsigned major) {
    return malformed(std::string(kKinds[major]) + " instead of " + std::string(what));
}

void append_head(Bytes& out, unsigned major, std::uint64_t argument) {
    const auto first = [&](unsigned info) { out.push_back(static_cast<std::uint8_t>((major << 5) | info)); };
    if (argument < kOneByteFollows) return first(static_cast<unsigned>(argument));
    unsigned step = 0;
    while (step < 3 && (argument >> (8U << step)) != 0) ++step;
    first(kOneByteFollows + step);
    for (int shift = (8 << step) - 8; shift >= 0; shift -= 8)
        out.push_back(static_cast<std::uint8_t>(argument >> shift));
}

} // namespace

Result<ByteView> CborReader::take(std::uint64_t size) {
    if (size > in_.size() - at_) return malformed("truncated");
    const ByteView bytes = in_.subspan(at_, size);
    at_ += size;
    return bytes;
}

Result<CborReader::Head> CborReader::head() {
    if (at_ == in_.size()) return malformed("truncated");
    const unsigned first = in_[at_];
    Head head{first >> 5, first & 31U};
    if (head.argument > kEightBytesFollow) return malformed("indefinite or reserved length");
    ++at_;
    if (head.argument < kOneByteFollows || head.major == kSimple) return head;
    const auto step = static_cast<unsigned>(head.argument) - kOneByteFollows;
    const ByteView bytes = TRY(take(std::uint64_t{1} << step));
    head.argument = 0;
    for (const std::uint8_t byte : bytes) head.argument = (head.argument << 8) | byte;
    const std::uint64_t smallest = step == 0 ? kOneByteFollows : std::uint64_t{1} << (8U << (step - 1));
    if (head.argument < smallest) return malformed("integer or length is not in its shortest form");
    return head;
}

Result<std::uint64_t> CborReader::head_of(unsigned major, std::string_view what) {
    const Head head = TRY(this->head());
    if (head.major != major) return expected(what, head.major);
    return head.argument;
}

Result<bool> CborReader::boolean() {
    const std::uint64_t info = TRY(head_of(kSimple, "true or false"));
    if (info != kFalse && info != kTrue) return malformed("neither true nor false");
    return info == kTrue;
}

Result<codec::Integer> CborReader::integer() {
    const Head head = TRY(this->head());
    if (head.major > kNegative) return expected("an integer", head.major);
    return codec::Integer(head.major == kNegative, head.argument);
}

Result<std::uint64_t> CborReader::unsigned_integer() {
    const Head head = TRY(this->head());
    if (head.major == kNegative) return malformed("negative");
    if (head.major != kUnsigned) return expected("an integer", head.major);
    return head.argument;
}

Result<ByteView> CborReader::bytes() {
    const std::uint64_t size = TRY(head_of(kBytes, "bytes"));
    return take(size);
}

Result<std::string_view> CborReader::text() {
    const std::uint64_t size = TRY(head_of(kText, "text"));
    const std::string_view text = as_string_view(TRY(take(size)));
    if (!codec::is_valid_utf8(text)) return malformed("text is not UTF-8");
    return text;
}

Result<std::uint64_t> CborReader::list() {
    const std::uint64_t items = TRY(head_of(kList, "a list"));
    if (items > in_.size() - at_) return malformed("list is longer than the bytes left");
    return items;
}

Result<std::uint64_t> CborReader::map() {
    const std::uint64_t entries = TRY(head_of(kMap, "a map"));
    if (entries > (in_.size() - at_) / 2) return malformed("map is longer than the bytes left");
    return entries;
}

void append_unsigned(Bytes& out, std::uint64_t value) { append_head(out, kUnsigned, value); }

void append_integer(Bytes& out, codec::Integer value) {
    append_head(out, value.negative ? kNegative : kUnsigned, value.argument);
}

void append_bytes(Bytes& out, ByteView value) {
    append_head(out, kBytes, value.size());
    out.insert(out.end(), value.begin(), value.end());
}

void append_text(Bytes& out, std::string_view value) {
    append_head(out, kText, value.size());
    out.insert(out.end(), value.begin(), value.end());
}

void append_boolean(Bytes& out, bool value) { append_head(out, kSimple, value ? kTrue : kFalse); }

void append_list(Bytes& out, std::uint64_t items) { append_head(out, kList, items); }

void append_map(Bytes& out, std::uint64_t entries) { append_head(out, kMap, entries); }

} // namespace assay::chain
