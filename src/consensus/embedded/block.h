#pragma once
/// A block of embedded consensus: CometBFT's header and one precommit over it, by the node's own key, and the transactions.
/// The set of validators is that key with power 1, so whoever can check headers of a network can check these.
/// What the header's fields are is in docs/spec/block.md. Plain values; thread-safe; committed class.
#include "consensus/light/light_block.h"
#include "crypto/ed25519.h"

#include <memory>
#include <vector>

namespace assay::consensus {

struct EmbeddedBlock {
    std::string chain_id;
    std::uint64_t app_version = 0;
    std::uint64_t height = 0;
    std::int64_t time_ms = 0;
    crypto::Digest parent{}; ///< hash of the header before; zero for the first
    crypto::Digest parent_commit{}; ///< hash of the commit over that header
    crypto::Digest limits{}; ///< hash of the engine's limits
    crypto::Digest app_hash{}; ///< of the state before this block
    std::vector<Bytes> transactions = {};
    crypto::Ed25519PublicKey signer{};
    crypto::Ed25519Signature signature{};

    crypto::Digest hash{}; ///< of the header; kept with the content by sign_block() and decode_block()
    std::vector<crypto::Digest> transaction_hashes = {}; ///< SHA-256 of each; likewise
};

/// Fills in the signer, the signature and the hashes.
void sign_block(EmbeddedBlock& block, const crypto::Ed25519SecretKey& key);
/// Header, commit and the set of one. Needs the transactions' hashes, not the transactions.
LightBlock light_block_of(const EmbeddedBlock& block);
/// Hash of the commit over the block's header.
crypto::Digest commit_hash_of(const EmbeddedBlock& block);

/// That the signature is the signer's. Errors: malformed, saying why.
Result<void> check_signature(const EmbeddedBlock& block);
/// That it follows `parent`: chain, height, time, hashes, signer. Errors: malformed, naming what does not fit.
Result<void> check_follows(const EmbeddedBlock& parent, const EmbeddedBlock& block);

/// The record of the block log: DAG-CBOR list
/// [{"app","app_version","chain","height","limits","parent","parent_commit","time"}, signer, signature, [transaction, …]].
Bytes encode_block(const EmbeddedBlock& block);
/// Signatures are not checked. Errors: malformed, naming the part; unsupported (a record from before blocks were signed).
Result<EmbeddedBlock> decode_block(ByteView bytes);

} // namespace assay::consensus
