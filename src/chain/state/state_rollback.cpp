/// Undoes versions: their records go, and the ordered index is set to what the tree says at the version that stays.
#include "chain/state/state_lookup.h"
#include "chain/state/state_store_impl.h"

#include <set>
#include <utility>

namespace assay::chain {
namespace {

using ModuleKey = std::pair<std::size_t, Bytes>;

/// Ordered keys that a version above `version` changed.
Result<std::set<ModuleKey>> changed_keys(const storage::ReadTransaction& transaction, const StateTables& tables,
                                         std::uint64_t version) {
    std::set<ModuleKey> keys;
    const auto cursor = transaction.cursor(tables.values);
    for (bool is_there = cursor->seek_at_or_after(version_key(version + 1)); is_there; is_there = cursor->next()) {
        const auto value = TRY(decode_value(cursor->value()));
        if (is_ordered(value.key)) keys.emplace(value.module, Bytes(value.key.begin(), value.key.end()));
    }
    return keys;
}

void erase_from(storage::WriteTransaction& transaction, storage::TableId table, std::uint64_t version) {
    std::vector<Bytes> keys;
    {
        const auto cursor = transaction.cursor(table);
        for (bool is_there = cursor->seek_at_or_after(version_key(version)); is_there; is_there = cursor->next()) {
            keys.emplace_back(cursor->key().begin(), cursor->key().end());
        }
    }
    for (const Bytes& key : keys) transaction.erase(table, key);
}

} // namespace

Result<void> rollback_state(storage::WriteTransaction& transaction, const StateTables& tables, std::uint64_t version) {
    const VersionRecord record = TRY(read_version(transaction, tables, version));
    const NodeReader reader(transaction, tables.nodes, nullptr);
    for (const auto& [module, key] : TRY(changed_keys(transaction, tables, version))) {
        const auto leaf = TRY(find_leaf(reader, module, record.roots[module], tree_key(kModuleNames[module], key)));
        if (leaf) {
            transaction.put(tables.index, index_key(module, key), location_key(leaf->location));
        } else {
            transaction.erase(tables.index, index_key(module, key));
        }
    }
    for (const storage::TableId table : {tables.nodes, tables.values, tables.stale, tables.versions}) {
        erase_from(transaction, table, version + 1);
    }
    return transaction.status();
}

} // namespace assay::chain
