// The state tree: updates, reads, proofs, start, snapshots and bytes, at a number of keys. JSON to standard output,
// progress to standard error. CPU time is the process's own (CLOCK_PROCESS_CPUTIME_ID), which a busy machine inflates less
// than wall time; each rate is the best of several rounds, with the median beside it.
//
//   state_bench [--keys 1000000,10000000] [--batch 1000] [--rounds 15] [--folder DIR]
#include "chain/state/proof.h"
#include "chain/state/state_snapshot.h"
#include "chain/state/state_store.h"
#include "crypto/merkle.h"
#include "storage/lmdb_database.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <map>
#include <random>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

namespace {

using namespace assay;
using namespace assay::chain;
using storage::LmdbDatabase;

template <class T>
T need(Result<T> result) {
    if (!result) {
        std::fprintf(stderr, "error: %s\n", result.error().message.c_str());
        std::exit(1);
    }
    if constexpr (!std::is_void_v<T>) return std::move(*result);
}

double wall_s() { return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(); }
double cpu_s() {
    timespec time{};
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
    return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

struct Options {
    std::vector<std::uint64_t> keys = {1'000'000, 10'000'000};
    std::size_t batch = 1000;
    int rounds = 15;
    std::filesystem::path folder = std::filesystem::temp_directory_path() / "assay-state-bench";
};

/// JSON, one object of names and numbers after the other.
class Report {
public:
    void number(std::string_view name, double value) {
        std::ostringstream text;
        text.precision(6);
        text << value;
        add(name, text.str());
    }
    void text(std::string_view name, std::string_view value) { add(name, '"' + std::string(value) + '"'); }
    void object(std::string_view name, const Report& inner) { add(name, inner.json()); }
    std::string json() const { return "{" + body_ + "}"; }

private:
    void add(std::string_view name, const std::string& value) {
        body_ += (body_.empty() ? "\"" : ",\"") + std::string(name) + "\":" + value;
    }
    std::string body_;
};

struct Times {
    std::vector<double> wall;
    std::vector<double> cpu;
    static double best(std::vector<double> all) { return *std::ranges::min_element(all); }
    static double median(std::vector<double> all) {
        std::ranges::sort(all);
        return all[all.size() / 2];
    }
};

/// Runs `work` `rounds` times.
template <class Work>
Times measure(int rounds, const Work& work) {
    Times times;
    for (int i = 0; i < rounds; ++i) {
        const double wall = wall_s();
        const double cpu = cpu_s();
        work();
        times.cpu.push_back(cpu_s() - cpu);
        times.wall.push_back(wall_s() - wall);
    }
    return times;
}

/// Rates of `count` things a round.
void add_rates(Report& report, const std::string& name, const Times& times, double count) {
    report.number(name + "_per_cpu_s", count / Times::best(times.cpu));
    report.number(name + "_per_cpu_s_median", count / Times::median(times.cpu));
    report.number(name + "_per_s", count / Times::best(times.wall));
    report.number(name + "_per_s_median", count / Times::median(times.wall));
}

std::string cpu_name() {
    std::ifstream in("/proc/cpuinfo");
    for (std::string line; std::getline(in, line);) {
        if (line.starts_with("model name")) return line.substr(line.find(':') + 2);
    }
    return "unknown";
}

/// An account: 21 bytes of key in a point collection, 60 bytes of value.
struct Account {
    Bytes key;
    Bytes value;
};
constexpr std::size_t kAccountValueBytes = 60;

class Accounts {
public:
    explicit Accounts(std::uint64_t count) : count_(count) {}
    Account at(std::uint64_t number) {
        const crypto::Digest digest =
            crypto::sha256(ByteView(reinterpret_cast<const std::uint8_t*>(&number), sizeof(number)));
        Account account{{0x81}, Bytes(kAccountValueBytes)};
        account.key.insert(account.key.end(), digest.begin(), digest.begin() + 20);
        for (std::size_t i = 0; i < 16; ++i) account.value[i] = static_cast<std::uint8_t>(random_());
        return account;
    }
    Account any() { return at(random_() % count_); }
    std::unique_ptr<Overlay> batch(std::size_t size, const StateReader& base) {
        auto overlay = std::make_unique<Overlay>(base);
        for (std::size_t i = 0; i < size; ++i) {
            const Account account = any();
            overlay->put(ModuleId::bank, account.key, account.value);
        }
        return overlay;
    }

private:
    std::uint64_t count_;
    std::mt19937_64 random_{42};
};

struct Node {
    std::filesystem::path folder;
    LmdbDatabase::Options database_options;
    StateStore::Options options;
    std::unique_ptr<LmdbDatabase> database;
    std::unique_ptr<StateStore> store;

    void open() {
        close();
        database = need(LmdbDatabase::open(folder, database_options));
        store = need(StateStore::open(*database, options));
    }
    void close() {
        store.reset();
        database.reset();
    }
    void commit(const Overlay& overlay) {
        need(store->commit(need(store->prepare(store->version() + 1, overlay)), {}));
    }
    double used_bytes() const {
        const auto statistics = need(database->statistics());
        return static_cast<double>(statistics.file_bytes - statistics.free_bytes);
    }
};

const MemoryState kNothing;

void load(Node& node, Accounts& accounts, std::uint64_t keys) {
    constexpr std::uint64_t kLoadBatch = 500'000;
    for (std::uint64_t begin = 0; begin < keys; begin += kLoadBatch) {
        Overlay overlay(kNothing);
        for (std::uint64_t i = begin; i < std::min(keys, begin + kLoadBatch); ++i) {
            const Account account = accounts.at(i);
            overlay.put(ModuleId::bank, account.key, account.value);
        }
        node.commit(overlay);
        if (begin % 1'000'000 == 0) need(node.store->prune(1));
        std::fprintf(stderr, "\rload %llu of %llu ", static_cast<unsigned long long>(begin + kLoadBatch),
                     static_cast<unsigned long long>(keys));
    }
    need(node.store->prune(1));
    std::fprintf(stderr, "\n");
}

/// Blocks of `batch` updates: hashing alone, and through the commit.
void measure_updates(Report& report, Node& node, Accounts& accounts, const Options& options) {
    constexpr int kBlocksARound = 1; // short rounds: the best of many finds a quiet moment
    constexpr int kRoundsFactor = 10;
    const double updates = static_cast<double>(options.batch) * kBlocksARound;
    for (const unsigned threads : {1U, 2U}) {
        struct Mode {
            const char* name;
            bool commits;
            bool syncs;
            std::uint64_t keep;
        };
        for (const Mode mode : {Mode{"prepare", false, false, 0}, Mode{"commit_unsynced", true, false, 0},
                                Mode{"commit_synced", true, true, 0}, Mode{"commit_synced_pruning", true, true, 10}}) {
            const std::string name = std::string(mode.name) + "_" + std::to_string(threads) + "t";
            node.options.threads = threads;
            node.options.keep_versions = mode.keep;
            node.database_options.unsafe_no_sync = !mode.syncs;
            node.open();
            const auto blocks = [&](int count) {
                std::vector<std::unique_ptr<Overlay>> overlays;
                for (int i = 0; i < count; ++i) overlays.push_back(accounts.batch(options.batch, kNothing));
                return overlays;
            };
            for (const auto& overlay : blocks(20)) node.commit(*overlay); // warms the caches
            const double bytes_before = node.used_bytes();
            // With pruning a whole sweep must pass, or only its cheap part is seen.
            const int rounds = kRoundsFactor * (mode.keep > 0 ? 2 * options.rounds + 10 : options.rounds);
            Times times;
            for (int round = 0; round < rounds; ++round) {
                const auto overlays = blocks(kBlocksARound);
                const Times once = measure(1, [&] {
                    for (const auto& overlay : overlays) {
                        if (mode.commits) {
                            node.commit(*overlay);
                        } else {
                            need(node.store->prepare(node.store->version() + 1, *overlay));
                        }
                    }
                });
                times.wall.push_back(once.wall[0]);
                times.cpu.push_back(once.cpu[0]);
            }
            Report inner;
            add_rates(inner, "updates", times, updates);
            double cpu = 0;
            double wall = 0;
            for (const double t : times.cpu) cpu += t;
            for (const double t : times.wall) wall += t;
            inner.number("updates_per_cpu_s_mean", updates * rounds / cpu);
            inner.number("updates_per_s_mean", updates * rounds / wall);
            if (mode.commits) inner.number("bytes_per_update", (node.used_bytes() - bytes_before) / (updates * rounds));
            report.object(name, inner);
            std::fprintf(stderr, "%s %s\n", name.c_str(), inner.json().c_str());
            need(node.store->prune(1));
        }
    }
}

void measure_reads(Report& report, Node& node, Accounts& accounts, std::uint64_t keys) {
    constexpr int kReads = 100'000;
    node.options.value_cache_bytes = 0;
    node.open();
    std::vector<Account> wanted;
    for (int i = 0; i < kReads; ++i) wanted.push_back(accounts.any());
    auto view = need(node.store->latest());
    const auto read_all = [&] {
        for (const Account& account : wanted) {
            if (!view->get(ModuleId::bank, account.key)) std::exit(1);
        }
    };
    read_all();
    add_rates(report, "gets_through_tree", measure(5, read_all), kReads);

    constexpr int kProofs = 5'000;
    std::vector<Bytes> proofs;
    double bytes = 0;
    add_rates(report, "proofs",
              measure(3,
                      [&] {
                          proofs.clear();
                          for (int i = 0; i < kProofs; ++i)
                              proofs.push_back(view->prove(ModuleId::bank, wanted[static_cast<std::size_t>(i)].key));
                      }),
              kProofs);
    for (const Bytes& proof : proofs) bytes += static_cast<double>(proof.size());
    report.number("proof_bytes", bytes / kProofs);
    std::vector<Bytes> values;
    for (int i = 0; i < kProofs; ++i)
        values.push_back(*view->get(ModuleId::bank, wanted[static_cast<std::size_t>(i)].key));
    add_rates(report, "proof_checks",
              measure(3,
                      [&] {
                          for (std::size_t i = 0; i < kProofs; ++i) {
                              if (!verify_state_proof(view->app_hash(), "bank", wanted[i].key, values[i], proofs[i]))
                                  std::exit(1);
                          }
                      }),
              kProofs);

    view.reset();
    node.options.value_cache_bytes = std::size_t{64} << 20;
    node.open();
    const auto cached = need(node.store->latest());
    wanted.resize(std::min<std::size_t>(wanted.size(), 50'000));
    const auto read_hot = [&] {
        for (const Account& account : wanted) {
            if (!cached->get(ModuleId::bank, account.key)) std::exit(1);
        }
    };
    read_hot();
    add_rates(report, "gets_hot", measure(5, read_hot), static_cast<double>(wanted.size()));
    std::fprintf(stderr, "reads at %llu keys done\n", static_cast<unsigned long long>(keys));
}

void measure_snapshot(Report& report, Node& node) {
    Report inner;
    const auto folder = node.folder.parent_path() / "restored";
    std::filesystem::remove_all(folder);
    Snapshot snapshot;
    std::vector<Bytes> chunks;
    const Times made = measure(1, [&] {
        snapshot =
            need(make_snapshot(*node.store, node.store->version(), [&](std::uint32_t, Bytes chunk) -> Result<void> {
                chunks.push_back(std::move(chunk));
                return {};
            }));
    });
    double bytes = 0;
    for (const Bytes& chunk : chunks) bytes += static_cast<double>(chunk.size());
    constexpr double kMegabyte = 1e6;
    inner.number("megabytes", bytes / kMegabyte);
    inner.number("make_mb_per_s", bytes / kMegabyte / made.wall[0]);
    inner.number("make_mb_per_cpu_s", bytes / kMegabyte / made.cpu[0]);
    const Times restored = measure(1, [&] {
        const auto database = need(LmdbDatabase::open(folder));
        auto restore = need(SnapshotRestore::begin(*database, snapshot, node.store->app_hash()));
        for (std::size_t i = 0; i < chunks.size(); ++i) need(restore->apply(static_cast<std::uint32_t>(i), chunks[i]));
        need(restore->finish());
    });
    inner.number("restore_mb_per_s", bytes / kMegabyte / restored.wall[0]);
    inner.number("restore_mb_per_cpu_s", bytes / kMegabyte / restored.cpu[0]);
    report.object("snapshot", inner);
    std::filesystem::remove_all(folder);
}

Report measure_at(std::uint64_t keys, const Options& options) {
    Report report;
    Accounts accounts(keys);
    std::filesystem::remove_all(options.folder);
    std::filesystem::create_directories(options.folder);
    Node node{options.folder / "state", {.unsafe_no_sync = true}, {}, nullptr, nullptr};
    node.open();
    const Times loaded = measure(1, [&] { load(node, accounts, keys); });
    report.number("load_keys_per_s", static_cast<double>(keys) / loaded.wall[0]);
    report.number("used_bytes_per_key", node.used_bytes() / static_cast<double>(keys));
    measure_updates(report, node, accounts, options);
    report.number("used_bytes_per_key_after_updates", node.used_bytes() / static_cast<double>(keys));

    node.close();
    const Account account = accounts.any();
    const Times start = measure(5, [&] {
        node.open();
        if (!need(node.store->latest())->get(ModuleId::bank, account.key)) std::exit(1);
        node.close();
    });
    report.number("cold_start_ms", 1e3 * Times::best(start.wall));
    node.open();
    measure_reads(report, node, accounts, keys);
    measure_snapshot(report, node);
    node.close();
    std::filesystem::remove_all(options.folder);
    return report;
}

Options parse(int argc, char** argv) {
    Options options;
    for (int i = 1; i + 1 < argc; i += 2) {
        const std::string_view name = argv[i];
        const std::string value = argv[i + 1];
        if (name == "--keys") {
            options.keys.clear();
            std::istringstream list(value);
            for (std::string part; std::getline(list, part, ',');) options.keys.push_back(std::stoull(part));
        } else if (name == "--batch") {
            options.batch = std::stoull(value);
        } else if (name == "--rounds") {
            options.rounds = std::stoi(value);
        } else if (name == "--folder") {
            options.folder = value;
        } else {
            std::fprintf(stderr, "error: unknown option %s\n", argv[i]);
            std::exit(2);
        }
    }
    return options;
}

/// What the limit is made of: one 65-byte hash, two streams at a time.
double nanoseconds_a_hash() {
    std::vector<crypto::Digest> in(1001);
    std::vector<crypto::Digest> out(1000);
    std::vector<crypto::MerkleJoin> joins;
    for (std::size_t i = 0; i < out.size(); ++i) joins.push_back({&in[i], &in[i + 1], &out[i]});
    const Times times = measure(500, [&] { crypto::merkle_join(1, joins); });
    return 1e9 * Times::best(times.wall) / static_cast<double>(joins.size());
}

} // namespace

int main(int argc, char** argv) {
    const Options options = parse(argc, argv);
    Report report;
    report.text("cpu", cpu_name());
    report.text("compiler", __VERSION__);
    report.text("sha256", crypto::sha256_implementation_name());
    report.number("batch", static_cast<double>(options.batch));
    report.number("value_bytes", kAccountValueBytes);
    report.number("hash_ns", nanoseconds_a_hash());
    for (const std::uint64_t keys : options.keys)
        report.object(std::to_string(keys) + "_keys", measure_at(keys, options));
    std::printf("%s\n", report.json().c_str());
    return 0;
}
