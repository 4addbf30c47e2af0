#pragma once
/// Removes records that no kept version needs. Internal to the room; used by the writing thread.
///
/// A sweep takes the lists of a number of versions at once, in the order of the records' keys, so that it goes over the
/// tables once and records that share a page go with one write of that page. It is done in slices. The lists themselves are
/// removed with the last slice: after a crash in between, the sweep starts again and finds some records gone already.
#include "chain/state/state_tables.h"

#include <cstdint>
#include <vector>

namespace assay::chain {

class Sweep {
public:
    /// Adds what a commit replaced. One row: the key tells the count, so that counting reads no lists.
    static void add(storage::WriteTransaction& transaction, const StateTables& tables, std::uint64_t version,
                    const StaleList& list);
    /// Removes the records of versions below `oldest`; they cannot be read any more. Returns how many there were.
    static std::uint64_t drop_versions(storage::WriteTransaction& transaction, const StateTables& tables,
                                       std::uint64_t oldest);

    /// Removes up to `records_max` records that versions from `oldest` on do not need; begins a new sweep only when
    /// `batch_records` are due. Returns how many were removed. Errors: malformed.
    Result<std::size_t> step(storage::WriteTransaction& transaction, const StateTables& tables, std::uint64_t oldest,
                             std::size_t records_max, std::size_t batch_records);
    bool is_idle() const { return rows_.empty(); }
    std::size_t records_left() const { return list_.nodes.size() + list_.values.size() - next_node_ - next_value_; }
    void forget();

private:
    Result<void> begin(const storage::ReadTransaction& transaction, const StateTables& tables, std::uint64_t oldest,
                       std::size_t batch_records);
    StaleList list_;
    std::size_t next_node_ = 0;
    std::size_t next_value_ = 0;
    std::vector<Bytes> rows_; ///< of the stale table, to be removed at the end
};

} // namespace assay::chain
