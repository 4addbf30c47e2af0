#pragma once
/// Off-line check of a stored state: every kept version is hashed again, from raw keys and values up to its app hash.
/// Finds any change of a node, a leaf, a value, the ordered index or a version's record, and says what and where.
/// Never crashes on what it finds. One thread; reads through one snapshot, so it may run beside a node.
#include "base/result.h"
#include "storage/database.h"

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace assay::chain {

inline constexpr std::size_t kStateFaultsMax = 100; ///< found before the check gives up

struct StateCheck {
    std::uint64_t versions = 0;
    std::uint64_t nodes = 0;
    std::uint64_t leaves = 0;      ///< of the last version
    std::uint64_t value_bytes = 0; ///< of the last version
    std::vector<std::string> faults; ///< empty: the state is whole
};

/// `progress` (leaves hashed, stored values) may be empty; it returns false to stop.
/// Errors: cancelled, unsupported (a format other than 1), io. Damage is not an error but a fault in the result.
Result<StateCheck> verify_state(storage::Database& database,
                                const std::function<bool(std::uint64_t, std::uint64_t)>& progress = {});

} // namespace assay::chain
