#include "codec/cbor_major.h"
#include "codec/dag_cbor.h"
#include "codec/utf8.h"

#include <bit>
#include <cmath>

namespace assay::codec {
namespace {

class Encoder {
public:
    Result<void> value(const Value& value, std::size_t depth) {
        if (value.is_null()) return simple(kSimpleNull);
        if (const bool* flag = value.boolean()) return simple(*flag ? kSimpleTrue : kSimpleFalse);
        if (const Integer* integer = value.integer())
            return head(integer->negative ? kNegative : kUnsigned, integer->argument);
        if (const double* number = value.number()) return binary64(*number);
        if (const Bytes* bytes = value.bytes()) return string(kBytes, *bytes);
        if (const std::string* text = value.text()) return utf8(*text);
        if (const Cid* link = value.link()) return this->link(*link);
        if (depth == kDepthMax) return fail(ErrorCode::invalid_argument, "value nests deeper than 128");
        if (const Value::List* items = value.list()) return list(*items, depth);
        return map(*value.map(), depth);
    }

    Bytes take() { return std::move(out_); }

private:
    Result<void> simple(std::uint8_t byte) {
        out_.push_back(byte);
        return {};
    }

    Result<void> head(Major major, std::uint64_t argument) {
        const auto first = [&](unsigned info) { out_.push_back(static_cast<std::uint8_t>((major << 5) | info)); };
        int size = 0;
        if (argument < kInfoOneByte) {
            first(static_cast<unsigned>(argument));
        } else if (argument <= 0xff) {
            first(kInfoOneByte), size = 1;
        } else if (argument <= 0xffff) {
            first(kInfoOneByte + 1), size = 2;
        } else if (argument <= 0xffffffff) {
            first(kInfoOneByte + 2), size = 4;
        } else {
            first(kInfoEightBytes), size = 8;
        }
        big_endian(argument, size);
        return {};
    }

    void big_endian(std::uint64_t number, int size) {
        for (int shift = 8 * (size - 1); shift >= 0; shift -= 8)
            out_.push_back(static_cast<std::uint8_t>(number >> shift));
    }

    Result<void> binary64(double number) {
        if (!std::isfinite(number)) return fail(ErrorCode::invalid_argument, "a number is not finite");
        out_.push_back(kBinary64);
        big_endian(std::bit_cast<std::uint64_t>(number), 8);
        return {};
    }

    Result<void> string(Major major, ByteView bytes) {
        TRY_VOID(head(major, bytes.size()));
        out_.insert(out_.end(), bytes.begin(), bytes.end());
        return {};
    }

    Result<void> utf8(std::string_view text) {
        if (!is_valid_utf8(text)) return fail(ErrorCode::invalid_argument, "a text is not UTF-8");
        return string(kText, as_byte_view(text));
    }

    Result<void> link(const Cid& cid) {
        TRY_VOID(head(kTag, kTagLink));
        Bytes bytes = cid.to_bytes();
        bytes.insert(bytes.begin(), 0); // identity multibase, as the specification demands
        return string(kBytes, bytes);
    }

    Result<void> list(const Value::List& items, std::size_t depth) {
        TRY_VOID(head(kList, items.size()));
        for (const Value& item : items) TRY_VOID(value(item, depth + 1));
        return {};
    }

    Result<void> map(const Value::Map& entries, std::size_t depth) { // std::map holds the canonical order
        TRY_VOID(head(kMap, entries.size()));
        for (const auto& [key, item] : entries) {
            TRY_VOID(utf8(key));
            TRY_VOID(value(item, depth + 1));
        }
        return {};
    }

    Bytes out_;
};

} // namespace

Result<Bytes> encode_dag_cbor(const Value& value) {
    Encoder encoder;
    TRY_VOID(encoder.value(value, 0));
    return encoder.take();
}

} // namespace assay::codec
