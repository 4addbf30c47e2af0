// Any bytes are a block's record or refused; what is read is written again as the same bytes.
#include "base/assert.h"
#include "consensus/embedded/block.h"

#include <algorithm>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace assay::consensus;
    const assay::ByteView bytes(data, size);
    const auto block = decode_block(bytes);
    if (!block) return 0;
    ASSAY_ASSERT(std::ranges::equal(encode_block(*block), bytes));
    ASSAY_ASSERT(block->transaction_hashes.size() == block->transactions.size());
    const auto text = to_json(light_block_of(*block));
    ASSAY_ASSERT(!text.empty());
    static_cast<void>(check_signature(*block));
    return 0;
}
