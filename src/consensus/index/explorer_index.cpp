#include "consensus/index/explorer_index.h"

#include "consensus/blocks/result_record.h"
#include "consensus/index/explorer_schema.h"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <deque>
#include <limits>
#include <mutex>
#include <sys/resource.h>
#include <thread>
#include <unistd.h>

namespace assay::consensus {
namespace {

using storage::SqliteIndex;
using storage::SqliteStatement;

constexpr std::size_t kBlocksInOneGo = 64;

/// Pages of a whole transaction stay in memory (64 MiB), and are copied from the log to the file less often (every 64 MiB).
constexpr std::string_view kWriterSettings = "PRAGMA cache_size=-65536; PRAGMA wal_autocheckpoint=16384";

template <std::size_t N>
std::array<std::uint8_t, N> array_of(ByteView bytes) {
    std::array<std::uint8_t, N> array{};
    std::copy_n(bytes.begin(), std::min(N, bytes.size()), array.begin());
    return array;
}

IndexedBlock block_of(const SqliteStatement& row) {
    return {.height = static_cast<std::uint64_t>(row.integer(0)),
            .time_ms = row.integer(2),
            .hash = array_of<32>(row.blob(1)),
            .app_hash = array_of<32>(row.blob(3)),
            .proposer = {array_of<20>(row.blob(4))},
            .transactions = static_cast<std::uint64_t>(row.integer(5)),
            .bytes = static_cast<std::uint64_t>(row.integer(6)),
            .gas_used = static_cast<std::uint64_t>(row.integer(7))};
}

Result<IndexedTransaction> transaction_of(const SqliteStatement& row) {
    IndexedTransaction transaction{.hash = array_of<32>(row.blob(2)),
                                   .height = static_cast<std::uint64_t>(row.integer(0)),
                                   .index = static_cast<std::uint32_t>(row.integer(1)),
                                   .time_ms = row.integer(9),
                                   .result = {.code = static_cast<chain::TxCode>(row.integer(4)),
                                              .log = std::string(row.text(5)),
                                              .gas_wanted = static_cast<std::uint64_t>(row.integer(6)),
                                              .gas_used = static_cast<std::uint64_t>(row.integer(7)),
                                              .events = {}},
                                   .wire = Bytes(row.blob(3).begin(), row.blob(3).end()),
                                   .events = TRY(decode_events(row.blob(8)))};
    return transaction;
}

constexpr std::string_view kTransactionColumns =
    "SELECT t.height, t.position, t.hash, t.wire, t.code, t.log, t.gas_wanted, t.gas_used, t.events, b.time_ms "
    "FROM transactions t JOIN blocks b ON b.height = t.height ";

class ExplorerIndexImplementation final : public ExplorerIndex {
public:
    ExplorerIndexImplementation(SqliteIndex writer, SqliteIndex reader, Options options)
        : writer_(std::move(writer)), reader_(std::move(reader)), options_(std::move(options)), tip_(options_.tip) {}
    ~ExplorerIndexImplementation() override {
        {
            const std::lock_guard lock(mutex_);
            stopping_ = true;
        }
        changed_.notify_all();
    }

    Result<void> start() {
        SqliteStatement last = TRY(writer_.prepare("SELECT max(height) FROM blocks"));
        if (TRY(last.step())) height_ = static_cast<std::uint64_t>(last.integer(0));
        if (height_ > tip_) { // the chain was rolled back
            TRY_VOID(drop_above(tip_));
            height_ = tip_;
        }
        thread_ = std::jthread([this] { work(); });
        return {};
    }

    void on_block(const std::shared_ptr<const CommittedBlock>& block) override;
    std::uint64_t height() const override { return height_; }
    void flush() override;
    std::string trouble() const override {
        const std::lock_guard lock(mutex_);
        return trouble_;
    }

    Result<std::optional<IndexedBlock>> block(std::uint64_t height) const override {
        return find_block(
            "SELECT * FROM blocks WHERE height = ?",
            static_cast<std::int64_t>(std::min<std::uint64_t>(height, std::numeric_limits<std::int64_t>::max())));
    }
    Result<std::optional<IndexedBlock>> block(const crypto::Digest& hash) const override {
        return find_block("SELECT * FROM blocks WHERE hash = ?", ByteView(hash));
    }
    Result<std::vector<IndexedBlock>> blocks(std::optional<std::uint64_t> before, std::uint32_t limit) const override;
    Result<std::optional<IndexedTransaction>> transaction(const crypto::Digest& hash) const override;
    Result<std::vector<IndexedTransaction>> block_transactions(std::uint64_t height) const override;
    Result<std::vector<IndexedTransaction>>
    account_transactions(const crypto::Address& account, std::optional<std::pair<std::uint64_t, std::uint32_t>> before,
                         std::uint32_t limit) const override;
    Result<EventPage> event_page(const EventQuery& query, std::uint64_t from_height,
                                 std::uint32_t limit) const override;

private:
    void work();
    std::vector<std::shared_ptr<const CommittedBlock>> next_blocks(std::unique_lock<std::mutex>& lock);
    Result<void> write(BlockWriter& writer, const std::vector<std::shared_ptr<const CommittedBlock>>& blocks);
    Result<void> drop_above(std::uint64_t height);
    Result<std::optional<IndexedBlock>> find_block(std::string_view sql, const auto& value) const;
    Result<std::vector<std::uint64_t>> event_heights(const EventQuery& query, std::uint64_t from_height,
                                                     std::uint32_t limit) const;
    Result<void> append_events(std::uint64_t height, const EventQuery& query, std::vector<IndexedEvent>& found) const;

    SqliteIndex writer_; ///< used by thread_ alone once that runs
    mutable std::mutex reader_mutex_;
    mutable SqliteIndex reader_;
    Options options_;
    std::atomic<std::uint64_t> height_ = 0;

    mutable std::mutex mutex_; ///< guards what follows
    std::condition_variable changed_;
    std::deque<std::shared_ptr<const CommittedBlock>> queue_;
    std::size_t queued_bytes_ = 0;
    std::uint64_t tip_ = 0; ///< the highest block told of
    bool stopping_ = false;
    std::string trouble_;
    std::jthread thread_;
};

/// This thread takes what processor time others leave: under load the index falls behind, and transactions do not wait.
void give_way() {
    constexpr int kNiceness = 19;
    setpriority(PRIO_PROCESS, static_cast<id_t>(gettid()), kNiceness); // if refused, only others are slower
}

std::size_t size_of(const CommittedBlock& block) {
    std::size_t bytes = 0;
    for (const Bytes& wire : block.transactions) bytes += wire.size();
    return bytes;
}

void ExplorerIndexImplementation::on_block(const std::shared_ptr<const CommittedBlock>& block) {
    {
        const std::lock_guard lock(mutex_);
        tip_ = std::max(tip_, block->info.height);
        queued_bytes_ += size_of(*block);
        queue_.push_back(block);
        if (queued_bytes_ > options_.queued_bytes_max && options_.source) { // these are read from the source instead
            queue_.clear();
            queued_bytes_ = 0;
        }
    }
    changed_.notify_all();
}

void ExplorerIndexImplementation::flush() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return stopping_ || !trouble_.empty() || height_ >= tip_; });
}

/// The blocks that follow height_, from the queue or the source; none when it is time to end.
std::vector<std::shared_ptr<const CommittedBlock>>
ExplorerIndexImplementation::next_blocks(std::unique_lock<std::mutex>& lock) {
    std::vector<std::shared_ptr<const CommittedBlock>> blocks;
    changed_.wait(lock, [this] { return stopping_ || height_ < tip_; });
    if (stopping_) return blocks;
    std::uint64_t next = height_ + 1;
    while (!queue_.empty() && blocks.size() < kBlocksInOneGo) {
        const auto front = queue_.front();
        if (front->info.height > next) break;
        queue_.pop_front();
        queued_bytes_ -= size_of(*front);
        if (front->info.height < next) continue; // told twice
        blocks.push_back(front);
        ++next;
    }
    if (!blocks.empty()) return blocks;
    const std::uint64_t end = std::min(queue_.empty() ? tip_ + 1 : queue_.front()->info.height, next + kBlocksInOneGo);
    bool is_over = false;
    lock.unlock();
    for (next = std::max(next, options_.first); options_.source && next < end && !is_over; ++next) {
        auto block = options_.source(next);
        if (block) blocks.push_back(std::move(*block));
        else if (block.error().code == ErrorCode::cancelled) is_over = true; // never skipped: the next start reads it
    }
    if (blocks.empty() && !is_over) height_ = end - 1; // nobody has them
    lock.lock();
    stopping_ = stopping_ || is_over;
    return blocks;
}

void ExplorerIndexImplementation::work() {
    give_way();
    auto writer = BlockWriter::create(writer_);
    std::unique_lock lock(mutex_);
    while (!stopping_) {
        const auto blocks = next_blocks(lock);
        if (blocks.empty()) {
            changed_.notify_all();
            continue;
        }
        lock.unlock();
        auto written = writer ? write(*writer, blocks) : Result<void>(std::unexpected(writer.error()));
        lock.lock();
        if (!written) {
            trouble_ = std::move(written.error().message);
            std::fprintf(stderr, "warning: the explorer's index stops: %s\n", trouble_.c_str());
            changed_.notify_all();
            return;
        }
        height_ = blocks.back()->info.height;
        changed_.notify_all();
    }
}

Result<void> ExplorerIndexImplementation::write(BlockWriter& writer,
                                                const std::vector<std::shared_ptr<const CommittedBlock>>& blocks) {
    auto transaction = TRY(storage::SqliteTransaction::begin(writer_));
    for (const auto& block : blocks) TRY_VOID(writer.write(*block));
    TRY_VOID(writer.finish());
    return transaction.commit();
}

Result<void> ExplorerIndexImplementation::drop_above(std::uint64_t height) {
    auto transaction = TRY(storage::SqliteTransaction::begin(writer_));
    for (const char* table : {"blocks", "transactions", "hashes", "accounts", "event_types"})
        TRY_VOID(writer_.run("DELETE FROM " + std::string(table) + " WHERE height > ?", height));
    return transaction.commit();
}

Result<std::optional<IndexedBlock>> ExplorerIndexImplementation::find_block(std::string_view sql,
                                                                            const auto& value) const {
    const std::lock_guard lock(reader_mutex_);
    SqliteStatement row = TRY(reader_.prepare(sql));
    TRY_VOID(row.bind_all(value));
    if (!TRY(row.step())) return std::optional<IndexedBlock>();
    return std::optional(block_of(row));
}

Result<std::vector<IndexedBlock>> ExplorerIndexImplementation::blocks(std::optional<std::uint64_t> before,
                                                                      std::uint32_t limit) const {
    const std::lock_guard lock(reader_mutex_);
    SqliteStatement row = TRY(reader_.prepare("SELECT * FROM blocks WHERE height < ? ORDER BY height DESC LIMIT ?"));
    TRY_VOID(row.bind_all(std::min<std::uint64_t>(before.value_or(INT64_MAX), std::numeric_limits<std::int64_t>::max()),
                          limit));
    std::vector<IndexedBlock> found;
    while (TRY(row.step())) found.push_back(block_of(row));
    return found;
}

Result<std::optional<IndexedTransaction>> ExplorerIndexImplementation::transaction(const crypto::Digest& hash) const {
    const std::lock_guard lock(reader_mutex_);
    SqliteStatement row =
        TRY(reader_.prepare(std::string(kTransactionColumns) +
                            "JOIN hashes h ON h.height = t.height AND h.position = t.position WHERE h.hash = ?"));
    TRY_VOID(row.bind_all(ByteView(hash)));
    if (!TRY(row.step())) return std::optional<IndexedTransaction>();
    return std::optional(TRY(transaction_of(row)));
}

Result<std::vector<IndexedTransaction>> ExplorerIndexImplementation::block_transactions(std::uint64_t height) const {
    const std::lock_guard lock(reader_mutex_);
    SqliteStatement row =
        TRY(reader_.prepare(std::string(kTransactionColumns) + "WHERE t.height = ? ORDER BY t.position"));
    TRY_VOID(row.bind_all(height));
    std::vector<IndexedTransaction> found;
    while (TRY(row.step())) found.push_back(TRY(transaction_of(row)));
    return found;
}

Result<std::vector<IndexedTransaction>>
ExplorerIndexImplementation::account_transactions(const crypto::Address& account,
                                                  std::optional<std::pair<std::uint64_t, std::uint32_t>> before,
                                                  std::uint32_t limit) const {
    const std::lock_guard lock(reader_mutex_);
    SqliteStatement row =
        TRY(reader_.prepare(std::string(kTransactionColumns) +
                            "JOIN accounts a ON a.height = t.height AND a.position = t.position WHERE a.address = ? "
                            "AND (a.height, a.position) < (?, ?) ORDER BY a.height DESC, a.position DESC LIMIT ?"));
    const auto [height, position] =
        before.value_or(std::pair(std::uint64_t{INT64_MAX}, std::numeric_limits<std::uint32_t>::max()));
    TRY_VOID(row.bind_all(ByteView(account.bytes), height, position, limit));
    std::vector<IndexedTransaction> found;
    while (TRY(row.step())) found.push_back(TRY(transaction_of(row)));
    return found;
}

/// Heights of blocks that may have matching events, ascending.
Result<std::vector<std::uint64_t>> ExplorerIndexImplementation::event_heights(const EventQuery& query,
                                                                              std::uint64_t from_height,
                                                                              std::uint32_t limit) const {
    std::string sql = "SELECT height FROM blocks WHERE height >= ?1";
    if (query.account) {
        sql = "SELECT DISTINCT height FROM accounts WHERE address = ?3 AND height >= ?1";
    } else if (!query.types.empty()) {
        sql = "SELECT DISTINCT height FROM event_types WHERE height >= ?1 AND (0";
        for (std::size_t i = 0; i < query.types.size(); ++i) {
            const std::string parameter = "?" + std::to_string(3 + i);
            sql += query.types[i].ends_with(".*")
                       ? " OR (type >= " + parameter + " AND type < " + parameter + " || '~')"
                       : " OR type = " + parameter;
        }
        sql += ")";
    }
    SqliteStatement row = TRY(reader_.prepare(sql + " ORDER BY height LIMIT ?2"));
    TRY_VOID(row.bind_all(from_height, limit));
    if (query.account) {
        TRY_VOID(row.bind(3, ByteView(query.account->bytes)));
    } else {
        for (std::size_t i = 0; i < query.types.size(); ++i) {
            std::string_view type = query.types[i];
            if (type.ends_with(".*")) type.remove_suffix(1);
            TRY_VOID(row.bind(static_cast<int>(3 + i), type));
        }
    }
    std::vector<std::uint64_t> heights;
    while (TRY(row.step())) heights.push_back(static_cast<std::uint64_t>(row.integer(0)));
    return heights;
}

Result<void> ExplorerIndexImplementation::append_events(std::uint64_t height, const EventQuery& query,
                                                        std::vector<IndexedEvent>& found) const {
    const auto append = [&](ByteView bytes, std::int64_t time_ms,
                            std::optional<std::uint32_t> transaction) -> Result<void> {
        std::uint32_t index = 0;
        for (chain::Event& event : TRY(decode_events(bytes))) {
            const std::uint32_t at = index++;
            if (query.matches(event)) found.push_back({height, time_ms, transaction, at, std::move(event)});
        }
        return {};
    };
    SqliteStatement row = TRY(reader_.prepare("SELECT events, time_ms FROM blocks WHERE height = ?"));
    TRY_VOID(row.bind_all(height));
    if (!TRY(row.step())) return {};
    const std::int64_t time_ms = row.integer(1);
    const Bytes own(row.blob(0).begin(), row.blob(0).end());
    SqliteStatement each =
        TRY(reader_.prepare("SELECT position, events FROM transactions WHERE height = ? ORDER BY position"));
    TRY_VOID(each.bind_all(height));
    while (TRY(each.step())) TRY_VOID(append(each.blob(1), time_ms, static_cast<std::uint32_t>(each.integer(0))));
    return append(own, time_ms, std::nullopt);
}

Result<EventPage> ExplorerIndexImplementation::event_page(const EventQuery& query, std::uint64_t from_height,
                                                          std::uint32_t limit) const {
    const std::uint64_t last = height_; // before looking: what is written meanwhile comes with the next page
    const std::lock_guard lock(reader_mutex_);
    EventPage page;
    const auto heights = TRY(event_heights(query, from_height, limit));
    for (const std::uint64_t height : heights) {
        TRY_VOID(append_events(height, query, page.events));
        page.next_height = height + 1;
        if (page.events.size() >= limit) return page;
    }
    if (heights.size() < limit) page.next_height = std::max({page.next_height, from_height, last + 1});
    return page;
}

} // namespace

bool EventQuery::matches(const chain::Event& event) const {
    const auto of_type = [&](const std::string& type) {
        if (!type.ends_with(".*")) return event.type == type;
        return std::string_view(event.type).starts_with(std::string_view(type).substr(0, type.size() - 1));
    };
    if (!types.empty() && std::ranges::none_of(types, of_type)) return false;
    if (!account) return true;
    std::set<crypto::Address> named;
    collect_accounts(event, named);
    return named.contains(*account);
}

Result<std::unique_ptr<ExplorerIndex>> ExplorerIndex::open(const std::filesystem::path& path, Options options) {
    auto writer = TRY(SqliteIndex::open(path, explorer_schema()));
    TRY_VOID(writer.execute(kWriterSettings));
    auto reader = TRY(SqliteIndex::open(path, explorer_schema(), {.read_only = true}));
    auto index =
        std::make_unique<ExplorerIndexImplementation>(std::move(writer), std::move(reader), std::move(options));
    TRY_VOID(index->start());
    return index;
}

} // namespace assay::consensus
