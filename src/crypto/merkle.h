#pragma once
/// Merkle trees over SHA-256 as RFC 6962 §2.1 defines them: leaf = H(0x00 ‖ data), node = H(0x01 ‖ left ‖ right),
/// n leaves split at the largest power of two below n, no leaves = H("").
/// Thread-safe; committed class.
#include "crypto/sha256.h"

#include <cstdint>
#include <span>
#include <vector>

namespace assay::crypto {

Digest merkle_leaf(ByteView data);
Digest merkle_node(const Digest& left, const Digest& right);

/// One hash of many: `*out` becomes H(prefix ‖ *left ‖ *right), 65 bytes. `out` may be neither of the two.
struct MerkleJoin {
    const Digest* left;
    const Digest* right;
    Digest* out;
};
/// Every join of `joins`, two side by side: at about twice the speed of one after the other. No join may need the
/// `out` of another.
void merkle_join(std::uint8_t prefix, std::span<const MerkleJoin> joins);

/// Leaf hashes of consecutive chunks of `chunk_bytes` (the last may be shorter); none for empty data.
/// Writes ceil(size / chunk_bytes) digests to `leaves`.
void merkle_chunk_leaves(ByteView data, std::size_t chunk_bytes, std::span<Digest> leaves);
std::uint64_t chunk_count(std::uint64_t size, std::uint64_t chunk_bytes);

/// Root over the chunks of `data`: the quick way to hash many bytes, and one that can be opened chunk by chunk.
Digest merkle_root_of_chunks(ByteView data, std::size_t chunk_bytes);

/// Root over leaf hashes; memory O(log n).
Digest merkle_root(std::span<const Digest> leaves);

/// Sibling hashes from the leaf to the root. `index` must be below leaves.size().
std::vector<Digest> merkle_proof(std::span<const Digest> leaves, std::uint64_t index);

/// True when `proof` shows that leaf hash `leaf` is number `index` of `count` under `root`. Total: any input, no errors.
bool merkle_verify(const Digest& leaf, std::uint64_t index, std::uint64_t count, std::span<const Digest> proof,
                   const Digest& root);

/// Root of leaf hashes that arrive one by one.
class MerkleBuilder {
public:
    void add(const Digest& leaf);
    std::uint64_t count() const { return count_; }
    Digest root() const;

private:
    std::vector<Digest> peaks_; ///< roots of the complete subtrees, largest first; one for each set bit of count_
    std::uint64_t count_ = 0;
};

} // namespace assay::crypto
