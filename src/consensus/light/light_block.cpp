#include "consensus/light/light_block.h"

#include "consensus/light/proto_writer.h"
#include "crypto/merkle.h"

namespace assay::consensus {

namespace {

constexpr std::int64_t kPrecommit = 2;
constexpr BlockTime kNoTime{-62'135'596'800, 0}; ///< Go's zero time, the year 1

Bytes encode(const BlockTime& time) { return ProtoWriter().integer(1, time.seconds).integer(2, time.nanos).done(); }

// BlockID and its canonical form have the same bytes.
Bytes encode(const BlockId& id) {
    const Bytes parts = ProtoWriter().integer(1, id.parts).bytes(2, id.parts_hash).done();
    return ProtoWriter().bytes(1, id.hash).message(2, parts).done();
}

} // namespace

crypto::Digest hash_of(const Header& header) {
    std::vector<crypto::Digest> leaves;
    const auto add = [&](const Bytes& encoded) { leaves.push_back(crypto::merkle_leaf(encoded)); };
    add(ProtoWriter()
            .integer(1, static_cast<std::int64_t>(header.block_version))
            .integer(2, static_cast<std::int64_t>(header.app_version))
            .done());
    add(ProtoWriter().text(1, header.chain_id).done());
    add(ProtoWriter().integer(1, header.height).done());
    add(encode(header.time));
    add(encode(header.last_block_id));
    for (const Bytes* const field : {&header.last_commit_hash, &header.data_hash, &header.validators_hash,
                                     &header.next_validators_hash, &header.consensus_hash, &header.app_hash,
                                     &header.last_results_hash, &header.evidence_hash, &header.proposer_address})
        add(ProtoWriter().bytes(1, *field).done());
    return crypto::merkle_root(leaves);
}

crypto::Digest hash_of(const std::vector<LightValidator>& validators) {
    std::vector<crypto::Digest> leaves;
    leaves.reserve(validators.size());
    for (const LightValidator& validator : validators) {
        const Bytes key = ProtoWriter().bytes(1, validator.public_key).done();
        leaves.push_back(crypto::merkle_leaf(ProtoWriter().message(1, key).integer(2, validator.power).done()));
    }
    return crypto::merkle_root(leaves);
}

crypto::Digest hash_of(const Commit& commit) {
    std::vector<crypto::Digest> leaves;
    leaves.reserve(commit.signatures.size());
    for (const CommitSignature& signature : commit.signatures) {
        const BlockTime& time = signature.flag == VoteFlag::absent ? kNoTime : signature.time;
        leaves.push_back(crypto::merkle_leaf(ProtoWriter()
                                                 .integer(1, static_cast<std::int64_t>(signature.flag))
                                                 .bytes(2, signature.validator)
                                                 .message(3, encode(time))
                                                 .bytes(4, signature.signature)
                                                 .done()));
    }
    return crypto::merkle_root(leaves);
}

crypto::Digest hash_of_data(std::span<const crypto::Digest> transactions) {
    crypto::MerkleBuilder tree;
    for (const crypto::Digest& transaction : transactions) tree.add(crypto::merkle_leaf(transaction));
    return tree.root();
}

crypto::Digest hash_of_limits(std::int64_t block_bytes_max, std::int64_t block_gas_max) {
    return crypto::sha256(ProtoWriter().integer(1, block_bytes_max).integer(2, block_gas_max).done());
}

Bytes address_of(const LightValidator& validator) {
    const crypto::Digest digest = crypto::sha256(validator.public_key);
    return Bytes(digest.begin(), digest.begin() + 20);
}

Bytes vote_sign_bytes(const std::string& chain_id, const Commit& commit, std::size_t index) {
    const CommitSignature& signature = commit.signatures[index];
    ProtoWriter vote;
    vote.integer(1, kPrecommit).fixed64(2, commit.height).fixed64(3, commit.round);
    if (signature.flag == VoteFlag::commit) vote.message(4, encode(commit.block_id)); // a vote for nil names no block
    vote.message(5, encode(signature.time)).text(6, chain_id);
    Bytes out;
    codec::append_varint(out, vote.done().size());
    out.insert(out.end(), vote.done().begin(), vote.done().end());
    return out;
}

} // namespace assay::consensus
