// What decodes must encode to the very same bytes: one byte string for each item.
#include "base/assert.h"
#include "codec/rlp.h"

#include <algorithm>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const assay::ByteView bytes(data, size);
    const auto item = assay::codec::decode_rlp(bytes, {.size_max = 1 << 20, .items_max = 1 << 16});
    if (!item) return 0;
    ASSAY_ASSERT(std::ranges::equal(assay::codec::encode_rlp(*item), bytes));
    return 0;
}
