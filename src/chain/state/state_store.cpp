#include "chain/state/state_store.h"

#include "chain/state/state_store_impl.h"

#include <cstdio>
#include <cstdlib>
#include <utility>

namespace assay::chain {
namespace {

constexpr int kDamageExitStatus = 74;               // EX_IOERR, as the storage room ends on damage
constexpr std::size_t kPruneSliceRecords = 1U << 16; // of one transaction of prune()

std::uint64_t first_version(const storage::ReadTransaction& transaction, const StateTables& tables) {
    const auto cursor = transaction.cursor(tables.versions);
    return cursor->first() && cursor->key().size() == 8 ? parse_version(cursor->key()) : 0;
}

/// The oldest version to keep so that `keep` remain readable, the last one among them.
std::uint64_t oldest_to_keep(std::uint64_t last, std::uint64_t keep) { return keep > last ? 0 : last - keep + 1; }

} // namespace

void stop_for_damaged_state(const Error& error) {
    std::fprintf(stderr, "error: the state is damaged: %s\n", error.message.c_str());
    std::fflush(stderr);
    std::_Exit(kDamageExitStatus);
}

Pending::Pending(std::unique_ptr<PendingState> state) : state_(std::move(state)) {}
Pending::Pending(Pending&&) noexcept = default;
Pending& Pending::operator=(Pending&&) noexcept = default;
Pending::~Pending() = default;
std::uint64_t Pending::version() const { return state_->record.version; }
const Digest& Pending::app_hash() const { return state_->record.app_hash; }
std::size_t Pending::changes() const { return state_->changes.size(); }

StateStore::StateStore(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
StateStore::~StateStore() = default;

Result<std::unique_ptr<StateStore>> StateStore::open(storage::Database& database, const Options& options) {
    const StateTables tables = TRY(StateTables::open(database));
    auto impl = std::make_unique<Impl>(database, options, tables);
    const auto transaction = TRY(database.begin_read());
    if (transaction->get(tables.meta, as_byte_view(kRestoreKey))) {
        return fail(ErrorCode::unsupported, "state: a state sync has not ended; end it or start with an empty folder");
    }
    VersionRecord last = TRY(read_last_version(*transaction, tables));
    impl->values.clear(last.version);
    impl->publish(std::move(last), first_version(*transaction, tables));
    return std::unique_ptr<StateStore>(new StateStore(std::move(impl)));
}

std::uint64_t StateStore::version() const { return impl_->head()->version; }
Digest StateStore::app_hash() const { return impl_->head()->app_hash; }
Bytes StateStore::extra() const { return impl_->head()->extra; }
storage::Database& StateStore::database() const { return impl_->database; }

std::uint64_t StateStore::oldest_version() const {
    const std::lock_guard lock(impl_->mutex);
    return impl_->oldest;
}

Result<Pending> StateStore::prepare(std::uint64_t version, const Overlay& changes) {
    const auto head = impl_->head();
    if (version <= head->version) {
        return fail(ErrorCode::invalid_argument, "state: version " + std::to_string(version) +
                                                     " is not above the last one, " + std::to_string(head->version));
    }
    return Pending(
        TRY(prepare_state(impl_->options, impl_->database, impl_->tables, impl_->nodes, *head, version, changes)));
}

void write_pending(storage::WriteTransaction& transaction, const StateTables& tables, const PendingState& pending) {
    for (const auto& node : pending.nodes) transaction.append(tables.nodes, node.key.view(), node.bytes);
    for (const auto& change : pending.changes) {
        const LocationKey location = location_key(change.location);
        transaction.append(tables.values, location, change.bytes);
        const auto value = decode_value(change.bytes);
        if (!is_ordered(value->key)) continue;
        if (value->is_erase) {
            transaction.erase(tables.index, index_key(value->module, value->key));
        } else {
            transaction.put(tables.index, index_key(value->module, value->key), location);
        }
    }
    Sweep::add(transaction, tables, pending.record.version, pending.stale);
}

Result<void> StateStore::commit(Pending pending, ByteView extra) {
    PendingState& state = *pending.state_;
    const std::uint64_t version = state.record.version;
    if (impl_->has_failed) return fail(ErrorCode::io, "state: an earlier commit failed");
    if (state.base_version != impl_->head()->version) {
        return fail(ErrorCode::invalid_argument, "state: prepared on version " + std::to_string(state.base_version));
    }
    impl_->has_failed = true; // until it has not
    state.record.extra.assign(extra.begin(), extra.end());
    Bytes record;
    encode_version(state.record, record);

    auto transaction = TRY(impl_->database.begin_write());
    write_pending(*transaction, impl_->tables, state);
    transaction->append(impl_->tables.versions, version_key(version), record);
    std::uint64_t oldest = oldest_version() == 0 ? version : oldest_version();
    if (impl_->options.keep_versions > 0) {
        const std::uint64_t keep_from = oldest_to_keep(version, impl_->options.keep_versions);
        Sweep::drop_versions(*transaction, impl_->tables, keep_from);
        const std::size_t added = state.stale.nodes.size() + state.stale.values.size();
        TRY(impl_->sweep.step(*transaction, impl_->tables, keep_from, 2 * added + 256,
                              impl_->options.prune_batch_records));
        oldest = std::max(oldest, keep_from);
    }

    impl_->values.announce(version);
    for (const auto& change : state.changes) {
        const auto value = decode_value(change.bytes);
        impl_->values.replace(static_cast<ModuleId>(value->module), value->key,
                              value->is_erase ? std::nullopt : std::optional(value->value));
    }
    TRY_VOID(transaction->commit());
    for (auto& cached : state.cached) impl_->nodes.insert(cached.module, cached.path, version, std::move(cached.node));
    impl_->publish(std::move(state.record), oldest);
    impl_->has_failed = false;
    return {};
}

Result<std::shared_ptr<const StateView>> StateStore::latest() const {
    auto transaction = TRY(impl_->database.begin_read());
    VersionRecord last = TRY(read_last_version(*transaction, impl_->tables));
    const std::uint64_t version = last.version;
    return make_view(std::move(transaction), impl_->tables, impl_->nodes, impl_->values, std::move(last), version);
}

Result<std::shared_ptr<const StateView>> StateStore::at(std::uint64_t version) const {
    auto transaction = TRY(impl_->database.begin_read());
    VersionRecord record = TRY(read_version(*transaction, impl_->tables, version));
    const std::uint64_t last = TRY(read_last_version(*transaction, impl_->tables)).version;
    return make_view(std::move(transaction), impl_->tables, impl_->nodes, impl_->values, std::move(record), last);
}

Result<void> StateStore::rollback(std::uint64_t version) {
    if (impl_->has_failed) return fail(ErrorCode::io, "state: an earlier commit failed");
    auto transaction = TRY(impl_->database.begin_write());
    VersionRecord record = TRY(read_version(*transaction, impl_->tables, version));
    TRY_VOID(rollback_state(*transaction, impl_->tables, version));
    TRY_VOID(transaction->commit());
    impl_->sweep.forget();
    impl_->nodes.clear();
    impl_->values.clear(version);
    impl_->publish(std::move(record), oldest_version());
    return {};
}

Result<StateStore::PruneReport> StateStore::prune(std::uint64_t keep_versions,
                                                  const std::function<void(std::uint64_t, std::uint64_t)>& progress) {
    if (keep_versions == 0) return fail(ErrorCode::invalid_argument, "state: the last version cannot be pruned");
    const std::uint64_t oldest = std::max(oldest_version(), oldest_to_keep(version(), keep_versions));
    PruneReport report;
    for (bool is_first = true;; is_first = false) {
        auto transaction = TRY(impl_->database.begin_write());
        if (is_first) report.versions = Sweep::drop_versions(*transaction, impl_->tables, oldest);
        const auto removed = TRY(impl_->sweep.step(*transaction, impl_->tables, oldest, kPruneSliceRecords, 1));
        report.records += removed;
        const auto committed = transaction->commit();
        if (!committed) {
            impl_->has_failed = true;
            return std::unexpected(committed.error());
        }
        if (is_first) impl_->publish(*impl_->head(), oldest);
        if (progress) progress(report.records, report.records + impl_->sweep.records_left());
        if (removed == 0) return report;
    }
}

} // namespace assay::chain
