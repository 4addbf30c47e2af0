#pragma once
/// The rules that a transaction must meet to enter a block, in one place: checking, proposing, judging proposals and
/// applying blocks ask the same questions. Committed class; CheckState is local and thread-safe.
#include "chain/chain_params.h"
#include "chain/core/empty_state.h"
#include "chain/core/opened.h"
#include "chain/modules/ports.h"

#include <memory>
#include <mutex>
#include <unordered_map>

namespace assay::chain {

/// expired, out_of_gas (limit below the intrinsic gas), block_full (limit above a block's), fee_too_low.
std::optional<Refusal> refuse_terms(const Transaction& transaction, const ChainParams& params, std::uint64_t height);
/// bad_nonce: `used` is what the state says comes next, `next` that with the pending ones counted.
std::optional<Refusal> refuse_nonce(const Transaction& transaction, std::uint64_t used, std::uint64_t next);
/// insufficient_funds: `promised` is what fees before it take.
std::optional<Refusal> refuse_funds(const Transaction& transaction, Amount balance, Amount promised);

/// A sender while transactions of it wait, over a state.
struct Sender {
    AccountsPort::Account account; ///< in the state
    std::uint64_t pending = 0;     ///< transactions accepted since
    Amount promised;               ///< their fees
    std::uint64_t next_nonce() const { return account.nonce + pending; }
};

struct AddressHash {
    std::size_t operator()(const Address& address) const;
};
/// Never iterated where anything committed depends on it.
using Senders = std::unordered_map<Address, Sender, AddressHash>;

/// The sender's entry, read from the state at first sight.
Sender& sender_of(Senders& senders, const Address& address, const AccountsPort& accounts, const StateReader& state);
/// Nonce and funds; nothing is changed.
std::optional<Refusal> refuse_next(const Transaction& transaction, const Sender& sender);
void accept_next(const Transaction& transaction, Sender& sender);

/// What CheckTx knows beyond the last commit: the nonces and fees of the transactions that it let in since. reset() forgets
/// them; the engine then has each waiting transaction checked again.
class CheckState {
public:
    /// `waiting_max` 0: no limit.
    CheckState(const AccountsPort& accounts, std::size_t per_sender_max, std::size_t waiting_max)
        : accounts_(accounts), per_sender_max_(per_sender_max), waiting_max_(waiting_max) {}

    void reset(std::shared_ptr<const StateReader> state, const ChainParams& params, std::uint64_t next_height);
    /// Whether it could follow within the next `ahead` transactions of its sender. Nothing is kept.
    std::optional<Refusal> refuse_early(const Transaction& transaction, std::size_t ahead, bool recheck);
    /// Takes it in, or says why not. One that is checked again has its place.
    std::optional<Refusal> admit(const Transaction& transaction, bool recheck);
    /// What the account's next transaction must say, those that were let in counted.
    std::uint64_t next_nonce(const Address& address) const;

private:
    std::optional<Refusal> refuse(const Transaction& transaction, const Sender& sender, bool recheck) const;

    const AccountsPort& accounts_;
    const std::size_t per_sender_max_, waiting_max_;
    mutable std::mutex mutex_; ///< guards all that follows
    std::shared_ptr<const StateReader> state_ = std::make_shared<const EmptyState>();
    ChainParams params_;
    std::uint64_t next_height_ = 1;
    Senders senders_;
    std::size_t waiting_ = 0; ///< let in since reset()
};

} // namespace assay::chain
