#pragma once
/// Choosing a block's transactions, and judging the choice of others by the state before the block, without running any.
/// What choose() gives, acceptable() takes. choose() is local; acceptable() is of the committed class.
#include "chain/core/admission.h"

#include <span>
#include <vector>

namespace assay::chain {

struct ProposalRules {
    const AccountsPort& accounts;
    const StateReader& state; ///< as the block before left it
    ChainParams params;
    std::uint64_t height = 0;
};

/// Indices of the chosen ones in the order of the block: by fee for each unit of gas, but each sender's by nonce, and while
/// others wait no sender gets more than an eighth of the block.
std::vector<std::size_t> choose(const ProposalRules& rules, std::span<const Opened> candidates, std::size_t bytes_max);

/// Whether an honest proposer can have made this block. The reason, for the log, or nothing when it is acceptable.
std::optional<std::string> refuse_proposal(const ProposalRules& rules, std::span<const Opened> transactions,
                                           std::span<const Bytes> wires);

} // namespace assay::chain
