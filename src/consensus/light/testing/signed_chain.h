#pragma once
/// For tests only: headers signed with keys that the test holds, so that validator sets can change at will.
#include "consensus/light/light_block.h"
#include "crypto/ed25519.h"

#include <algorithm>
#include <vector>

namespace assay::consensus {

inline Bytes bytes_of(const crypto::Digest& digest) { return Bytes(digest.begin(), digest.end()); }

struct Signer {
    explicit Signer(std::uint8_t seed) : key(crypto::Ed25519SecretKey::from_seed(Bytes(32, seed)).value()) {}
    LightValidator validator(std::int64_t power) const { return {key.public_key(), power}; }
    Bytes address() const {
        const crypto::Digest digest = crypto::sha256(key.public_key());
        return Bytes(digest.begin(), digest.begin() + 20);
    }
    crypto::Ed25519SecretKey key;
};

/// A block that all of `signers`, each with power 10, sign; the next set is `next`.
inline LightBlock signed_block(std::int64_t height, const std::vector<const Signer*>& signers,
                               const std::vector<const Signer*>& next, const Bytes& app_hash) {
    const auto set_of = [](const std::vector<const Signer*>& list) {
        std::vector<LightValidator> set;
        for (const Signer* signer : list) set.push_back(signer->validator(10));
        return set;
    };
    LightBlock block;
    block.validators = set_of(signers);
    block.header.block_version = 11;
    block.header.chain_id = "signed-1";
    block.header.height = height;
    block.header.time = {1'700'000'000 + height, 500};
    block.header.app_hash = app_hash;
    block.header.validators_hash = bytes_of(hash_of(block.validators));
    block.header.next_validators_hash = bytes_of(hash_of(set_of(next)));
    block.header.proposer_address = signers[0]->address();
    block.commit.height = height;
    block.commit.round = 2;
    block.commit.block_id = {bytes_of(hash_of(block.header)), 1, Bytes(32, 9)};
    for (const Signer* signer : signers)
        block.commit.signatures.push_back({VoteFlag::commit, signer->address(), block.header.time, {}});
    for (std::size_t i = 0; i < signers.size(); ++i) {
        const auto signature = signers[i]->key.sign(vote_sign_bytes(block.header.chain_id, block.commit, i));
        block.commit.signatures[i].signature.assign(signature.begin(), signature.end());
    }
    return block;
}

} // namespace assay::consensus
