#include "consensus/cometbft/comet_consensus.h"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>
#include <thread>

namespace assay::consensus {

namespace {

constexpr std::size_t kRequestBytesMax =
    700'000; // of transactions: as base64 in JSON they stay below the engine's 1 MB

// One call of submit(), whose transactions may travel in several requests.
struct Job {
    std::vector<Bytes> transactions;
    std::vector<Submission> results;
    std::function<void(std::vector<Submission>)> done;
};

Submission refused(const Bytes& transaction, chain::TxCode code, std::string log) {
    Submission out;
    out.hash = crypto::sha256(transaction);
    out.result.code = code;
    out.result.log = std::move(log);
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
    void stop() override;
    const RpcClient& rpc() const override { return supervisor_->rpc(); }
    std::uint64_t engine_restarts() const override { return supervisor_->restarts(); }

private:
    void on_block(const std::shared_ptr<const CommittedBlock>& block) override;
    void hand_over();
    void hand_over(Job& job) const;
    void failed(const Error& error);

    CometOptions options_;
    std::unique_ptr<Server> server_;
    std::unique_ptr<Supervisor> supervisor_;
    mutable std::mutex mutex_;
    std::condition_variable arrived_;
    std::deque<Job> jobs_;
    std::size_t queued_ = 0; ///< transactions in jobs_
    bool stopping_ = false;
    std::uint64_t height_ = 0;
    std::int64_t time_ms_ = 0;
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
    std::unique_lock lock(mutex_);
    if (stopping_ || queued_ + transactions.size() > options_.submissions_max) {
        const std::string why = stopping_ ? "the node is stopping" : "too many transactions wait to be handed over";
        lock.unlock();
        std::vector<Submission> out;
        for (const Bytes& bytes : transactions) out.push_back(refused(bytes, chain::TxCode::mempool_full, why));
        return done(std::move(out));
    }
    queued_ += transactions.size();
    jobs_.push_back({std::move(transactions), {}, std::move(done)});
    arrived_.notify_one();
}

void RunningComet::hand_over() {
    for (;;) {
        std::unique_lock lock(mutex_);
        arrived_.wait(lock, [this] { return stopping_ || !jobs_.empty(); });
        if (jobs_.empty()) return;
        Job job = std::move(jobs_.front());
        jobs_.pop_front();
        queued_ -= job.transactions.size();
        lock.unlock();
        hand_over(job);
        job.done(std::move(job.results));
    }
}

void RunningComet::hand_over(Job& job) const {
    std::span<const Bytes> rest = job.transactions;
    while (!rest.empty()) {
        std::size_t count = 0;
        for (std::size_t bytes = 0; count < std::min(rest.size(), RpcClient::kSubmissionsMax); ++count) {
            bytes += rest[count].size();
            if (count > 0 && bytes > kRequestBytesMax) break;
        }
        const auto answers = rpc().submit_all(rest.first(count));
        for (std::size_t i = 0; i < count; ++i) {
            const Result<RpcSubmission> answer = answers ? (*answers)[i] : std::unexpected(answers.error());
            if (!answer) {
                job.results.push_back(refused(rest[i], code_of(answer.error()), answer.error().message));
                continue;
            }
            job.results.push_back(refused(rest[i], static_cast<chain::TxCode>(answer->code), answer->log));
        }
        rest = rest.subspan(count);
    }
}

void RunningComet::on_block(const std::shared_ptr<const CommittedBlock>& block) {
    const std::lock_guard lock(mutex_);
    height_ = block->info.height;
    time_ms_ = block->info.time_ms;
}

void RunningComet::failed(const Error& error) {
    const std::lock_guard lock(mutex_);
    trouble_ = error.message;
}

ConsensusStatus RunningComet::status() const {
    const auto waiting = rpc().waiting_transactions();
    const std::lock_guard lock(mutex_);
    ConsensusStatus out{"cometbft", height_, time_ms_, waiting.value_or(0) + queued_, trouble_};
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
}

} // namespace

Result<std::unique_ptr<CometConsensus>>
CometConsensus::start(chain::Application& application, std::vector<BlockObserver*> observers, CometOptions options) {
    auto consensus = std::make_unique<RunningComet>(std::move(options));
    TRY_VOID(consensus->start_all(application, std::move(observers)));
    return consensus;
}

} // namespace assay::consensus
