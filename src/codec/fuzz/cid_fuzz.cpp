// A CID that parses, from text or from bytes, must print and parse to itself.
#include "base/assert.h"
#include "codec/cid.h"

#include <algorithm>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using assay::codec::Cid;
    const assay::ByteView bytes(data, size);
    if (const auto cid = Cid::from_bytes(bytes)) {
        ASSAY_ASSERT(std::ranges::equal(cid->to_bytes(), bytes));
        const auto parsed = Cid::parse(cid->to_string());
        ASSAY_ASSERT(parsed.has_value() && *parsed == *cid);
    }
    const std::string_view text = assay::as_string_view(bytes);
    if (const auto cid = Cid::parse(text)) {
        const auto again = Cid::from_bytes(cid->to_bytes());
        ASSAY_ASSERT(again.has_value() && *again == *cid);
        ASSAY_ASSERT(text.front() == 'z' || cid->to_string() == text);
    }
    return 0;
}
