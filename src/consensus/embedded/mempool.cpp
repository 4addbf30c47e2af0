#include "consensus/embedded/mempool.h"

#include <cstring>

namespace assay::consensus {

std::size_t Mempool::DigestHash::operator()(const crypto::Digest& digest) const {
    std::size_t value = 0;
    std::memcpy(&value, digest.data(), sizeof value);
    return value;
}

Result<void> Mempool::add(WaitingTransaction transaction) {
    const std::lock_guard lock(mutex_);
    if (by_hash_.contains(transaction.hash)) return fail(ErrorCode::invalid_argument, "transaction is already waiting");
    if (by_hash_.size() >= limits_.transactions_max || bytes_ + transaction.wire.size() > limits_.bytes_max) {
        return fail(ErrorCode::resource_exhausted, "mempool is full: " + std::to_string(by_hash_.size()) +
                                                       " transactions, " + std::to_string(bytes_) + " bytes wait");
    }
    const auto known = by_sender_.find(transaction.sender);
    if (known != by_sender_.end()) {
        const Queue& queue = known->second->second;
        if (queue.size() >= limits_.per_sender_max) {
            return fail(ErrorCode::resource_exhausted, "mempool holds " + std::to_string(queue.size()) +
                                                           " transactions of " + crypto::to_string(transaction.sender) +
                                                           ", the most of one sender");
        }
        if (queue.contains(transaction.nonce)) {
            return fail(ErrorCode::invalid_argument, "another transaction of " + crypto::to_string(transaction.sender) +
                                                         " with nonce " + std::to_string(transaction.nonce) + " waits");
        }
    }
    auto sender = known == by_sender_.end() ? senders_.end() : known->second;
    if (sender == senders_.end()) {
        sender = senders_.emplace(senders_.end(), transaction.sender, Queue());
        by_sender_.emplace(transaction.sender, sender);
    }
    bytes_ += transaction.wire.size();
    const crypto::Digest hash = transaction.hash;
    const std::uint64_t nonce = transaction.nonce;
    by_hash_.emplace(hash, Place{sender, sender->second.emplace(nonce, std::move(transaction)).first});
    return {};
}

/// One of each sender, then the next of each, until `visit` says false or nothing is left.
template <class Visit>
void Mempool::visit_in_turns(Visit visit) const {
    std::vector<std::pair<Queue::const_iterator, Queue::const_iterator>> turns;
    turns.reserve(senders_.size());
    for (const auto& [sender, queue] : senders_) turns.emplace_back(queue.begin(), queue.end());
    while (!turns.empty()) {
        std::size_t kept = 0;
        for (auto& [next, end] : turns) {
            if (!visit(next->second)) return;
            if (++next != end) turns[kept++] = {next, end};
        }
        turns.resize(kept);
    }
}

std::vector<Bytes> Mempool::candidates(std::size_t bytes_max) const {
    const std::lock_guard lock(mutex_);
    std::vector<Bytes> chosen;
    std::size_t total = 0;
    visit_in_turns([&](const WaitingTransaction& transaction) {
        total += transaction.wire.size();
        if (total > bytes_max) return false;
        chosen.push_back(transaction.wire);
        return true;
    });
    return chosen;
}

std::vector<const WaitingTransaction*> Mempool::waiting() const {
    const std::lock_guard lock(mutex_);
    std::vector<const WaitingTransaction*> all;
    all.reserve(by_hash_.size());
    visit_in_turns([&](const WaitingTransaction& transaction) {
        all.push_back(&transaction);
        return true;
    });
    return all;
}

std::size_t Mempool::remove(const std::vector<crypto::Digest>& hashes) {
    const std::lock_guard lock(mutex_);
    std::size_t removed = 0;
    for (const crypto::Digest& hash : hashes) {
        const auto place = by_hash_.find(hash);
        if (place == by_hash_.end()) continue;
        const auto [sender, entry] = place->second;
        bytes_ -= entry->second.wire.size();
        sender->second.erase(entry);
        if (sender->second.empty()) {
            by_sender_.erase(sender->first);
            senders_.erase(sender);
        }
        by_hash_.erase(place);
        ++removed;
    }
    return removed;
}

std::size_t Mempool::size() const {
    const std::lock_guard lock(mutex_);
    return by_hash_.size();
}

std::size_t Mempool::bytes() const {
    const std::lock_guard lock(mutex_);
    return bytes_;
}

} // namespace assay::consensus
