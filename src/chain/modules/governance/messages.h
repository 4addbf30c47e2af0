#pragma once
/// What a transaction can ask of governance. Proposal kinds have a message each, so that a wallet shows what it signs.
#include "chain/modules/governance/state.h"
#include "chain/modules/ports.h"

namespace assay::chain::governance {

/// What every proposal begins with; its fields stand beside the others in each message.
struct Head {
    static constexpr std::string_view kStruct = "GovernanceHead";
    std::string title;      ///< 1 … 140 bytes
    std::string summary;    ///< up to 10,000 bytes
    bool expedited = false; ///< shorter, dearer, and needs more votes; an ordinary proposal when it fails
    Amount deposit;         ///< at once
    static void fields(auto&& self, auto&& visit) {
        visit("title", self.title);
        visit("summary", self.summary);
        visit("expedited", self.expedited);
        visit("deposit", self.deposit);
    }
};

/// Asks an opinion; nothing follows by itself.
struct ProposeText {
    static constexpr std::string_view kType = "governance/propose_text";
    static constexpr std::string_view kStruct = "GovernanceProposeText";
    Head head;
    static void fields(auto&& self, auto&& visit) { Head::fields(self.head, visit); }
};

struct ProposeParams {
    static constexpr std::string_view kType = "governance/propose_params";
    static constexpr std::string_view kStruct = "GovernanceProposeParams";
    Head head;
    std::vector<ParamChange> changes; ///< 1 … 32, made together or not at all
    static void fields(auto&& self, auto&& visit) {
        Head::fields(self.head, visit);
        visit("changes", self.changes);
    }
};

struct ProposeUpgrade {
    static constexpr std::string_view kType = "governance/propose_upgrade";
    static constexpr std::string_view kStruct = "GovernanceProposeUpgrade";
    Head head;
    UpgradePlan plan;
    static void fields(auto&& self, auto&& visit) {
        Head::fields(self.head, visit);
        visit("plan", self.plan);
    }
};

struct ProposeCancelUpgrade {
    static constexpr std::string_view kType = "governance/propose_cancel_upgrade";
    static constexpr std::string_view kStruct = "GovernanceProposeCancelUpgrade";
    Head head;
    static void fields(auto&& self, auto&& visit) { Head::fields(self.head, visit); }
};

/// Out of module_account("treasury").
struct ProposeSpend {
    static constexpr std::string_view kType = "governance/propose_spend";
    static constexpr std::string_view kStruct = "GovernanceProposeSpend";
    Head head;
    std::vector<Spend> spends; ///< 1 … 16, all or none
    static void fields(auto&& self, auto&& visit) {
        Head::fields(self.head, visit);
        visit("spends", self.spends);
    }
};

/// By anybody, until the vote ends.
struct Deposit {
    static constexpr std::string_view kType = "governance/deposit";
    static constexpr std::string_view kStruct = "GovernanceDeposit";
    std::uint64_t proposal = 0;
    Amount amount;
    static void fields(auto&& self, auto&& visit) {
        visit("proposal", self.proposal);
        visit("amount", self.amount);
    }
};

/// By the proposer, until the vote ends; part of all deposits burns.
struct CancelProposal {
    static constexpr std::string_view kType = "governance/cancel_proposal";
    static constexpr std::string_view kStruct = "GovernanceCancelProposal";
    std::uint64_t proposal = 0;
    static void fields(auto&& self, auto&& visit) { visit("proposal", self.proposal); }
};

/// Replaces the signer's earlier vote.
struct CastVote {
    static constexpr std::string_view kType = "governance/vote";
    static constexpr std::string_view kStruct = "GovernanceVote";
    std::uint64_t proposal = 0;
    std::uint8_t option = 0; ///< VoteOption
    static void fields(auto&& self, auto&& visit) {
        visit("proposal", self.proposal);
        visit("option", self.option);
    }
};

/// Splits the signer's weight.
struct CastWeightedVote {
    static constexpr std::string_view kType = "governance/vote_weighted";
    static constexpr std::string_view kStruct = "GovernanceVoteWeighted";
    std::uint64_t proposal = 0;
    std::vector<WeightedOption> options;
    static void fields(auto&& self, auto&& visit) {
        visit("proposal", self.proposal);
        visit("options", self.options);
    }
};

} // namespace assay::chain::governance
