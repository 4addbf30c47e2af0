/// Any JSON as the engine's answers to `block` and `block_results` ({"block":…,"results":…}): a block whose transactions and
/// results match one to one, or a refusal in one line.
#include "base/assert.h"
#include "consensus/cometbft/engine_blocks.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace assay;
    const auto json = codec::parse_json(as_string_view({data, size}), {.size_max = 1 << 16, .items_max = 1 << 12});
    if (!json) return 0;
    const codec::Json* const block = json->find("block");
    const codec::Json* const results = json->find("results");
    if (block == nullptr || results == nullptr) return 0;
    const auto committed = consensus::committed_block_from(*block, *results);
    if (committed) ASSAY_ASSERT(committed->transactions.size() == committed->result.transactions.size());
    else ASSAY_ASSERT(!committed.error().message.empty());
    return 0;
}
