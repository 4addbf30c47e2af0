#pragma once
/// Callers that wait for their transactions to commit. A BlockObserver; thread-safe; owns one thread, for timeouts.
/// Remembers the latest blocks, so a transaction that committed before it was asked for is found all the same.
#include "consensus/consensus.h"

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <unordered_map>

namespace assay::consensus {

/// Where a transaction ended up: result = block->result.transactions[index].
struct CommittedTransaction {
    std::shared_ptr<const CommittedBlock> block;
    std::uint32_t index = 0;
};

class CommitWaiters final : public BlockObserver {
public:
    struct Options {
        std::size_t remembered_transactions = 100'000;
        std::size_t waiting_max = 100'000;
    };
    explicit CommitWaiters(Options options);
    CommitWaiters() : CommitWaiters(Options{}) {}
    ~CommitWaiters() override; ///< calls back whoever still waits, with nothing

    using Done = std::function<void(std::optional<CommittedTransaction>)>;
    /// `done` is called once: at once, from the committing thread, or with nothing after `timeout` (also when too many wait).
    void wait(const crypto::Digest& hash, std::chrono::milliseconds timeout, Done done);
    std::optional<CommittedTransaction> find(const crypto::Digest& hash) const;

    void on_block(const std::shared_ptr<const CommittedBlock>& block) override;

private:
    using Clock = std::chrono::steady_clock;
    struct DigestHash { // the digest is uniformly distributed already
        std::size_t operator()(const crypto::Digest& digest) const;
    };
    struct Waiter {
        crypto::Digest hash{};
        Clock::time_point until;
        Done done;
    };
    void expire();

    Options options_;
    mutable std::mutex mutex_;
    std::condition_variable changed_;
    bool stopping_ = false;
    std::uint64_t next_id_ = 0;
    std::unordered_map<std::uint64_t, Waiter> waiters_;
    std::unordered_multimap<crypto::Digest, std::uint64_t, DigestHash> waiting_for_;
    std::multimap<Clock::time_point, std::uint64_t> deadlines_;
    std::unordered_map<crypto::Digest, CommittedTransaction, DigestHash> remembered_;
    std::deque<crypto::Digest> remembered_order_;
    std::jthread thread_;
};

} // namespace assay::consensus
