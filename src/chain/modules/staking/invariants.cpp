/// What must hold of all of staking at the end of every block.
#include "chain/modules/staking/keeper.h"
#include "chain/modules/staking/math.h"
#include "chain/modules/staking/staking_module.h"
#include "crypto/address.h"

#include <bit>
#include <map>
#include <set>

namespace assay::chain {
namespace {

using namespace staking;
using Pair = std::pair<Address, Address>;

std::unexpected<Error> broken(const std::string& invariant, const std::string& left, const std::string& right) {
    return fail(ErrorCode::internal, "staking: " + invariant + ": " + left + " against " + right);
}
std::string text(Amount amount) { return to_string(amount); }
std::string text(std::uint64_t number) { return std::to_string(number); }

/// Everything that the checks look at, read once.
struct Books {
    std::map<Address, Validator> validators;
    std::map<Address, Rewards> rewards;
    std::map<Address, Power> bonded;
    std::map<Pair, Delegation> delegations; ///< by delegator, validator
    std::map<Pair, Unbonding> unbondings;
    std::map<Address, Amount> shares; ///< sum of its delegations' by validator
    std::map<std::pair<Address, std::uint64_t>, std::uint64_t> references;
    std::size_t redelegations = 0;

    explicit Books(const StateReader& state) {
        walk<Validator>(state, kValidators,
                        [&](ByteView key, const Validator& r) { validators[address_at(key, 1)] = r; });
        walk<Rewards>(state, kRewards, [&](ByteView key, const Rewards& r) {
            rewards[address_at(key, 1)] = r;
            ++references[{address_at(key, 1), r.period - 1}];
        });
        walk<Power>(state, kBonded, [&](ByteView key, const Power& r) { bonded[address_at(key, 1)] = r; });
        walk<Delegation>(state, kDelegations, [&](ByteView key, const Delegation& r) {
            const Address validator = address_at(key, nth_address(1));
            delegations[{address_at(key, 1), validator}] = r;
            shares[validator] = plus(shares[validator], r.shares);
            ++references[{validator, r.period}];
        });
        walk<Unbonding>(state, kUnbondings, [&](ByteView key, const Unbonding& r) {
            unbondings[{address_at(key, 1), address_at(key, nth_address(1))}] = r;
        });
        walk<SlashEvent>(state, kSlashes, [&](ByteView key, const SlashEvent&) {
            ++references[{address_at(key, 1), read_u64(key, 29)}];
        });
    }

    template <FieldStruct R, class Take>
    static void walk(const StateReader& state, Collection collection, Take take) {
        scan_prefix(state, ModuleId::staking, key_of(collection), [&](ByteView key, ByteView value) {
            take(key, decode_record<R>(value));
            return true;
        });
    }
};

std::size_t count(const StateReader& state, Collection collection) {
    return keys_with_prefix(state, key_of(collection)).size();
}

Result<void> check_pools(const Books& books, const StateReader& state, const BankPort& bank) {
    Amount bonded;
    Amount unbonded;
    for (const auto& [address, validator] : books.validators) {
        Amount& pool = validator.is(Status::bonded) ? bonded : unbonded;
        pool = plus(pool, validator.tokens);
    }
    for (const auto& [pair, unbonding] : books.unbondings) {
        for (const UnbondingEntry& entry : unbonding.entries) unbonded = plus(unbonded, entry.balance);
    }
    const Amount bonded_balance = bank.balance(state, bonded_account(), kNativeToken);
    const Amount unbonded_balance = bank.balance(state, unbonded_account(), kNativeToken);
    // Anybody may send money to these accounts, where it stays.
    if (bonded_balance < bonded) return broken("bonded account and bonded stake", text(bonded_balance), text(bonded));
    if (unbonded_balance < unbonded) {
        return broken("unbonded account and stake not bonded", text(unbonded_balance), text(unbonded));
    }
    return {};
}

/// Besides the present keys' names there are those of keys given up, each until its time.
Result<void> check_rotations(const Books& books, const StateReader& state) {
    std::size_t given_up = 0;
    std::set<Bytes> due;
    Result<void> result;
    Books::walk<Rotations>(state, kRotations, [&](ByteView key, const Rotations& rotations) {
        const Address validator = address_at(key, nth_address(0));
        const std::string name = "keys given up by " + crypto::to_string(validator);
        if (!books.validators.contains(validator) || rotations.entries.empty())
            result = broken(name, text(rotations.entries.size()), "no validator or no entry");
        for (const Rotation& rotation : rotations.entries) {
            ++given_up;
            const StateKey queued = time_key(kMaturingRotations, rotation.end_ms).add(validator.bytes);
            const ByteView bytes = queued;
            due.emplace(bytes.begin(), bytes.end());
            const auto named =
                load<Named>(state, key_of(kByConsensusAddress, consensus_address(rotation.consensus_key)));
            if (!named || named->address != validator || !is_marked(state, queued))
                result = broken(name, "consensus address or queue", "its entry");
        }
    });
    TRY_VOID(std::move(result));
    const std::size_t names = count(state, kByConsensusAddress);
    if (names != books.validators.size() + given_up)
        return broken("consensus addresses", text(names), text(books.validators.size() + given_up));
    const std::size_t queued = count(state, kMaturingRotations);
    if (queued != due.size()) return broken("queue of keys given up", text(queued), text(due.size()));
    return {};
}

Result<void> check_validators(const Books& books, const StateReader& state) {
    std::size_t indexed = 0;
    for (const auto& [address, validator] : books.validators) {
        const std::string name = crypto::to_string(address);
        const auto held = books.shares.find(address);
        const Amount shares = held == books.shares.end() ? Amount() : held->second;
        if (shares != validator.shares) return broken("shares of " + name, text(validator.shares), text(shares));
        if (validator.shares.is_zero() && !validator.tokens.is_zero()) {
            return broken("stake without shares of " + name, text(validator.tokens), "0");
        }
        if (is_marked(state, stake_key(validator.tokens, address)) == validator.jailed) {
            return broken("index by stake of " + name, validator.jailed ? "jailed" : "not jailed", "the opposite");
        }
        indexed += validator.jailed ? 0 : 1;
        const auto named = load<Named>(state, key_of(kByConsensusAddress, consensus_address(validator.consensus_key)));
        if (!named || named->address != address) return broken("consensus address of " + name, "absent", "present");
        if (!books.rewards.contains(address)) return broken("rewards of " + name, "absent", "present");
        const StateKey maturing = time_key(kMaturingValidators, validator.unbonding_end_ms).add(address.bytes);
        if (validator.is(Status::unbonding) != is_marked(state, maturing)) {
            return broken("unbonding queue and status of " + name, "queued", text(std::uint64_t{validator.status}));
        }
    }
    const std::size_t index_size = count(state, kByStake);
    if (index_size != indexed) return broken("entries of the index by stake", text(index_size), text(indexed));
    return check_rotations(books, state);
}

Result<void> check_set(const Books& books) {
    std::uint64_t total = 0;
    for (const auto& [address, power] : books.bonded) {
        const auto validator = books.validators.find(address);
        const std::string name = crypto::to_string(address);
        if (validator == books.validators.end() || !validator->second.is(Status::bonded)) {
            return broken("bonded set and status of " + name, "bonded", "not bonded");
        }
        if (validator->second.consensus_key != power.consensus_key)
            return broken("consensus key of " + name, "one", "other");
        if (power.power == 0 || power.power > kTotalPowerMax - total) {
            return broken("power of " + name, text(power.power), text(kTotalPowerMax - total));
        }
        total += power.power;
    }
    for (const auto& [address, validator] : books.validators) {
        if (validator.is(Status::bonded) && !books.bonded.contains(address)) {
            return broken("bonded set and status of " + crypto::to_string(address), "not bonded", "bonded");
        }
    }
    return {};
}

Result<void> check_unbondings(const Books& books, const StateReader& state) {
    std::set<Bytes> due;
    for (const auto& [pair, unbonding] : books.unbondings) {
        const auto& [delegator, validator] = pair;
        const std::string name = crypto::to_string(delegator) + " from " + crypto::to_string(validator);
        if (unbonding.entries.empty()) return broken("unbonding of " + name, "0 entries", "some");
        for (const UnbondingEntry& entry : unbonding.entries) {
            if (entry.balance > entry.initial)
                return broken("unbonding of " + name, text(entry.balance), text(entry.initial));
            const StateKey key = time_key(kMaturingUnbondings, entry.end_ms).add(delegator.bytes).add(validator.bytes);
            if (!is_marked(state, key)) return broken("unbonding queue for " + name, "absent", text(entry.balance));
        }
        if (!is_marked(state, key_of(kUnbondingFrom, validator, delegator))) {
            return broken("unbonding index for " + name, "absent", "present");
        }
    }
    const std::size_t indexed = count(state, kUnbondingFrom);
    if (indexed != books.unbondings.size())
        return broken("unbonding index", text(indexed), text(books.unbondings.size()));
    return {};
}

Result<void> check_redelegations(const StateReader& state) {
    Result<void> result;
    std::size_t records = 0;
    Books::walk<Redelegation>(state, kRedelegations, [&](ByteView key, const Redelegation& redelegation) {
        ++records;
        const Address delegator = address_at(key, nth_address(0));
        const Address source = address_at(key, nth_address(1));
        const Address destination = address_at(key, nth_address(2));
        bool whole = !redelegation.entries.empty() &&
                     is_marked(state, key_of(kRedelegationsFrom, source, delegator, destination)) &&
                     is_marked(state, key_of(kRedelegationsTo, delegator, destination, source));
        for (const RedelegationEntry& entry : redelegation.entries) {
            StateKey due = time_key(kMaturingRedelegations, entry.end_ms);
            due.add(delegator.bytes).add(source.bytes).add(destination.bytes);
            whole = whole && is_marked(state, due);
        }
        if (!whole) result = broken("redelegation of " + crypto::to_string(delegator), "its record", "its indexes");
    });
    TRY_VOID(std::move(result));
    const std::size_t from = count(state, kRedelegationsFrom);
    const std::size_t to = count(state, kRedelegationsTo);
    if (from != records || to != records)
        return broken("redelegation indexes", text(from) + " and " + text(to), text(records));
    return {};
}

Result<void> check_references(const Books& books, const StateReader& state) {
    std::map<std::pair<Address, std::uint64_t>, std::uint64_t> kept;
    Books::walk<Period>(state, kPeriods, [&](ByteView key, const Period& period) {
        kept[{address_at(key, 1), read_u64(key, 21)}] = period.references;
    });
    if (kept == books.references) return {};
    std::uint64_t stored = 0;
    std::uint64_t counted = 0;
    for (const auto& [key, references] : kept) stored += references;
    for (const auto& [key, references] : books.references) counted += references;
    return broken("references to ended periods", text(stored), text(counted));
}

/// The account holds what is owed to the unit; dust is what rounding has left over.
Result<void> check_rewards_account(const Books& books, const StateReader& state, const BankPort& bank) {
    Uint128 whole = 0;
    Uint128 fraction = load<Dust>(state, key_of(kDust)).value_or(Dust{}).amount_e18.units();
    for (const auto& [address, rewards] : books.rewards) {
        whole += rewards.outstanding_e18.units() / kE18;
        fraction += rewards.outstanding_e18.units() % kE18;
    }
    const Amount owed(whole + fraction / kE18);
    const Amount balance = bank.balance(state, rewards_account(), kNativeToken);
    if (fraction % kE18 != 0) return broken("fraction of rewards owed", text(Amount(fraction % kE18)), "0");
    if (balance < owed) return broken("rewards account and rewards owed", text(balance), text(owed));
    return {};
}

/// Pays everybody in a copy of the state and looks at what is left.
Result<void> check_pending(const Books& books, const StateReader& state, const BankPort& bank,
                           const StakingParams& params) {
    Overlay copy(state);
    const BlockInfo block;
    GasMeter gas(UINT64_MAX);
    std::vector<Event> events;
    Context context(block, copy, gas, events);
    Keeper keeper(bank, params, context);
    std::map<Address, Amount> pending;
    for (const auto& [pair, delegation] : books.delegations) {
        const auto& [delegator, validator] = pair;
        const Validator& record = books.validators.at(validator);
        const Amount now = scaled(delegation.shares, record.tokens.units() * kE9, record.shares.units());
        const Amount counted = keeper.slashed_stake_e9(validator, delegation);
        if (counted > now)
            return broken("stake F1 counts for " + crypto::to_string(delegator), text(counted), text(now));
        pending[validator] = plus(pending[validator], keeper.pending_rewards_e18(delegator, validator));
    }
    for (const auto& [validator, rewards] : books.rewards) {
        const Amount owed = plus(pending[validator], rewards.commission_e18);
        if (owed <= rewards.outstanding_e18) continue;
        return broken("outstanding rewards of " + crypto::to_string(validator), text(rewards.outstanding_e18),
                      text(owed));
    }
    return {};
}

Result<void> check_missed(const StateReader& state) {
    std::map<ConsensusAddress, std::uint64_t> bits;
    scan_prefix(state, ModuleId::staking, key_of(kMissed), [&](ByteView key, ByteView value) {
        for (const std::uint8_t byte : value)
            bits[address_at(key, 1)] += static_cast<std::uint64_t>(std::popcount(byte));
        return true;
    });
    Result<void> result;
    Books::walk<Signing>(state, kSigning, [&](ByteView key, const Signing& signing) {
        const ConsensusAddress consensus = address_at(key, 1);
        const std::uint64_t set = bits.contains(consensus) ? bits[consensus] : 0;
        bits.erase(consensus);
        if (set != signing.missed) {
            result = broken("blocks missed by " + crypto::to_string(consensus), text(std::uint64_t{signing.missed}),
                            text(set));
        }
    });
    if (result && !bits.empty()) return broken("absences of nobody", text(bits.begin()->second), "0");
    return result;
}

Result<void> check_history(const StateReader& state) {
    const std::size_t entries = count(state, kPastValidators) + count(state, kPastDelegations);
    const std::size_t indexed = count(state, kPastByHeight);
    if (entries != indexed) return broken("history entries and their index", text(entries), text(indexed));
    return {};
}

} // namespace

Result<void> StakingModule::check_invariants(const StateReader& state, const WalkAll&) const {
    const Books books(state);
    for (const auto& [pair, delegation] : books.delegations) {
        const auto& [delegator, validator] = pair;
        if (!books.validators.contains(validator) || delegation.shares.is_zero() ||
            !is_marked(state, key_of(kDelegators, validator, delegator))) {
            return broken("delegation of " + crypto::to_string(delegator), text(delegation.shares),
                          "its validator and index");
        }
    }
    TRY_VOID(check_pools(books, state, bank_));
    TRY_VOID(check_validators(books, state));
    TRY_VOID(check_set(books));
    TRY_VOID(check_unbondings(books, state));
    TRY_VOID(check_redelegations(state));
    TRY_VOID(check_references(books, state));
    TRY_VOID(check_rewards_account(books, state, bank_));
    TRY_VOID(check_pending(books, state, bank_, params_.get<StakingParams>(state)));
    TRY_VOID(check_missed(state));
    return check_history(state);
}

} // namespace assay::chain
