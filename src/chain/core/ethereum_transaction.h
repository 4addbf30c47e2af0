#pragma once
/// Transactions that Ethereum wallets make: a transfer of the native coin signed the Ethereum way (legacy with EIP-155,
/// EIP-2930, EIP-1559), carried on this chain byte for byte. Wallets count in wei, 10^18 to a coin; a unit here is 10^9 wei.
/// Thread-safe; committed class.
#include "chain/transaction.h"

namespace assay::chain {

inline constexpr std::uint64_t kWeiPerUnit = 1'000'000'000;

/// Told by the first byte: 0x01 and 0x02 begin typed transactions, a list's head of 0xc0 and above legacy ones; this chain's
/// own begin with 0x82.
bool is_ethereum_transaction(ByteView wire);

/// Its content as this chain's: one bank/transfer, no memo, no expiry, and as fee the most that the wallet agreed to pay
/// (gas limit × gas price). The sender is recovered from the signature here, since only that names it.
/// Errors: malformed (naming the field), unsupported (contract creation, call data, access lists, other types, no EIP-155
/// chain), invalid_argument (wei that are no whole units), resource_exhausted (amounts over 2^128).
Result<Transaction> decode_ethereum_transaction(ByteView wire, const MessageRegistry& registry);

} // namespace assay::chain
