// Input: digest (32 bytes), signature (65), public key. Recovery and verification must agree on every signature.
#include "base/assert.h"
#include "crypto/secp256k1.h"

#include <algorithm>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace assay;
    if (size < 97) return 0;
    const ByteView bytes(data, size);
    crypto::Digest digest;
    std::copy_n(data, digest.size(), digest.begin());
    const ByteView signature = bytes.subspan(32, 65), key = bytes.subspan(97);
    const auto recovered = crypto::recover_public_key(digest, signature);
    if (recovered) ASSAY_ASSERT(crypto::verify(digest, signature.first(64), *recovered));
    if (!crypto::verify(digest, signature.first(64), key)) return 0;
    // One of the two v gives the key that verifies, unless r is one of the rare x above the order.
    const auto parsed = crypto::parse_public_key(key);
    ASSAY_ASSERT(parsed.has_value());
    bool found = false;
    for (const std::uint8_t v : {std::uint8_t{27}, std::uint8_t{28}}) {
        Bytes with_v(signature.begin(), signature.end());
        with_v[64] = v;
        const auto other = crypto::recover_public_key(digest, with_v);
        found = found || (other && *other == *parsed);
    }
    ASSAY_ASSERT(found);
    return 0;
}
