#pragma once
/// A block applied to a state: the rule that every node must follow alike. Used by one thread. Committed class: a function
/// of its arguments.
#include "chain/chain_params.h"
#include "chain/core/opened.h"
#include "chain/modules/modules.h"

#include <span>

namespace assay::chain {

/// The result lacks app_hash and consensus, which are the caller's. `state` takes the changes. `transactions` may hold
/// refused ones: they get their refusal as result and change nothing.
BlockResult apply_block(const ModuleSet& modules, const BlockInfo& block, std::span<const Opened> transactions,
                        Overlay& state);

/// What `transaction` would give in a block of its own, signature, nonce, expiry and least fee not looked at: its fee must be
/// there, and its gas limit is lowered to `gas_max`. `state` takes the changes, to be dropped.
TxResult simulate_transaction(const ModuleSet& modules, const BlockInfo& block, const Transaction& transaction,
                              std::uint64_t gas_max, Overlay& state);

} // namespace assay::chain
