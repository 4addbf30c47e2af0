#include "codec/cbor_major.h"
#include "codec/dag_cbor.h"
#include "codec/utf8.h"

#include <bit>
#include <cmath>

namespace assay::codec {
namespace {

class Decoder {
public:
    Decoder(ByteView bytes, const DecodeLimits& limits) : in_(bytes), items_left_(limits.items_max) {}

    Result<Value> document() {
        Value result = TRY(value(0));
        if (at_ != in_.size()) return malformed("bytes after the value");
        return result;
    }

private:
    struct Head {
        Major major;
        std::uint64_t argument;
    };

    std::unexpected<Error> malformed(std::string_view what) const {
        return fail(ErrorCode::malformed, "DAG-CBOR, byte " + std::to_string(at_) + ": " + std::string(what));
    }

    Result<Value> value(std::size_t depth) {
        TRY_VOID(count_item());
        if (at_ == in_.size()) return malformed("truncated");
        if (in_[at_] >> 5 == kSimple) return simple();
        const Head head = TRY(this->head());
        switch (head.major) {
            case kUnsigned: return Value(Integer(false, head.argument));
            case kNegative: return Value(Integer(true, head.argument));
            case kBytes: {
                const ByteView bytes = TRY(take(head.argument));
                return Value(Bytes(bytes.begin(), bytes.end()));
            }
            case kText: return Value(TRY(text(head.argument)));
            case kTag: return link(head.argument);
            default: break;
        }
        if (depth == kDepthMax) return fail(ErrorCode::resource_exhausted, "DAG-CBOR: nests deeper than 128");
        return head.major == kList ? list(head.argument, depth) : map(head.argument, depth);
    }

    Result<void> count_item() {
        if (items_left_ == 0) return fail(ErrorCode::resource_exhausted, "DAG-CBOR: more values than the limit");
        --items_left_;
        return {};
    }

    Result<std::uint64_t> big_endian(std::size_t size) {
        const ByteView bytes = TRY(take(size));
        std::uint64_t number = 0;
        for (const std::uint8_t byte : bytes) number = (number << 8) | byte;
        return number;
    }

    Result<ByteView> take(std::uint64_t size) {
        if (size > in_.size() - at_) return malformed("truncated");
        const ByteView bytes = in_.subspan(at_, size);
        at_ += size;
        return bytes;
    }

    Result<Head> head() {
        if (at_ == in_.size()) return malformed("truncated");
        const std::uint8_t first = in_[at_];
        const auto major = static_cast<Major>(first >> 5);
        const unsigned info = first & 31;
        if (info == kInfoIndefinite) return malformed("indefinite length");
        if (info > kInfoEightBytes) return malformed("reserved length");
        ++at_;
        if (info < kInfoOneByte) return Head{major, info};
        const unsigned step = info - kInfoOneByte;
        const std::uint64_t argument = TRY(big_endian(std::size_t{1} << step));
        const std::uint64_t smallest = step == 0 ? kInfoOneByte : std::uint64_t{1} << (8U << (step - 1));
        if (argument < smallest) return malformed("integer or length is not in its shortest form");
        return Head{major, argument};
    }

    Result<Value> simple() {
        const std::uint8_t first = in_[at_];
        switch (first) {
            case kSimpleFalse: ++at_; return Value(false);
            case kSimpleTrue: ++at_; return Value(true);
            case kSimpleNull: ++at_; return Value();
            case kBinary64: break;
            default: return malformed("neither false, true, null nor a 64-bit float");
        }
        ++at_;
        const auto number = std::bit_cast<double>(TRY(big_endian(8)));
        if (!std::isfinite(number)) return malformed("float is not finite");
        return Value(number);
    }

    Result<std::string> text(std::uint64_t size) {
        const std::string_view text = as_string_view(TRY(take(size)));
        if (!is_valid_utf8(text)) return malformed("text is not UTF-8");
        return std::string(text);
    }

    Result<Value> link(std::uint64_t tag) {
        if (tag != kTagLink) return malformed("tag " + std::to_string(tag) + " is not 42");
        const Head head = TRY(this->head());
        if (head.major != kBytes) return malformed("link is not a byte string");
        const ByteView bytes = TRY(take(head.argument));
        if (bytes.empty() || bytes[0] != 0) return malformed("link does not begin with the identity multibase");
        auto cid = Cid::from_bytes(bytes.subspan(1));
        if (!cid) return malformed(cid.error().message);
        return Value(std::move(*cid));
    }

    Result<Value> list(std::uint64_t count, std::size_t depth) {
        if (count > in_.size() - at_) return malformed("list is longer than the block"); // an item takes a byte or more
        Value::List items; // grows with what is really there, not with what the count says
        for (std::uint64_t i = 0; i < count; ++i) {
            auto item = value(depth + 1); // not TRY: g++ 12 warns falsely of a free inside it
            if (!item) return std::unexpected(std::move(item.error()));
            items.push_back(std::move(*item));
        }
        return Value(std::move(items));
    }

    Result<Value> map(std::uint64_t count, std::size_t depth) {
        if (count > (in_.size() - at_) / 2) return malformed("map is longer than the block");
        Value::Map entries;
        for (std::uint64_t i = 0; i < count; ++i) {
            std::string key = TRY(this->key());
            if (!entries.empty() && !CanonicalKeyLess{}(entries.rbegin()->first, key)) {
                return malformed(entries.rbegin()->first == key ? "key appears twice"
                                                                : "keys are not in canonical order");
            }
            auto item = value(depth + 1);
            if (!item) return std::unexpected(std::move(item.error()));
            entries.emplace_hint(entries.end(), std::move(key), std::move(*item));
        }
        return Value(std::move(entries));
    }

    Result<std::string> key() {
        TRY_VOID(count_item());
        const Head head = TRY(this->head());
        if (head.major != kText) return malformed("key is not text");
        return text(head.argument);
    }

    ByteView in_;
    std::size_t at_ = 0;
    std::size_t items_left_;
};

} // namespace

Result<Value> decode_dag_cbor(ByteView bytes, const DecodeLimits& limits) {
    if (bytes.size() > limits.size_max)
        return fail(ErrorCode::resource_exhausted, "DAG-CBOR: block is larger than the limit");
    return Decoder(bytes, limits).document();
}

} // namespace assay::codec
