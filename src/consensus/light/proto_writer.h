#pragma once
/// Writes protobuf fields by hand, where the bytes are hashed or signed: proto3 rules, defaults left out, ascending fields.
/// Internal to the room. Used by one thread; committed class.
#include "base/bytes.h"
#include "codec/varint.h"

#include <cstdint>
#include <string_view>

namespace assay::consensus {

class ProtoWriter {
public:
    ProtoWriter& integer(std::uint32_t field, std::int64_t value) {
        if (value == 0) return *this;
        tag(field, 0);
        for (auto rest = static_cast<std::uint64_t>(value);; rest >>= 7) { // 64 bits, where codec's varints end at 63
            const bool last = rest < 0x80;
            bytes_.push_back(static_cast<std::uint8_t>(last ? rest : (rest & 0x7f) | 0x80));
            if (last) return *this;
        }
    }
    ProtoWriter& fixed64(std::uint32_t field, std::int64_t value) {
        if (value == 0) return *this;
        tag(field, 1);
        for (int shift = 0; shift < 64; shift += 8)
            bytes_.push_back(static_cast<std::uint8_t>(static_cast<std::uint64_t>(value) >> shift));
        return *this;
    }
    ProtoWriter& bytes(std::uint32_t field, ByteView value) { return value.empty() ? *this : message(field, value); }
    ProtoWriter& text(std::uint32_t field, std::string_view value) { return bytes(field, as_byte_view(value)); }
    /// Present even when it is empty.
    ProtoWriter& message(std::uint32_t field, ByteView value) {
        tag(field, 2);
        codec::append_varint(bytes_, value.size());
        bytes_.insert(bytes_.end(), value.begin(), value.end());
        return *this;
    }
    const Bytes& done() const { return bytes_; }

private:
    void tag(std::uint32_t field, std::uint32_t type) { codec::append_varint(bytes_, (field << 3) | type); }
    Bytes bytes_;
};

} // namespace assay::consensus
