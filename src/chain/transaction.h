#pragma once
/// Transactions: a DAG-CBOR body, and an EIP-712 signature over the same content that a browser wallet can make.
///
/// Wire form: DAG-CBOR list [body, signature]; body = bytes of the canonical DAG-CBOR map
///   {"chain": uint (EIP-155 number), "from": bytes(20), "nonce": uint, "expiry": uint (last height it may enter),
///    "fee": bytes (amount of the native coin), "gas": uint, "memo": text, "msgs": [ {"@": type, …}, … ]}
/// and signature = 65 bytes r ‖ s ‖ v over the EIP-712 digest of
///   Transaction(address from,uint64 nonce,uint64 expiry,uint128 fee,uint64 gas,string memo,<S1> message1,…,<Sn> messagen)
/// in the domain {name "Assay", version "1", chainId}; v is 27 or 28. The hash of a transaction is SHA-256 of its wire bytes, as CometBFT's.
/// Transfers signed the Ethereum way are taken as they are too: core/ethereum_transaction.h.
/// Thread-safe; committed class.
#include "chain/message.h"

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace assay::chain {

inline constexpr std::size_t kTransactionBytesMax = std::size_t{1} << 20;
inline constexpr std::size_t kMessagesMax = 64;
inline constexpr std::size_t kMemoBytesMax = 256;

struct TransactionBody {
    std::uint64_t chain = 0;
    Address from;
    std::uint64_t nonce = 0;
    std::uint64_t expiry = 0;
    Amount fee;
    std::uint64_t gas = 0;
    std::string memo;
    std::vector<std::shared_ptr<const AnyMessage>> messages;
};

struct Transaction {
    TransactionBody body;
    std::array<std::uint8_t, 65> signature{};
    Digest hash{}; ///< SHA-256 of the wire bytes
    std::size_t size_bytes = 0; ///< of the wire bytes
    bool sender_recovered = false; ///< body.from was computed from the signature, which is therefore good
};

/// Errors: malformed (naming the part), resource_exhausted (size, messages, memo), unsupported (message type).
/// The signature is not checked here.
Result<Transaction> decode_transaction(ByteView wire, const MessageRegistry& registry);

/// The EIP-712 digest that the signature signs.
Digest signing_digest(const TransactionBody& body);

/// Errors: malformed (signature form, high s), invalid_argument (signed by another account: both are named).
Result<void> check_signature(const Transaction& transaction);

/// Wire bytes of a signed body.
Bytes encode_transaction(const TransactionBody& body, const std::array<std::uint8_t, 65>& signature);

/// The eth_signTypedData_v4 document of a body, as JSON text: what a wallet shows and signs.
std::string typed_data_json(const TransactionBody& body);

} // namespace assay::chain
