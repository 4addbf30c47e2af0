#include "chain/state/proof_make.h"

#include "chain/state/state_lookup.h"
#include "crypto/merkle.h"

namespace assay::chain {
namespace {

/// Follows a key down and notes the hashes beside its path.
class ProofWalk {
public:
    ProofWalk(const NodeReader& reader, std::size_t module, const Digest& key, std::vector<Digest>& siblings)
        : reader_(reader), module_(module), key_(key), siblings_(siblings) {}

    /// The leaf at which the path ends, if any.
    Result<std::optional<Leaf>> run(Child child) {
        NodePath path;
        while (child.is_inner()) {
            if (path.depth == kKeyNibbles) return fail(ErrorCode::malformed, "state: a tree deeper than its keys");
            InnerNode node = *TRY(reader_.inner(module_, path, child.version));
            node.compute_middles();
            const unsigned nibble = pass_through(node, path.depth);
            child = node.children[nibble];
            path = path.child(nibble);
        }
        if (child.is_empty()) return std::optional<Leaf>{};
        Bucket bucket;
        TRY_VOID(reader_.bucket(module_, path, child, bucket));
        return end_in(bucket, 4 * path.depth);
    }

private:
    /// The child in which the path goes on: the key's own, or the one with the last leaf where the path ends before.
    unsigned pass_through(const InnerNode& node, unsigned depth) {
        unsigned at = 1;
        for (unsigned level = 0; at < kChildren && node.weight(at) == 2; ++level) {
            const unsigned bit = bit_of(key_, 4 * depth + level);
            siblings_.push_back(node.hash_at(2 * at + (1 - bit)));
            at = 2 * at + bit;
        }
        while (at < kChildren) at = 2 * at + (node.weight(2 * at + 1) > 0 ? 1 : 0);
        return at - kChildren;
    }

    std::optional<Leaf> end_in(std::span<const Leaf> leaves, unsigned bit) {
        for (; leaves.size() > 1; ++bit) {
            const std::size_t split = split_at_bit(leaves, bit);
            const auto left = leaves.first(split);
            const auto right = leaves.subspan(split);
            const bool is_right = bit_of(key_, bit) != 0;
            siblings_.push_back(bucket_hash(is_right ? left : right, bit + 1));
            leaves = is_right ? right : left;
        }
        return leaves.empty() ? std::nullopt : std::optional(leaves[0]);
    }

    const NodeReader& reader_;
    std::size_t module_;
    const Digest& key_;
    std::vector<Digest>& siblings_;
};

} // namespace

Result<Bytes> make_state_proof(const NodeReader& reader, const storage::ReadTransaction& transaction,
                               const StateTables& tables, const VersionRecord& record, ModuleId module,
                               ByteView raw_key) {
    const auto number = static_cast<std::size_t>(module);
    const Digest key = tree_key(name_of(module), raw_key);
    StateProof proof;
    const auto leaf = TRY(ProofWalk(reader, number, key, proof.siblings).run(record.roots[number]));
    if (leaf && leaf->key == key) {
        proof.end = StateProof::End::leaf;
    } else if (leaf) {
        proof.end = StateProof::End::other_leaf;
        proof.other_key = leaf->key;
        proof.other_value_hash = crypto::sha256(TRY(read_value(transaction, tables, leaf->location)).value);
    }
    proof.module_count = kModuleCount;
    proof.module_index = static_cast<std::uint8_t>(number);
    std::array<Digest, kModuleCount> leaves;
    for (std::size_t i = 0; i < kModuleCount; ++i) {
        leaves[i] = module_leaf(kModuleNames[i], record.roots[i].hash, kModuleFormat);
    }
    proof.module_siblings = crypto::merkle_proof(leaves, number);
    return encode_state_proof(proof);
}

} // namespace assay::chain
