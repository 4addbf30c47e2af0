#pragma once
/// The chain's own parameters: what transactions cost and how much of them fits a block. Governance may change them all
/// but the chain id, which signatures name. Plain value; committed class.
#include "chain/amount.h"
#include "chain/message.h"

namespace assay::chain {

struct ChainParams {
    static constexpr std::string_view kModule = "chain";
    static constexpr std::string_view kStruct = "ChainParams";

    std::uint64_t evm_chain_id = 677'281; ///< EIP-155 number: in transactions, token domains and eth_chainId; 0x0a55a1
    Amount gas_price_min =
        Amount(1); ///< units of the native coin for one gas; a transaction's fee is at least gas × this
    std::uint64_t block_gas_max = 400'000'000;
    std::uint64_t block_bytes_max = 22'020'096; ///< all transactions of a block
    std::uint64_t transaction_gas_max = 40'000'000;
    std::uint64_t transaction_bytes_max = 1'048'576;
    std::uint64_t gas_per_transaction = 500; ///< decoding, nonce and fee
    std::uint64_t gas_per_signature = 1'000; ///< one recovery, about 40 µs
    std::uint64_t gas_per_byte = 2; ///< of the wire form

    static void fields(auto&& self, auto&& visit) {
        visit("evm_chain_id", self.evm_chain_id);
        visit("gas_price_min", self.gas_price_min);
        visit("block_gas_max", self.block_gas_max);
        visit("block_bytes_max", self.block_bytes_max);
        visit("transaction_gas_max", self.transaction_gas_max);
        visit("transaction_bytes_max", self.transaction_bytes_max);
        visit("gas_per_transaction", self.gas_per_transaction);
        visit("gas_per_signature", self.gas_per_signature);
        visit("gas_per_byte", self.gas_per_byte);
    }
    bool operator==(const ChainParams&) const = default;

    /// Errors: invalid_argument, naming the field.
    Result<void> validate() const;
    /// Errors: invalid_argument (evm_chain_id changed).
    static Result<void> validate_change(const ChainParams& before, const ChainParams& after);
};

} // namespace assay::chain
