#pragma once
/// Where governance keeps what. Internal to the module.
///
/// | key | value |
/// |---|---|
/// | 01 | number of the next proposal, 8 bytes |
/// | 02 ‖ proposal | Proposal record, DAG-CBOR |
/// | 03 ‖ proposal ‖ depositor | deposit, AmountRecord, DAG-CBOR |
/// | 04 ‖ proposal ‖ voter | Vote record, DAG-CBOR |
/// | 05 ‖ proposal ‖ validator | ValidatorWeight record, DAG-CBOR |
/// | 06 ‖ time ‖ proposal | deposit period ends then |
/// | 07 ‖ time ‖ proposal | voting period ends then |
/// | 08 ‖ proposal | voting began in this block, the weights are read in the next |
/// | 09 ‖ proposal | over: its votes are being removed |
/// | 0a ‖ height | UpgradePlan record, DAG-CBOR; at most the last lies ahead |
#include "chain/modules/ports.h"

namespace assay::chain::governance {

inline constexpr std::uint8_t kNextProposal = 0x01;
inline constexpr std::uint8_t kProposals = 0x02;
inline constexpr std::uint8_t kDeposits = 0x03;
inline constexpr std::uint8_t kVotes = 0x04;
inline constexpr std::uint8_t kValidators = 0x05;
inline constexpr std::uint8_t kDepositQueue = 0x06;
inline constexpr std::uint8_t kVotingQueue = 0x07;
inline constexpr std::uint8_t kSnapshotQueue = 0x08;
inline constexpr std::uint8_t kCleanupQueue = 0x09;
inline constexpr std::uint8_t kUpgrades = 0x0a;

inline constexpr std::size_t kTitleBytesMax = 140;
inline constexpr std::size_t kSummaryBytesMax = 10'000;
inline constexpr std::size_t kChangesMax = 32;
inline constexpr std::size_t kChangeBytesMax = 4'096;
inline constexpr std::size_t kSpendsMax = 16;
inline constexpr std::size_t kPlanNameBytesMax = 64;

enum class Kind : std::uint8_t { text = 1, params = 2, upgrade = 3, cancel_upgrade = 4, spend = 5 };
enum class Status : std::uint8_t {
    deposit = 1,  ///< collecting its minimum
    voting = 2,
    passed = 3,   ///< and carried out
    rejected = 4,
    failed = 5,   ///< passed, but could not be carried out; `note` says why
    dropped = 6,  ///< the minimum never came together
    cancelled = 7 ///< by its proposer
};
enum class VoteOption : std::uint8_t { yes = 1, abstain = 2, no = 3, no_with_veto = 4 };

std::string_view to_string(Kind kind);
std::string_view to_string(Status status);

struct Spend {
    static constexpr std::string_view kStruct = "GovernanceSpend";
    Address to;
    Address token;
    Amount amount;
    static void fields(auto&& self, auto&& visit) {
        visit("to", self.to);
        visit("token", self.token);
        visit("amount", self.amount);
    }
};

struct WeightedOption {
    static constexpr std::string_view kStruct = "GovernanceWeightedOption";
    std::uint8_t option = 0; ///< VoteOption
    std::uint32_t weight_ppm = 0;
    static void fields(auto&& self, auto&& visit) {
        visit("option", self.option);
        visit("weight_ppm", self.weight_ppm);
    }
    bool operator==(const WeightedOption&) const = default;
};

/// What votes on one proposal are weighed by: fixed at its beginning.
struct Snapshot {
    static constexpr std::string_view kStruct = "GovernanceSnapshot";
    std::uint64_t height = 0; ///< stake and earnings as they were at the end of this block
    bool taken = false;       ///< the rest is known: from the block after
    Amount bonded;
    Amount earnings;
    std::uint32_t stake_ppm = 0; ///< α in force
    std::uint32_t cap_ppm = 0;
    static void fields(auto&& self, auto&& visit) {
        visit("height", self.height);
        visit("taken", self.taken);
        visit("bonded", self.bonded);
        visit("earnings", self.earnings);
        visit("stake_ppm", self.stake_ppm);
        visit("cap_ppm", self.cap_ppm);
    }
};

/// Sums of weight; the whole of it is kWholeWeight (weights.h).
struct Tally {
    static constexpr std::string_view kStruct = "GovernanceTally";
    Amount yes;
    Amount abstain;
    Amount no;
    Amount no_with_veto;
    Amount cut; ///< what the cap took from those who voted
    static void fields(auto&& self, auto&& visit) {
        visit("yes", self.yes);
        visit("abstain", self.abstain);
        visit("no", self.no);
        visit("no_with_veto", self.no_with_veto);
        visit("cut", self.cut);
    }
    bool operator==(const Tally&) const = default;
};

struct Proposal {
    static constexpr std::string_view kStruct = "GovernanceProposal";
    std::uint64_t id = 0;
    Address proposer;
    std::uint8_t kind = 0;   ///< Kind
    std::uint8_t status = 0; ///< Status
    std::string title;
    std::string summary;
    bool expedited = false;
    std::vector<ParamChange> changes; ///< of kind params
    UpgradePlan plan;                 ///< of kind upgrade
    std::vector<Spend> spends;        ///< of kind spend
    std::int64_t submitted_ms = 0;
    std::int64_t deposit_end_ms = 0;
    std::int64_t voting_start_ms = 0;
    std::int64_t voting_end_ms = 0;
    Amount deposit; ///< all deposits that are still held
    std::uint32_t depositors = 0;
    Snapshot snapshot;
    Tally tally; ///< while voting: of voters that are no validators; afterwards the result
    std::string note;
    static void fields(auto&& self, auto&& visit) {
        visit("id", self.id);
        visit("proposer", self.proposer);
        visit("kind", self.kind);
        visit("status", self.status);
        visit("title", self.title);
        visit("summary", self.summary);
        visit("expedited", self.expedited);
        visit("changes", self.changes);
        visit("plan", self.plan);
        visit("spends", self.spends);
        visit("submitted_ms", self.submitted_ms);
        visit("deposit_end_ms", self.deposit_end_ms);
        visit("voting_start_ms", self.voting_start_ms);
        visit("voting_end_ms", self.voting_end_ms);
        visit("deposit", self.deposit);
        visit("depositors", self.depositors);
        visit("snapshot", self.snapshot);
        visit("tally", self.tally);
        visit("note", self.note);
    }
    bool is(Status other) const { return status == static_cast<std::uint8_t>(other); }
    void set(Status other) { status = static_cast<std::uint8_t>(other); }
    bool is_open() const { return is(Status::deposit) || is(Status::voting); }
};

struct Vote {
    static constexpr std::string_view kStruct = "GovernanceVoteRecord";
    std::vector<WeightedOption> options;
    Amount weight;          ///< the voter's own, before the cap: its delegations and its earnings
    bool validator = false; ///< at the snapshot; then counted at the end, with what it inherits
    static void fields(auto&& self, auto&& visit) {
        visit("options", self.options);
        visit("weight", self.weight);
        visit("validator", self.validator);
    }
};

struct ValidatorWeight {
    static constexpr std::string_view kStruct = "GovernanceValidatorWeight";
    Amount tokens; ///< all that was delegated to it at the snapshot
    Amount voted;  ///< of that: by delegators who voted themselves
    static void fields(auto&& self, auto&& visit) {
        visit("tokens", self.tokens);
        visit("voted", self.voted);
    }
};

struct AmountRecord {
    static constexpr std::string_view kStruct = "GovernanceAmount";
    Amount amount;
    static void fields(auto&& self, auto&& visit) { visit("amount", self.amount); }
};

inline StateKey proposal_key(std::uint64_t id) { return StateKey(kProposals).add_u64(id); }
inline StateKey of_proposal(std::uint8_t collection, std::uint64_t id) { return StateKey(collection).add_u64(id); }
inline StateKey of_account(std::uint8_t collection, std::uint64_t id, const Address& account) {
    return StateKey(collection).add_u64(id).add(account.bytes);
}
inline StateKey queue_key(std::uint8_t queue, std::int64_t time_ms, std::uint64_t id) {
    return StateKey(queue).add_u64(static_cast<std::uint64_t>(time_ms)).add_u64(id);
}
inline StateKey upgrade_key(std::uint64_t height) { return StateKey(kUpgrades).add_u64(height); }

/// The account in a key made by of_account.
Address account_in(ByteView key);

std::optional<Proposal> read_proposal(const StateReader& state, std::uint64_t id);
void write_proposal(StateWriter& state, const Proposal& proposal);
std::uint64_t next_proposal(const StateReader& state);
void write_next_proposal(StateWriter& state, std::uint64_t id);

template <FieldStruct T>
std::optional<T> read_record(const StateReader& state, ByteView key) {
    const auto bytes = state.get(ModuleId::governance, key);
    if (!bytes) return std::nullopt;
    return decode_record<T>(*bytes);
}
template <FieldStruct T>
void write_record(StateWriter& state, ByteView key, const T& record) {
    state.put(ModuleId::governance, key, encode_record(record));
}
/// Entries of queues say all in their key.
void mark(StateWriter& state, ByteView key);

} // namespace assay::chain::governance
