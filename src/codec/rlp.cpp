#include "codec/rlp.h"

#include <algorithm>
#include <bit>

namespace assay::codec {
namespace {

constexpr std::uint8_t kString = 0x80;
constexpr std::uint8_t kList = 0xc0;
constexpr std::size_t kShortMax = 55; ///< longest payload whose length fits into the prefix

std::size_t bytes_of(std::uint64_t number) { return (static_cast<std::size_t>(std::bit_width(number)) + 7) / 8; }

std::size_t prefix_size(std::size_t payload) { return payload <= kShortMax ? 1 : 1 + bytes_of(payload); }

bool is_bare(const Bytes& bytes) { return bytes.size() == 1 && bytes[0] < kString; }

void append_prefix(Bytes& out, std::uint8_t base, std::size_t payload) {
    if (payload <= kShortMax) {
        out.push_back(static_cast<std::uint8_t>(base + payload));
        return;
    }
    const std::size_t size = bytes_of(payload);
    out.push_back(static_cast<std::uint8_t>(base + kShortMax + size));
    for (std::size_t i = size; i-- > 0;) out.push_back(static_cast<std::uint8_t>(payload >> (8 * i)));
}

/// Payloads of lists in the order in which lists open, so that sizes are computed once.
std::size_t measure(const RlpItem& item, std::vector<std::size_t>& payloads) {
    if (const Bytes* bytes = item.bytes()) return is_bare(*bytes) ? 1 : prefix_size(bytes->size()) + bytes->size();
    const std::size_t slot = payloads.size();
    payloads.push_back(0);
    std::size_t payload = 0;
    for (const RlpItem& child : *item.list()) payload += measure(child, payloads);
    payloads[slot] = payload;
    return prefix_size(payload) + payload;
}

void append(Bytes& out, const RlpItem& item, const std::size_t*& payload) {
    if (const Bytes* bytes = item.bytes()) {
        if (!is_bare(*bytes)) append_prefix(out, kString, bytes->size());
        out.insert(out.end(), bytes->begin(), bytes->end());
        return;
    }
    append_prefix(out, kList, *payload++);
    for (const RlpItem& child : *item.list()) append(out, child, payload);
}

class Decoder {
public:
    Decoder(ByteView bytes, const RlpLimits& limits)
        : in_(bytes), depth_max_(limits.depth_max), items_left_(limits.items_max) {}

    Result<RlpItem> document() {
        auto result = item(in_.size(), 0);
        if (result && at_ != in_.size()) return malformed("bytes after the item");
        return result;
    }

private:
    std::unexpected<Error> malformed(std::string_view what) const {
        return fail(ErrorCode::malformed, "RLP, byte " + std::to_string(at_) + ": " + std::string(what));
    }

    /// `end`: where the list that holds this item ends.
    Result<RlpItem> item(std::size_t end, std::size_t depth) {
        if (items_left_-- == 0) return fail(ErrorCode::resource_exhausted, "RLP: more items than the limit");
        if (at_ == end) return malformed("truncated");
        const std::uint8_t first = in_[at_];
        if (first < kString) {
            ++at_;
            return RlpItem(Bytes{first});
        }
        const std::size_t size = TRY(payload_size(first, end));
        return first < kList ? string(size) : list(size, depth);
    }

    Result<std::size_t> payload_size(std::uint8_t first, std::size_t end) {
        std::size_t size = (first - kString) % (kList - kString);
        const std::size_t length_bytes = size > kShortMax ? size - kShortMax : 0;
        if (length_bytes > end - at_ - 1) return malformed("length is truncated");
        if (length_bytes > 0) {
            if (in_[at_ + 1] == 0) return malformed("length has a leading zero");
            size = 0;
            for (std::size_t i = 1; i <= length_bytes; ++i) size = (size << 8) | in_[at_ + i];
            if (size <= kShortMax) return malformed("length is not in its shortest form");
        }
        if (size > end - at_ - 1 - length_bytes) return malformed("item is longer than what holds it");
        at_ += 1 + length_bytes;
        return size;
    }

    Result<RlpItem> string(std::size_t size) {
        const ByteView view = in_.subspan(at_, size);
        if (size == 1 && view[0] < kString) return malformed("a byte below 0x80 stands behind a prefix");
        at_ += size;
        return RlpItem(Bytes(view.begin(), view.end()));
    }

    Result<RlpItem> list(std::size_t size, std::size_t depth) {
        if (depth == depth_max_)
            return fail(ErrorCode::resource_exhausted, "RLP: nests deeper than " + std::to_string(depth_max_));
        const std::size_t end = at_ + size;
        RlpItem::List items;
        while (at_ < end) {
            auto child = item(end, depth + 1);
            if (!child) return child;
            items.push_back(std::move(*child));
        }
        return RlpItem(std::move(items));
    }

    ByteView in_;
    std::size_t at_ = 0;
    std::size_t depth_max_;
    std::size_t items_left_;
};

} // namespace

Bytes encode_rlp(const RlpItem& item) {
    std::vector<std::size_t> payloads;
    Bytes out;
    out.reserve(measure(item, payloads));
    const std::size_t* next = payloads.data();
    append(out, item, next);
    return out;
}

Result<RlpItem> decode_rlp(ByteView bytes, const RlpLimits& limits) {
    if (bytes.size() > limits.size_max)
        return fail(ErrorCode::resource_exhausted,
                    "RLP: input is larger than " + std::to_string(limits.size_max) + " bytes");
    return Decoder(bytes, limits).document();
}

} // namespace assay::codec
