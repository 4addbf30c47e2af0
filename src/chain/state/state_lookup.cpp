#include "chain/state/state_lookup.h"

#include <algorithm>

namespace assay::chain {

std::string describe(const Location& location) {
    return "change " + std::to_string(location.index) + " of version " + std::to_string(location.version);
}

Result<std::optional<Leaf>> find_leaf(const NodeReader& reader, std::size_t module, const Child& root,
                                      const Digest& key) {
    Child child = root;
    NodePath path;
    while (child.is_inner()) {
        if (path.depth == kKeyNibbles) return fail(ErrorCode::malformed, "state: a tree deeper than its keys");
        const auto node = TRY(reader.inner(module, path, child.version));
        const unsigned nibble = nibble_of(key, path.depth);
        child = node->children[nibble];
        path = path.child(nibble);
    }
    if (child.is_empty()) return std::optional<Leaf>{};
    Bucket bucket;
    TRY_VOID(reader.bucket(module, path, child, bucket));
    const auto it = std::ranges::lower_bound(bucket, key, {}, &Leaf::key);
    return it != bucket.end() && it->key == key ? std::optional(*it) : std::optional<Leaf>{};
}

Result<ValueRecord> read_value(const storage::ReadTransaction& transaction, const StateTables& tables,
                               const Location& location) {
    const auto record = transaction.get(tables.values, location_key(location));
    if (!record) return fail(ErrorCode::malformed, describe(location) + ": missing");
    auto value = decode_value(*record);
    if (!value) return fail_in(describe(location), std::move(value.error()));
    if (value->is_erase) return fail(ErrorCode::malformed, describe(location) + ": a removal where a value should be");
    return value;
}

} // namespace assay::chain
