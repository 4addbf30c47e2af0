#include "storage/lmdb_transaction.h"

#include "base/assert.h"
#include "storage/limits.h"

#include <algorithm>
#include <cstring>

namespace assay::storage {
namespace {

constexpr const char* kOutOfOrder = "its keys are out of order";
/// Larger values lie on pages of their own; reading them only to check a neighbour would cost too much.
constexpr std::size_t kNeighbourBytesMax = 2048;

int compare(const MDB_val& a, const MDB_val& b) {
    const int order = std::memcmp(a.mv_data, b.mv_data, std::min(a.mv_size, b.mv_size));
    if (order != 0) return order;
    return a.mv_size < b.mv_size ? -1 : a.mv_size > b.mv_size ? 1 : 0;
}

} // namespace

std::optional<ByteView> LmdbView::get(TableId table, ByteView key) const {
    const LmdbEnvironment::Table& entries = environment_.table(table);
    if (!is_key(key) || broken_) return std::nullopt;
    const DamageGuard guard(environment_.file());
    MDB_val name = to_lmdb(key);
    MDB_val stored{};
    const int code = mdb_get(transaction_, entries.handle, &name, &stored);
    if (code == MDB_NOTFOUND) {
        confirm_absent(entries, key);
        return std::nullopt;
    }
    if (code != 0) environment_.stop_reading(code);
    return environment_.checked(entries, key, stored);
}

/// A damaged key makes the search miss others too. But then one of the two entries around the place where it ended is
/// the damaged one, or they are on the wrong sides of the key.
void LmdbView::confirm_absent(const LmdbEnvironment::Table& table, ByteView key) const {
    MDB_cursor* cursor = nullptr;
    if (const int code = mdb_cursor_open(transaction_, table.handle, &cursor)) environment_.stop_reading(code);
    MDB_val found = to_lmdb(key);
    MDB_val stored{};
    const bool exists = seek_checked(table, cursor, found, stored);
    if (exists && std::ranges::equal(from_lmdb(found), key)) stop_for_damage(environment_.file(), kOutOfOrder);
    mdb_cursor_close(cursor);
}

bool LmdbView::seek_checked(const LmdbEnvironment::Table& table, MDB_cursor* cursor, MDB_val& key,
                            MDB_val& value) const {
    const MDB_val sought = key;
    const auto move = [&](MDB_val& to_key, MDB_val& to_value, MDB_cursor_op operation) {
        const int code = mdb_cursor_get(cursor, &to_key, &to_value, operation);
        if (code != 0 && code != MDB_NOTFOUND) environment_.stop_reading(code);
        return code == 0;
    };
    const bool found = move(key, value, MDB_SET_RANGE);
    if (found) {
        const int order = compare(key, sought);
        check_neighbour(table, key, value, order >= 0);
        if (order == 0) return true;
    }
    MDB_val before_key{};
    MDB_val before_value{};
    const bool has_before = move(before_key, before_value, found ? MDB_PREV : MDB_LAST);
    if (has_before) check_neighbour(table, before_key, before_value, compare(before_key, sought) < 0);
    return found && move(key, value, has_before ? MDB_NEXT : MDB_FIRST);
}

void LmdbView::check_neighbour(const LmdbEnvironment::Table& table, const MDB_val& key, const MDB_val& value,
                               bool in_order) const {
    if (!in_order) stop_for_damage(environment_.file(), kOutOfOrder);
    if (value.mv_size <= kNeighbourBytesMax) environment_.checked(table, from_lmdb(key), value);
}

std::unique_ptr<Cursor> LmdbView::cursor(TableId table) const {
    auto result = std::make_unique<LmdbCursor>(*this, environment_.table(table));
    cursors_.push_back(result.get());
    return result;
}

std::uint64_t LmdbView::entries(TableId table) const {
    if (broken_) return 0;
    const DamageGuard guard(environment_.file());
    MDB_stat status{};
    if (const int code = mdb_stat(transaction_, environment_.table(table).handle, &status))
        environment_.stop_reading(code);
    return status.ms_entries;
}

MDB_txn* LmdbView::end() {
    for (LmdbCursor* cursor : cursors_) cursor->close();
    cursors_.clear();
    return std::exchange(transaction_, nullptr);
}

void LmdbView::forget(LmdbCursor* cursor) const { std::erase(cursors_, cursor); }

LmdbCursor::LmdbCursor(const LmdbView& view, const LmdbEnvironment::Table& table) : view_(&view), table_(table) {
    if (view.is_broken()) return;
    const DamageGuard guard(view.environment().file());
    if (const int code = mdb_cursor_open(view.transaction(), table.handle, &handle_))
        view.environment().stop_reading(code);
}

LmdbCursor::~LmdbCursor() {
    if (view_ == nullptr) return;
    view_->forget(this);
    close();
}

void LmdbCursor::close() {
    if (handle_ != nullptr) mdb_cursor_close(handle_);
    handle_ = nullptr;
    view_ = nullptr;
}

bool LmdbCursor::move(MDB_cursor_op operation) {
    ASSAY_ASSERT(view_ != nullptr);
    found_ = false;
    if (view_->is_broken()) return false;
    const DamageGuard guard(view_->environment().file());
    const int code = mdb_cursor_get(handle_, &key_, &value_, operation);
    if (code != 0 && code != MDB_NOTFOUND) view_->environment().stop_reading(code);
    found_ = code == 0;
    writes_ = view_->writes();
    return found_;
}

bool LmdbCursor::seek_at_or_after(ByteView key) {
    ASSAY_ASSERT(view_ != nullptr);
    if (key.empty()) return first();
    found_ = false;
    if (view_->is_broken()) return false;
    // No entry has so long a key: what follows it is what follows its longest possible beginning, that one excluded.
    const bool is_longer = key.size() > kKeyBytesMax;
    const ByteView sought = key.first(std::min(key.size(), kKeyBytesMax));
    const DamageGuard guard(view_->environment().file());
    key_ = to_lmdb(sought);
    found_ = view_->seek_checked(table_, handle_, key_, value_);
    writes_ = view_->writes();
    return found_ && is_longer && std::ranges::equal(from_lmdb(key_), sought) ? next() : found_;
}

bool LmdbCursor::seek_before(ByteView key) { return seek_at_or_after(key) ? previous() : last(); }

bool LmdbCursor::next() {
    ASSAY_ASSERT(valid());
    const MDB_val before = key_;
    if (move(MDB_NEXT) && compare(before, key_) >= 0) stop_for_damage(view_->environment().file(), kOutOfOrder);
    return found_;
}

bool LmdbCursor::previous() {
    ASSAY_ASSERT(valid());
    const MDB_val after = key_;
    if (move(MDB_PREV) && compare(key_, after) >= 0) stop_for_damage(view_->environment().file(), kOutOfOrder);
    return found_;
}

ByteView LmdbCursor::key() const {
    ASSAY_ASSERT(valid());
    return from_lmdb(key_);
}

ByteView LmdbCursor::value() const {
    ASSAY_ASSERT(valid());
    const DamageGuard guard(view_->environment().file());
    return view_->environment().checked(table_, from_lmdb(key_), value_);
}

Result<std::unique_ptr<ReadTransaction>> LmdbRead::begin(LmdbEnvironment& environment) {
    environment.enter_reader();
    const DamageGuard guard(environment.file());
    MDB_txn* transaction = nullptr;
    const int code = mdb_txn_begin(environment.handle(), nullptr, MDB_RDONLY, &transaction);
    if (code == 0) return std::make_unique<LmdbRead>(environment, transaction);
    environment.leave_reader();
    return std::unexpected(environment.error("cannot begin to read", code));
}

LmdbRead::~LmdbRead() {
    LmdbEnvironment& environment = view_.environment();
    mdb_txn_abort(view_.end());
    environment.leave_reader();
}

Result<std::unique_ptr<WriteTransaction>> LmdbWrite::begin(LmdbEnvironment& environment) {
    TRY_VOID(environment.enter_writer());
    const DamageGuard guard(environment.file());
    MDB_txn* transaction = nullptr;
    const int code = mdb_txn_begin(environment.handle(), nullptr, 0, &transaction);
    if (code == 0) return std::make_unique<LmdbWrite>(environment, transaction);
    Error error = environment.write_error(code);
    environment.leave_writer();
    return std::unexpected(std::move(error));
}

LmdbWrite::~LmdbWrite() {
    LmdbEnvironment& environment = view_.environment();
    if (!ended_) mdb_txn_abort(view_.end());
    environment.leave_writer();
}

std::optional<ByteView> LmdbWrite::get(TableId table, ByteView key) const {
    ASSAY_ASSERT(!ended_);
    finish_reservation();
    return view_.get(table, key);
}

std::unique_ptr<Cursor> LmdbWrite::cursor(TableId table) const {
    ASSAY_ASSERT(!ended_);
    finish_reservation();
    return view_.cursor(table);
}

void LmdbWrite::write(TableId table, ByteView key, ByteView value, unsigned flags) {
    const LmdbEnvironment::Table& entries = view_.environment().table(table);
    std::uint8_t* room = make_room(entries, key, value.size(), flags);
    if (room == nullptr) return;
    std::ranges::copy(value, room);
    entries.checksum.seal(key, room, value.size());
}

std::span<std::uint8_t> LmdbWrite::reserve(TableId table, ByteView key, std::size_t value_bytes) {
    const LmdbEnvironment::Table& entries = view_.environment().table(table);
    std::uint8_t* room = make_room(entries, key, value_bytes, 0);
    if (room == nullptr) {
        unused_.resize(std::min(value_bytes, kValueBytesMax));
        return unused_;
    }
    reservation_ = Reservation{&entries, Bytes(key.begin(), key.end()), {room, value_bytes}};
    return reservation_->value;
}

std::uint8_t* LmdbWrite::make_room(const LmdbEnvironment::Table& table, ByteView key, std::size_t value_bytes,
                                   unsigned flags) {
    if (!begin_change()) return nullptr;
    if (auto allowed = check_entry(key, value_bytes); !allowed) {
        keep_error(std::move(allowed.error()));
        return nullptr;
    }
    const DamageGuard guard(view_.environment().file());
    MDB_val name = to_lmdb(key);
    MDB_val room{value_bytes + kChecksumBytes, nullptr};
    const int code = mdb_put(view_.transaction(), table.handle, &name, &room, flags | MDB_RESERVE);
    if (code == MDB_KEYEXIST && flags == MDB_APPEND) {
        keep_error(
            {ErrorCode::invalid_argument, "a key appended to '" + table.name + "' that is not above all others"});
        return nullptr;
    }
    return succeeded(code) ? static_cast<std::uint8_t*>(room.mv_data) : nullptr;
}

void LmdbWrite::finish_reservation() const {
    if (!reservation_) return;
    reservation_->table->checksum.seal(reservation_->key, reservation_->value.data(), reservation_->value.size());
    reservation_.reset();
}

bool LmdbWrite::begin_change() {
    ASSAY_ASSERT(!ended_);
    finish_reservation();
    view_.count_write();
    return !error_;
}

bool LmdbWrite::succeeded(int code) {
    if (code == 0) return true;
    keep_error(view_.environment().write_error(code));
    return false;
}

void LmdbWrite::keep_error(Error error) {
    if (!error_) error_ = std::move(error);
    view_.set_broken();
}

bool LmdbWrite::erase(TableId table, ByteView key) {
    const LmdbEnvironment::Table& entries = view_.environment().table(table);
    if (!begin_change() || !is_key(key)) return false;
    const DamageGuard guard(view_.environment().file());
    MDB_val name = to_lmdb(key);
    const int code = mdb_del(view_.transaction(), entries.handle, &name, nullptr);
    return code != MDB_NOTFOUND && succeeded(code);
}

void LmdbWrite::clear(TableId table) {
    if (!begin_change()) return;
    const DamageGuard guard(view_.environment().file());
    succeeded(mdb_drop(view_.transaction(), view_.environment().table(table).handle, 0));
}

Result<void> LmdbWrite::status() const { return error_ ? Result<void>(std::unexpected(*error_)) : Result<void>(); }

Result<void> LmdbWrite::commit() {
    ASSAY_ASSERT(!ended_);
    finish_reservation();
    ended_ = true;
    MDB_txn* transaction = view_.end();
    if (!error_ && view_.writes() > 0) return view_.environment().commit(transaction);
    mdb_txn_abort(transaction);
    return status();
}

} // namespace assay::storage
