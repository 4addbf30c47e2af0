#pragma once
/// How governance works, itself under governance. Shares and ratios are parts per million. Plain value; committed class.
/// Source of the defaults: cosmos/cosmos-sdk x/gov, amounts scaled to nine decimals.
#include "chain/amount.h"
#include "chain/message.h"

namespace assay::chain {

struct GovernanceParams {
    static constexpr std::string_view kModule = "governance";
    static constexpr std::string_view kStruct = "GovernanceParams";

    Amount deposit_min = Amount(10'000'000'000); ///< 10 ASSAY
    Amount expedited_deposit_min = Amount(50'000'000'000); ///< 50 ASSAY
    std::uint32_t initial_deposit_ppm = 100'000; ///< of the minimum, at once with the proposal
    std::uint64_t deposit_period_ms = 172'800'000; ///< 2 days
    std::uint64_t voting_period_ms = 172'800'000;
    std::uint64_t expedited_voting_period_ms = 86'400'000;
    std::uint32_t quorum_ppm = 334'000; ///< weight that voted, of all weight
    std::uint32_t threshold_ppm = 500'000; ///< yes of all but abstain: more than this
    std::uint32_t expedited_threshold_ppm = 667'000;
    std::uint32_t veto_ppm = 334'000; ///< no-with-veto of all that voted: more than this rejects and burns
    std::uint32_t cancel_burn_ppm = 500'000; ///< of the deposits, when the proposer cancels
    bool burn_on_missed_deposit = false; ///< a proposal that never reached its minimum
    bool burn_on_missed_quorum = false;
    bool burn_on_veto = true;
    std::uint32_t stake_ppm = 500'000; ///< α: the rest of a vote's weight comes from earnings
    std::uint32_t weight_cap_ppm = 100'000; ///< no account weighs more than this
    std::uint32_t proposals_active_max = 64; ///< in their deposit or voting period at one time
    std::uint32_t deposits_max = 256; ///< accounts with a deposit in one proposal
    std::uint32_t cleanup_per_block = 1'000; ///< records of ended votes that one block removes

    static void fields(auto&& self, auto&& visit) {
        visit("deposit_min", self.deposit_min);
        visit("expedited_deposit_min", self.expedited_deposit_min);
        visit("initial_deposit_ppm", self.initial_deposit_ppm);
        visit("deposit_period_ms", self.deposit_period_ms);
        visit("voting_period_ms", self.voting_period_ms);
        visit("expedited_voting_period_ms", self.expedited_voting_period_ms);
        visit("quorum_ppm", self.quorum_ppm);
        visit("threshold_ppm", self.threshold_ppm);
        visit("expedited_threshold_ppm", self.expedited_threshold_ppm);
        visit("veto_ppm", self.veto_ppm);
        visit("cancel_burn_ppm", self.cancel_burn_ppm);
        visit("burn_on_missed_deposit", self.burn_on_missed_deposit);
        visit("burn_on_missed_quorum", self.burn_on_missed_quorum);
        visit("burn_on_veto", self.burn_on_veto);
        visit("stake_ppm", self.stake_ppm);
        visit("weight_cap_ppm", self.weight_cap_ppm);
        visit("proposals_active_max", self.proposals_active_max);
        visit("deposits_max", self.deposits_max);
        visit("cleanup_per_block", self.cleanup_per_block);
    }
    bool operator==(const GovernanceParams&) const = default;

    /// Errors: invalid_argument, naming the field.
    Result<void> validate() const;
};

} // namespace assay::chain
