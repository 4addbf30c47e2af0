#pragma once
/// Reading one key of one version. Internal to the room.
#include "chain/state/node_reader.h"
#include "chain/state/state_tables.h"

#include <optional>
#include <string>

namespace assay::chain {

/// Walks from `root`. Errors: malformed.
Result<std::optional<Leaf>> find_leaf(const NodeReader& reader, std::size_t module, const Child& root,
                                      const Digest& key);

/// The value at `location`, which must be a put; views into the database. Errors: malformed.
Result<ValueRecord> read_value(const storage::ReadTransaction& transaction, const StateTables& tables,
                               const Location& location);

/// "change 3 of version 12": for messages.
std::string describe(const Location& location);

} // namespace assay::chain
