#pragma once
/// Transactions that an engine without a mempool of its own has inserted (mempool.type = "app", CometBFT 0.40).
/// Internal to the room. Thread-safe. Bounded in number and bytes; forgets what a block includes.
#include "base/bytes.h"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <mutex>
#include <string>
#include <unordered_set>
#include <vector>

namespace assay::consensus {

class TransactionPool {
public:
    static constexpr std::size_t kTransactionsMax = 5'000;
    static constexpr std::size_t kBytesMax = std::size_t{64} << 20;

    /// False when full. One that is already here is kept once.
    bool insert(const std::string& transaction);
    /// Those inserted since the last call, oldest first, up to `bytes_max`: what the engine gossips.
    std::vector<std::string> reap(std::uint64_t bytes_max);
    /// Everything, oldest first, without what `known` names: candidates for a block.
    std::vector<Bytes> candidates(const std::vector<Bytes>& known) const;
    /// A block has them now.
    void remove(const std::vector<Bytes>& included);
    /// Those that no longer pass.
    template <class Passes>
    void keep_if(Passes&& passes) {
        const std::lock_guard lock(mutex_);
        std::deque<Entry> kept;
        for (Entry& entry : entries_)
            if (passes(entry.bytes)) kept.push_back(std::move(entry));
        replace(std::move(kept));
    }
    std::size_t size() const;

private:
    struct Entry {
        std::string bytes;
        bool reaped = false;
    };
    void replace(std::deque<Entry> entries);

    mutable std::mutex mutex_;
    std::deque<Entry> entries_;
    std::unordered_set<std::string> present_;
    std::size_t bytes_ = 0;
};

} // namespace assay::consensus
