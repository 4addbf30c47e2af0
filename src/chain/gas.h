#pragma once
/// What work costs, and the state as it costs. The schedule is part of consensus: a change is an upgrade. One unit is
/// about a nanosecond of one core, rounded towards what others must store. Committed class.
#include "chain/context.h"

#include <cstdint>

namespace assay::chain {

inline constexpr std::uint64_t kGasTransaction = 2'000; ///< nonce, fee, result
inline constexpr std::uint64_t kGasTransactionByte = 10; ///< kept by every node's block store
inline constexpr std::uint64_t kGasSignature = 40'000; ///< one public-key recovery
inline constexpr std::uint64_t kGasRead = 1'000;
inline constexpr std::uint64_t kGasReadByte = 1;
inline constexpr std::uint64_t kGasWrite = 5'000;
inline constexpr std::uint64_t kGasWriteByte = 20; ///< of key and value
inline constexpr std::uint64_t kGasErase = 2'000;
inline constexpr std::uint64_t kGasScan = 2'000;
inline constexpr std::uint64_t kGasScanEntry = 500; ///< besides kGasReadByte

/// Charged before any message runs; a gas limit below it is refused.
inline std::uint64_t intrinsic_gas(std::size_t transaction_bytes) {
    return kGasTransaction + kGasSignature + kGasTransactionByte * transaction_bytes;
}

/// A state that charges for what is done with it. Borrows both. Used by one thread.
class MeteredState final : public StateWriter {
public:
    MeteredState(StateWriter& state, GasMeter& gas) : state_(state), gas_(gas) {}

    std::optional<Bytes> get(ModuleId module, ByteView key) const override {
        auto value = state_.get(module, key);
        gas_.charge(kGasRead + kGasReadByte * (key.size() + (value ? value->size() : 0)));
        return value;
    }
    /// Stops early when the gas has run out: the message fails anyway.
    void scan(ModuleId module, ByteView begin, ByteView end, const StateVisitor& visit) const override {
        gas_.charge(kGasScan);
        state_.scan(module, begin, end, [&](ByteView key, ByteView value) {
            gas_.charge(kGasScanEntry + kGasReadByte * (key.size() + value.size()));
            return !gas_.exhausted() && visit(key, value);
        });
    }
    void put(ModuleId module, ByteView key, ByteView value) override {
        gas_.charge(kGasWrite + kGasWriteByte * (key.size() + value.size()));
        state_.put(module, key, value);
    }
    void erase(ModuleId module, ByteView key) override {
        gas_.charge(kGasErase);
        state_.erase(module, key);
    }

private:
    StateWriter& state_;
    GasMeter& gas_;
};

} // namespace assay::chain
