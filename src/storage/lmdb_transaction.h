#pragma once
/// Transactions and cursors of LmdbDatabase. Internal to the room. Thread safety as database.h says.
#include "storage/lmdb_environment.h"

namespace assay::storage {

class LmdbCursor;

/// What both kinds of transaction read. Its cursors close when it ends.
class LmdbView {
public:
    LmdbView(LmdbEnvironment& environment, MDB_txn* transaction)
        : environment_(environment), transaction_(transaction) {}
    LmdbView(const LmdbView&) = delete;

    std::optional<ByteView> get(TableId table, ByteView key) const;
    std::unique_ptr<Cursor> cursor(TableId table) const;
    std::uint64_t entries(TableId table) const;

    LmdbEnvironment& environment() const { return environment_; }
    MDB_txn* transaction() const { return transaction_; }
    std::uint64_t writes() const { return writes_; }
    void count_write() { ++writes_; }
    /// Once a write has failed LMDB answers nothing more; then nothing is found, and commit() refuses.
    void set_broken() { broken_ = true; }
    bool is_broken() const { return broken_; }
    /// Closes the cursors and forgets the transaction, which the caller commits or aborts.
    MDB_txn* end();
    void forget(LmdbCursor* cursor) const;

    /// Moves to the least entry at or above `key`, which becomes that entry's key. Checks it and the entry before.
    bool seek_checked(const LmdbEnvironment::Table& table, MDB_cursor* cursor, MDB_val& key, MDB_val& value) const;

private:
    void confirm_absent(const LmdbEnvironment::Table& table, ByteView key) const;
    void check_neighbour(const LmdbEnvironment::Table& table, const MDB_val& key, const MDB_val& value,
                         bool in_order) const;

    LmdbEnvironment& environment_;
    MDB_txn* transaction_;
    std::uint64_t writes_ = 0;
    bool broken_ = false;
    mutable std::vector<LmdbCursor*> cursors_;
};

class LmdbCursor final : public Cursor {
public:
    LmdbCursor(const LmdbView& view, const LmdbEnvironment::Table& table);
    ~LmdbCursor() override;

    bool first() override { return move(MDB_FIRST); }
    bool last() override { return move(MDB_LAST); }
    bool seek_at_or_after(ByteView key) override;
    bool seek_before(ByteView key) override;
    bool next() override;
    bool previous() override;
    bool valid() const override { return found_ && view_ != nullptr && writes_ == view_->writes(); }
    ByteView key() const override;
    ByteView value() const override;

    void close();

private:
    bool move(MDB_cursor_op operation);

    const LmdbView* view_; ///< null once the transaction has ended
    const LmdbEnvironment::Table& table_;
    MDB_cursor* handle_ = nullptr;
    MDB_val key_{};
    MDB_val value_{};
    bool found_ = false;
    std::uint64_t writes_ = 0;
};

class LmdbRead final : public ReadTransaction {
public:
    static Result<std::unique_ptr<ReadTransaction>> begin(LmdbEnvironment& environment);
    LmdbRead(LmdbEnvironment& environment, MDB_txn* transaction) : view_(environment, transaction) {}
    ~LmdbRead() override;

    std::optional<ByteView> get(TableId table, ByteView key) const override { return view_.get(table, key); }
    std::unique_ptr<Cursor> cursor(TableId table) const override { return view_.cursor(table); }
    std::uint64_t entries(TableId table) const override { return view_.entries(table); }

private:
    LmdbView view_;
};

class LmdbWrite final : public WriteTransaction {
public:
    static Result<std::unique_ptr<WriteTransaction>> begin(LmdbEnvironment& environment);
    LmdbWrite(LmdbEnvironment& environment, MDB_txn* transaction) : view_(environment, transaction) {}
    ~LmdbWrite() override;

    std::optional<ByteView> get(TableId table, ByteView key) const override;
    std::unique_ptr<Cursor> cursor(TableId table) const override;
    std::uint64_t entries(TableId table) const override { return view_.entries(table); }

    void put(TableId table, ByteView key, ByteView value) override { write(table, key, value, 0); }
    void append(TableId table, ByteView key, ByteView value) override { write(table, key, value, MDB_APPEND); }
    std::span<std::uint8_t> reserve(TableId table, ByteView key, std::size_t value_bytes) override;
    bool erase(TableId table, ByteView key) override;
    void clear(TableId table) override;
    Result<void> status() const override;
    Result<void> commit() override;

private:
    /// A value that its caller writes in place; its checksum follows at the next call.
    struct Reservation {
        const LmdbEnvironment::Table* table = nullptr;
        Bytes key;
        std::span<std::uint8_t> value;
    };

    void write(TableId table, ByteView key, ByteView value, unsigned flags);
    /// Room for the value and its checksum, or nothing where the transaction has failed.
    std::uint8_t* make_room(const LmdbEnvironment::Table& table, ByteView key, std::size_t value_bytes, unsigned flags);
    void finish_reservation() const;
    /// Whether writes still count, ahead of one.
    bool begin_change();
    bool succeeded(int code);
    void keep_error(Error error);

    LmdbView view_;
    mutable std::optional<Reservation> reservation_;
    std::optional<Error> error_;
    Bytes unused_; ///< where a reservation that failed is written
    bool ended_ = false;
};

} // namespace assay::storage
