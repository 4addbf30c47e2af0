#include "consensus/cometbft/transaction_pool.h"

#include <utility>

namespace assay::consensus {

namespace {

std::unordered_set<std::string> as_set(const std::vector<Bytes>& transactions) {
    std::unordered_set<std::string> set;
    for (const Bytes& transaction : transactions) set.emplace(as_string_view(transaction));
    return set;
}

} // namespace

bool TransactionPool::insert(const std::string& transaction) {
    const std::lock_guard lock(mutex_);
    if (present_.contains(transaction)) return true;
    if (entries_.size() >= kTransactionsMax || transaction.size() > kBytesMax - bytes_) return false;
    present_.insert(transaction);
    bytes_ += transaction.size();
    entries_.push_back({transaction, false});
    return true;
}

std::vector<std::string> TransactionPool::reap(std::uint64_t bytes_max) {
    const std::lock_guard lock(mutex_);
    std::vector<std::string> out;
    for (Entry& entry : entries_) {
        if (entry.reaped) continue;
        if (entry.bytes.size() > bytes_max) break;
        bytes_max -= entry.bytes.size();
        entry.reaped = true;
        out.push_back(entry.bytes);
    }
    return out;
}

std::vector<Bytes> TransactionPool::candidates(const std::vector<Bytes>& known) const {
    const std::lock_guard lock(mutex_);
    std::vector<Bytes> out;
    if (entries_.empty()) return out;
    const auto skip = as_set(known);
    for (const Entry& entry : entries_) {
        const ByteView bytes = as_byte_view(entry.bytes);
        if (!skip.contains(entry.bytes)) out.emplace_back(bytes.begin(), bytes.end());
    }
    return out;
}

void TransactionPool::remove(const std::vector<Bytes>& included) {
    if (size() == 0) return;
    const auto gone = as_set(included);
    keep_if([&](const std::string& transaction) { return !gone.contains(transaction); });
}

void TransactionPool::replace(std::deque<Entry> entries) {
    entries_ = std::move(entries);
    present_.clear();
    bytes_ = 0;
    for (const Entry& entry : entries_) {
        present_.insert(entry.bytes);
        bytes_ += entry.bytes.size();
    }
}

std::size_t TransactionPool::size() const {
    const std::lock_guard lock(mutex_);
    return entries_.size();
}

} // namespace assay::consensus
