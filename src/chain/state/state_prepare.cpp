/// From a block's changes to the records that a commit writes: hash keys and values, update the trees, hash the nodes.
#include "chain/state/parallel.h"
#include "chain/state/state_store_impl.h"
#include "chain/state/tree_update.h"
#include "crypto/merkle.h"

#include <algorithm>
#include <atomic>
#include <utility>

namespace assay::chain {
namespace {

constexpr std::size_t kParallelChangesMin = 256; ///< below, starting threads costs more than it saves
constexpr std::size_t kSplitChangesMin = 64;     ///< of one module, for its root's children to be worked on apart

struct Item {
    std::size_t module = 0;
    ByteView key;
    std::optional<ByteView> value;
};

std::vector<Item> list_items(const Overlay& changes) {
    std::vector<Item> items;
    for (std::size_t module = 0; module < kModuleCount; ++module) {
        for (const auto& [key, value] : changes.changes(static_cast<ModuleId>(module))) {
            items.push_back({module, key, value ? std::optional<ByteView>(*value) : std::nullopt});
        }
    }
    return items;
}

/// Hashes messages two at a time where two in a row have one length.
template <class MessageOf, class Out>
void hash_pairs(std::size_t count, const MessageOf& message_of, const Out& out) {
    std::size_t i = 0;
    while (i < count) {
        const ByteView a = message_of(i, 0);
        if (i + 1 < count) {
            if (const ByteView b = message_of(i + 1, 1); a.size() == b.size()) {
                const auto [first, second] = crypto::sha256_pair(a, b);
                out(i) = first;
                out(i + 1) = second;
                i += 2;
                continue;
            }
        }
        out(i) = crypto::sha256(a);
        ++i;
    }
}

/// The changes of one contiguous range of items: keys, leaves, records.
void make_changes(std::span<const Item> items, std::uint64_t version, std::size_t first_index,
                  std::span<TreeChange> changes, std::span<PendingState::ChangeRecord> records, Bytes& arena) {
    std::array<Bytes, 2> message;
    hash_pairs(
        items.size(),
        [&](std::size_t i, std::size_t slot) {
            const std::string_view module = kModuleNames[items[i].module];
            message[slot].assign(module.begin(), module.end());
            message[slot].push_back(0);
            message[slot].insert(message[slot].end(), items[i].key.begin(), items[i].key.end());
            return ByteView(message[slot]);
        },
        [&](std::size_t i) -> Digest& { return changes[i].leaf.key; });

    std::vector<Digest> value_hashes(items.size());
    hash_pairs(
        items.size(), [&](std::size_t i, std::size_t) { return items[i].value.value_or(ByteView{}); },
        [&](std::size_t i) -> Digest& { return value_hashes[i]; });

    std::vector<crypto::MerkleJoin> joins;
    std::size_t bytes = 0;
    for (std::size_t i = 0; i < items.size(); ++i) {
        changes[i].leaf.location = {version, static_cast<std::uint32_t>(first_index + i)};
        changes[i].is_erase = !items[i].value;
        if (items[i].value) joins.push_back({&changes[i].leaf.key, &value_hashes[i], &changes[i].leaf.hash});
        bytes += 4 + items[i].key.size() + items[i].value.value_or(ByteView{}).size();
    }
    crypto::merkle_join(kTreeLeafPrefix, joins);

    arena.reserve(bytes);
    for (std::size_t i = 0; i < items.size(); ++i) {
        const std::size_t begin = arena.size();
        encode_value({!items[i].value, items[i].module, items[i].key, items[i].value.value_or(ByteView{})}, arena);
        records[i] = {changes[i].leaf.location, ByteView(arena).subspan(begin)};
    }
}

/// One piece of the work: a module's whole tree, or one child of its root.
struct Task {
    std::size_t module = 0;
    NodePath path;
    Child before;
    std::span<TreeChange> changes;
    Child* after = nullptr;
};

struct Worker {
    std::unique_ptr<storage::ReadTransaction> transaction;
    std::unique_ptr<NodeReader> reader;
    std::unique_ptr<TreeUpdate> update;
    Result<void> result;
    Bytes arena;
    std::vector<PendingState::NodeRecord> records;
};

/// A module whose root's children are worked on apart.
struct SplitRoot {
    std::size_t module = 0;
    std::shared_ptr<const InnerNode> before;
    std::shared_ptr<InnerNode> after;
};

class Preparation {
public:
    Preparation(unsigned threads, storage::Database& database, const StateTables& tables, NodeCache& cache,
                const VersionRecord& base, PendingState& pending)
        : threads_(threads), database_(database), tables_(tables), cache_(cache), base_(base), pending_(pending) {}

    Result<void> run(const Overlay& overlay) {
        const auto items = list_items(overlay);
        if (items.size() > UINT32_MAX)
            return fail(ErrorCode::resource_exhausted, "state: too many changes in one block");
        if (items.size() < kParallelChangesMin) threads_ = 1;
        hash_items(items);
        TRY_VOID(start_workers());
        TRY_VOID(plan(items));
        run_tasks();
        for (Worker& worker : workers_) {
            if (!worker.result) return worker.result;
        }
        finish_roots();
        collect();
        return {};
    }

private:
    void hash_items(std::span<const Item> items) {
        changes_.resize(items.size());
        pending_.changes.resize(items.size());
        pending_.arenas.resize(threads_);
        run_parallel(threads_, [&](unsigned thread) {
            const std::size_t begin = items.size() * thread / threads_;
            const std::size_t count = items.size() * (thread + 1) / threads_ - begin;
            make_changes(items.subspan(begin, count), pending_.record.version, begin,
                         std::span(changes_).subspan(begin, count), std::span(pending_.changes).subspan(begin, count),
                         pending_.arenas[thread]);
        });
    }

    Result<void> start_workers() {
        workers_.resize(threads_);
        for (Worker& worker : workers_) {
            worker.transaction = TRY(database_.begin_read());
            worker.reader = std::make_unique<NodeReader>(*worker.transaction, tables_.nodes, &cache_);
            worker.update = std::make_unique<TreeUpdate>(*worker.reader, pending_.record.version);
        }
        return {};
    }

    Result<void> plan(std::span<const Item> items) {
        std::size_t begin = 0;
        for (std::size_t module = 0; module < kModuleCount; ++module) {
            std::size_t end = begin;
            while (end < items.size() && items[end].module == module) ++end;
            const auto changes = std::span(changes_).subspan(begin, end - begin);
            begin = end;
            Child& root = pending_.record.roots[module];
            root = base_.roots[module];
            if (changes.empty()) continue;
            std::ranges::sort(changes, {}, [](const TreeChange& change) -> const Digest& { return change.leaf.key; });
            if (threads_ > 1 && root.is_inner() && changes.size() >= kSplitChangesMin) {
                TRY_VOID(plan_children(module, changes));
            } else {
                tasks_.push_back({module, NodePath{}, base_.roots[module], changes, &root});
            }
        }
        return {};
    }

    Result<void> plan_children(std::size_t module, std::span<TreeChange> changes) {
        SplitRoot root{module, TRY(workers_[0].reader->inner(module, NodePath{}, base_.roots[module].version)), {}};
        root.after = std::make_shared<InnerNode>(*root.before);
        for (unsigned nibble = 0; nibble < kChildren; ++nibble) {
            std::size_t count = 0;
            while (count < changes.size() && nibble_of(changes[count].leaf.key, 0) == nibble) ++count;
            if (count == 0) continue;
            tasks_.push_back({module, NodePath{}.child(nibble), root.before->children[nibble], changes.first(count),
                              &root.after->children[nibble]});
            changes = changes.subspan(count);
        }
        split_roots_.push_back(std::move(root));
        return {};
    }

    void run_tasks() {
        std::atomic<std::size_t> next{0};
        run_parallel(threads_, [&](unsigned thread) {
            Worker& worker = workers_[thread];
            for (std::size_t at = next++; at < tasks_.size() && worker.result; at = next++) {
                const Task& task = tasks_[at];
                worker.result = worker.update->update(task.module, task.before, task.path, task.changes, *task.after);
            }
            if (!worker.result) return;
            worker.update->finish_hashes();
            if (thread != 0) encode_nodes(worker);
        });
    }

    void finish_roots() {
        Worker& worker = workers_[0];
        for (SplitRoot& root : split_roots_) {
            std::uint32_t dirty = 0;
            for (unsigned i = 0; i < kChildren; ++i) {
                if (root.after->children[i] != root.before->children[i]) dirty |= 1U << i;
            }
            if (dirty == 0) continue;
            Child& after = pending_.record.roots[root.module];
            worker.update->add_stale(root.module, NodePath{}, after);
            if (root.after->weight(1) == 0) {
                after = Child{};
            } else {
                worker.update->seal_inner(root.module, root.after, dirty, NodePath{}, after);
            }
        }
        worker.update->finish_hashes();
        encode_nodes(worker);
        pending_.record.app_hash = app_hash_of(pending_.record.root_hashes());
    }

    void encode_nodes(Worker& worker) const {
        std::vector<std::size_t> ends;
        for (const TreeUpdate::NewNode& node : worker.update->new_nodes()) {
            if (node.inner) {
                encode_inner(*node.inner, pending_.record.version, worker.arena);
            } else {
                encode_bucket(*node.bucket, pending_.record.version, node.path.depth, worker.arena);
            }
            ends.push_back(worker.arena.size());
        }
        std::size_t begin = 0;
        for (std::size_t i = 0; i < ends.size(); ++i) {
            worker.records.push_back(
                {worker.update->new_nodes()[i].key, ByteView(worker.arena).subspan(begin, ends[i] - begin)});
            begin = ends[i];
        }
    }

    /// Gathers what the workers made, in an order that does not depend on who made it.
    void collect() {
        for (Worker& worker : workers_) {
            pending_.nodes.insert(pending_.nodes.end(), worker.records.begin(), worker.records.end());
            pending_.arenas.push_back(std::move(worker.arena)); // views stay good: the bytes do not move
            const TreeUpdate& update = *worker.update;
            for (const TreeUpdate::NewNode& node : update.new_nodes()) {
                if (node.inner) pending_.cached.push_back({node.module, node.path, node.inner});
            }
            StaleList& stale = pending_.stale;
            stale.nodes.insert(stale.nodes.end(), update.stale_nodes().begin(), update.stale_nodes().end());
            stale.values.insert(stale.values.end(), update.stale_values().begin(), update.stale_values().end());
        }
        std::ranges::sort(pending_.nodes, {}, &PendingState::NodeRecord::key);
        std::vector<bool> is_noop(changes_.size());
        for (const TreeChange& change : changes_) {
            is_noop[change.leaf.location.index] = change.is_noop;
            if (change.is_erase && !change.is_noop) pending_.stale.values.push_back(change.leaf.location);
        }
        std::erase_if(pending_.changes, [&](const auto& record) { return is_noop[record.location.index]; });
        std::ranges::sort(pending_.stale.nodes);
        std::ranges::sort(pending_.stale.values);
    }

    unsigned threads_;
    storage::Database& database_;
    const StateTables& tables_;
    NodeCache& cache_;
    const VersionRecord& base_;
    PendingState& pending_;
    std::vector<TreeChange> changes_;
    std::vector<Worker> workers_;
    std::vector<Task> tasks_;
    std::vector<SplitRoot> split_roots_;
};

} // namespace

Result<std::unique_ptr<PendingState>> prepare_state(StateStore::Options options, storage::Database& database,
                                                    const StateTables& tables, NodeCache& cache,
                                                    const VersionRecord& base, std::uint64_t version,
                                                    const Overlay& changes) {
    auto pending = std::make_unique<PendingState>();
    pending->base_version = base.version;
    pending->record.version = version;
    Preparation preparation(std::max(1U, options.threads), database, tables, cache, base, *pending);
    TRY_VOID(preparation.run(changes));
    return pending;
}

} // namespace assay::chain
