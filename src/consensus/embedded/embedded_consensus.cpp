// The life of a block is in make_block(): candidates, proposal, log, execution beside the log's sync, commit, observers.
#include "consensus/embedded/embedded_consensus.h"

#include "base/fault_point.h"
#include "consensus/blocks/result_record.h"
#include "consensus/cometbft/engine_home.h"
#include "consensus/embedded/block.h"
#include "consensus/embedded/check_pool.h"
#include "crypto/merkle.h"
#include "crypto/sha256.h"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <future>
#include <mutex>
#include <optional>
#include <shared_mutex>
#include <span>
#include <thread>

namespace assay::consensus {
namespace {

using chain::TxCode;

/// Transactions checked in one go: some milliseconds of recovery, so that a commit never waits long for the gate.
constexpr std::size_t kSliceTransactions = 256;

std::int64_t system_clock_ms() {
    return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::system_clock::now().time_since_epoch())
        .count();
}

Submission refusal(ByteView wire, TxCode code, std::string why) {
    Submission submission{.hash = crypto::sha256(wire), .result = {}};
    submission.result.code = code;
    submission.result.log = std::move(why);
    return submission;
}

chain::BlockInfo info_of(const EmbeddedBlock& block) {
    chain::BlockInfo info{.chain_id = block.chain_id,
                          .height = block.height,
                          .time_ms = block.time_ms,
                          .proposer = consensus_address(block.signer),
                          .last_commit = {},
                          .misbehavior = {}};
    // The one validator signed the block before; with a single signer its power has no influence, only that it is there.
    if (block.parent != crypto::Digest{}) info.last_commit.push_back({info.proposer, 1, true});
    return info;
}

class EmbeddedConsensusImplementation final : public EmbeddedConsensus {
public:
    EmbeddedConsensusImplementation(chain::Application& application, std::vector<BlockObserver*> observers,
                                    EmbeddedOptions options)
        : application_(application), observers_(std::move(observers)), options_(std::move(options)),
          mempool_(options_.mempool), checks_(options_.check_threads) {
        if (!options_.clock_ms) options_.clock_ms = system_clock_ms;
    }
    ~EmbeddedConsensusImplementation() override { stop(); }

    Result<void> open();
    void run() {
        thread_ = std::jthread([this] { make_blocks(); });
    }

    void submit(std::vector<Bytes> transactions, std::function<void(std::vector<Submission>)> done) override;
    ConsensusStatus status() const override;
    Result<LightBlock> light_block(std::uint64_t height) const override {
        if (height > status().height) // the log may have it already, but it is not durable yet
            return fail(ErrorCode::not_found, "there is no block " + std::to_string(height) + " yet");
        return light_block_of(TRY(stored_block(height)));
    }
    Result<std::uint64_t> provable_height() override;
    void stop() override;
    Result<EmbeddedBlock> stored_block(std::uint64_t height) const override {
        return decode_block(TRY(log_->read(height)));
    }
    std::uint64_t first_stored_height() const override { return log_->first_height(); }
    Result<std::shared_ptr<const CommittedBlock>> committed_block(std::uint64_t height) const override;
    void wait_until_idle() override;

private:
    std::vector<Submission> check(std::vector<Bytes> transactions);
    void check_slice(std::span<Bytes> wires, std::vector<Submission>& submissions);
    Result<void> replay();
    Result<void> make_first_block();
    void make_blocks();
    bool wait_for_work();
    Result<void> make_block();
    Result<void> log_and_execute(EmbeddedBlock block);
    Result<void> execute(EmbeddedBlock block, bool in_log);
    Result<void> keep_result(std::uint64_t height, const chain::BlockResult& result);
    Result<void> check_signer(const EmbeddedBlock& block) const;
    Result<void> check_log(std::uint64_t state_height) const;
    EmbeddedBlock next_block(std::int64_t time_ms) const;
    EmbeddedBlock propose();
    bool is_proof_wanted() const {
        const std::lock_guard lock(mutex_);
        return proof_wanted_;
    }
    std::size_t check_waiting_again();

    chain::Application& application_;
    std::vector<BlockObserver*> observers_;
    EmbeddedOptions options_;
    std::unique_ptr<BlockLog> log_;
    std::unique_ptr<BlockLog> results_; ///< null when they are not kept
    Mempool mempool_;
    /// Checks hold it shared; the last part of a commit, in which the application forgets the nonces that are waiting, and the
    /// second look at what still waits, alone: between the two it would refuse the ones after them. What a commit writes
    /// to disk comes before that, and checks go on meanwhile.
    std::shared_mutex gate_;

    mutable std::mutex mutex_; ///< guards what follows
    std::condition_variable changed_;
    bool stopping_ = false;
    bool working_ = false;
    bool has_work_ = false; ///< something came into the mempool since the last block was started
    bool proof_wanted_ = false; ///< somebody waits for the next header
    bool last_is_empty_ = false; ///< the last block, which then is nothing that anybody would want a proof of
    std::uint64_t height_ = 0;
    std::string trouble_;

    /// Without its transactions. Written by the thread that makes blocks, under the mutex.
    std::optional<EmbeddedBlock> last_;
    crypto::Digest app_hash_{}; ///< used by that thread alone, as what follows
    crypto::Digest limits_{};
    crypto::Ed25519PublicKey signer_{};
    std::string chain_id_;

    CheckPool checks_;
    std::jthread thread_;
};

Result<void> EmbeddedConsensusImplementation::open() {
    if (!options_.validator)
        return fail(ErrorCode::invalid_argument, "there is no validator's key to sign blocks with");
    signer_ = options_.validator->public_key();
    log_ = TRY(BlockLog::open(options_.blocks_folder));
    if (!options_.results_folder.empty()) results_ = TRY(BlockLog::open(options_.results_folder));
    const chain::ApplicationInfo state = application_.info();
    if (state.chain_id.empty()) return fail(ErrorCode::invalid_argument, "the state has no genesis yet");
    chain_id_ = state.chain_id;
    height_ = state.height;
    app_hash_ = state.app_hash;
    limits_ = hash_of_limits(static_cast<std::int64_t>(options_.block_bytes_max), -1);
    TRY_VOID(check_log(height_));
    if (height_ != 0 && log_->last_height() != 0 && height_ >= log_->first_height()) {
        auto block = stored_block(height_);
        const auto good = block ? check_signature(*block) : Result<void>(std::unexpected(block.error()));
        if (!good) return fail_in(options_.blocks_folder.string(), good.error());
        TRY_VOID(check_signer(*block));
        last_is_empty_ = block->transactions.empty();
        block->transactions.clear();
        last_ = std::move(*block);
    }
    TRY_VOID(replay());
    return last_ ? Result<void>() : make_first_block();
}

Result<void> EmbeddedConsensusImplementation::check_signer(const EmbeddedBlock& block) const {
    if (block.signer == signer_) return {};
    return fail(ErrorCode::malformed, "block " + std::to_string(block.height) + " in " +
                                          options_.blocks_folder.string() +
                                          " was signed by another key than this node has: the one whose address is " +
                                          crypto::to_string(consensus_address(block.signer)) + " must be put back");
}

/// That the log covers what comes after the state. One without any block begins anew there: a state may come from elsewhere.
Result<void> EmbeddedConsensusImplementation::check_log(std::uint64_t state_height) const {
    const std::uint64_t first = log_->first_height(), last = log_->last_height();
    const std::string state = "the state is at height " + std::to_string(state_height) + " but the block log in " +
                              options_.blocks_folder.string();
    if (last != 0 && last < state_height) {
        return fail(ErrorCode::malformed,
                    state + " ends at " + std::to_string(last) +
                        ": it is damaged or of another node; 'assay chain export' still gives the state");
    }
    if (last != 0 && state_height != 0 && first > state_height + 1)
        return fail(ErrorCode::malformed, state + " begins at " + std::to_string(first));
    return {};
}

Result<void> EmbeddedConsensusImplementation::make_first_block() {
    EmbeddedBlock block = next_block(options_.clock_ms());
    return log_and_execute(std::move(block));
}

/// Believes nothing: a block is executed if it is signed by this node's key, follows the one before and is over this state.
Result<void> EmbeddedConsensusImplementation::replay() {
    while (height_ < log_->last_height()) {
        EmbeddedBlock block = TRY(stored_block(height_ == 0 ? log_->first_height() : height_ + 1));
        const std::string where = "replaying block " + std::to_string(block.height);
        if (block.chain_id != chain_id_)
            return fail(ErrorCode::malformed,
                        where + ": it is of chain " + block.chain_id + ", the state of " + chain_id_);
        auto good = check_signature(block);
        if (good && last_) good = check_follows(*last_, block);
        if (!good) return fail_in(where, good.error());
        TRY_VOID(check_signer(block));
        if (block.app_hash != app_hash_) {
            return fail(ErrorCode::malformed, where + ": it was made over app hash " + to_hex(block.app_hash) +
                                                  ", the state has " + to_hex(app_hash_));
        }
        const auto done = execute(std::move(block), true);
        if (!done) return fail_in(where, done.error());
    }
    return {};
}

Result<std::uint64_t> EmbeddedConsensusImplementation::provable_height() {
    std::unique_lock lock(mutex_);
    const bool is_first = last_->parent == crypto::Digest{}; // the state before it cannot be asked
    const std::uint64_t wanted = last_is_empty_ && !is_first ? height_ - 1 : height_;
    if (wanted == height_) {
        proof_wanted_ = true;
        changed_.notify_all();
        changed_.wait(lock, [&] { return stopping_ || !trouble_.empty() || height_ > wanted; });
    }
    if (height_ > wanted) return height_ - 1;
    return fail(ErrorCode::io, "no header names the state of height " + std::to_string(wanted) + ": " +
                                   (trouble_.empty() ? "the node stops" : trouble_));
}

void EmbeddedConsensusImplementation::submit(std::vector<Bytes> transactions,
                                             std::function<void(std::vector<Submission>)> done) {
    auto batch = std::make_shared<std::vector<Bytes>>(std::move(transactions));
    if (checks_.post([this, batch, done] { done(check(std::move(*batch))); })) return;
    std::vector<Submission> refusals;
    for (const Bytes& wire : *batch)
        refusals.push_back(refusal(wire, TxCode::mempool_full, "too many transactions wait to be checked; try again"));
    done(std::move(refusals));
}

std::vector<Submission> EmbeddedConsensusImplementation::check(std::vector<Bytes> transactions) {
    std::vector<Submission> submissions;
    submissions.reserve(transactions.size());
    const std::string trouble = status().trouble;
    if (!trouble.empty()) {
        for (const Bytes& wire : transactions)
            submissions.push_back(refusal(wire, TxCode::mempool_full, "no blocks are being made: " + trouble));
        return submissions;
    }
    const std::span all(transactions);
    for (std::size_t at = 0; at < all.size(); at += kSliceTransactions)
        check_slice(all.subspan(at, std::min(kSliceTransactions, all.size() - at)), submissions);
    return submissions;
}

void EmbeddedConsensusImplementation::check_slice(std::span<Bytes> wires, std::vector<Submission>& submissions) {
    {
        const std::shared_lock gate(gate_);
        const std::vector<ByteView> views(wires.begin(), wires.end());
        std::vector<chain::CheckResult> results = application_.check_transactions(views, false);
        for (std::size_t i = 0; i < wires.size(); ++i) {
            Submission submission{.hash = crypto::sha256(wires[i]), .result = std::move(results[i].result)};
            if (submission.result.code == TxCode::ok) {
                auto added = mempool_.add({.wire = std::move(wires[i]),
                                           .hash = submission.hash,
                                           .sender = results[i].sender,
                                           .nonce = results[i].nonce});
                if (!added) {
                    submission.result.code = TxCode::mempool_full;
                    submission.result.log = std::move(added.error().message);
                }
            }
            submissions.push_back(std::move(submission));
        }
        const std::lock_guard lock(mutex_);
        has_work_ = true;
    }
    changed_.notify_all();
}

ConsensusStatus EmbeddedConsensusImplementation::status() const {
    const std::lock_guard lock(mutex_);
    return {.mode = "embedded",
            .height = height_,
            .time_ms = last_ ? last_->time_ms : 0,
            .hash = last_ ? last_->hash : crypto::Digest{},
            .waiting_transactions = mempool_.size(),
            .trouble = trouble_};
}

void EmbeddedConsensusImplementation::stop() {
    checks_.close();
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
    }
    changed_.notify_all();
    if (thread_.joinable()) thread_.join();
}

void EmbeddedConsensusImplementation::wait_until_idle() {
    std::unique_lock lock(mutex_);
    changed_.wait(
        lock, [this] { return stopping_ || !trouble_.empty() || (!working_ && !has_work_ && mempool_.size() == 0); });
}

/// False when it is time to end.
bool EmbeddedConsensusImplementation::wait_for_work() {
    std::unique_lock lock(mutex_);
    working_ = false;
    changed_.notify_all();
    if (options_.block_interval_ms > 0) {
        changed_.wait_for(lock, std::chrono::milliseconds(options_.block_interval_ms),
                          [this] { return stopping_ || proof_wanted_; });
    } else {
        changed_.wait(lock, [this] { return stopping_ || has_work_ || proof_wanted_; });
    }
    has_work_ = false;
    working_ = true;
    return !stopping_;
}

void EmbeddedConsensusImplementation::make_blocks() {
    while (wait_for_work()) {
        auto made = make_block();
        if (made) continue;
        std::fprintf(stderr, "error: no more blocks: %s\n", made.error().message.c_str());
        const std::lock_guard lock(mutex_);
        trouble_ = std::move(made.error().message);
        working_ = false;
        changed_.notify_all();
        return;
    }
}

/// All but transactions and signature.
EmbeddedBlock EmbeddedConsensusImplementation::next_block(std::int64_t time_ms) const {
    EmbeddedBlock block;
    block.chain_id = chain_id_;
    block.app_version = application_.info().app_version;
    block.height = height_ == 0 ? options_.initial_height : height_ + 1;
    block.time_ms = time_ms;
    block.parent = last_ ? last_->hash : crypto::Digest{};
    block.parent_commit = last_ ? commit_hash_of(*last_) : crypto::merkle_root({});
    block.limits = limits_;
    block.app_hash = app_hash_;
    block.signer = signer_;
    return block;
}

EmbeddedBlock EmbeddedConsensusImplementation::propose() {
    EmbeddedBlock block = next_block(std::max(options_.clock_ms(), last_->time_ms + 1));
    // Twice what fits: the application leaves out what has become invalid.
    block.transactions = application_.prepare_proposal(
        info_of(block), mempool_.candidates(2 * options_.block_bytes_max), options_.block_bytes_max);
    return block;
}

Result<void> EmbeddedConsensusImplementation::make_block() {
    if (const auto state = application_.info(); !state.halt.empty()) return fail(ErrorCode::unsupported, state.halt);
    EmbeddedBlock block = propose();
    const bool may_be_empty = options_.block_interval_ms != 0 || is_proof_wanted();
    if (block.transactions.empty() && !may_be_empty) {
        const std::unique_lock gate(gate_);
        check_waiting_again(); // drops what can never enter a block; the rest waits for a change
        return {};
    }
    return log_and_execute(std::move(block));
}

Result<void> EmbeddedConsensusImplementation::log_and_execute(EmbeddedBlock block) {
    sign_block(block, *options_.validator);
    ASSAY_FAULT_POINT("proposed");
    TRY_VOID(log_->append(block.height, encode_block(block)));
    ASSAY_FAULT_POINT("logged");
    return execute(std::move(block), false);
}

/// `in_log`: the log has it durably already.
Result<void> EmbeddedConsensusImplementation::execute(EmbeddedBlock block, bool in_log) {
    std::future<Result<void>> synced;
    if (!in_log)
        synced = std::async(std::launch::async, [this]() -> Result<void> {
            if (results_) TRY_VOID(results_->sync()); // the block before's
            return log_->sync();
        });
    auto committed = std::make_shared<CommittedBlock>();
    committed->info = info_of(block);
    committed->hash = block.hash;
    committed->transactions = std::move(block.transactions);
    block.transactions.clear();
    auto result = application_.finalize_block(committed->info, committed->transactions);
    if (synced.valid()) TRY_VOID(synced.get());
    if (!result) return std::unexpected(std::move(result.error()));
    committed->result = std::move(*result);
    TRY_VOID(keep_result(block.height, committed->result));
    ASSAY_FAULT_POINT("executed");
    {
        std::unique_lock gate(gate_, std::defer_lock);
        TRY(application_.commit_with([&] {
            mempool_.remove(block.transaction_hashes);
            gate.lock();
        }));
        const std::size_t still_waiting = check_waiting_again();
        const std::lock_guard lock(mutex_);
        height_ = block.height;
        app_hash_ = committed->result.app_hash;
        last_is_empty_ = committed->transactions.empty();
        proof_wanted_ = false;
        last_ = std::move(block);
        has_work_ = has_work_ || still_waiting > 0;
    }
    for (BlockObserver* observer : observers_) observer->on_block(committed);
    ASSAY_FAULT_POINT("observed");
    return {};
}

/// Not synced by itself: the next block's sync carries it. A gap that a power cut left is filled by starting anew.
Result<void> EmbeddedConsensusImplementation::keep_result(std::uint64_t height, const chain::BlockResult& result) {
    if (!results_) return {};
    if (results_->last_height() >= height) TRY_VOID(results_->truncate_after(height - 1)); // replayed
    if (results_->last_height() != 0 && results_->last_height() + 1 != height) TRY_VOID(results_->truncate_after(0));
    return results_->append(height, encode_result(result));
}

Result<std::shared_ptr<const CommittedBlock>>
EmbeddedConsensusImplementation::committed_block(std::uint64_t height) const {
    if (!results_) return fail(ErrorCode::not_found, "results are not kept");
    EmbeddedBlock block = TRY(stored_block(height));
    const Bytes record = TRY(results_->read(height));
    auto committed = std::make_shared<CommittedBlock>();
    committed->info = info_of(block);
    committed->hash = block.hash;
    committed->transactions = std::move(block.transactions);
    committed->result = TRY(decode_result(record));
    return std::shared_ptr<const CommittedBlock>(std::move(committed));
}

/// What still waits may have become invalid. Gives back how many are left.
std::size_t EmbeddedConsensusImplementation::check_waiting_again() {
    const std::vector<const WaitingTransaction*> waiting = mempool_.waiting(); // the gate keeps everybody else out
    std::vector<ByteView> views;
    views.reserve(waiting.size());
    for (const WaitingTransaction* transaction : waiting) views.emplace_back(transaction->wire);
    const std::vector<chain::CheckResult> results = application_.check_transactions(views, true);
    std::vector<crypto::Digest> invalid;
    for (std::size_t i = 0; i < waiting.size(); ++i) {
        if (results[i].result.code != TxCode::ok) invalid.push_back(waiting[i]->hash);
    }
    mempool_.remove(invalid);
    return waiting.size() - invalid.size();
}

} // namespace

Result<std::unique_ptr<EmbeddedConsensus>> EmbeddedConsensus::start(chain::Application& application,
                                                                    std::vector<BlockObserver*> observers,
                                                                    EmbeddedOptions options) {
    auto consensus =
        std::make_unique<EmbeddedConsensusImplementation>(application, std::move(observers), std::move(options));
    TRY_VOID(consensus->open());
    consensus->run();
    return consensus;
}

} // namespace assay::consensus
