#include "storage/memory_database.h"

#include "base/assert.h"
#include "storage/limits.h"
#include "storage/memory_state.h"

namespace assay::storage {

const Bytes* MemoryEntry::seen_at(std::uint64_t number) const {
    for (auto version = versions.rbegin(); version != versions.rend(); ++version)
        if (version->number <= number) return version->value.get();
    return nullptr;
}

void MemoryState::drop_unseen(std::vector<Place> places) {
    const std::uint64_t oldest = oldest_seen();
    for (const Place& place : places) {
        auto& versions = place.entry->second.versions;
        const auto newer = std::ranges::find_if(versions, [&](const auto& version) { return version.number > oldest; });
        if (newer != versions.begin()) versions.erase(versions.begin(), newer - 1);
        const bool erased = versions.size() == 1 && !versions[0].value && versions[0].number <= oldest;
        if (erased) {
            tables[place.table].erase(place.entry);
            continue;
        }
        place.entry->second.waits = versions.size() > 1 || !versions[0].value;
        if (place.entry->second.waits) waiting.push_back(place);
    }
}

namespace {

std::size_t index_of(const MemoryState& state, TableId table) {
    const auto index = static_cast<std::size_t>(table);
    ASSAY_ASSERT(index < state.tables.size());
    return index;
}

/// What both kinds of transaction read: the state at one version.
struct Snapshot {
    MemoryState& state;
    std::uint64_t version;
    std::uint64_t writes = 0;

    std::optional<ByteView> get(TableId table, ByteView key) const {
        const std::shared_lock lock(state.mutex);
        const MemoryTable& entries = state.tables[index_of(state, table)];
        const auto found = entries.find(key);
        const Bytes* value = found == entries.end() ? nullptr : found->second.seen_at(version);
        return value == nullptr ? std::nullopt : std::optional<ByteView>(*value);
    }
};

class MemoryCursor final : public Cursor {
public:
    MemoryCursor(const Snapshot& snapshot, std::size_t table) : snapshot_(snapshot), index_(table) {}

    bool first() override { return seek_at_or_after({}); }
    bool last() override {
        const std::shared_lock lock(snapshot_.state.mutex);
        return back_from(table().end());
    }
    bool seek_at_or_after(ByteView key) override {
        const std::shared_lock lock(snapshot_.state.mutex);
        return forward_from(table().lower_bound(key));
    }
    bool seek_before(ByteView key) override {
        const std::shared_lock lock(snapshot_.state.mutex);
        return back_from(table().lower_bound(key));
    }
    bool next() override {
        ASSAY_ASSERT(valid());
        const std::shared_lock lock(snapshot_.state.mutex);
        return forward_from(std::next(at_));
    }
    bool previous() override {
        ASSAY_ASSERT(valid());
        const std::shared_lock lock(snapshot_.state.mutex);
        return back_from(at_);
    }
    bool valid() const override { return value_ != nullptr && writes_ == snapshot_.writes; }
    ByteView key() const override {
        ASSAY_ASSERT(valid());
        return at_->first;
    }
    ByteView value() const override {
        ASSAY_ASSERT(valid());
        return *value_;
    }

private:
    const MemoryTable& table() const { return snapshot_.state.tables[index_]; }
    bool forward_from(MemoryTable::const_iterator entry) {
        for (; entry != table().end(); ++entry)
            if (place_at(entry)) return true;
        return unset();
    }
    bool back_from(MemoryTable::const_iterator entry) {
        while (entry != table().begin())
            if (place_at(--entry)) return true;
        return unset();
    }
    bool place_at(MemoryTable::const_iterator entry) {
        value_ = entry->second.seen_at(snapshot_.version);
        at_ = entry;
        writes_ = snapshot_.writes;
        return value_ != nullptr;
    }
    bool unset() {
        value_ = nullptr;
        return false;
    }

    const Snapshot& snapshot_;
    std::size_t index_;
    MemoryTable::const_iterator at_;
    const Bytes* value_ = nullptr;
    std::uint64_t writes_ = 0;
};

class MemoryRead final : public ReadTransaction {
public:
    explicit MemoryRead(MemoryState& state) : snapshot_{state, 0} {
        const std::unique_lock lock(state.mutex);
        snapshot_.version = state.committed;
        entries_ = state.entries;
        ++state.readers[snapshot_.version];
    }
    ~MemoryRead() override {
        const std::unique_lock lock(snapshot_.state.mutex);
        const auto reader = snapshot_.state.readers.find(snapshot_.version);
        if (--reader->second == 0) snapshot_.state.readers.erase(reader);
    }
    std::optional<ByteView> get(TableId table, ByteView key) const override { return snapshot_.get(table, key); }
    std::unique_ptr<Cursor> cursor(TableId table) const override {
        return std::make_unique<MemoryCursor>(snapshot_, static_cast<std::size_t>(table));
    }
    std::uint64_t entries(TableId table) const override {
        const auto index = static_cast<std::size_t>(table);
        return index < entries_.size() ? entries_[index] : 0; // a table opened since is empty here
    }

private:
    Snapshot snapshot_;
    std::vector<std::uint64_t> entries_;
};

class MemoryWrite final : public WriteTransaction {
public:
    /// With `state.writer` held, which it gives back at the end.
    explicit MemoryWrite(MemoryState& state) : snapshot_{state, state.committed + 1}, entries_(state.entries) {}
    ~MemoryWrite() override {
        if (!ended_) undo();
        snapshot_.state.writer_thread = std::thread::id();
        snapshot_.state.writer.unlock();
    }

    std::optional<ByteView> get(TableId table, ByteView key) const override { return snapshot_.get(table, key); }
    std::unique_ptr<Cursor> cursor(TableId table) const override {
        return std::make_unique<MemoryCursor>(snapshot_, static_cast<std::size_t>(table));
    }
    std::uint64_t entries(TableId table) const override { return entries_.at(static_cast<std::size_t>(table)); }

    void put(TableId table, ByteView key, ByteView value) override {
        if (may_write(check_entry(key, value.size())))
            set(table, key, std::make_unique<Bytes>(value.begin(), value.end()));
    }
    void append(TableId table, ByteView key, ByteView value) override {
        MemoryCursor end(snapshot_, static_cast<std::size_t>(table));
        if (end.last() && !BytesLess()(end.key(), key))
            may_write(fail(ErrorCode::invalid_argument, "a key appended that is not above all others"));
        put(table, key, value);
    }
    std::span<std::uint8_t> reserve(TableId table, ByteView key, std::size_t value_bytes) override {
        if (!may_write(check_entry(key, value_bytes))) {
            unused_.resize(std::min(value_bytes, kValueBytesMax));
            return unused_;
        }
        auto value = std::make_unique<Bytes>(value_bytes);
        const std::span<std::uint8_t> place = *value;
        set(table, key, std::move(value));
        return place;
    }
    bool erase(TableId table, ByteView key) override {
        if (!may_write({}) || !get(table, key)) return false;
        set(table, key, nullptr);
        return true;
    }
    void clear(TableId table) override {
        if (!may_write({})) return;
        std::vector<Bytes> keys;
        MemoryCursor all(snapshot_, static_cast<std::size_t>(table));
        for (all.first(); all.valid(); all.next()) keys.emplace_back(all.key().begin(), all.key().end());
        for (const Bytes& key : keys) set(table, key, nullptr);
    }
    Result<void> status() const override { return error_ ? Result<void>(std::unexpected(*error_)) : Result<void>(); }

    Result<void> commit() override {
        ASSAY_ASSERT(!ended_);
        MemoryState& state = snapshot_.state;
        Result<void> allowed = status();
        if (allowed && !touched_.empty() && state.options.before_commit) {
            allowed = state.options.before_commit();
            state.failed = !allowed;
        }
        ended_ = true;
        ++snapshot_.writes;
        if (!allowed) {
            undo();
            return allowed;
        }
        if (touched_.empty()) return {};
        const std::unique_lock lock(state.mutex);
        const std::uint64_t oldest_before = state.oldest_seen();
        state.committed = snapshot_.version;
        state.entries = entries_;
        std::vector<MemoryState::Place> places;
        if (state.oldest_seen() != oldest_before) places = std::exchange(state.waiting, {});
        for (const auto& place : touched_)
            if (!place.entry->second.waits) places.push_back(place);
        state.drop_unseen(std::move(places));
        return {};
    }

private:
    /// Keeps the first error.
    bool may_write(const Result<void>& check) {
        ASSAY_ASSERT(!ended_);
        if (!check && !error_) error_ = check.error();
        return !error_.has_value();
    }

    void set(TableId table, ByteView key, std::unique_ptr<Bytes> value) {
        MemoryState& state = snapshot_.state;
        const std::unique_lock lock(state.mutex);
        ++snapshot_.writes;
        const std::size_t index = index_of(state, table);
        MemoryTable& entries = state.tables[index];
        auto entry = entries.find(key);
        if (entry == entries.end()) entry = entries.try_emplace(Bytes(key.begin(), key.end())).first;
        auto& versions = entry->second.versions;
        const bool was_there = entry->second.seen_at(snapshot_.version) != nullptr;
        if (value && !was_there) ++entries_[index];
        if (!value && was_there) --entries_[index];
        if (versions.empty() || versions.back().number != snapshot_.version) {
            versions.push_back({snapshot_.version, nullptr});
            touched_.push_back({index, entry});
        }
        versions.back().value = std::move(value);
    }

    void undo() {
        MemoryState& state = snapshot_.state;
        const std::unique_lock lock(state.mutex);
        for (const auto& place : touched_) {
            auto& versions = place.entry->second.versions;
            versions.pop_back();
            if (versions.empty()) state.tables[place.table].erase(place.entry);
        }
        touched_.clear();
    }

    Snapshot snapshot_;
    std::vector<std::uint64_t> entries_;
    std::vector<MemoryState::Place> touched_; ///< each entry with a version of this transaction, once
    std::optional<Error> error_;
    Bytes unused_; ///< where a reservation that failed is written
    bool ended_ = false;
};

} // namespace

MemoryDatabase::MemoryDatabase() : MemoryDatabase(Options{}) {}
MemoryDatabase::MemoryDatabase(Options options) : state_(std::make_unique<MemoryState>()) {
    state_->options = std::move(options);
}
MemoryDatabase::~MemoryDatabase() = default;

Result<TableId> MemoryDatabase::open_table(std::string_view name) {
    TRY_VOID(check_table_name(name));
    ASSAY_ASSERT(state_->writer_thread != std::this_thread::get_id());
    const std::scoped_lock writer(state_->writer);
    const std::unique_lock lock(state_->mutex);
    const auto found = std::ranges::find(state_->names, name);
    const auto index = static_cast<std::uint32_t>(found - state_->names.begin());
    if (found == state_->names.end()) {
        state_->names.emplace_back(name);
        state_->tables.emplace_back();
        state_->entries.push_back(0);
    }
    return TableId{index};
}

Result<std::unique_ptr<ReadTransaction>> MemoryDatabase::begin_read() { return std::make_unique<MemoryRead>(*state_); }

Result<std::unique_ptr<WriteTransaction>> MemoryDatabase::begin_write() {
    ASSAY_ASSERT(state_->writer_thread != std::this_thread::get_id());
    state_->writer.lock();
    if (state_->failed) {
        state_->writer.unlock();
        return fail(ErrorCode::io, "a commit failed before; open the database again");
    }
    state_->writer_thread = std::this_thread::get_id();
    return std::make_unique<MemoryWrite>(*state_);
}

Result<DatabaseStatistics> MemoryDatabase::statistics() {
    const std::shared_lock lock(state_->mutex);
    DatabaseStatistics result;
    result.commits = state_->committed;
    for (std::size_t index = 0; index < state_->names.size(); ++index)
        result.tables.push_back({state_->names[index], state_->entries[index]});
    std::ranges::sort(result.tables, {}, &TableStatistics::name);
    return result;
}

Result<void> MemoryDatabase::copy_to(const std::filesystem::path&) {
    return fail(ErrorCode::unsupported, "a database in memory has no file to copy");
}

} // namespace assay::storage
