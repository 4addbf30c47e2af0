#pragma once
/// Recursive length prefix: Ethereum's encoding of transactions. Source: Ethereum yellow paper, appendix B.
/// Strict as consensus is: exactly one byte string for each item; what decode accepts, encode reproduces.
/// Thread-safe; committed class.
#include "base/bytes.h"
#include "base/result.h"

#include <cstddef>
#include <variant>
#include <vector>

namespace assay::codec {

/// A byte string or a list of items. What the bytes mean (integers are big-endian without leading zeros) is the reader's.
class RlpItem {
public:
    using List = std::vector<RlpItem>;

    RlpItem() = default; ///< the empty byte string
    RlpItem(Bytes value) : data_(std::move(value)) {} // NOLINT(google-explicit-constructor)
    RlpItem(List value) : data_(std::move(value)) {} // NOLINT(google-explicit-constructor)

    /// nullptr when the item is of the other kind.
    const Bytes* bytes() const { return std::get_if<Bytes>(&data_); }
    const List* list() const { return std::get_if<List>(&data_); }

    bool operator==(const RlpItem&) const = default;

private:
    std::variant<Bytes, List> data_;
};

struct RlpLimits {
    std::size_t size_max = std::size_t{16} << 20; ///< bytes of the whole
    std::size_t depth_max = 64; ///< nested lists
    std::size_t items_max = std::size_t{1} << 20; ///< byte strings and lists in all
};

/// Total, apart from memory.
Bytes encode_rlp(const RlpItem& item);

/// The whole input is one item.
/// Errors: malformed, naming the byte (truncated, bytes after the item, a length not in its shortest form, a byte below
/// 0x80 behind a prefix); resource_exhausted (size, depth or item limit).
Result<RlpItem> decode_rlp(ByteView bytes, const RlpLimits& limits = {});

} // namespace assay::codec
