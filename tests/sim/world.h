#pragma once
/// What a simulated chain's users know: their keys, and the state as the last block left it. For tests only.
/// Used by one thread; the same seed and state give the same choices.
#include "chain/message.h"
#include "chain/modules/ports.h"
#include "chain/state/state.h"
#include "crypto/secp256k1.h"

#include <algorithm>
#include <optional>
#include <random>
#include <string>
#include <vector>

namespace assay::sim {

using chain::Address;
using chain::Amount;
using chain::Digest;
using chain::ModuleId;

/// No std:: distributions: they differ between libraries.
class Random {
public:
    explicit Random(std::uint64_t seed) : engine_(seed) {}
    std::uint64_t below(std::uint64_t limit) { return engine_() % limit; }
    std::uint64_t between(std::uint64_t low, std::uint64_t high) { return low + below(high - low + 1); }
    bool percent(std::uint64_t chance) { return below(100) < chance; }
    Digest digest();
    template <class T>
    const T& of(const std::vector<T>& items) {
        return items[below(items.size())];
    }

private:
    std::mt19937_64 engine_;
};

struct World {
    World(std::uint64_t seed, std::size_t accounts);

    std::size_t anyone() { return random.below(keys.size()); }
    const Address& any_address() { return addresses[anyone()]; }
    /// The key of this address; somebody else's where it has none, or on purpose now and then.
    std::size_t signer_for(const Address& address);
    Amount amount(std::uint64_t high) { return Amount(random.between(1, high)); }
    /// Mostly up to `available`, now and then more.
    Amount part_of(Amount available);

    /// The value at a random place of an ordered collection; an empty key where there is none.
    std::pair<Bytes, Bytes> pick(ModuleId module, std::uint8_t collection);
    /// As pick, among the last `window` of records that are numbered.
    std::pair<Bytes, Bytes> pick_recent(ModuleId module, std::uint8_t collection, std::uint64_t window);

    template <chain::FieldStruct R>
    std::optional<R> record(ModuleId module, std::uint8_t collection) {
        const auto [key, value] = pick(module, collection);
        return key.empty() ? std::nullopt : std::optional(chain::decode_record<R>(value));
    }
    /// One that `wanted` takes, of a few tries among the recent ones.
    template <chain::FieldStruct R, class Wanted>
    std::optional<R> recent(ModuleId module, std::uint8_t collection, Wanted wanted) {
        for (int tries = 0; tries < 24; ++tries) {
            const auto [key, value] = pick_recent(module, collection, 64);
            if (key.empty()) return std::nullopt;
            auto found = chain::decode_record<R>(value);
            if (wanted(found)) return found;
        }
        return std::nullopt;
    }

    Random random;
    std::vector<crypto::SecretKey> keys;
    std::vector<Address> addresses;
    std::uint64_t serial = 0; ///< makes contents and names unlike
    chain::MemoryState state;
    std::uint64_t height = 0; ///< of the block being made
    std::int64_t time_ms = 0; ///< of the block before
    std::uint64_t evm_chain_id = 0;
};

/// A message and who sends it.
struct Operation {
    std::size_t signer = 0;
    std::shared_ptr<const chain::AnyMessage> message;
};

template <chain::MessageStruct M>
std::optional<Operation> operation(std::size_t signer, M message) {
    return Operation{signer, chain::make_message(std::move(message))};
}

/// How one kind of message is made; nothing where the state offers no occasion.
struct OperationKind {
    std::string_view type;
    std::optional<Operation> (*make)(World&);
};

void add_bank_operations(std::vector<OperationKind>& kinds);
void add_staking_operations(std::vector<OperationKind>& kinds);
void add_registry_operations(std::vector<OperationKind>& kinds);
void add_market_operations(std::vector<OperationKind>& kinds);
void add_governance_operations(std::vector<OperationKind>& kinds);

} // namespace assay::sim
