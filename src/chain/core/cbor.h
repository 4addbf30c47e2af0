#pragma once
/// DAG-CBOR straight from and to bytes, where the shape is known beforehand: transactions and records, of which a block
/// has tens of thousands. Accepts exactly what codec::decode_dag_cbor accepts, for these kinds of values.
/// An object by one thread at a time. Committed class.
#include "base/bytes.h"
#include "base/result.h"
#include "codec/value.h"

#include <cstdint>
#include <string_view>

namespace assay::chain {

class CborReader {
public:
    /// Borrows the bytes; what it returns points into them.
    explicit CborReader(ByteView in) : in_(in) {}

    // Errors of all: malformed (truncated, not in shortest form, another kind of value: `what` was expected).
    Result<bool> boolean();
    Result<codec::Integer> integer();
    Result<std::uint64_t> unsigned_integer();
    Result<ByteView> bytes();
    Result<std::string_view> text(); ///< valid UTF-8
    Result<std::uint64_t> list(); ///< the number of items, which is at most the number of bytes left
    Result<std::uint64_t> map(); ///< the number of entries, which is at most half the bytes left

    bool at_end() const { return at_ == in_.size(); }
    std::size_t position() const { return at_; }

private:
    struct Head {
        unsigned major = 0;
        std::uint64_t argument = 0;
    };
    Result<Head> head();
    Result<std::uint64_t> head_of(unsigned major, std::string_view what);
    Result<ByteView> take(std::uint64_t size);

    ByteView in_;
    std::size_t at_ = 0;
};

void append_unsigned(Bytes& out, std::uint64_t value);
void append_integer(Bytes& out, codec::Integer value);
void append_bytes(Bytes& out, ByteView value);
void append_text(Bytes& out, std::string_view value);
void append_boolean(Bytes& out, bool value);
void append_list(Bytes& out, std::uint64_t items);
void append_map(Bytes& out, std::uint64_t entries);

} // namespace assay::chain
