// Typed data from outside either hashes, twice the same, or is refused in one line.
#include "base/assert.h"
#include "crypto/typed_data.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace assay;
    const auto json =
        codec::parse_json(as_string_view(ByteView(data, size)), {.size_max = 1 << 16, .items_max = 1 << 12});
    if (!json) return 0;
    const auto hashes = crypto::hash_typed_data(*json);
    if (!hashes) {
        ASSAY_ASSERT(!hashes.error().message.empty() && hashes.error().message.find('\n') == std::string::npos);
        return 0;
    }
    ASSAY_ASSERT(crypto::hash_typed_data(*json)->digest == hashes->digest);
    return 0;
}
