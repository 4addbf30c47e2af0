/// Any bytes as a database file: the check answers, and answers the same again. Offsets it accepts stay inside the input.
#include "base/assert.h"
#include "storage/lmdb_file_check.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const assay::ByteView file(data, size);
    const auto first = assay::storage::check_lmdb_file(file);
    const auto second = assay::storage::check_lmdb_file(file);
    ASSAY_ASSERT(first.has_value() == second.has_value());
    if (!first) {
        ASSAY_ASSERT(!first.error().message.empty() && first.error().message == second.error().message);
        return 0;
    }
    ASSAY_ASSERT(first->free_pages < first->pages);
    return 0;
}
