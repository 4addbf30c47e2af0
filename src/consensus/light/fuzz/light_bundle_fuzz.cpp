// Any text is a bundle or refused, and no bundle that was not signed is believed.
#include "base/assert.h"
#include "consensus/light/proof_bundle.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace assay::consensus;
    const auto bundle = parse_proof_bundle(assay::as_string_view({data, size}));
    if (!bundle) return 0;
    const TrustRoot root{static_cast<std::uint64_t>(bundle->blocks[0].header.height),
                         hash_of(bundle->blocks[0].header)};
    const BlockTime now{1'800'000'000, 0};
    // The only proofs here are random bytes.
    ASSAY_ASSERT(!verify_proof_bundle(*bundle, root, {.trust_period_s = 1'000'000'000}, now));
    for (const LightBlock& block : bundle->blocks)
        for (std::size_t i = 0; i < block.commit.signatures.size(); ++i)
            ASSAY_ASSERT(!vote_sign_bytes(block.header.chain_id, block.commit, i).empty());
    return 0;
}
