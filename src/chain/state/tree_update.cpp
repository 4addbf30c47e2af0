#include "chain/state/tree_update.h"

#include "base/assert.h"

#include <algorithm>
#include <bit>

namespace assay::chain {
namespace {

/// The changes below child `nibble`; removes them from `changes`.
std::span<TreeChange> take_child(std::span<TreeChange>& changes, unsigned nibble, unsigned depth) {
    std::size_t count = 0;
    while (count < changes.size() && nibble_of(changes[count].leaf.key, depth) == nibble) ++count;
    const auto taken = changes.first(count);
    changes = changes.subspan(count);
    return taken;
}

/// Total leaves if they all lie in buckets, else more than kCollapseLeavesMax.
std::size_t leaves_in_buckets(const InnerNode& node) {
    std::size_t count = 0;
    for (const Child& child : node.children) count += child.leaves; // an inner child counts 255
    return count;
}

} // namespace

Result<void> TreeUpdate::update(std::size_t module, const Child& before, const NodePath& path,
                                std::span<TreeChange> changes, Child& after) {
    auto subtree = update_subtree(module, before, path, changes);
    if (!subtree) return std::unexpected(std::move(subtree.error()));
    if (subtree->is_unchanged) {
        after = before;
    } else {
        seal(module, std::move(*subtree), path, after);
    }
    return {};
}

Result<TreeUpdate::Subtree> TreeUpdate::update_subtree(std::size_t module, const Child& before, const NodePath& path,
                                                       std::span<TreeChange> changes) {
    return before.is_inner() ? update_inner(module, before, path, changes)
                             : update_bucket(module, before, path, changes);
}

Result<TreeUpdate::Subtree> TreeUpdate::update_bucket(std::size_t module, const Child& before, const NodePath& path,
                                                      std::span<TreeChange> changes) {
    Bucket old;
    if (!before.is_empty()) TRY_VOID(reader_.bucket(module, path, before, old));
    Bucket merged;
    merged.reserve(old.size() + changes.size());
    bool is_changed = false;
    auto next = old.cbegin();
    for (TreeChange& change : changes) {
        while (next != old.cend() && next->key < change.leaf.key) merged.push_back(*next++);
        const bool is_there = next != old.cend() && next->key == change.leaf.key;
        change.is_noop = change.is_erase ? !is_there : is_there && next->hash == change.leaf.hash;
        if (change.is_noop) continue;
        is_changed = true;
        if (is_there) stale_values_.push_back((next++)->location);
        if (!change.is_erase) merged.push_back(change.leaf);
    }
    if (!is_changed) return Subtree{.is_unchanged = true, .leaves = {}, .inner = {}, .dirty = 0};
    merged.insert(merged.end(), next, old.cend());
    if (!before.is_empty()) add_stale(module, path, before);
    return build(module, std::move(merged), path);
}

Result<TreeUpdate::Subtree> TreeUpdate::update_inner(std::size_t module, const Child& before, const NodePath& path,
                                                     std::span<TreeChange> changes) {
    const auto old = TRY(reader_.inner(module, path, before.version));
    std::array<Subtree, kChildren> changed;
    std::uint32_t dirty = 0;
    bool has_less = false; // only then can it have become small enough for a bucket
    for (unsigned nibble = nibble_of(changes.front().leaf.key, path.depth); !changes.empty(); ++nibble) {
        const auto below = take_child(changes, nibble, path.depth);
        if (below.empty()) continue;
        changed[nibble] = TRY(update_subtree(module, old->children[nibble], path.child(nibble), below));
        if (changed[nibble].is_unchanged) continue;
        dirty |= 1U << nibble;
        has_less = has_less || std::ranges::any_of(below, [](const TreeChange& c) { return c.is_erase && !c.is_noop; });
    }
    if (dirty == 0) return Subtree{.is_unchanged = true, .leaves = {}, .inner = {}, .dirty = 0};
    add_stale(module, path, before);
    auto node = std::make_shared<InnerNode>(*old);
    for (std::uint32_t rest = dirty; rest != 0; rest &= rest - 1) {
        const auto nibble = static_cast<unsigned>(std::countr_zero(rest));
        const Subtree& subtree = changed[nibble];
        node->children[nibble].leaves = subtree.inner ? kInnerChild : static_cast<std::uint8_t>(subtree.leaves.size());
    }
    if (has_less && leaves_in_buckets(*node) <= kCollapseLeavesMax) {
        for (unsigned nibble = 0; nibble < kChildren; ++nibble) {
            changed[nibble].is_unchanged = ((dirty >> nibble) & 1U) == 0;
        }
        return collapse(module, *node, path, changed);
    }
    for (std::uint32_t rest = dirty; rest != 0; rest &= rest - 1) {
        const auto nibble = static_cast<unsigned>(std::countr_zero(rest));
        seal(module, std::move(changed[nibble]), path.child(nibble), node->children[nibble]);
    }
    return Subtree{.is_unchanged = false, .leaves = {}, .inner = std::move(node), .dirty = dirty};
}

Result<TreeUpdate::Subtree> TreeUpdate::collapse(std::size_t module, const InnerNode& node, const NodePath& path,
                                                 std::array<Subtree, kChildren>& changed) {
    Subtree bucket;
    for (unsigned nibble = 0; nibble < kChildren; ++nibble) {
        Bucket leaves = std::move(changed[nibble].leaves);
        const Child& child = node.children[nibble];
        if (changed[nibble].is_unchanged && !child.is_empty()) {
            TRY_VOID(reader_.bucket(module, path.child(nibble), child, leaves));
            add_stale(module, path.child(nibble), child);
        }
        bucket.leaves.insert(bucket.leaves.end(), leaves.begin(), leaves.end());
    }
    return bucket;
}

TreeUpdate::Subtree TreeUpdate::build(std::size_t module, Bucket leaves, const NodePath& path) {
    Subtree subtree;
    if (leaves.size() <= kBucketLeavesMax) {
        subtree.leaves = std::move(leaves);
        return subtree;
    }
    subtree.inner = std::make_shared<InnerNode>();
    subtree.dirty = (1U << kChildren) - 1;
    auto begin = leaves.cbegin();
    for (unsigned nibble = 0; nibble < kChildren; ++nibble) {
        const auto end = std::find_if(begin, leaves.cend(),
                                      [&](const Leaf& leaf) { return nibble_of(leaf.key, path.depth) != nibble; });
        const NodePath below = path.child(nibble);
        seal(module, build(module, Bucket(begin, end), below), below, subtree.inner->children[nibble]);
        begin = end;
    }
    ASSAY_ASSERT(begin == leaves.cend());
    return subtree;
}

void TreeUpdate::seal(std::size_t module, Subtree subtree, const NodePath& path, Child& after) {
    if (subtree.inner) {
        seal_inner(module, std::move(subtree.inner), subtree.dirty, path, after);
    } else if (subtree.leaves.empty()) {
        after = Child{};
    } else {
        seal_bucket(module, std::move(subtree.leaves), path, after);
    }
}

void TreeUpdate::seal_bucket(std::size_t module, Bucket leaves, const NodePath& path, Child& after) {
    const Bucket& bucket = buckets_.emplace_back(std::move(leaves));
    after.leaves = static_cast<std::uint8_t>(bucket.size());
    after.version = version_;
    if (bucket.size() == 1) {
        after.hash = bucket[0].hash;
    } else {
        join_bucket(bucket, 4 * path.depth, &after.hash);
    }
    new_nodes_.push_back({NodeKey(version_, module, path), path, module, nullptr, &bucket});
}

void TreeUpdate::join_bucket(std::span<const Leaf> leaves, unsigned bit, Digest* out) {
    const std::size_t split = split_at_bit(leaves, bit);
    const auto operand = [&](std::span<const Leaf> half) -> const Digest* {
        if (half.empty()) return &kEmptyDigest;
        if (half.size() == 1) return &half[0].hash;
        Digest* hash = &scratch_.emplace_back();
        join_bucket(half, bit + 1, hash);
        return hash;
    };
    const Digest* left = operand(leaves.first(split));
    const Digest* right = operand(leaves.subspan(split));
    joins_[bit].push_back({left, right, out});
}

void TreeUpdate::seal_inner(std::size_t module, std::shared_ptr<InnerNode> node, std::uint32_t dirty,
                            const NodePath& path, Child& after) {
    after.version = version_;
    after.leaves = kInnerChild;
    std::uint32_t changed = dirty << kChildren; // by heap position
    if (!node->has_middles) changed = ~0U << kChildren;
    for (unsigned at = kChildren - 1; at >= 1; --at) {
        if (((changed >> (2 * at)) & 3U) == 0) continue;
        changed |= 1U << at;
        if (node->weight(at) < 2) continue;
        Digest* out = at == 1 ? &after.hash : &node->middles[at];
        const unsigned level = static_cast<unsigned>(std::bit_width(at)) - 1;
        joins_[4 * path.depth + level].push_back({&node->hash_at(2 * at), &node->hash_at(2 * at + 1), out});
    }
    if (node->weight(1) < 2) after.hash = node->hash_at(1); // only at a root: others become buckets before
    node->has_middles = true;
    new_nodes_.push_back({NodeKey(version_, module, path), path, module, std::move(node), nullptr});
}

void TreeUpdate::finish_hashes() {
    for (std::size_t bit = joins_.size(); bit-- > 0;) {
        crypto::merkle_join(kTreeNodePrefix, joins_[bit]);
        joins_[bit].clear();
    }
    scratch_.clear();
}

void TreeUpdate::add_stale(std::size_t module, const NodePath& path, const Child& child) {
    if (child.version == version_) return; // the new record takes its place (a tree restored in pieces)
    stale_nodes_.push_back(NodeKey(child.version, module, path));
}

} // namespace assay::chain
