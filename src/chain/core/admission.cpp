#include "chain/core/admission.h"

#include "chain/gas.h"

#include <cstring>

namespace assay::chain {
namespace {

std::string number(std::uint64_t value) { return std::to_string(value); }

Refusal refusal(TxCode code, std::string log) { return {code, std::move(log)}; }

} // namespace

std::optional<Refusal> refuse_terms(const Transaction& transaction, const ChainParams& params, std::uint64_t height) {
    const TransactionBody& body = transaction.body;
    if (body.expiry < height)
        return refusal(TxCode::expired, "expired at height " + number(body.expiry) + ", this is " + number(height));
    const bool may_last = transaction.sender_recovered; // Ethereum's have no expiry
    if (!may_last && body.expiry - height > params.expiry_window_blocks) {
        return refusal(TxCode::expired, "expiry " + number(body.expiry) + " is more than " +
                                            number(params.expiry_window_blocks) + " blocks above height " +
                                            number(height));
    }
    const std::uint64_t least = intrinsic_gas(transaction.size_bytes);
    if (body.gas < least)
        return refusal(TxCode::out_of_gas, "gas limit " + number(body.gas) + " is below the " + number(least) +
                                               " that its size and signature take");
    if (body.gas > params.block_gas_max)
        return refusal(TxCode::block_full,
                       "gas limit " + number(body.gas) + " is above a block's " + number(params.block_gas_max));
    const Amount fee_min(params.gas_price_min.units() * body.gas); // validate() bounds the price: no overflow
    if (body.fee < fee_min)
        return refusal(TxCode::fee_too_low, "fee " + to_string(body.fee) + " is below " + to_string(fee_min) +
                                                ", the least for gas limit " + number(body.gas));
    return std::nullopt;
}

std::optional<Refusal> refuse_nonce(const Transaction& transaction, std::uint64_t used, std::uint64_t next) {
    const std::uint64_t nonce = transaction.body.nonce;
    if (nonce == next) return std::nullopt;
    const std::string start = "nonce " + number(nonce) + " of " + to_string(transaction.body.from);
    if (nonce < used) return refusal(TxCode::bad_nonce, start + " was used: replayed; the next is " + number(next));
    if (nonce < next)
        return refusal(TxCode::bad_nonce, start + " is taken by a waiting transaction; the next is " + number(next));
    return refusal(TxCode::bad_nonce, start + " is ahead; the next is " + number(next));
}

std::optional<Refusal> refuse_funds(const Transaction& transaction, Amount balance, Amount promised) {
    const auto total = checked_add(promised, transaction.body.fee);
    if (total && *total <= balance) return std::nullopt;
    std::string log = to_string(transaction.body.from) + " has " + to_string(balance) + ", the fee is " +
                      to_string(transaction.body.fee);
    if (!promised.is_zero()) log += " after " + to_string(promised) + " for transactions before it";
    return refusal(TxCode::insufficient_funds, std::move(log));
}

std::size_t AddressHash::operator()(const Address& address) const {
    std::uint64_t parts[2]; // hashes of keys already; mixed, so that ground addresses are no cheaper than any others
    std::memcpy(parts, address.bytes.data(), sizeof parts);
    static const std::uint64_t salt = [] {
        std::uint64_t value;
        const void* where = &value;
        std::memcpy(&value, &where, sizeof value);
        return value | 1;
    }();
    return static_cast<std::size_t>(((parts[0] ^ salt) * 0x9e3779b97f4a7c15ULL) ^ (parts[1] * salt));
}

Sender& sender_of(Senders& senders, const Address& address, const AccountsPort& accounts, const StateReader& state) {
    const auto [it, is_new] = senders.try_emplace(address);
    if (is_new) it->second.account = accounts.account(state, address);
    return it->second;
}

std::optional<Refusal> refuse_next(const Transaction& transaction, const Sender& sender) {
    if (auto refused = refuse_nonce(transaction, sender.account.nonce, sender.next_nonce())) return refused;
    return refuse_funds(transaction, sender.account.balance, sender.promised);
}

void accept_next(const Transaction& transaction, Sender& sender) {
    ++sender.pending;
    sender.promised =
        Amount(sender.promised.units() + transaction.body.fee.units()); // refuse_funds: within the balance
}

void CheckState::reset(std::shared_ptr<const StateReader> state, const ChainParams& params, std::uint64_t next_height) {
    const std::lock_guard lock(mutex_);
    state_ = std::move(state);
    params_ = params;
    next_height_ = next_height;
    senders_.clear();
    waiting_ = 0;
}

std::optional<Refusal> CheckState::refuse(const Transaction& transaction, const Sender& sender, bool recheck) const {
    if (!recheck && waiting_max_ != 0 && waiting_ >= waiting_max_) {
        return refusal(TxCode::mempool_full,
                       number(waiting_) + " transactions wait, the most that this node keeps; try again later");
    }
    if (sender.pending >= per_sender_max_) {
        return refusal(TxCode::mempool_full, to_string(transaction.body.from) + " has " + number(sender.pending) +
                                                 " transactions waiting, the most of one sender");
    }
    return refuse_next(transaction, sender);
}

std::optional<Refusal> CheckState::refuse_early(const Transaction& transaction, std::size_t ahead, bool recheck) {
    const std::lock_guard lock(mutex_);
    if (auto refused = refuse_terms(transaction, params_, next_height_)) return refused;
    const auto known = senders_.find(transaction.body.from); // forged senders leave no trace
    Sender sender;
    if (known != senders_.end()) sender = known->second;
    else sender.account = accounts_.account(*state_, transaction.body.from);
    const std::uint64_t nonce = transaction.body.nonce;
    if (nonce > sender.next_nonce() && nonce - sender.next_nonce() < ahead)
        return refuse_funds(transaction, sender.account.balance, sender.promised);
    return refuse(transaction, sender, recheck);
}

std::optional<Refusal> CheckState::admit(const Transaction& transaction, bool recheck) {
    const std::lock_guard lock(mutex_);
    if (auto refused = refuse_terms(transaction, params_, next_height_)) return refused;
    Sender& sender = sender_of(senders_, transaction.body.from, accounts_, *state_);
    if (auto refused = refuse(transaction, sender, recheck)) return refused;
    accept_next(transaction, sender);
    ++waiting_;
    return std::nullopt;
}

std::uint64_t CheckState::next_nonce(const Address& address) const {
    const std::lock_guard lock(mutex_);
    const auto known = senders_.find(address);
    return known != senders_.end() ? known->second.next_nonce() : accounts_.account(*state_, address).nonce;
}

} // namespace assay::chain
