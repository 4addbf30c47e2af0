#include "consensus/cometbft/comet_consensus.h"

#include "consensus/light/light_source.h"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <deque>
#include <map>
#include <mutex>
#include <optional>
#include <thread>

namespace assay::consensus {

namespace {

constexpr std::size_t kRequestBytesMax =
    700'000; // of transactions: as base64 in JSON they stay below the engine's 1 MB

using std::chrono::steady_clock;

// One call of submit(), whose transactions may travel in several requests.
struct Job {
    std::vector<Submission> results;
    std::size_t missing = 0;
    steady_clock::time_point deadline;
    std::function<void(std::vector<Submission>)> done;
};

// One transaction of a job.
struct Item {
    std::shared_ptr<Job> job;
    std::size_t index = 0;
    Bytes transaction;
};

chain::TxResult refusal(chain::TxCode code, std::string log) {
    chain::TxResult out;
    out.code = code;
    out.log = std::move(log);
    return out;
}

// The engine's error texts have no codes of their own.
chain::TxCode code_of(const Error& error) {
    if (error.message.find("mempool is full") != std::string::npos) return chain::TxCode::mempool_full;
    if (error.message.find("Tx too large") != std::string::npos) return chain::TxCode::too_large;
    if (error.message.find("already exists in cache") != std::string::npos) return chain::TxCode::bad_nonce;
    return chain::TxCode::mempool_full;
}

class RunningComet final : public CometConsensus, private BlockObserver {
public:
    explicit RunningComet(CometOptions options) : options_(std::move(options)) {}
    ~RunningComet() override { stop(); }

    Result<void> start_all(chain::Application& application, std::vector<BlockObserver*> observers);

    void submit(std::vector<Bytes> transactions, std::function<void(std::vector<Submission>)> done) override;
    ConsensusStatus status() const override;
    Result<LightBlock> light_block(std::uint64_t height) const override;
    /// The next header comes by itself: the engine makes a block after each that has changed the state.
    Result<std::uint64_t> provable_height() override { return committed_height(); }
    void stop() override;
    const RpcClient& rpc() const override { return supervisor_->rpc(); }
    std::uint64_t engine_restarts() const override { return supervisor_->restarts(); }

private:
    void on_block(const std::shared_ptr<const CommittedBlock>& block) override;
    std::uint64_t committed_height() const {
        const std::lock_guard lock(mutex_);
        return height_;
    }
    void hand_over();
    std::vector<Item> next_items(); ///< under the mutex
    void checked(ByteView transaction, const chain::TxResult& result);
    /// Notes a result; the job goes to `finished` with its last. Under the mutex.
    static void note(const Item& item, chain::TxResult result, std::vector<std::shared_ptr<Job>>& finished);
    static void tell(const std::vector<std::shared_ptr<Job>>& finished);
    void refuse(const Item& item, const Error& error);
    void give_up_on_late_ones();
    void failed(const Error& error);

    CometOptions options_;
    std::unique_ptr<Server> server_;
    std::unique_ptr<Supervisor> supervisor_;
    mutable std::mutex mutex_;
    std::condition_variable arrived_;
    std::deque<Item> queue_;                    ///< not yet handed over
    std::multimap<crypto::Digest, Item> awaited_; ///< handed over, CheckTx has not been asked yet
    bool stopping_ = false;
    std::uint64_t height_ = 0;
    std::int64_t time_ms_ = 0;
    crypto::Digest hash_{};
    std::string trouble_;
    std::vector<std::thread> threads_;
};

Result<void> RunningComet::start_all(chain::Application& application, std::vector<BlockObserver*> observers) {
    height_ = application.info().height;
    observers.push_back(this);
    ServerOptions server = options_.server;
    server.on_fatal = [this, tell = server.on_fatal](const Error& error) {
        failed(error);
        if (tell) tell(error);
    };
    server.on_checked = [this](ByteView transaction, const chain::CheckResult& check) {
        checked(transaction, check.result);
    };
    if (!options_.server.on_fatal) server.on_fatal = nullptr; // the process ends there
    server_ = TRY(Server::start(application, std::move(observers), std::move(server)));
    SupervisorOptions supervisor = options_.supervisor;
    supervisor.connected = [this] { return server_->connection_count() > 0; };
    supervisor_ = TRY(Supervisor::start(std::move(supervisor)));
    for (std::uint32_t i = 0; i < std::max(options_.submit_threads, 1U); ++i)
        threads_.emplace_back([this] { hand_over(); });
    return {};
}

void RunningComet::submit(std::vector<Bytes> transactions, std::function<void(std::vector<Submission>)> done) {
    auto job = std::make_shared<Job>();
    job->missing = transactions.size();
    job->deadline = steady_clock::now() + options_.check_timeout;
    job->done = std::move(done);
    for (const Bytes& transaction : transactions) job->results.push_back({crypto::sha256(transaction), {}});
    {
        const std::lock_guard lock(mutex_);
        const bool full = queue_.size() + awaited_.size() + transactions.size() > options_.submissions_max;
        if (!stopping_ && !full && !transactions.empty()) {
            for (std::size_t i = 0; i < transactions.size(); ++i)
                queue_.push_back({job, i, std::move(transactions[i])});
            arrived_.notify_one();
            return;
        }
        for (Submission& submission : job->results)
            submission.result =
                refusal(chain::TxCode::mempool_full,
                        stopping_ ? "the node is stopping" : "too many transactions wait for the engine");
    }
    tell({job});
}

// The results of CheckTx come by checked(), from the server's threads; these threads only hand over.
void RunningComet::hand_over() {
    for (;;) {
        std::unique_lock lock(mutex_);
        arrived_.wait_for(lock, std::chrono::seconds(1), [this] { return stopping_ || !queue_.empty(); });
        if (stopping_) return;
        const std::vector<Item> items = next_items();
        lock.unlock();
        give_up_on_late_ones();
        if (items.empty()) continue;
        std::vector<Bytes> transactions;
        for (const Item& item : items) transactions.push_back(item.transaction);
        const auto answers = rpc().submit_all_unchecked(transactions);
        for (std::size_t i = 0; i < items.size(); ++i) {
            if (!answers) refuse(items[i], answers.error());
            else if (!(*answers)[i]) refuse(items[i], (*answers)[i].error());
        }
    }
}

// As many as fit one request; they are awaited from now on.
std::vector<Item> RunningComet::next_items() {
    std::vector<Item> items;
    for (std::size_t bytes = 0; !queue_.empty() && items.size() < options_.submissions_per_request;) {
        bytes += queue_.front().transaction.size();
        if (!items.empty() && bytes > kRequestBytesMax) break;
        items.push_back(std::move(queue_.front()));
        queue_.pop_front();
        const Item& item = items.back();
        awaited_.emplace(item.job->results[item.index].hash, Item{item.job, item.index, {}});
    }
    return items;
}

void RunningComet::checked(ByteView transaction, const chain::TxResult& result) {
    std::vector<std::shared_ptr<Job>> finished;
    {
        const std::lock_guard lock(mutex_);
        if (awaited_.empty()) return;
        const auto [begin, end] = awaited_.equal_range(crypto::sha256(transaction));
        for (auto found = begin; found != end; ++found) note(found->second, result, finished);
        awaited_.erase(begin, end);
    }
    tell(finished);
}

void RunningComet::refuse(const Item& item, const Error& error) {
    std::vector<std::shared_ptr<Job>> finished;
    {
        const std::lock_guard lock(mutex_);
        const auto [begin, end] = awaited_.equal_range(item.job->results[item.index].hash);
        const auto found = std::find_if(begin, end, [&](const auto& entry) {
            return entry.second.job == item.job && entry.second.index == item.index;
        });
        if (found == end) return; // checked all the same
        awaited_.erase(found);
        note(item, refusal(code_of(error), error.message), finished);
    }
    tell(finished);
}

void RunningComet::give_up_on_late_ones() {
    const auto now = steady_clock::now();
    std::vector<std::shared_ptr<Job>> finished;
    {
        const std::lock_guard lock(mutex_);
        std::erase_if(awaited_, [&](const auto& entry) {
            if (entry.second.job->deadline > now && !stopping_) return false;
            note(entry.second, refusal(chain::TxCode::mempool_full, "the engine did not have it checked in time"),
                 finished);
            return true;
        });
    }
    tell(finished);
}

void RunningComet::note(const Item& item, chain::TxResult result, std::vector<std::shared_ptr<Job>>& finished) {
    item.job->results[item.index].result = std::move(result);
    if (--item.job->missing == 0) finished.push_back(item.job);
}

void RunningComet::tell(const std::vector<std::shared_ptr<Job>>& finished) {
    for (const auto& job : finished) job->done(std::move(job->results));
}

void RunningComet::on_block(const std::shared_ptr<const CommittedBlock>& block) {
    const std::lock_guard lock(mutex_);
    height_ = block->info.height;
    time_ms_ = block->info.time_ms;
    hash_ = block->hash;
}

Result<LightBlock> RunningComet::light_block(std::uint64_t height) const {
    if (height > committed_height())
        return fail(ErrorCode::not_found, "there is no block " + std::to_string(height) + " yet");
    return fetch_light_block(RpcLightSource(rpc()), height);
}

void RunningComet::failed(const Error& error) {
    const std::lock_guard lock(mutex_);
    trouble_ = error.message;
}

ConsensusStatus RunningComet::status() const {
    const auto waiting = rpc().waiting_transactions();
    const std::lock_guard lock(mutex_);
    ConsensusStatus out{"cometbft", height_, time_ms_, hash_, waiting.value_or(0) + queue_.size(), trouble_};
    if (out.trouble.empty() && !waiting) out.trouble = waiting.error().message;
    return out;
}

void RunningComet::stop() {
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
        arrived_.notify_all();
    }
    if (supervisor_) supervisor_->stop(); // first: an engine that loses its application reports a crash
    if (server_) server_->stop();
    for (std::thread& thread : threads_)
        if (thread.joinable()) thread.join();
    {
        const std::lock_guard lock(mutex_); // what was not handed over is refused with what was
        for (Item& item : queue_) awaited_.emplace(item.job->results[item.index].hash, std::move(item));
        queue_.clear();
    }
    give_up_on_late_ones();
}

} // namespace

Result<std::unique_ptr<CometConsensus>>
CometConsensus::start(chain::Application& application, std::vector<BlockObserver*> observers, CometOptions options) {
    auto consensus = std::make_unique<RunningComet>(std::move(options));
    TRY_VOID(consensus->start_all(application, std::move(observers)));
    return consensus;
}

} // namespace assay::consensus
