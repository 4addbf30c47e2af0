/// Any bytes as a record of what a block did; the first one says which: its result in the log (even), the events of the index
/// (odd). What decodes encodes to the same bytes.
#include "base/assert.h"
#include "consensus/blocks/result_record.h"

#include <algorithm>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace assay;
    using namespace assay::consensus;
    if (size == 0) return 0;
    const ByteView record(data + 1, size - 1);
    if (data[0] % 2 == 0) {
        if (const auto result = decode_result(record)) ASSAY_ASSERT(std::ranges::equal(encode_result(*result), record));
    } else {
        if (const auto events = decode_events(record)) ASSAY_ASSERT(std::ranges::equal(encode_events(*events), record));
    }
    return 0;
}
