#include "consensus/light/verifier.h"

#include "crypto/ed25519.h"

#include <algorithm>
#include <limits>
#include <map>
#include <set>

namespace assay::consensus {

namespace {

constexpr std::int64_t kPowerSumMax = std::numeric_limits<std::int64_t>::max() / 8;

std::unexpected<Error> refuse(const LightBlock& block, const std::string& why) {
    return fail(ErrorCode::invalid_argument, "header " + std::to_string(block.header.height) + ": " + why);
}

Result<std::int64_t> total_power(const LightBlock& block) {
    std::int64_t sum = 0;
    for (const LightValidator& validator : block.validators) {
        if (validator.power <= 0 || validator.power > kPowerSumMax - sum)
            return refuse(block, "a validator's power is not positive, or the sum is over 2^60");
        sum += validator.power;
    }
    return sum;
}

bool equal(const Bytes& bytes, const crypto::Digest& digest) { return std::ranges::equal(bytes, digest); }

// That header, signatures and validators belong together, before any signature is looked at.
Result<void> check_shape(const LightBlock& block) {
    const Commit& commit = block.commit;
    if (block.header.height <= 0) return refuse(block, "the height is not positive");
    if (block.validators.empty() || commit.signatures.size() != block.validators.size())
        return refuse(block, std::to_string(commit.signatures.size()) + " signatures for " +
                                 std::to_string(block.validators.size()) + " validators");
    if (commit.height != block.header.height)
        return refuse(block, "the signatures are for height " + std::to_string(commit.height));
    if (!equal(commit.block_id.hash, hash_of(block.header)))
        return refuse(block, "the signatures are for another header");
    if (!equal(block.header.validators_hash, hash_of(block.validators)))
        return refuse(block, "the validators are not those that the header names");
    return {};
}

bool signature_holds(const LightBlock& block, std::size_t index, const LightValidator& validator) {
    return crypto::ed25519_verify(validator.public_key, vote_sign_bytes(block.header.chain_id, block.commit, index),
                                  block.commit.signatures[index].signature);
}

// More than 2/3 of the block's own validators signed it.
Result<void> check_own_signatures(const LightBlock& block) {
    const std::int64_t needed = TRY(total_power(block)) * 2 / 3;
    std::int64_t signed_power = 0;
    for (std::size_t i = 0; i < block.validators.size(); ++i) {
        const CommitSignature& signature = block.commit.signatures[i];
        if (signature.flag != VoteFlag::commit) continue;
        if (signature.validator != address_of(block.validators[i]))
            return refuse(block, "signature " + std::to_string(i) + " is another validator's");
        if (!signature_holds(block, i, block.validators[i]))
            return refuse(block, "signature " + std::to_string(i) + " is wrong");
        signed_power += block.validators[i].power;
        if (signed_power > needed) return {};
    }
    return refuse(block, "signed by power " + std::to_string(signed_power) + ", more than " + std::to_string(needed) +
                             " is needed");
}

// At least the trust share of the trusted validators signed the block.
Result<void> check_trusted_signatures(const LightBlock& trusted, const LightBlock& next, const TrustOptions& options) {
    const auto total = static_cast<std::uint64_t>(TRY(total_power(trusted)));
    const std::uint64_t needed =
        total / options.trust_denominator * options.trust_numerator +
        total % options.trust_denominator * options.trust_numerator / options.trust_denominator;
    std::map<Bytes, const LightValidator*> by_address;
    for (const LightValidator& validator : trusted.validators) by_address[address_of(validator)] = &validator;
    std::set<Bytes> counted;
    std::uint64_t signed_power = 0;
    for (std::size_t i = 0; i < next.commit.signatures.size(); ++i) {
        const CommitSignature& signature = next.commit.signatures[i];
        const auto found = by_address.find(signature.validator);
        if (signature.flag != VoteFlag::commit || found == by_address.end()) continue;
        if (!counted.insert(signature.validator).second)
            return refuse(next, "signature " + std::to_string(i) + " is a second one of its validator");
        if (!signature_holds(next, i, *found->second))
            return refuse(next, "signature " + std::to_string(i) + " is wrong");
        signed_power += static_cast<std::uint64_t>(found->second->power);
        if (signed_power > needed) return {};
    }
    return fail(ErrorCode::not_found, "header " + std::to_string(next.header.height) + ": signed by power " +
                                          std::to_string(signed_power) + " of the trusted validators, more than " +
                                          std::to_string(needed) + " is needed");
}

Result<void> check_times(const LightBlock& trusted, const LightBlock& next, const TrustOptions& options,
                         BlockTime now) {
    BlockTime expires = trusted.header.time, latest = now;
    expires.seconds += options.trust_period_s;
    latest.seconds += options.clock_drift_s;
    if (expires <= now) return refuse(trusted, "too old to be trusted: the trust period is over");
    if (next.header.time <= trusted.header.time) return refuse(next, "not later than the trusted header");
    if (next.header.time >= latest) return refuse(next, "lies in the future");
    return {};
}

} // namespace

Result<void> check_trust_root(const LightBlock& block, const TrustRoot& root) {
    if (static_cast<std::uint64_t>(block.header.height) != root.height)
        return refuse(block, "the trusted height is " + std::to_string(root.height));
    if (hash_of(block.header) != root.hash)
        return refuse(block, "its hash is " + to_hex(hash_of(block.header)) + ", the trusted one " + to_hex(root.hash));
    TRY_VOID(check_shape(block));
    return check_own_signatures(block);
}

Result<void> verify_next(const LightBlock& trusted, const LightBlock& next, const TrustOptions& options,
                         BlockTime now) {
    if (options.trust_denominator == 0 || options.trust_numerator > options.trust_denominator ||
        options.trust_numerator * std::uint64_t{3} < options.trust_denominator)
        return fail(ErrorCode::invalid_argument, "the trust share is not within 1/3 and 1");
    if (next.header.chain_id != trusted.header.chain_id) return refuse(next, "of chain '" + next.header.chain_id + "'");
    if (next.header.height <= trusted.header.height) return refuse(next, "not above the trusted height");
    TRY_VOID(check_times(trusted, next, options, now));
    TRY_VOID(check_shape(next));
    if (next.header.height == trusted.header.height + 1) {
        if (next.header.validators_hash != trusted.header.next_validators_hash)
            return refuse(next, "its validators are not those that the header before announced");
    } else {
        TRY_VOID(check_trusted_signatures(trusted, next, options));
    }
    return check_own_signatures(next); // last: a set made large on purpose costs the most here
}

} // namespace assay::consensus
