// What decodes must encode to the very same bytes: one byte string for each value.
#include "base/assert.h"
#include "codec/dag_cbor.h"

#include <algorithm>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const assay::ByteView bytes(data, size);
    const auto value = assay::codec::decode_dag_cbor(bytes, {.size_max = 1 << 20, .items_max = 1 << 16});
    if (!value) return 0;
    const auto again = assay::codec::encode_dag_cbor(*value);
    ASSAY_ASSERT(again.has_value() && std::ranges::equal(*again, bytes));
    return 0;
}
