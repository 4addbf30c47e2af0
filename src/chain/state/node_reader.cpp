#include "chain/state/node_reader.h"

#include <algorithm>
#include <bit>

namespace assay::chain {
namespace {

constexpr std::size_t kBytesOfAnEntry = sizeof(InnerNode) + 96;

} // namespace

NodeCache::NodeCache(std::size_t bytes_max)
    : slots_(std::bit_floor(std::max<std::size_t>(1, bytes_max / (kBytesOfAnEntry + sizeof(Slot))))) {}

std::size_t NodeCache::slot_of(std::size_t module, const NodePath& path) const {
    std::uint64_t mixed = module * 64 + path.depth;
    for (std::size_t i = 0; i < 8; ++i) mixed = (mixed << 8 | mixed >> 56) ^ path.key[i];
    mixed *= 0x9e3779b97f4a7c15U; // 2^64 / golden ratio: spreads the high bits of the product over all slots
    return static_cast<std::size_t>(mixed >> 20) & (slots_.size() - 1);
}

std::shared_ptr<const InnerNode> NodeCache::find(std::size_t module, const NodePath& path,
                                                 std::uint64_t version) const {
    const std::size_t at = slot_of(module, path);
    const std::lock_guard lock(locks_[at % kLocks]);
    const Slot& slot = slots_[at];
    const bool is_it = slot.node && slot.version == version && slot.module == module && slot.path.depth == path.depth &&
                       slot.path.key == path.key;
    return is_it ? slot.node : nullptr;
}

void NodeCache::insert(std::size_t module, const NodePath& path, std::uint64_t version,
                       std::shared_ptr<const InnerNode> node) {
    const std::size_t at = slot_of(module, path);
    const std::lock_guard lock(locks_[at % kLocks]);
    Slot& slot = slots_[at];
    if (slot.node && slot.path.depth < path.depth) return;
    const bool is_same =
        slot.node && slot.module == module && slot.path.key == path.key && slot.path.depth == path.depth;
    if (is_same && slot.version > version) return; // a reader of an old version does not push the last one out
    slot.node.swap(node); // the old one dies outside of the lock
    slot.path = path;
    slot.version = version;
    slot.module = static_cast<std::uint8_t>(module);
}

void NodeCache::clear() {
    for (std::size_t i = 0; i < slots_.size(); ++i) {
        const std::lock_guard lock(locks_[i % kLocks]);
        slots_[i].node.reset();
    }
}

std::string describe_node(std::size_t module, const NodePath& path, std::uint64_t version) {
    return "node " + path.text() + " of " + std::string(kModuleNames[module]) + ", version " + std::to_string(version);
}

Result<std::shared_ptr<const InnerNode>> NodeReader::inner(std::size_t module, const NodePath& path,
                                                           std::uint64_t version) const {
    if (cache_ != nullptr) {
        if (auto found = cache_->find(module, path, version)) return found;
    }
    const auto record = transaction_.get(nodes_, NodeKey(version, module, path).view());
    if (!record) return fail(ErrorCode::malformed, describe_node(module, path, version) + ": missing");
    auto node = std::make_shared<InnerNode>();
    if (auto decoded = decode_inner(*record, version, *node); !decoded) {
        return fail_in(describe_node(module, path, version), std::move(decoded.error()));
    }
    if (cache_ != nullptr) cache_->insert(module, path, version, node);
    return node;
}

Result<void> NodeReader::bucket(std::size_t module, const NodePath& path, const Child& child, Bucket& out) const {
    const auto record = transaction_.get(nodes_, NodeKey(child.version, module, path).view());
    if (!record) return fail(ErrorCode::malformed, describe_node(module, path, child.version) + ": missing");
    if (auto decoded = decode_bucket(*record, child.version, path, out); !decoded) {
        return fail_in(describe_node(module, path, child.version), std::move(decoded.error()));
    }
    if (out.size() != child.leaves) {
        return fail(ErrorCode::malformed,
                    describe_node(module, path, child.version) + ": not as many leaves as its parent says");
    }
    return {};
}

} // namespace assay::chain
