// Any bytes give a verdict on a proof, and what decodes has exactly one encoding. The first byte chooses whether a value
// is claimed; one app hash that nobody made stands for all: nothing may verify against it.
#include "base/assert.h"
#include "chain/state/proof.h"

#include <algorithm>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace assay;
    if (size == 0) return 0;
    const ByteView proof(data + 1, size - 1);
    if (const auto decoded = chain::decode_state_proof(proof)) {
        ASSAY_ASSERT(std::ranges::equal(chain::encode_state_proof(*decoded), proof));
    }
    const Bytes key = {0x81, 1};
    const auto value =
        data[0] % 2 == 0 ? std::optional(proof.first(std::min<std::size_t>(proof.size(), 8))) : std::nullopt;
    ASSAY_ASSERT(!chain::verify_state_proof(crypto::Digest{7}, "bank", key, value, proof));
    return 0;
}
