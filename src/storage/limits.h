#pragma once
/// What keys, values and table names may be. Internal to the room. Thread-safe: functions of their arguments.
#include "storage/database.h"

namespace assay::storage {

/// Whether a key of that length can be in a table.
inline bool is_key(ByteView key) { return !key.empty() && key.size() <= kKeyBytesMax; }

/// Errors: invalid_argument, with the length that is out of bounds.
Result<void> check_entry(ByteView key, std::size_t value_bytes);

/// Errors: invalid_argument: 1 to 64 characters of a-z, 0-9, `.`, `-` and `_`.
Result<void> check_table_name(std::string_view name);

} // namespace assay::storage
