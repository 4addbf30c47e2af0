#pragma once
/// The stored form of a state tree. Internal to the room.
///
/// A node covers four bits of the key. It is an inner node with up to 16 children, or, where few leaves share the path,
/// a bucket that lists them. The shape is how this store keeps the tree, not part of what it hashes: any split into
/// buckets and inner nodes has the root that tree_hash.h defines.
///
/// Records are written once, under (version, module, path): a changed node is a new record of the new version.
/// Thread-safe as plain values; committed class (equal changes give equal records).
#include "base/bytes.h"
#include "base/result.h"
#include "chain/state/tree_hash.h"

#include <array>
#include <cstdint>
#include <vector>

namespace assay::chain {

inline constexpr unsigned kChildren = 16;
inline constexpr std::size_t kBucketLeavesMax = 16;
/// Children that are buckets with at most so many leaves in all become one bucket again. Half of the above, so that a
/// key that comes and goes does not split and join a node each time.
inline constexpr std::size_t kCollapseLeavesMax = kBucketLeavesMax / 2;
inline constexpr std::uint8_t kInnerChild = 255;

/// Where a value lies: the change number `index` of `version`.
struct Location {
    std::uint64_t version = 0;
    std::uint32_t index = 0;
    auto operator<=>(const Location&) const = default;
};

struct Leaf {
    Digest key;
    Digest hash; ///< tree_leaf of it
    Location location;
    bool operator==(const Leaf&) const = default;
};

/// What a parent knows of a child.
struct Child {
    std::uint8_t leaves = 0; ///< 0: no child; 1 … kBucketLeavesMax: a bucket of so many; kInnerChild
    std::uint64_t version = 0;
    Digest hash{};

    bool is_empty() const { return leaves == 0; }
    bool is_inner() const { return leaves == kInnerChild; }
    bool operator==(const Child&) const = default;
};

struct InnerNode {
    std::array<Child, kChildren> children;
    /// The hashes between the node's own and its children's, as a heap: 1 would be the node, 2 and 3 its halves.
    /// Entries over fewer than two leaves are not set. Kept in memory only.
    std::array<Digest, kChildren> middles;
    bool has_middles = false;

    /// 0, 1 or 2 (two or more leaves) below heap position `at`: 1 … 31, of which 16 … 31 are the children.
    unsigned weight(unsigned at) const;
    /// The hash at `at`, once the middles below are set.
    const Digest& hash_at(unsigned at) const;
    void compute_middles();
};

using Bucket = std::vector<Leaf>; ///< ascending by key, 1 … kBucketLeavesMax

/// The first `depth` nibbles of a key.
struct NodePath {
    Digest key{}; ///< zero behind them
    unsigned depth = 0;

    NodePath child(unsigned nibble) const;
    bool covers(const Digest& other) const { return shares_bits(key, other, 4 * depth); }
    std::string text() const; ///< hexadecimal, for messages
};

/// version, 8 bytes ‖ module ‖ depth ‖ nibbles packed, two a byte.
struct NodeKey {
    std::array<std::uint8_t, 8 + 1 + 1 + 32> bytes{};
    std::uint8_t size = 0;

    NodeKey() = default;
    NodeKey(std::uint64_t version, std::size_t module, const NodePath& path);
    ByteView view() const { return {bytes.data(), size}; }
    bool operator==(const NodeKey& other) const { return as_string_view(view()) == as_string_view(other.view()); }
    auto operator<=>(const NodeKey& other) const { return as_string_view(view()) <=> as_string_view(other.view()); }
};

void encode_inner(const InnerNode& node, std::uint64_t version, Bytes& out);
void encode_bucket(const Bucket& bucket, std::uint64_t version, unsigned depth, Bytes& out);

/// Total. Errors: malformed, naming what is wrong. The record of `version` at `path`.
Result<void> decode_inner(ByteView record, std::uint64_t version, InnerNode& node);
Result<void> decode_bucket(ByteView record, std::uint64_t version, const NodePath& path, Bucket& bucket);

/// Hash of the subtree over `leaves` (ascending), whose root is at bit `bit`. Recursive, one hash at a time.
Digest bucket_hash(std::span<const Leaf> leaves, unsigned bit);
/// First of `leaves` (which share the bits before) whose bit `bit` is 1.
std::size_t split_at_bit(std::span<const Leaf> leaves, unsigned bit);

} // namespace assay::chain
