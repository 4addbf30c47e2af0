#pragma once
/// Applies a batch of changes to the tree of one module: reads the nodes on their paths, makes new ones, hashes all of
/// them two at a time. Writes nothing. Internal to the room.
///
/// One TreeUpdate is used by one thread. Several may work on disjoint subtrees of one new root; what they make does not
/// depend on how the work was split. Committed class.
#include "chain/state/node.h"
#include "chain/state/node_reader.h"
#include "crypto/merkle.h"

#include <deque>
#include <memory>
#include <span>
#include <vector>

namespace assay::chain {

/// A key's new leaf, or its removal.
struct TreeChange {
    Leaf leaf;
    bool is_erase = false;
    bool is_noop = false; ///< set by the update: the tree had this already
};

class TreeUpdate {
public:
    struct NewNode {
        NodeKey key;
        NodePath path;
        std::size_t module = 0;
        std::shared_ptr<InnerNode> inner; ///< or
        const Bucket* bucket = nullptr;
    };

    /// New nodes are of `version`. Borrows `reader`.
    TreeUpdate(const NodeReader& reader, std::uint64_t version)
        : reader_(reader), version_(version), joins_(kKeyBits + 1) {}

    /// Updates the subtree `before` at `path` by `changes` (ascending, all below the path). The result stands in `after`,
    /// its hash only after finish_hashes(); `after` and everything made must stay where they are until then.
    Result<void> update(std::size_t module, const Child& before, const NodePath& path, std::span<TreeChange> changes,
                        Child& after);

    /// For an inner root whose children others update: makes its record once they are finished.
    void seal_inner(std::size_t module, std::shared_ptr<InnerNode> node, std::uint32_t dirty, const NodePath& path,
                    Child& after);

    void finish_hashes();

    const std::vector<NewNode>& new_nodes() const { return new_nodes_; }
    const std::vector<NodeKey>& stale_nodes() const { return stale_nodes_; }
    const std::vector<Location>& stale_values() const { return stale_values_; }
    /// Marks a node as replaced, so that pruning removes it.
    void add_stale(std::size_t module, const NodePath& path, const Child& child);

private:
    /// A subtree that is not yet part of a parent.
    struct Subtree {
        bool is_unchanged = false;
        Bucket leaves; ///< of a bucket; empty with no `inner`: nothing is left
        std::shared_ptr<InnerNode> inner;
        std::uint32_t dirty = 0; ///< children of `inner` whose hashes are new
    };

    Result<Subtree> update_subtree(std::size_t module, const Child& before, const NodePath& path,
                                   std::span<TreeChange> changes);
    Result<Subtree> update_bucket(std::size_t module, const Child& before, const NodePath& path,
                                  std::span<TreeChange> changes);
    Result<Subtree> update_inner(std::size_t module, const Child& before, const NodePath& path,
                                 std::span<TreeChange> changes);
    Result<Subtree> collapse(std::size_t module, const InnerNode& node, const NodePath& path,
                             std::array<Subtree, kChildren>& changed);
    Subtree build(std::size_t module, Bucket leaves, const NodePath& path);
    void seal(std::size_t module, Subtree subtree, const NodePath& path, Child& after);
    void seal_bucket(std::size_t module, Bucket leaves, const NodePath& path, Child& after);
    /// Where the hash over `leaves` will stand; `out` is used for it when it is not a leaf's own.
    void join_bucket(std::span<const Leaf> leaves, unsigned bit, Digest* out);

    const NodeReader& reader_;
    std::uint64_t version_;
    std::vector<std::vector<crypto::MerkleJoin>> joins_; ///< by the bit at which the hashed node stands
    std::deque<Digest> scratch_;
    std::deque<Bucket> buckets_;
    std::vector<NewNode> new_nodes_;
    std::vector<NodeKey> stale_nodes_;
    std::vector<Location> stale_values_;
};

} // namespace assay::chain
