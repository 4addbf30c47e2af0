#include "crypto/content_id.h"

#include "base/assert.h"

namespace assay::crypto {

codec::Cid content_id(std::uint64_t codec, ByteView block) { return content_id(codec, sha256(block)); }

codec::Cid content_id(std::uint64_t codec, const Digest& digest) {
    auto cid = codec::Cid::make_v1(codec, digest);
    ASSAY_ASSERT(cid.has_value()); // a digest always has 32 bytes
    return std::move(*cid);
}

} // namespace assay::crypto
