#pragma once
/// Parameters of the chain itself, kept by the params module under "chain" and changed by governance like any other's.
/// Committed class.
#include "chain/amount.h"
#include "base/result.h"

#include <cstdint>
#include <string>
#include <string_view>

namespace assay::chain {

struct ChainParams {
    static constexpr std::string_view kModule = "chain";
    static constexpr std::string_view kStruct = "ChainParams";

    /// EIP-155 number that signatures name: in transactions, token domains and eth_chainId. From genesis, never changed.
    std::uint64_t evm_chain_id = 677'281; // 0x0a55a1
    /// Least fee, in units of the native coin for each unit of a transaction's gas limit.
    Amount gas_price_min{1};
    /// Most gas, by limits, that a block's transactions may ask for in sum.
    std::uint64_t block_gas_max = 4'000'000'000;
    /// Most bytes of a block's transactions in sum.
    std::uint64_t block_bytes_max = std::uint64_t{20} << 20;
    /// Furthest a transaction's expiry may lie above the height it enters at: bounds how long anybody must remember it.
    std::uint64_t expiry_window_blocks = 100'000;

    static void fields(auto&& self, auto&& visit) {
        visit("evm_chain_id", self.evm_chain_id);
        visit("gas_price_min", self.gas_price_min);
        visit("block_gas_max", self.block_gas_max);
        visit("block_bytes_max", self.block_bytes_max);
        visit("expiry_window_blocks", self.expiry_window_blocks);
    }

    /// Errors: invalid_argument, naming the parameter.
    Result<void> validate() const {
        if (evm_chain_id == 0 || evm_chain_id > kEvmChainIdMax)
            return fail(ErrorCode::invalid_argument, "evm_chain_id: outside 1 … " + std::to_string(kEvmChainIdMax));
        if (gas_price_min.units() > kGasPriceMinMax)
            return fail(ErrorCode::invalid_argument, "gas_price_min: above " + std::to_string(kGasPriceMinMax));
        if (block_gas_max < kBlockGasFloor)
            return fail(ErrorCode::invalid_argument, "block_gas_max: below " + std::to_string(kBlockGasFloor));
        if (block_bytes_max < kBlockBytesFloor || block_bytes_max > kBlockBytesCeiling)
            return fail(ErrorCode::invalid_argument, "block_bytes_max: outside 1 MiB + 1 KiB … 100 MiB");
        if (expiry_window_blocks == 0) return fail(ErrorCode::invalid_argument, "expiry_window_blocks: zero");
        return {};
    }

    /// Errors: invalid_argument (evm_chain_id is another).
    static Result<void> validate_change(const ChainParams& before, const ChainParams& after) {
        if (before.evm_chain_id != after.evm_chain_id)
            return fail(ErrorCode::invalid_argument, "evm_chain_id: cannot change, signatures name it");
        return {};
    }

    static constexpr std::uint64_t kEvmChainIdMax = 4'503'599'627'370'476; ///< what wallets take (EIP-2294)
    static constexpr std::uint64_t kGasPriceMinMax = 1'000'000'000'000;
    static constexpr std::uint64_t kBlockGasFloor = 10'000'000;
    static constexpr std::uint64_t kBlockBytesFloor = (std::uint64_t{1} << 20) + 1024;
    static constexpr std::uint64_t kBlockBytesCeiling = std::uint64_t{100} << 20;
};

} // namespace assay::chain
