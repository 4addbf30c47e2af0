#include "consensus/light/proof_bundle.h"

#include "chain/state/proof.h"
#include "consensus/cometbft/json_read.h"

#include <algorithm>

namespace assay::consensus {

Result<ProofBundle> parse_proof_bundle(std::string_view text) {
    const codec::Json json = TRY(codec::parse_json(text, {.size_max = kBundleBytesMax}));
    if (const auto format = json_text(json, "format"); !format || *format != "assay-light-1")
        return fail(ErrorCode::malformed, "'format' is not assay-light-1");
    ProofBundle bundle;
    const codec::Json::List& blocks = *TRY(json_list(json, "blocks"));
    if (blocks.empty()) return fail(ErrorCode::malformed, "'blocks' is empty");
    if (blocks.size() > kBundleBlocksMax)
        return fail(ErrorCode::resource_exhausted, "'blocks' has " + std::to_string(blocks.size()) +
                                                       " entries, at most " + std::to_string(kBundleBlocksMax) +
                                                       " are taken");
    for (std::size_t i = 0; i < blocks.size(); ++i) {
        auto block = parse_light_block(blocks[i]);
        if (!block) return fail_in("block " + std::to_string(i), block.error());
        bundle.blocks.push_back(std::move(*block));
    }
    bundle.module = TRY(json_text(json, "module"));
    bundle.key = TRY(json_hex(json, "key"));
    const codec::Json* const value = TRY(json_at(json, "value"));
    if (!value->is_null()) bundle.value = TRY(json_hex(json, "value"));
    const std::int64_t height = TRY(json_integer(json, "height"));
    if (height < 0) return fail(ErrorCode::malformed, "'height' is negative");
    bundle.height = static_cast<std::uint64_t>(height);
    bundle.proof = TRY(json_hex(json, "proof"));
    return bundle;
}

Result<VerifiedAnswer> verify_proof_bundle(const ProofBundle& bundle, const TrustRoot& root,
                                           const TrustOptions& options, BlockTime now) {
    if (bundle.blocks.empty()) return fail(ErrorCode::invalid_argument, "there are no headers");
    TRY_VOID(check_trust_root(bundle.blocks.front(), root));
    for (std::size_t i = 1; i < bundle.blocks.size(); ++i)
        TRY_VOID(verify_next(bundle.blocks[i - 1], bundle.blocks[i], options, now));
    const Header& last = bundle.blocks.back().header;
    BlockTime expires = last.time;
    expires.seconds += options.trust_period_s;
    if (expires <= now)
        return fail(ErrorCode::invalid_argument, "header " + std::to_string(last.height) + ": too old to be trusted");
    if (static_cast<std::uint64_t>(last.height) != bundle.height + 1)
        return fail(ErrorCode::invalid_argument, "the answer is of height " + std::to_string(bundle.height) +
                                                     ", but the last header is " + std::to_string(last.height) +
                                                     ", not the one after it");
    VerifiedAnswer answer{last.chain_id, bundle.height, last.time, {}, bundle.blocks.size()};
    if (last.app_hash.size() != answer.app_hash.size())
        return fail(ErrorCode::invalid_argument, "the last header names no state of 32 bytes");
    std::ranges::copy(last.app_hash, answer.app_hash.begin());
    const std::optional<ByteView> value = bundle.value ? std::optional<ByteView>(*bundle.value) : std::nullopt;
    if (!chain::verify_state_proof(answer.app_hash, bundle.module, bundle.key, value, bundle.proof))
        return fail(ErrorCode::invalid_argument, "the proof does not show " +
                                                     std::string(value ? "this value" : "that the key is absent") +
                                                     " under the state's hash");
    return answer;
}

} // namespace assay::consensus
