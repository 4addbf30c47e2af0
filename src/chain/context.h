#pragma once
/// What a module's rule runs in: the block, the state as the transaction sees it, gas and events.
/// Used by one thread. Committed class: block time and height are the only clock.
#include "chain/state/state.h"
#include "codec/value.h"
#include "crypto/address.h"
#include "crypto/sha256.h"

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace assay::chain {

using crypto::Address;
using crypto::Digest;

/// First 20 bytes of SHA-256 of a validator's Ed25519 public key: how the consensus engine names it.
using ConsensusAddress = Address;

struct CommitVote {
    ConsensusAddress validator;
    std::uint64_t power = 0;
    bool signed_block = false;
};

enum class MisbehaviorKind : std::uint8_t { duplicate_vote = 1, light_client_attack = 2 };

struct Misbehavior {
    MisbehaviorKind kind = MisbehaviorKind::duplicate_vote;
    ConsensusAddress validator;
    std::uint64_t power = 0;
    std::uint64_t height = 0;
    std::int64_t time_ms = 0;
    std::uint64_t total_power = 0;
};

struct BlockInfo {
    std::string chain_id;
    std::uint64_t height = 0;
    std::int64_t time_ms = 0; ///< since 1970, as agreed by consensus
    ConsensusAddress proposer;
    std::vector<CommitVote> last_commit; ///< who signed the block before
    std::vector<Misbehavior> misbehavior;
};

/// An Ed25519 key and its new power; 0 removes it.
struct ValidatorUpdate {
    std::array<std::uint8_t, 32> public_key{};
    std::uint64_t power = 0;
    bool operator==(const ValidatorUpdate&) const = default;
};

/// For the index and subscribers; never part of a hash.
struct Event {
    std::string type;                                            ///< "bank.transfer"
    std::vector<std::pair<std::string, std::string>> attributes; ///< {"from","0x…"}, {"amount","12"}
};

/// Deterministic work units. Running out does not throw: the message is refused at its end and its changes dropped;
/// long loops look at exhausted() and stop early.
class GasMeter {
public:
    explicit GasMeter(std::uint64_t limit) : limit_(limit) {}
    void charge(std::uint64_t units) { used_ = units > ~std::uint64_t{0} - used_ ? ~std::uint64_t{0} : used_ + units; }
    std::uint64_t used() const { return used_; }
    std::uint64_t limit() const { return limit_; }
    bool exhausted() const { return used_ > limit_; }

private:
    std::uint64_t limit_;
    std::uint64_t used_ = 0;
};

class Context {
public:
    /// Borrows everything.
    Context(const BlockInfo& block, StateWriter& state, GasMeter& gas, std::vector<Event>& events)
        : block_(block), state_(state), gas_(gas), events_(events) {}

    const BlockInfo& block() const { return block_; }
    StateWriter& state() { return state_; }
    const StateReader& state() const { return state_; }
    GasMeter& gas() { return gas_; }
    void emit(Event event) { events_.push_back(std::move(event)); }

private:
    const BlockInfo& block_;
    StateWriter& state_;
    GasMeter& gas_;
    std::vector<Event>& events_;
};

} // namespace assay::chain
