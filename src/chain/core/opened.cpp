#include "chain/core/opened.h"

#include "chain/gas.h"

#include <algorithm>
#include <cstring>

namespace assay::chain {
namespace {

Opened refused(TxCode code, std::string log) { return {nullptr, {code, std::move(log)}}; }

TxCode code_of(const Error& error) {
    if (error.code == ErrorCode::resource_exhausted) return TxCode::too_large;
    if (error.code == ErrorCode::unsupported) return TxCode::unknown_message;
    return TxCode::malformed;
}

} // namespace

std::size_t OpenedCache::DigestHash::operator()(const Digest& digest) const {
    std::size_t hash;
    std::memcpy(&hash, digest.data(), sizeof hash);
    return hash;
}

std::shared_ptr<const Transaction> OpenedCache::find(const Digest& hash) const {
    const std::lock_guard lock(mutex_);
    const auto it = entries_.find(hash);
    return it == entries_.end() ? nullptr : it->second;
}

void OpenedCache::keep(std::shared_ptr<const Transaction> transaction) {
    const std::lock_guard lock(mutex_);
    const std::size_t size_bytes = transaction->size_bytes;
    const Digest hash = transaction->hash;
    if (!entries_.emplace(hash, std::move(transaction)).second) return;
    order_.push_back(hash);
    bytes_ += size_bytes;
    while (!order_.empty() &&
           (entries_.size() > entries_max_ || bytes_ > bytes_max_ || order_.size() > 2 * entries_max_))
        drop_oldest();
}

void OpenedCache::drop_oldest() {
    const auto it = entries_.find(order_.front());
    order_.pop_front();
    if (it == entries_.end()) return;
    bytes_ -= it->second->size_bytes;
    entries_.erase(it);
}

void OpenedCache::drop(std::span<const Digest> hashes) {
    const std::lock_guard lock(mutex_);
    for (const Digest& hash : hashes) {
        const auto it = entries_.find(hash);
        if (it == entries_.end()) continue;
        bytes_ -= it->second->size_bytes;
        entries_.erase(it);
    }
}

std::size_t OpenedCache::size() const {
    const std::lock_guard lock(mutex_);
    return entries_.size();
}

Opened decode_for(ByteView wire, std::uint64_t chain, const MessageRegistry& messages) {
    auto transaction = decode_transaction(wire, messages);
    if (!transaction) return refused(code_of(transaction.error()), std::move(transaction.error().message));
    if (transaction->body.chain != chain) {
        return refused(TxCode::wrong_chain, "transaction is of chain " + std::to_string(transaction->body.chain) +
                                                ", this is chain " + std::to_string(chain));
    }
    return {std::make_shared<const Transaction>(std::move(*transaction)), {}};
}

std::optional<Refusal> refuse_signature(const Transaction& transaction) {
    auto good = check_signature(transaction);
    if (good) return std::nullopt;
    return Refusal{TxCode::bad_signature, std::move(good.error().message)};
}

bool has_preparation(const Transaction& transaction) {
    return std::ranges::any_of(transaction.body.messages,
                               [](const auto& message) { return message->has_preparation(); });
}

void prepare_messages(const Transaction& transaction, const StateReader& state) {
    if (!has_preparation(transaction)) return;
    GasMeter gas(transaction.body.gas);
    gas.charge(intrinsic_gas(transaction.size_bytes));
    for (const auto& message : transaction.body.messages) message->prepare(state, gas);
}

std::vector<Opened> open_all(std::span<const Bytes> wires, std::uint64_t chain, const MessageRegistry& messages,
                             const StateReader& state, OpenedCache& cache, Workers& workers) {
    std::vector<Opened> all(wires.size());
    workers.for_each(wires.size(), [&](std::size_t i) {
        Opened& opened = all[i];
        opened.transaction = cache.find(crypto::sha256(wires[i]));
        if (opened.transaction != nullptr) return;
        opened = decode_for(wires[i], chain, messages);
        if (opened.transaction == nullptr) return;
        auto refusal = refuse_signature(*opened.transaction);
        if (!refusal) {
            prepare_messages(*opened.transaction, state);
            return cache.keep(opened.transaction);
        }
        opened = {nullptr, std::move(*refusal)};
    });
    return all;
}

} // namespace assay::chain
