#include "consensus/index/commit_waiters.h"

#include "crypto/sha256.h"

#include <cstring>
#include <utility>
#include <vector>

namespace assay::consensus {

std::size_t CommitWaiters::DigestHash::operator()(const crypto::Digest& digest) const {
    std::size_t value = 0;
    std::memcpy(&value, digest.data(), sizeof value);
    return value;
}

CommitWaiters::CommitWaiters(Options options) : options_(options), thread_([this] { expire(); }) {}

CommitWaiters::~CommitWaiters() {
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
    }
    changed_.notify_all();
    thread_.join();
    for (auto& [id, waiter] : waiters_) waiter.done(std::nullopt);
}

void CommitWaiters::wait(const crypto::Digest& hash, std::chrono::milliseconds timeout, Done done) {
    std::unique_lock lock(mutex_);
    if (const auto found = remembered_.find(hash); found != remembered_.end()) {
        const CommittedTransaction committed = found->second;
        lock.unlock();
        return done(committed);
    }
    if (stopping_ || waiters_.size() >= options_.waiting_max) {
        lock.unlock();
        return done(std::nullopt);
    }
    const std::uint64_t id = next_id_++;
    const auto until = Clock::now() + timeout;
    const bool earliest = deadlines_.empty() || until < deadlines_.begin()->first;
    waiters_.emplace(id, Waiter{hash, until, std::move(done)});
    waiting_for_.emplace(hash, id);
    deadlines_.emplace(until, id);
    lock.unlock();
    if (earliest) changed_.notify_all();
}

std::optional<CommittedTransaction> CommitWaiters::find(const crypto::Digest& hash) const {
    const std::lock_guard lock(mutex_);
    const auto found = remembered_.find(hash);
    return found == remembered_.end() ? std::nullopt : std::optional(found->second);
}

void CommitWaiters::on_block(const std::shared_ptr<const CommittedBlock>& block) {
    std::vector<crypto::Digest> hashes;
    hashes.reserve(block->transactions.size());
    for (const Bytes& wire : block->transactions) hashes.push_back(crypto::sha256(wire));

    std::vector<std::pair<Done, CommittedTransaction>> ready;
    {
        const std::lock_guard lock(mutex_);
        for (std::uint32_t i = 0; i < hashes.size(); ++i) {
            const CommittedTransaction committed{block, i};
            const auto [first, last] = waiting_for_.equal_range(hashes[i]);
            for (auto entry = first; entry != last; ++entry) {
                const auto waiter = waiters_.find(entry->second);
                if (waiter == waiters_.end()) continue; // its time ran out
                ready.emplace_back(std::move(waiter->second.done), committed);
                waiters_.erase(waiter);
            }
            waiting_for_.erase(first, last);
            if (remembered_.insert_or_assign(hashes[i], committed).second) remembered_order_.push_back(hashes[i]);
        }
        while (remembered_order_.size() > options_.remembered_transactions) {
            remembered_.erase(remembered_order_.front());
            remembered_order_.pop_front();
        }
    }
    for (auto& [done, committed] : ready) done(std::move(committed));
}

/// The thread of timeouts: sleeps until the earliest deadline.
void CommitWaiters::expire() {
    std::unique_lock lock(mutex_);
    while (!stopping_) {
        if (deadlines_.empty()) {
            changed_.wait(lock);
            continue;
        }
        const auto [until, id] = *deadlines_.begin();
        if (Clock::now() < until && waiters_.contains(id)) {
            changed_.wait_until(lock, until);
            continue;
        }
        deadlines_.erase(deadlines_.begin());
        const auto waiter = waiters_.find(id);
        if (waiter == waiters_.end()) continue; // its transaction committed
        const Done done = std::move(waiter->second.done);
        const auto [first, last] = waiting_for_.equal_range(waiter->second.hash);
        for (auto entry = first; entry != last; ++entry) {
            if (entry->second != id) continue;
            waiting_for_.erase(entry);
            break;
        }
        waiters_.erase(waiter);
        lock.unlock();
        done(std::nullopt);
        lock.lock();
    }
}

} // namespace assay::consensus
