/// The key-value port over LMDB, and SQLite as a peer: one JSON object on standard output.
///   storage_bench [--entries N] [--folder DIR]     (defaults: 1000000, a new folder under the current one)
/// Keys are SHA-256 digests (as in the state tree) or ascending numbers; values have 100 bytes. Synced batches are 1,000
/// keys and one durable commit each, at N entries. The folder should be on the disk in question and is removed.
#include "crypto/sha256.h"
#include "storage/lmdb_database.h"
#include "storage/sqlite.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <functional>

using namespace assay;
using namespace assay::storage;

namespace {

constexpr std::uint64_t kBatch = 1000;
constexpr std::uint64_t kBatches = 100;
constexpr std::size_t kValueBytes = 100;

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

template <class T>
T must(Result<T> result) {
    if (!result) {
        std::fprintf(stderr, "error: %s\n", result.error().message.c_str());
        std::exit(1);
    }
    if constexpr (!std::is_void_v<T>) return std::move(*result);
}

crypto::Digest random_key(std::uint64_t number) {
    return crypto::sha256({reinterpret_cast<const std::uint8_t*>(&number), sizeof number});
}

std::array<std::uint8_t, 8> ascending_key(std::uint64_t number) {
    std::array<std::uint8_t, 8> key{};
    for (std::size_t i = 0; i < 8; ++i) key[i] = static_cast<std::uint8_t>(number >> (56 - 8 * i));
    return key;
}

const Bytes kValue(kValueBytes, 0x5a);

/// Times of single batches, in seconds.
struct Batches {
    std::vector<double> seconds;

    void print(const char* name, const char* after) const {
        std::vector<double> sorted = seconds;
        std::ranges::sort(sorted);
        double total = 0;
        for (const double one : seconds) total += one;
        std::printf("\"%s\": {\"p50_ms\": %.2f, \"p99_ms\": %.2f, \"keys_per_s\": %.0f}%s\n", name,
                    1e3 * sorted[sorted.size() / 2], 1e3 * sorted[sorted.size() * 99 / 100],
                    static_cast<double>(seconds.size() * kBatch) / total, after);
    }
};

Batches time_batches(const std::function<void(std::uint64_t)>& batch) {
    Batches result;
    for (std::uint64_t number = 0; number < kBatches; ++number) {
        const auto start = Clock::now();
        batch(number);
        result.seconds.push_back(seconds_since(start));
    }
    return result;
}

void load(Database& database, TableId table, const std::vector<Bytes>& keys) {
    auto writer = must(database.begin_write());
    for (const Bytes& key : keys) writer->append(table, key, kValue);
    must(writer->commit());
}

double gets_per_s(Database& database, TableId table, std::uint64_t entries, std::uint64_t offset) {
    constexpr std::uint64_t kGets = 1000000;
    std::vector<crypto::Digest> keys;
    for (std::uint64_t i = 0; i < kGets; ++i) keys.push_back(random_key(offset + i * 2654435761U % entries));
    auto reader = must(database.begin_read());
    std::uint64_t found = 0;
    const auto start = Clock::now();
    for (const auto& key : keys) found += reader->get(table, key).has_value() ? 1 : 0;
    const double rate = static_cast<double>(kGets) / seconds_since(start);
    if (found != (offset == 0 ? kGets : 0)) std::exit(1);
    return rate;
}

void bench_lmdb(const std::filesystem::path& folder, std::uint64_t entries) {
    auto database = must(LmdbDatabase::open(folder / "lmdb"));
    const TableId random = must(database->open_table("random"));
    const TableId ascending = must(database->open_table("ascending"));
    std::vector<Bytes> keys;
    for (std::uint64_t i = 0; i < entries; ++i) {
        const auto key = random_key(i);
        keys.emplace_back(key.begin(), key.end());
    }
    std::ranges::sort(keys);
    load(*database, random, keys);
    keys.clear();
    for (std::uint64_t i = 0; i < entries; ++i) {
        const auto key = ascending_key(i);
        keys.emplace_back(key.begin(), key.end());
    }
    const auto start = Clock::now();
    load(*database, ascending, keys);
    std::printf("\"appends_per_s\": %.0f,\n", static_cast<double>(entries) / seconds_since(start));
    std::printf("\"gets_per_s\": %.0f,\n", gets_per_s(*database, random, entries, 0));
    std::printf("\"misses_per_s\": %.0f,\n", gets_per_s(*database, random, entries, std::uint64_t{1} << 40));

    const auto scan = Clock::now();
    std::uint64_t bytes = 0;
    {
        auto reader = must(database->begin_read());
        auto cursor = reader->cursor(random);
        for (cursor->first(); cursor->valid(); cursor->next()) bytes += cursor->value().size();
    }
    std::printf("\"scanned_per_s\": %.0f,\n", static_cast<double>(bytes / kValueBytes) / seconds_since(scan));

    time_batches([&](std::uint64_t number) {
        auto writer = must(database->begin_write());
        for (std::uint64_t i = 0; i < kBatch; ++i)
            writer->put(random, random_key(entries + number * kBatch + i), kValue);
        must(writer->commit());
    }).print("synced_batch_random", ",");
    time_batches([&](std::uint64_t number) {
        auto writer = must(database->begin_write());
        for (std::uint64_t i = 0; i < kBatch; ++i)
            writer->append(ascending, ascending_key(entries + number * kBatch + i), kValue);
        must(writer->commit());
    }).print("synced_batch_appended", ",");
    std::printf("\"file_bytes\": %llu,\n", static_cast<unsigned long long>(must(database->statistics()).file_bytes));
}

void bench_sqlite(const std::filesystem::path& folder, std::uint64_t entries) {
    const SqliteIndex::Schema schema = {1, [](SqliteIndex& index) {
                                            return index.execute(
                                                "CREATE TABLE entries(k BLOB PRIMARY KEY, v BLOB) WITHOUT ROWID");
                                        }};
    SqliteIndex index = must(SqliteIndex::open(folder / "sqlite/index.sqlite", schema));
    must(index.execute("PRAGMA synchronous=FULL")); // as durable as the other
    const auto insert = [&](std::uint64_t first, std::uint64_t count) {
        SqliteTransaction transaction = must(SqliteTransaction::begin(index));
        SqliteStatement statement = must(index.prepare("INSERT INTO entries VALUES(?, ?)"));
        for (std::uint64_t i = first; i < first + count; ++i) {
            must(statement.bind_all(ByteView(random_key(i)), ByteView(kValue)));
            must(statement.step());
        }
        must(transaction.commit());
    };
    insert(0, entries);
    SqliteStatement select = must(index.prepare("SELECT v FROM entries WHERE k = ?"));
    constexpr std::uint64_t kGets = 200000;
    const auto start = Clock::now();
    for (std::uint64_t i = 0; i < kGets; ++i) {
        must(select.bind_all(ByteView(random_key(i * 2654435761U % entries))));
        if (!must(select.step())) std::exit(1);
    }
    select.reset();
    std::printf("\"sqlite_gets_per_s\": %.0f,\n", static_cast<double>(kGets) / seconds_since(start));
    time_batches([&](std::uint64_t number) {
        insert(entries + number * kBatch, kBatch);
    }).print("sqlite_synced_batch_random", "");
}

} // namespace

int main(int argc, char** argv) {
    std::uint64_t entries = 1000000;
    std::filesystem::path folder = "storage_bench.tmp";
    for (int i = 1; i + 1 < argc; i += 2) {
        if (std::string_view(argv[i]) == "--entries") entries = std::strtoull(argv[i + 1], nullptr, 10);
        else if (std::string_view(argv[i]) == "--folder") folder = argv[i + 1];
        else return 2;
    }
    std::filesystem::remove_all(folder);
    std::printf("{\"entries\": %llu, \"value_bytes\": %zu,\n", static_cast<unsigned long long>(entries), kValueBytes);
    bench_lmdb(folder, entries);
    bench_sqlite(folder, entries);
    std::printf("}\n");
    std::filesystem::remove_all(folder);
}
