#include "chain/state/proof_make.h"
#include "chain/state/state_lookup.h"
#include "chain/state/state_store_impl.h"

#include "base/assert.h"

#include <algorithm>
#include <set>
#include <mutex>

namespace assay::chain {
namespace {

bool less(ByteView a, ByteView b) { return as_string_view(a) < as_string_view(b); }

class View final : public StateView {
public:
    View(std::unique_ptr<storage::ReadTransaction> transaction, const StateTables& tables, NodeCache& nodes,
         ValueCache& values, VersionRecord record, std::uint64_t last_version)
        : transaction_(std::move(transaction)), tables_(tables), reader_(*transaction_, tables.nodes, &nodes),
          values_(values), record_(std::move(record)), last_version_(last_version) {}

    std::uint64_t version() const override { return record_.version; }
    const Digest& app_hash() const override { return record_.app_hash; }
    ByteView extra() const override { return record_.extra; }

    std::optional<Bytes> get(ModuleId module, ByteView key) const override {
        check_key(key);
        if (auto known = values_.find(module, key, record_.version)) return std::move(*known);
        std::optional<Bytes> value;
        {
            const std::lock_guard lock(mutex_);
            value = or_stop(read(module, key));
        }
        if (record_.version == last_version_) values_.insert(module, key, record_.version, value);
        return value;
    }

    void scan(ModuleId module, ByteView begin, ByteView end, const StateVisitor& visit) const override {
        const std::lock_guard lock(mutex_);
        or_stop(scan_range(module, begin, scan_end(begin, end), visit));
    }

    Bytes prove(ModuleId module, ByteView key) const override {
        check_key(key);
        const std::lock_guard lock(mutex_);
        return or_stop(make_state_proof(reader_, *transaction_, tables_, record_, module, key));
    }

private:
    using Changes = std::set<Bytes, Overlay::BytesLess>;

    static void check_key(ByteView key) { ASSAY_ASSERT(!key.empty() && key.size() <= kStateKeyBytesMax); }

    template <class T>
    static T or_stop(Result<T> result) {
        if (!result) stop_for_damaged_state(result.error());
        if constexpr (!std::is_void_v<T>) return std::move(*result);
    }

    Result<std::optional<Bytes>> read(ModuleId module, ByteView key) const {
        const auto number = static_cast<std::size_t>(module);
        const auto leaf = TRY(find_leaf(reader_, number, record_.roots[number], tree_key(name_of(module), key)));
        if (!leaf) return std::optional<Bytes>{};
        const ValueRecord value = TRY(read_value(*transaction_, tables_, leaf->location));
        if (value.module != number || !std::ranges::equal(value.key, key)) {
            return fail(ErrorCode::malformed,
                        "a leaf of " + std::string(name_of(module)) + " leads to another key's value");
        }
        return std::optional<Bytes>(std::in_place, value.value.begin(), value.value.end());
    }

    /// Keys in [begin, end) that a version after this one changed: there the index does not speak for this one.
    Result<Changes> changed_since(ModuleId module, ByteView begin, ByteView end) const {
        Changes changes;
        if (record_.version == last_version_) return changes;
        const auto cursor = transaction_->cursor(tables_.values);
        const auto after = version_key(record_.version + 1);
        for (bool is_there = cursor->seek_at_or_after(after); is_there; is_there = cursor->next()) {
            const ValueRecord value = TRY(decode_value(cursor->value()));
            if (value.module != static_cast<std::size_t>(module) || less(value.key, begin) || !less(value.key, end))
                continue;
            changes.emplace(value.key.begin(), value.key.end());
        }
        return changes;
    }

    /// Shows `key` as this version has it, if it does. Returns false when the visitor wants no more.
    Result<bool> visit_at_version(ModuleId module, const Bytes& key, const StateVisitor& visit) const {
        const auto value = TRY(read(module, key));
        return !value || visit(key, *value);
    }

    Result<void> scan_range(ModuleId module, ByteView begin, ByteView end, const StateVisitor& visit) const {
        const auto number = static_cast<std::size_t>(module);
        const Changes changes = TRY(changed_since(module, begin, end));
        auto change = changes.cbegin();
        const auto cursor = transaction_->cursor(tables_.index);
        const Bytes stop = index_key(number, end);
        bool is_there = cursor->seek_at_or_after(index_key(number, begin));
        for (; is_there && less(cursor->key(), stop); is_there = cursor->next()) {
            const ByteView key = cursor->key().subspan(1);
            for (; change != changes.cend() && less(*change, key); ++change) {
                if (!TRY(visit_at_version(module, *change, visit))) return {};
            }
            if (change != changes.cend() && !less(key, *change)) continue; // shown as a change, next time round
            const auto location = parse_location(cursor->value());
            if (!location)
                return fail(ErrorCode::malformed, "index of " + std::string(name_of(module)) + ": bad location");
            const ValueRecord value = TRY(read_value(*transaction_, tables_, *location));
            if (!visit(key, value.value)) return {};
        }
        for (; change != changes.cend(); ++change) {
            if (!TRY(visit_at_version(module, *change, visit))) return {};
        }
        return {};
    }

    std::unique_ptr<storage::ReadTransaction> transaction_;
    StateTables tables_;
    NodeReader reader_;
    ValueCache& values_;
    VersionRecord record_;
    std::uint64_t last_version_;
    mutable std::recursive_mutex mutex_; ///< a visitor may read
};

} // namespace

std::shared_ptr<const StateView> make_view(std::unique_ptr<storage::ReadTransaction> transaction,
                                           const StateTables& tables, NodeCache& nodes, ValueCache& values,
                                           VersionRecord record, std::uint64_t last_version) {
    return std::make_shared<View>(std::move(transaction), tables, nodes, values, std::move(record), last_version);
}

} // namespace assay::chain
