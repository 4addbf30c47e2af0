#pragma once
/// What staking keeps: typed keys and records. Every collection is ordered, so all of it can be walked.
/// Names of quantities end in their scale: `_e18` is a fixed-point number with 18 decimals, `_e9` with 9.
/// Internal to the module. Plain values; committed class.
#include "chain/message.h"
#include "chain/state/state.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace assay::chain::staking {

enum class Status : std::uint8_t { unbonded, unbonding, bonded };

enum Collection : std::uint8_t {
    kValidators = 0x01,           ///< operator → Validator
    kByConsensusAddress = 0x02, ///< consensus address → Named{operator}; given-up keys too, while they can be accused
    kByStake = 0x03, ///< ~tokens ‖ operator → mark; everyone not jailed, most stake first
    kBonded = 0x04, ///< operator → Power; the set consensus was told of
    kMaturingValidators = 0x05, ///< end time ‖ operator → mark
    kRotations = 0x06, ///< operator → Rotations
    kMaturingRotations = 0x07, ///< end time ‖ operator → mark
    kDelegations = 0x10, ///< delegator ‖ validator → Delegation
    kDelegators = 0x11, ///< validator ‖ delegator → mark
    kUnbondings = 0x12, ///< delegator ‖ validator → Unbonding
    kUnbondingFrom = 0x13, ///< validator ‖ delegator → mark
    kMaturingUnbondings = 0x14, ///< end time ‖ delegator ‖ validator → mark
    kRedelegations = 0x15, ///< delegator ‖ source ‖ destination → Redelegation
    kRedelegationsFrom = 0x16, ///< source ‖ delegator ‖ destination → mark
    kRedelegationsTo = 0x17, ///< delegator ‖ destination ‖ source → mark
    kMaturingRedelegations = 0x18, ///< end time ‖ delegator ‖ source ‖ destination → mark
    kRewards = 0x20, ///< operator → Rewards
    kPeriods = 0x21, ///< operator ‖ period → Period
    kSlashes = 0x22, ///< operator ‖ height ‖ period → SlashEvent
    kWithdrawAddresses = 0x23, ///< delegator → Named{address}
    kDust = 0x24, ///< → Dust
    kSigning = 0x30, ///< consensus address → Signing
    kMissed = 0x31, ///< consensus address ‖ chunk → 128 bytes, a bit for each block missed
    kPins = 0x40, ///< height → Count
    kPastValidators = 0x41, ///< operator ‖ height → PastValidator: as it was before that block
    kPastDelegations = 0x42, ///< delegator ‖ validator ‖ height → PastDelegation
    kPastByHeight = 0x43, ///< height ‖ key of the item without its height → mark
};

struct Validator {
    static constexpr std::string_view kStruct = "Validator";
    Digest consensus_key{};
    std::string moniker;
    std::string website;
    std::string details;
    std::uint32_t commission_ppm = 0;
    std::uint32_t commission_max_ppm = 0;
    std::uint32_t commission_change_max_ppm = 0;
    std::int64_t commission_changed_ms = 0;
    Amount min_self_stake;
    Amount tokens;
    Amount shares; ///< 10^9 for a unit of stake that was never slashed
    std::uint8_t status = 0;
    bool jailed = false;
    std::uint64_t created_height = 0;
    std::uint64_t unbonding_height = 0; ///< of the last time it left the set
    std::int64_t unbonding_end_ms = 0;
    static void fields(auto&& self, auto&& visit) {
        visit("consensus_key", self.consensus_key);
        visit("moniker", self.moniker);
        visit("website", self.website);
        visit("details", self.details);
        visit("commission_ppm", self.commission_ppm);
        visit("commission_max_ppm", self.commission_max_ppm);
        visit("commission_change_max_ppm", self.commission_change_max_ppm);
        visit("commission_changed_ms", self.commission_changed_ms);
        visit("min_self_stake", self.min_self_stake);
        visit("tokens", self.tokens);
        visit("shares", self.shares);
        visit("status", self.status);
        visit("jailed", self.jailed);
        visit("created_height", self.created_height);
        visit("unbonding_height", self.unbonding_height);
        visit("unbonding_end_ms", self.unbonding_end_ms);
    }
    bool is(Status other) const { return status == static_cast<std::uint8_t>(other); }
};

struct Named {
    static constexpr std::string_view kStruct = "Named";
    Address address;
    static void fields(auto&& self, auto&& visit) { visit("address", self.address); }
};

struct Power {
    static constexpr std::string_view kStruct = "Power";
    Digest consensus_key{};
    std::uint64_t power = 0;
    static void fields(auto&& self, auto&& visit) {
        visit("consensus_key", self.consensus_key);
        visit("power", self.power);
    }
};

/// A key that its validator gave up, and until when misbehaviour with it still counts.
struct Rotation {
    static constexpr std::string_view kStruct = "Rotation";
    Digest consensus_key{};
    std::uint64_t height = 0;
    std::int64_t end_ms = 0;
    static void fields(auto&& self, auto&& visit) {
        visit("consensus_key", self.consensus_key);
        visit("height", self.height);
        visit("end_ms", self.end_ms);
    }
};

struct Rotations {
    static constexpr std::string_view kStruct = "Rotations";
    std::vector<Rotation> entries;
    static void fields(auto&& self, auto&& visit) { visit("entries", self.entries); }
};

/// With F1's starting point: what it was worth when the period began from which it is still to be paid.
struct Delegation {
    static constexpr std::string_view kStruct = "Delegation";
    Amount shares;
    Amount stake_e9;
    std::uint64_t period = 0; ///< the last one already paid
    std::uint64_t height = 0;
    static void fields(auto&& self, auto&& visit) {
        visit("shares", self.shares);
        visit("stake_e9", self.stake_e9);
        visit("period", self.period);
        visit("height", self.height);
    }
};

struct UnbondingEntry {
    static constexpr std::string_view kStruct = "UnbondingEntry";
    std::uint64_t height = 0;
    std::int64_t end_ms = 0;
    Amount initial;
    Amount balance; ///< less what was slashed
    static void fields(auto&& self, auto&& visit) {
        visit("height", self.height);
        visit("end_ms", self.end_ms);
        visit("initial", self.initial);
        visit("balance", self.balance);
    }
};

struct Unbonding {
    static constexpr std::string_view kStruct = "Unbonding";
    std::vector<UnbondingEntry> entries;
    static void fields(auto&& self, auto&& visit) { visit("entries", self.entries); }
};

struct RedelegationEntry {
    static constexpr std::string_view kStruct = "RedelegationEntry";
    std::uint64_t height = 0;
    std::int64_t end_ms = 0;
    Amount initial;
    Amount shares; ///< of the destination
    static void fields(auto&& self, auto&& visit) {
        visit("height", self.height);
        visit("end_ms", self.end_ms);
        visit("initial", self.initial);
        visit("shares", self.shares);
    }
};

struct Redelegation {
    static constexpr std::string_view kStruct = "Redelegation";
    std::vector<RedelegationEntry> entries;
    static void fields(auto&& self, auto&& visit) { visit("entries", self.entries); }
};

/// Of one validator and its delegators together.
struct Rewards {
    static constexpr std::string_view kStruct = "Rewards";
    std::uint64_t period = 1; ///< the current one
    Amount current_e18; ///< its delegators' rewards in the current period
    Amount outstanding_e18; ///< everything allocated and not yet paid
    Amount commission_e18; ///< the part of it that is the operator's commission
    static void fields(auto&& self, auto&& visit) {
        visit("period", self.period);
        visit("current_e18", self.current_e18);
        visit("outstanding_e18", self.outstanding_e18);
        visit("commission_e18", self.commission_e18);
    }
};

/// An ended period, kept while somebody's reward is counted from it.
struct Period {
    static constexpr std::string_view kStruct = "Period";
    Amount ratio_e18; ///< what one unit of stake would have earned from the beginning to this period's end
    std::uint64_t references = 0;
    static void fields(auto&& self, auto&& visit) {
        visit("ratio_e18", self.ratio_e18);
        visit("references", self.references);
    }
};

struct SlashEvent {
    static constexpr std::string_view kStruct = "SlashEvent";
    std::uint64_t fraction_e18 = 0;
    static void fields(auto&& self, auto&& visit) { visit("fraction_e18", self.fraction_e18); }
};

/// What rounding left over, on its way to the treasury.
struct Dust {
    static constexpr std::string_view kStruct = "Dust";
    Amount amount_e18;
    static void fields(auto&& self, auto&& visit) { visit("amount_e18", self.amount_e18); }
};

struct Signing {
    static constexpr std::string_view kStruct = "Signing";
    std::uint64_t start_height = 0; ///< when counting began
    std::uint32_t window = 0; ///< what the bits were laid out for
    std::uint32_t missed = 0; ///< bits that are set
    std::int64_t jailed_until_ms = 0;
    bool tombstoned = false;
    static void fields(auto&& self, auto&& visit) {
        visit("start_height", self.start_height);
        visit("window", self.window);
        visit("missed", self.missed);
        visit("jailed_until_ms", self.jailed_until_ms);
        visit("tombstoned", self.tombstoned);
    }
};

struct Count {
    static constexpr std::string_view kStruct = "Count";
    std::uint64_t count = 0;
    static void fields(auto&& self, auto&& visit) { visit("count", self.count); }
};

struct PastValidator {
    static constexpr std::string_view kStruct = "PastValidator";
    Amount tokens;
    Amount shares;
    bool bonded = false;
    static void fields(auto&& self, auto&& visit) {
        visit("tokens", self.tokens);
        visit("shares", self.shares);
        visit("bonded", self.bonded);
    }
    bool operator==(const PastValidator&) const = default;
};

struct PastDelegation {
    static constexpr std::string_view kStruct = "PastDelegation";
    Amount shares;
    static void fields(auto&& self, auto&& visit) { visit("shares", self.shares); }
};

StateKey key_of(Collection collection);
StateKey key_of(Collection collection, const Address& a);
StateKey key_of(Collection collection, const Address& a, const Address& b);
StateKey key_of(Collection collection, const Address& a, const Address& b, const Address& c);
StateKey key_of(Collection collection, const Address& a, std::uint64_t number);
StateKey stake_key(Amount tokens, const Address& validator);
/// A key that begins with a time; times before 1970 sort first as 0.
StateKey time_key(Collection collection, std::int64_t time_ms);

Address address_at(ByteView key, std::size_t offset);
/// Where the n-th address of a key begins, for keys made of addresses only, and for those after a number.
constexpr std::size_t nth_address(std::size_t n) { return 1 + 20 * n; }
constexpr std::size_t nth_address_after_number(std::size_t n) { return 9 + 20 * n; }

template <FieldStruct R>
std::optional<R> load(const StateReader& state, ByteView key) {
    const auto bytes = state.get(ModuleId::staking, key);
    return bytes ? std::optional(decode_record<R>(*bytes)) : std::nullopt;
}
template <FieldStruct R>
void store(StateWriter& state, ByteView key, const R& record) {
    state.put(ModuleId::staking, key, encode_record(record));
}
/// For entries that say everything in their key.
void mark(StateWriter& state, ByteView key);
bool is_marked(const StateReader& state, ByteView key);
void erase(StateWriter& state, ByteView key);

/// The keys that start with `prefix`, in order, at most `max`: taken first, so that their owner may change the state.
std::vector<Bytes> keys_with_prefix(const StateReader& state, ByteView prefix, std::size_t max = SIZE_MAX);
std::vector<Bytes> keys_between(const StateReader& state, ByteView begin, ByteView end, std::size_t max = SIZE_MAX);

} // namespace assay::chain::staking
