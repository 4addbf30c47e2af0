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

} // namespace assay::chain
