#pragma once
/// A chain of bank and staking alone, block by block, for this module's tests. After every block it looks at all invariants
/// and at what consensus would know of the validator set.
#include "chain/modules/bank/bank_module.h"
#include "chain/modules/staking/keeper.h"
#include "chain/modules/staking/staking_module.h"

#include <gtest/gtest.h>

#include <map>
#include <set>
#include <string>
#include <vector>

namespace assay::chain::staking::test {

class FixedParams final : public ParamsPort {
public:
    std::optional<Bytes> stored(const StateReader&, std::string_view module) const override {
        return module == StakingParams::kModule ? std::optional(encode_record(staking)) : std::nullopt;
    }
    StakingParams staking;
};

inline Address account(std::uint8_t n) {
    Address address;
    address.bytes.fill(n);
    return address;
}
inline Digest key_number(std::uint8_t n) {
    Digest key;
    key.fill(n);
    return key;
}
inline constexpr std::uint64_t kCoin = 1'000'000'000;

class TestChain {
public:
    using Votes = std::map<Digest, std::uint64_t>; ///< power by consensus key

    explicit TestChain(StakingParams values = {}) : bank(params), staking(bank, params) {
        params.staking = values;
        bank.register_messages(registry);
        staking.register_messages(registry);
        block.chain_id = "test";
        block.time_ms = 1'700'000'000'000;
    }

    Context context() { return {block, state, gas, events}; }
    void fund(const Address& to, Amount amount) {
        Context c = context();
        ASSERT_TRUE(bank.mint(c, to, kNativeToken, amount));
    }
    void fund_fees(Amount amount) { fund(module_account("fees"), amount); }
    Amount balance(const Address& of) const { return bank.balance(state, of, kNativeToken); }

    /// As a transaction would: nothing of a refused message stays.
    template <MessageStruct M>
    Result<void> run(const Address& signer, const M& message) {
        const auto decoded = registry.decode(to_value(message));
        if (!decoded) return std::unexpected(decoded.error());
        Overlay changes(state);
        std::vector<Event> emitted;
        Context c(block, changes, gas, emitted);
        auto done = (*decoded)->execute(c, signer);
        if (!done) return done;
        changes.apply_to(state);
        events.insert(events.end(), emitted.begin(), emitted.end());
        return done;
    }

    Result<void> create(std::uint8_t n, Amount stake, std::uint32_t commission_ppm = 0, Amount min_self = Amount(1)) {
        CreateValidator message;
        message.consensus_key = key_number(n);
        message.moniker = "validator " + std::to_string(n);
        message.commission_ppm = commission_ppm;
        message.commission_max_ppm = 1'000'000;
        message.commission_change_max_ppm = 100'000;
        message.min_self_stake = min_self;
        message.stake = stake;
        if (balance(account(n)) < stake) fund(account(n), stake);
        return run(account(n), message);
    }

    void begin_block(std::int64_t step_ms = 1'000) {
        ++block.height;
        block.time_ms += step_ms;
        block.last_commit.clear();
        for (const auto& [key, power] : voting) {
            const ConsensusAddress consensus = consensus_address(key);
            block.last_commit.push_back({consensus, power, !absent.contains(consensus)});
        }
        Context c = context();
        staking.begin_block(c);
        block.misbehavior.clear();
    }

    void end_block() {
        std::vector<ValidatorUpdate> updates;
        Context c = context();
        staking.end_block(c, updates);
        apply(updates);
        last_updates = updates;
        const auto whole = staking.check_invariants(state, {});
        ASSERT_TRUE(whole) << "height " << block.height << ": " << whole.error().message;
        ASSERT_EQ(balance(bonded_account()).units() + balance(unbonded_account()).units(), staked());
        voting = next_voting; // a set decided at the end of block h votes on block h + 2
        next_voting = set;
    }

    void next_block(std::int64_t step_ms = 1'000) {
        begin_block(step_ms);
        end_block();
    }
    void skip_blocks(int count) {
        for (int i = 0; i < count; ++i) next_block();
    }

    void accuse(std::uint8_t n, std::uint64_t height, std::uint64_t power, std::int64_t time_ms) {
        block.misbehavior.push_back({.kind = MisbehaviorKind::duplicate_vote,
                                     .validator = consensus_address(key_number(n)),
                                     .power = power,
                                     .height = height,
                                     .time_ms = time_ms,
                                     .total_power = power});
    }

    std::optional<Validator> validator(std::uint8_t n) const {
        return load<Validator>(state, key_of(kValidators, account(n)));
    }
    Amount delegated(const Address& delegator, std::uint8_t n) const {
        const auto delegation = load<Delegation>(state, key_of(kDelegations, delegator, account(n)));
        return delegation ? tokens_of(*validator(n), delegation->shares) : Amount();
    }
    codec::Value query(std::string_view path, codec::Value::Map arguments = {}) const {
        const auto answer = staking.query(block, state, path, codec::Value(std::move(arguments)));
        EXPECT_TRUE(answer) << path << ": " << answer.error().message;
        return answer.value_or(codec::Value());
    }
    /// "12.5", as the query says.
    std::string pending(const Address& delegator, std::uint8_t n) const {
        const auto answer = query("rewards", {{"delegator", Bytes(delegator.bytes.begin(), delegator.bytes.end())},
                                              {"validator", Bytes(20, n)}});
        return *answer.find("total")->text();
    }
    std::string commission(std::uint8_t n) const {
        return *query("commission", {{"validator", Bytes(20, n)}}).find("commission")->text();
    }

    Module::WalkAll walk_all() const {
        return [this](ModuleId module, const StateVisitor& visit) {
            for (const auto& [key, value] : state.entries(module)) {
                if (!visit(key, value)) return;
            }
        };
    }

    FixedParams params;
    BankModule bank;
    StakingModule staking;
    MessageRegistry registry;
    MemoryState state;
    BlockInfo block;
    GasMeter gas{UINT64_MAX};
    std::vector<Event> events;
    std::set<ConsensusAddress> absent;
    Votes set; ///< what the updates so far amount to
    Votes next_voting;
    Votes voting;
    std::vector<ValidatorUpdate> last_updates;

private:
    Uint128 staked() const {
        Uint128 total = 0;
        scan_prefix(state, ModuleId::staking, key_of(kValidators), [&](ByteView, ByteView value) {
            total += decode_record<Validator>(value).tokens.units();
            return true;
        });
        scan_prefix(state, ModuleId::staking, key_of(kUnbondings), [&](ByteView, ByteView value) {
            for (const UnbondingEntry& entry : decode_record<Unbonding>(value).entries) total += entry.balance.units();
            return true;
        });
        return total;
    }

    void apply(const std::vector<ValidatorUpdate>& updates) {
        std::set<Digest> seen;
        for (const ValidatorUpdate& update : updates) {
            ASSERT_TRUE(seen.insert(update.public_key).second) << "a key comes twice in one block's updates";
            const auto known = set.find(update.public_key);
            if (update.power == 0) {
                ASSERT_NE(known, set.end()) << "removes a validator that is not there";
                set.erase(known);
            } else {
                ASSERT_TRUE(known == set.end() || known->second != update.power) << "an update changes nothing";
                set[update.public_key] = update.power;
            }
        }
        Votes told;
        for (const ValidatorUpdate& validator : staking.validator_set(state))
            told[validator.public_key] = validator.power;
        ASSERT_EQ(told, set);
    }
};

} // namespace assay::chain::staking::test
