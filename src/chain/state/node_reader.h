#pragma once
/// Reading tree nodes from the database, with a bounded cache of inner nodes in front. Internal to the room.
#include "chain/state/node.h"
#include "storage/database.h"

#include <array>
#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

namespace assay::chain {

/// Decoded inner nodes by module and path, one for each slot; near the root wins over far from it, else the newest wins.
/// Thread-safe. Never wrong: an entry names its version, and a record of a version is written once.
class NodeCache {
public:
    /// Uses at most about `bytes_max`, and at least one slot.
    explicit NodeCache(std::size_t bytes_max);
    std::shared_ptr<const InnerNode> find(std::size_t module, const NodePath& path, std::uint64_t version) const;
    void insert(std::size_t module, const NodePath& path, std::uint64_t version, std::shared_ptr<const InnerNode> node);
    void clear();

private:
    struct Slot {
        std::shared_ptr<const InnerNode> node;
        NodePath path;
        std::uint64_t version = 0;
        std::uint8_t module = 0;
    };
    static constexpr std::size_t kLocks = 64;
    std::size_t slot_of(std::size_t module, const NodePath& path) const;

    std::vector<Slot> slots_;
    mutable std::array<std::mutex, kLocks> locks_;
};

/// Over one read transaction, so by one thread at a time. Borrows all three.
class NodeReader {
public:
    NodeReader(const storage::ReadTransaction& transaction, storage::TableId nodes, NodeCache* cache)
        : transaction_(transaction), nodes_(nodes), cache_(cache) {}

    /// Errors: malformed, naming the node (its record is missing or damaged).
    Result<std::shared_ptr<const InnerNode>> inner(std::size_t module, const NodePath& path,
                                                   std::uint64_t version) const;
    Result<void> bucket(std::size_t module, const NodePath& path, const Child& child, Bucket& out) const;

private:
    const storage::ReadTransaction& transaction_;
    storage::TableId nodes_;
    NodeCache* cache_; ///< may be null
};

/// "node 3f of bank, version 12": for messages.
std::string describe_node(std::size_t module, const NodePath& path, std::uint64_t version);

} // namespace assay::chain
