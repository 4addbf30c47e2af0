#include "node/chain_bench.h"

#include "api/api_server.h"
#include "chain/transfer_load.h"
#include "consensus/cometbft/http_client.h"
#include "crypto/sha256.h"
#include "node/chain/chain_adapter.h"
#include "node/chain/chain_host.h"
#include "node/engine_adapter.h"
#include "node/folders.h"
#include "node/machine.h"
#include "storage/lmdb_database.h"

#include <algorithm>
#include <atomic>
#include <mutex>
#include <sys/resource.h>
#include <thread>
#include <vector>

namespace assay::node {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds kPollInterval{50};
constexpr consensus::HttpLimits kRequestLimits{.timeout = std::chrono::seconds(120)};
constexpr std::string_view kSubmitPath = "/chain/transactions";

double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

double cpu_seconds() {
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    const auto seconds = [](const timeval& time) {
        return static_cast<double>(time.tv_sec) + 1e-6 * static_cast<double>(time.tv_usec);
    };
    return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

double percentile(std::vector<double> values, double share) {
    if (values.empty()) return 0;
    std::ranges::sort(values);
    return values[std::min(values.size() - 1, static_cast<std::size_t>(share * static_cast<double>(values.size())))];
}

std::uint64_t folder_bytes(const std::filesystem::path& folder) {
    std::uint64_t bytes = 0;
    std::error_code error;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(folder, error)) {
        if (entry.is_regular_file(error)) bytes += entry.file_size(error);
    }
    return bytes;
}

/// The folder of the chain; a temporary one goes with it.
class BenchFolder {
public:
    static Result<BenchFolder> create(const std::filesystem::path& asked) {
        if (!asked.empty()) {
            TRY_VOID(make_folder(asked));
            return BenchFolder(asked, false);
        }
        std::string pattern = (std::filesystem::temp_directory_path() / "assay-bench-XXXXXX").string();
        if (mkdtemp(pattern.data()) == nullptr) return fail(ErrorCode::io, pattern + ": cannot be made");
        return BenchFolder(pattern, true);
    }
    BenchFolder(BenchFolder&& other) noexcept
        : path(std::move(other.path)), temporary_(std::exchange(other.temporary_, false)) {}
    BenchFolder& operator=(BenchFolder&&) = delete;
    ~BenchFolder() {
        std::error_code error;
        if (temporary_) std::filesystem::remove_all(path, error);
    }

    std::filesystem::path path;

private:
    BenchFolder(std::filesystem::path folder, bool temporary) : path(std::move(folder)), temporary_(temporary) {}
    bool temporary_;
};

/// The state that the chain starts with, through the application alone: senders by the genesis, the others by transfers of
/// one more account, so that ten million take no more memory than a block of them.
class StateMaker {
public:
    StateMaker(const ChainBenchOptions& options, const chain::TransferLoad& load, const ChainBenchProgress& progress)
        : load_(load), progress_(progress), choice_{.accounts = options.accounts, .threads = cpu_count()} {}

    Result<void> make(const ChainHome& home) {
        std::error_code error;
        if (std::filesystem::exists(home.state(), error))
            return fail(ErrorCode::invalid_argument,
                        home.data_folder.string() + " has a chain already; give an empty folder");
        TRY_VOID(make_folder(home.chain()));
        const auto database = TRY(storage::LmdbDatabase::open(home.state()));
        chain::ApplicationOptions options;
        options.state.keep_versions = 2;
        const auto application = TRY(chain::ChainApplication::create(*database, chain::make_modules(), options));
        const auto validator = TRY(load_or_make_validator_key(home));
        TRY_VOID(begin(*application, validator));
        return fund(*application);
    }

private:
    static constexpr std::size_t kAccountsPerBlock = 50'000;

    /// Not handed over as a document: that of many accounts is a text of megabytes, which says nothing about transfers.
    Result<void> begin(chain::ChainApplication& application, const crypto::Ed25519SecretKey& validator) {
        chain::DevelopmentGenesis genesis;
        genesis.chain_id = "assay-bench";
        genesis.time_ms = 1;
        genesis.accounts.assign(load_.accounts.begin(),
                                load_.accounts.begin() + static_cast<std::ptrdiff_t>(load_.senders));
        genesis.accounts.push_back(chain::funder());
        genesis.validators.push_back(
            {.account = load_.accounts.front(), .public_key = validator.public_key(), .name = "local"});
        const auto document = chain::make_development_genesis(genesis);
        block_.chain_id = document.chain_id;
        block_.time_ms = document.time_ms;
        chain::GenesisRequest request;
        request.chain_id = document.chain_id;
        request.time_ms = document.time_ms;
        request.app_state = document.modules;
        TRY(application.init_chain(request));
        return execute(application, {});
    }

    Result<void> fund(chain::ChainApplication& application) {
        std::uint64_t nonce = 0;
        for (std::size_t done = load_.senders; done < load_.accounts.size();) {
            progress_("Making accounts", done, load_.accounts.size());
            const std::size_t count = std::min(kAccountsPerBlock, load_.accounts.size() - done);
            const auto transactions =
                chain::make_funding(choice_, std::span(load_.accounts).subspan(done, count), nonce);
            TRY_VOID(execute(application, transactions));
            nonce += transactions.size();
            done += count;
        }
        return {};
    }

    Result<void> execute(chain::ChainApplication& application, const std::vector<Bytes>& transactions) {
        ++block_.height;
        ++block_.time_ms;
        const auto result = TRY(application.finalize_block(block_, transactions));
        for (const chain::TxResult& transaction : result.transactions) {
            if (transaction.code != chain::TxCode::ok)
                return fail(ErrorCode::internal, "an account could not be made: " + transaction.log);
        }
        TRY(application.commit());
        return {};
    }

    const chain::TransferLoad& load_;
    const ChainBenchProgress& progress_;
    chain::TransferLoadChoice choice_;
    chain::BlockInfo block_;
};

/// What the blocks say became of the transfers.
class Outcome final : public consensus::BlockObserver {
public:
    void on_block(const std::shared_ptr<const consensus::CommittedBlock>& block) override {
        std::uint64_t failed = 0;
        for (const chain::TxResult& result : block->result.transactions) {
            if (result.code == chain::TxCode::ok) continue;
            if (failed++ == 0) set_failure("a transfer failed: " + result.log);
        }
        ++blocks;
        committed += block->result.transactions.size();
    }
    void set_failure(const std::string& text) {
        const std::lock_guard lock(mutex_);
        if (failure_.empty()) failure_ = text;
    }
    Result<void> check() const {
        const std::lock_guard lock(mutex_);
        if (failure_.empty()) return {};
        return fail(ErrorCode::internal, failure_);
    }

    std::atomic<std::uint64_t> blocks = 0, committed = 0;

private:
    mutable std::mutex mutex_;
    std::string failure_;
};

/// One request of one connection, made before the clock starts.
struct Batch {
    std::string body;
    std::string last; ///< hash of its last transfer
};

/// Each connection has senders of its own: a nonce never depends on what another connection has sent.
std::vector<std::vector<Batch>> batches_of(const chain::TransferLoad& load, const ChainBenchOptions& options) {
    std::vector<std::vector<const Bytes*>> transfers(options.connections);
    for (std::size_t i = 0; i < options.transfers; ++i)
        transfers[i % load.senders % options.connections].push_back(&load.transfers[i]);
    std::vector<std::vector<Batch>> all(options.connections);
    for (std::size_t connection = 0; connection < options.connections; ++connection) {
        const auto& own = transfers[connection];
        for (std::size_t at = 0; at < own.size(); at += options.batch) {
            const std::size_t end = std::min(at + options.batch, own.size());
            Batch batch{.body = {}, .last = to_hex(crypto::sha256(*own[end - 1]))};
            for (std::size_t i = at; i < end; ++i) batch.body += as_string_view(*own[i]);
            all[connection].push_back(std::move(batch));
        }
    }
    return all;
}

/// Errors: what the node refused, as it said it.
Result<void> send_batch(const std::string& url, const Batch& batch) {
    const auto answer = TRY(consensus::post(url + std::string(kSubmitPath) + "?answer=refusals", "application/cbor-seq",
                                            batch.body, kRequestLimits));
    if (answer.status != 200 || answer.body.find("\"refused\":[]") == std::string::npos)
        return fail(ErrorCode::internal,
                    "the node answered " + std::to_string(answer.status) + " " + answer.body.substr(0, 400));
    const auto committed = TRY(consensus::get(
        url + std::string(kSubmitPath) + "/" + batch.last + "?wait=commit&timeout_ms=60000", kRequestLimits));
    if (committed.status != 200)
        return fail(ErrorCode::internal, "a transfer did not commit: " + committed.body.substr(0, 400));
    return {};
}

/// The load; the milliseconds that each batch took.
std::vector<double> send_all(const std::string& url, const std::vector<std::vector<Batch>>& batches, Outcome& outcome,
                             const std::function<void()>& tick) {
    std::mutex mutex;
    std::vector<double> latencies;
    std::atomic<std::size_t> running = batches.size();
    std::vector<std::jthread> clients;
    for (const auto& own : batches) {
        clients.emplace_back([&] {
            std::vector<double> mine;
            for (const Batch& batch : own) {
                const auto start = Clock::now();
                const auto sent = send_batch(url, batch);
                mine.push_back(1e3 * seconds_since(start));
                if (!sent) outcome.set_failure(sent.error().message);
                if (!outcome.check()) break;
            }
            const std::lock_guard lock(mutex);
            latencies.insert(latencies.end(), mine.begin(), mine.end());
            --running;
        });
    }
    while (running > 0) {
        std::this_thread::sleep_for(kPollInterval);
        tick();
    }
    return latencies;
}

Result<std::vector<double>> send_singly(const std::string& url, const chain::TransferLoad& load, std::size_t first) {
    std::vector<double> latencies;
    for (std::size_t i = first; i < load.transfers.size(); ++i) {
        const auto start = Clock::now();
        const auto answer = TRY(consensus::post(url + std::string(kSubmitPath) + "?wait=commit", "application/cbor",
                                                as_string_view(load.transfers[i]), kRequestLimits));
        latencies.push_back(1e3 * seconds_since(start));
        if (answer.status != 200) return fail(ErrorCode::internal, "the node answered " + answer.body.substr(0, 400));
    }
    return latencies;
}

Result<void> check_options(const ChainBenchOptions& options) {
    const auto at_least = [](std::size_t value, std::size_t least, const char* name) -> Result<void> {
        if (value >= least) return {};
        return fail(ErrorCode::invalid_argument, std::string(name) + " must be at least " + std::to_string(least));
    };
    TRY_VOID(at_least(options.transfers, 1, "--transfers"));
    TRY_VOID(at_least(options.batch, 1, "--batch"));
    TRY_VOID(at_least(options.connections, 1, "--connections"));
    return at_least(options.accounts, std::max<std::size_t>(options.connections, 2), "--accounts");
}

struct StopAtEnd {
    ChainHost& host;
    ~StopAtEnd() { host.stop(); }
};

class ChainBench {
public:
    ChainBench(const ChainBenchOptions& options, const ChainBenchProgress& progress)
        : options_(options), progress_(progress) {}

    Result<ChainBenchResult> run() {
        TRY_VOID(check_options(options_));
        result_.cores = cpu_count();
        const auto folder = TRY(BenchFolder::create(options_.data_folder));
        sign();
        TRY_VOID(prepare(folder.path));
        ChainOptions chain;
        chain.data_folder = folder.path;
        chain.index = options_.index;
        const auto host = TRY(ChainHost::open(std::move(chain)));
        TRY_VOID(measure(*host));
        result_.state_bytes = folder_bytes(host->home().state());
        result_.peak_resident_bytes = peak_resident_bytes();
        return result_;
    }

private:
    void sign() {
        progress_("Signing transfers", 0, options_.transfers);
        load_ = chain::make_transfer_load({.accounts = options_.accounts,
                                           .senders = std::min(options_.accounts, options_.transfers),
                                           .transfers = options_.transfers + options_.single,
                                           .threads = result_.cores});
        result_.bytes_per_transfer = load_.transfers.front().size();
        progress_("Signing transfers", options_.transfers, options_.transfers);
    }

    Result<void> prepare(const std::filesystem::path& folder) {
        progress_("Making accounts", 0, options_.accounts);
        const auto start = Clock::now();
        TRY_VOID(StateMaker(options_, load_, progress_).make(ChainHome{folder}));
        result_.genesis_s = seconds_since(start);
        progress_("Making accounts", options_.accounts, options_.accounts);
        return {};
    }

    Result<void> measure(ChainHost& host) {
        Outcome outcome;
        const auto observation = host.observe(outcome);
        const auto engine = TRY(EngineAdapter::create({}));
        const auto server = TRY(api::ApiServer::start(engine, {}, make_chain_adapter(host)));
        const StopAtEnd stop{host}; // before what observes it goes
        const auto batches = batches_of(load_, options_);
        const double recoveries_before = chain::measure_recoveries_per_s(load_, host.application().messages());
        const double cpu_start = cpu_seconds();
        const auto start = Clock::now();
        const auto latencies = send_all(server->url(), batches, outcome, [&] {
            progress_("Committing transfers", outcome.committed, options_.transfers);
        });
        result_.seconds = seconds_since(start);
        const double cpu = cpu_seconds() - cpu_start;
        TRY_VOID(outcome.check());
        if (outcome.committed != options_.transfers)
            return fail(ErrorCode::internal, std::to_string(outcome.committed) + " of " +
                                                 std::to_string(options_.transfers) + " transfers committed");
        const auto number = static_cast<double>(options_.transfers);
        result_.transfers_per_s = number / result_.seconds;
        result_.cpu_us_per_transfer = 1e6 * cpu / number;
        result_.p50_ms = percentile(latencies, 0.5);
        result_.p99_ms = percentile(latencies, 0.99);
        result_.blocks = outcome.blocks;
        wait_for_index(host);
        result_.recoveries_per_s_per_core =
            (recoveries_before + chain::measure_recoveries_per_s(load_, host.application().messages())) / 2;
        const auto single = TRY(send_singly(server->url(), load_, options_.transfers));
        result_.single_p50_ms = percentile(single, 0.5);
        result_.single_p99_ms = percentile(single, 0.99);
        return outcome.check();
    }

    void wait_for_index(ChainHost& host) {
        if (host.index() == nullptr) return;
        result_.index_behind_blocks = host.consensus().status().height - host.index()->height();
        const auto start = Clock::now();
        host.index()->flush();
        result_.index_catch_up_s = seconds_since(start);
    }

    const ChainBenchOptions& options_;
    const ChainBenchProgress& progress_;
    chain::TransferLoad load_;
    ChainBenchResult result_;
};

} // namespace

Result<ChainBenchResult> run_chain_bench(const ChainBenchOptions& options, const ChainBenchProgress& progress) {
    return ChainBench(options, progress).run();
}

} // namespace assay::node
