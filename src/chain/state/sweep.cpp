#include "chain/state/sweep.h"

#include <algorithm>

namespace assay::chain {
namespace {

constexpr std::size_t kRowKeyBytes = 8 + 4;
constexpr std::size_t kSweepRecordsMax = std::size_t{1} << 22; // bounds the memory that a sweep takes

} // namespace

void Sweep::add(storage::WriteTransaction& transaction, const StateTables& tables, std::uint64_t version,
                const StaleList& list) {
    const std::size_t count = list.nodes.size() + list.values.size();
    if (count == 0) return;
    Bytes row;
    encode_stale(list, row);
    transaction.append(tables.stale, location_key({version, static_cast<std::uint32_t>(count)}), row);
}

std::uint64_t Sweep::drop_versions(storage::WriteTransaction& transaction, const StateTables& tables,
                                   std::uint64_t oldest) {
    std::vector<std::uint64_t> dropped;
    {
        const auto cursor = transaction.cursor(tables.versions);
        for (bool is_there = cursor->first(); is_there; is_there = cursor->next()) {
            if (cursor->key().size() != 8 || parse_version(cursor->key()) >= oldest) break;
            dropped.push_back(parse_version(cursor->key()));
        }
    }
    for (const std::uint64_t version : dropped) transaction.erase(tables.versions, version_key(version));
    return dropped.size();
}

Result<void> Sweep::begin(const storage::ReadTransaction& transaction, const StateTables& tables, std::uint64_t oldest,
                          std::size_t batch_records) {
    std::size_t due = 0;
    std::vector<Bytes> rows;
    const auto cursor = transaction.cursor(tables.stale);
    for (bool is_there = cursor->first(); is_there && due < kSweepRecordsMax; is_there = cursor->next()) {
        const auto row = parse_location(cursor->key());
        if (!row) return fail(ErrorCode::malformed, "state.stale: key of an impossible length");
        if (row->version > oldest) break;
        due += row->index;
        rows.emplace_back(cursor->key().begin(), cursor->key().end());
    }
    if (due == 0 || due < batch_records) return {};
    for (const Bytes& key : rows) {
        const auto record = transaction.get(tables.stale, key);
        if (!record) return fail(ErrorCode::malformed, "state.stale: a row is missing");
        TRY_VOID(decode_stale(*record, list_));
    }
    std::ranges::sort(list_.nodes);
    std::ranges::sort(list_.values);
    rows_ = std::move(rows);
    return {};
}

Result<std::size_t> Sweep::step(storage::WriteTransaction& transaction, const StateTables& tables, std::uint64_t oldest,
                                std::size_t records_max, std::size_t batch_records) {
    if (is_idle()) TRY_VOID(begin(transaction, tables, oldest, batch_records));
    if (is_idle()) return 0;
    const std::size_t before = records_left();
    // Both tables advance at one pace: their records are of the same versions.
    const auto share = [&](std::size_t left) { return (left * std::min(records_max, before) + before - 1) / before; };
    const std::size_t nodes = before == 0 ? 0 : share(list_.nodes.size() - next_node_);
    const std::size_t values = before == 0 ? 0 : share(list_.values.size() - next_value_);
    for (std::size_t i = 0; i < nodes; ++i) transaction.erase(tables.nodes, list_.nodes[next_node_++].view());
    for (std::size_t i = 0; i < values; ++i) {
        transaction.erase(tables.values, location_key(list_.values[next_value_++]));
    }
    if (records_left() == 0) {
        for (const Bytes& row : rows_) transaction.erase(tables.stale, row);
        forget();
    }
    return nodes + values;
}

void Sweep::forget() { *this = Sweep(); }

} // namespace assay::chain
