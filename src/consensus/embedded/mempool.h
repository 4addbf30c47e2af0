#pragma once
/// Transactions that wait for a block, a queue for each sender in order of nonce. Senders take turns, so one that floods
/// the pool delays nobody else; and a single sender may hold only a share of the pool.
/// Thread-safe. Local class: the order in which transactions enter a block is the proposer's choice.
#include "chain/application.h"
#include "chain/core/admission.h"

#include <cstddef>
#include <list>
#include <map>
#include <mutex>
#include <unordered_map>
#include <vector>

namespace assay::consensus {

struct MempoolLimits {
    std::size_t transactions_max = 100'000;
    std::size_t bytes_max = std::size_t{256} << 20;
    std::size_t per_sender_max = 20'000;
};

struct WaitingTransaction {
    Bytes wire;
    crypto::Digest hash{};
    crypto::Address sender;
    std::uint64_t nonce = 0;
};

class Mempool {
public:
    explicit Mempool(MempoolLimits limits) : limits_(limits) {}

    /// Errors: resource_exhausted (the pool or the sender's share is full), invalid_argument (already waiting).
    Result<void> add(WaitingTransaction transaction);

    /// Copies of waiting transactions, senders in turn and each in order of nonce, up to `bytes_max` in all.
    /// They stay in the pool until remove().
    std::vector<Bytes> candidates(std::size_t bytes_max) const;

    /// Takes these out, by hash. Gives back how many were there.
    std::size_t remove(const std::vector<crypto::Digest>& hashes);
    /// Everything that waits, in candidates' order, with its sender; for checking again after a block.
    /// Good until the next add() or remove().
    std::vector<const WaitingTransaction*> waiting() const;

    std::size_t size() const;
    std::size_t bytes() const;

private:
    using Queue = std::map<std::uint64_t, WaitingTransaction>; ///< by nonce
    using Senders = std::list<std::pair<crypto::Address, Queue>>; ///< whoever came first comes first; no empty queues
    struct Place {
        Senders::iterator sender;
        Queue::iterator entry;
    };
    struct DigestHash {
        std::size_t operator()(const crypto::Digest& digest) const;
    };
    template <class Visit>
    void visit_in_turns(Visit visit) const;

    MempoolLimits limits_;
    mutable std::mutex mutex_;
    Senders senders_;
    std::unordered_map<crypto::Address, Senders::iterator, chain::AddressHash> by_sender_; ///< never walked
    std::unordered_map<crypto::Digest, Place, DigestHash> by_hash_; ///< never walked
    std::size_t bytes_ = 0;
};

} // namespace assay::consensus
