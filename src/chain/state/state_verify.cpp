#include "chain/state/state_verify.h"

#include "chain/state/node_reader.h"
#include "chain/state/state_lookup.h"
#include "chain/state/state_tables.h"

#include <algorithm>
#include <functional>
#include <unordered_set>

namespace assay::chain {
namespace {

constexpr std::uint64_t kProgressLeaves = 4096;

using Progress = std::function<bool(std::uint64_t, std::uint64_t)>;

class StateVerifier {
public:
    StateVerifier(const storage::ReadTransaction& transaction, const StateTables& tables, const Progress& progress)
        : transaction_(transaction), tables_(tables), reader_(transaction, tables.nodes, nullptr), progress_(progress),
          values_(transaction.entries(tables.values)) {}

    StateCheck run() {
        auto versions = list_versions();
        std::ranges::reverse(versions); // the last first: its leaves are held against the index
        for (const VersionRecord& version : versions) {
            check_version(version);
            is_last_ = false;
        }
        check_stale();
        check_index_count();
        return std::move(check_);
    }
    bool was_cancelled() const { return is_cancelled_; }

private:
    bool is_done() const { return is_cancelled_ || check_.faults.size() >= kStateFaultsMax; }
    void fault(std::string text) {
        if (!is_done()) check_.faults.push_back(std::move(text));
    }

    std::vector<VersionRecord> list_versions() {
        std::vector<VersionRecord> versions;
        const auto cursor = transaction_.cursor(tables_.versions);
        for (bool is_there = cursor->first(); is_there; is_there = cursor->next()) {
            if (cursor->key().size() != 8) {
                fault("state versions: key of an impossible length");
                continue;
            }
            auto version = decode_version(parse_version(cursor->key()), cursor->value());
            if (version) {
                versions.push_back(std::move(*version));
            } else {
                fault(version.error().message);
            }
        }
        return versions;
    }

    void check_version(const VersionRecord& version) {
        const std::string name = "version " + std::to_string(version.version);
        ++check_.versions;
        if (app_hash_of(version.root_hashes()) != version.app_hash) {
            fault(name + ": the app hash is not that of the module roots");
        }
        for (std::size_t module = 0; module < kModuleCount; ++module) {
            if (version.roots[module].is_empty() && version.roots[module].hash != kEmptyDigest) {
                fault(name + ": empty root of " + std::string(kModuleNames[module]) + " with a hash");
            }
            check_subtree(module, NodePath{}, version.roots[module]);
        }
    }

    /// A node that an earlier walk found good, under the same hash, is good here.
    bool is_known(std::size_t module, const NodePath& path, const Child& child) {
        const NodeKey key(child.version, module, path);
        std::string identity(as_string_view(key.view()));
        identity += as_string_view(child.hash);
        return !known_.insert(std::hash<std::string>{}(identity)).second;
    }

    void check_subtree(std::size_t module, const NodePath& path, const Child& child) {
        if (child.is_empty() || is_done() || is_known(module, path, child)) return;
        ++check_.nodes;
        if (child.is_inner()) {
            check_inner(module, path, child);
        } else {
            check_bucket(module, path, child);
        }
    }

    void check_inner(std::size_t module, const NodePath& path, const Child& child) {
        if (path.depth == kKeyNibbles) return fault(describe_node(module, path, child.version) + ": deeper than a key");
        const auto read = reader_.inner(module, path, child.version);
        if (!read) return fault(read.error().message);
        InnerNode node = **read;
        node.compute_middles();
        if (node.hash_at(1) != child.hash) {
            fault(describe_node(module, path, child.version) + ": its hash is not what its parent says");
        }
        for (unsigned i = 0; i < kChildren; ++i) check_subtree(module, path.child(i), node.children[i]);
    }

    void check_bucket(std::size_t module, const NodePath& path, const Child& child) {
        Bucket bucket;
        if (const auto read = reader_.bucket(module, path, child, bucket); !read) return fault(read.error().message);
        if (bucket_hash(bucket, 4 * path.depth) != child.hash) {
            fault(describe_node(module, path, child.version) + ": its hash is not what its parent says");
        }
        for (const Leaf& leaf : bucket) {
            if (is_done()) return;
            check_leaf(module, leaf);
        }
    }

    void check_leaf(std::size_t module, const Leaf& leaf) {
        if (++leaves_done_ % kProgressLeaves == 0 && progress_ && !progress_(leaves_done_, values_))
            is_cancelled_ = true;
        const auto value = read_value(transaction_, tables_, leaf.location);
        if (!value) return fault(value.error().message);
        const std::string where = describe(leaf.location);
        if (value->module != module) return fault(where + ": of another module than its leaf");
        if (tree_key(kModuleNames[module], value->key) != leaf.key) return fault(where + ": its key is not its leaf's");
        if (tree_leaf(leaf.key, crypto::sha256(value->value)) != leaf.hash) {
            return fault(where + ": its value is not its leaf's");
        }
        if (!is_last_) return;
        ++check_.leaves;
        check_.value_bytes += value->value.size();
        if (is_ordered(value->key)) check_index(module, *value, leaf.location);
    }

    void check_index(std::size_t module, const ValueRecord& value, const Location& location) {
        ++ordered_leaves_;
        const auto entry = transaction_.get(tables_.index, index_key(module, value.key));
        const auto found = entry ? parse_location(*entry) : std::nullopt;
        const std::string where = "index of " + std::string(kModuleNames[module]) + ", key " + to_hex(value.key);
        if (!entry) return fault(where + ": missing");
        if (found != location) fault(where + ": leads elsewhere than the tree");
    }

    void check_index_count() {
        const std::uint64_t entries = transaction_.entries(tables_.index);
        if (is_done() || !check_.faults.empty() || entries == ordered_leaves_) return;
        fault("index: " + std::to_string(entries) + " entries for " + std::to_string(ordered_leaves_) +
              " ordered keys");
    }

    void check_stale() {
        const auto cursor = transaction_.cursor(tables_.stale);
        for (bool is_there = cursor->first(); is_there && !is_done(); is_there = cursor->next()) {
            StaleList list;
            const auto row = parse_location(cursor->key());
            if (!row) {
                fault("stale list: key of an impossible length");
            } else if (const auto decoded = decode_stale(cursor->value(), list); !decoded) {
                fault("stale list of version " + std::to_string(row->version) + ": " + decoded.error().message);
            } else if (list.nodes.size() + list.values.size() != row->index) {
                fault("stale list of version " + std::to_string(row->version) +
                      ": not as many records as its key says");
            }
        }
    }

    const storage::ReadTransaction& transaction_;
    const StateTables& tables_;
    NodeReader reader_;
    const Progress& progress_;
    std::uint64_t values_;
    StateCheck check_;
    std::unordered_set<std::size_t> known_; ///< fingerprints; never walked
    std::uint64_t leaves_done_ = 0;
    std::uint64_t ordered_leaves_ = 0;
    bool is_last_ = true;
    bool is_cancelled_ = false;
};

} // namespace

Result<StateCheck> verify_state(storage::Database& database, const Progress& progress) {
    const StateTables tables = TRY(StateTables::open(database));
    const auto transaction = TRY(database.begin_read());
    StateVerifier verifier(*transaction, tables, progress);
    StateCheck check = verifier.run();
    if (verifier.was_cancelled()) return fail(ErrorCode::cancelled, "state check stopped");
    return check;
}

} // namespace assay::chain
