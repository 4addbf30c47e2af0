#pragma once
/// Transaction bodies as people write them: JSON of which most can be left out.
///     {"from":"0x…","msgs":[{"@":"bank/transfer","to":"0x…","token":"0x…","amount":"5"}], "nonce"?, "expiry"?, "fee"?, "gas"?, "memo"?, "chain"?}
/// Pure functions; thread-safe; local class.
#include "chain/transaction.h"

#include <cstdint>
#include <string_view>

namespace assay::node {

/// What is filled in where the form says nothing.
struct TransactionDefaults {
    std::uint64_t chain = 0;
    std::uint64_t nonce = 0;
    std::uint64_t expiry = 0;
    chain::Amount gas_price{1};
};

/// Blocks from now until a transaction expires, unless it says otherwise.
inline constexpr std::uint64_t kExpiryBlocks = 1000;

/// Gas that is enough for these messages: their own, what the bytes cost, and room for state they touch.
std::uint64_t usual_gas(const std::vector<std::shared_ptr<const chain::AnyMessage>>& messages,
                        const chain::MessageRegistry& registry);

/// Errors: malformed, naming the entry; unsupported (unknown message).
Result<chain::TransactionBody> body_from_form(std::string_view json, const chain::MessageRegistry& registry,
                                              const TransactionDefaults& defaults);
/// Only "from", for looking up its nonce. Errors: malformed.
Result<crypto::Address> sender_of_form(std::string_view json);
/// Every entry must be there. Errors: malformed, naming the entry.
Result<chain::TransactionBody> body_from_complete_form(std::string_view json, const chain::MessageRegistry& registry);

} // namespace assay::node
