// Random chains against models that know nothing of periods, references or undo logs:
// - rewards: every block's fees are handed round to every delegation at once, in 100 decimal digits;
// - history: every block's stakes are written down whole.
#include "chain/modules/staking/math.h"
#include "chain/modules/staking/staking_test_chain.h"

#include <boost/multiprecision/cpp_bin_float.hpp>

#include <random>

namespace assay::chain::staking::test {
namespace {

using Real = boost::multiprecision::cpp_bin_float_100;
using Pair = std::pair<Address, Address>; ///< delegator, validator

constexpr std::uint8_t kValidatorCount = 6;
constexpr std::uint8_t kDelegatorBase = 100;
constexpr std::uint8_t kDelegatorCount = 8;
constexpr int kBlocks = 150;

Real real(Amount amount) {
    return Real(static_cast<std::uint64_t>(amount.units() >> 64)) * boost::multiprecision::pow(Real(2), 64) +
           Real(static_cast<std::uint64_t>(amount.units()));
}

StakingParams random_params(std::mt19937_64& random) {
    StakingParams params;
    params.validators_max = 3 + static_cast<std::uint32_t>(random() % 3);
    params.unbonding_ms = 20'000; // twenty blocks
    params.signed_blocks_window = 10;
    params.downtime_jail_ms = 5'000;
    params.slash_downtime_ppm = 13'337;
    params.slash_double_sign_ppm = 77'777;
    params.evidence_age_ms_max = 20'000;
    params.evidence_age_blocks_max = 20;
    params.entries_max = 3;
    params.community_tax_ppm = static_cast<std::uint32_t>(random() % 100'000);
    return params;
}

struct Snapshot {
    std::map<Address, Amount> validators; ///< bonded ones
    std::map<Pair, Amount> delegations;   ///< to bonded ones
};

class RandomChain {
public:
    explicit RandomChain(std::uint64_t seed) : random_(seed), chain_(random_params(random_)) {
        chain_.begin_block();
        for (std::uint8_t n = 1; n <= kValidatorCount; ++n) {
            EXPECT_TRUE(chain_.create(n, amount(20 * kCoin), static_cast<std::uint32_t>(random_() % 200'000)));
        }
        for (std::uint8_t n = 0; n < kDelegatorCount; ++n) chain_.fund(delegator(n), Amount(1'000 * kCoin));
        chain_.end_block();
        note();
    }

    void run() {
        for (int i = 0; i < kBlocks && !::testing::Test::HasFatalFailure(); ++i) run_block();
        withdraw_all();
    }

    TestChain& chain() { return chain_; }
    std::size_t done() const { return done_; }
    std::size_t slashes() const { return slashes_; }
    std::size_t payments() const { return payments_; }

private:
    Address delegator(std::uint64_t n) { return account(static_cast<std::uint8_t>(kDelegatorBase + n)); }
    Address any_delegator() {
        const std::uint64_t n = random_() % (kDelegatorCount + 2);
        return n < kDelegatorCount ? delegator(n) : any_validator();
    }
    Address any_validator() { return account(static_cast<std::uint8_t>(1 + random_() % kValidatorCount)); }
    /// Of any size, small ones too.
    Amount amount(std::uint64_t up_to) { return Amount(1 + random_() % (1 + (up_to >> (random_() % 30)))); }

    void run_block() {
        chain_.fund_fees(Amount(random_() % 5 == 0 ? 0 : random_() % 3'000'000));
        maybe_misbehave();
        begin();
        const std::size_t operations = random_() % 9;
        for (std::size_t i = 0; i < operations; ++i) operate();
        move_pins();
        settle();
        chain_.end_block();
        settle();
        note();
        check_history();
    }

    void maybe_misbehave() {
        chain_.absent.clear();
        if (random_() % 8 == 0) absent_ = static_cast<std::uint8_t>(1 + random_() % kValidatorCount);
        chain_.absent.insert(consensus_address(key_number(absent_)));
        if (random_() % 15 != 0) return;
        const auto n = static_cast<std::uint8_t>(1 + random_() % kValidatorCount);
        const auto record = chain_.validator(n);
        if (!record) return;
        const std::uint64_t age = random_() % 30;
        if (age >= chain_.block.height) return;
        chain_.accuse(n, chain_.block.height - age, static_cast<std::uint64_t>(record->tokens.units() / kCoin),
                      chain_.block.time_ms - static_cast<std::int64_t>(age) * 1'000);
    }

    /// begin_block allocates fees first, at the stakes of the block before; then it may slash and pay.
    void begin() {
        const Real fees = real(chain_.balance(fees_account()));
        const TestChain::Votes votes = chain_.voting;
        std::map<Address, Real> rewards;
        Real power_total = 0;
        for (const auto& [key, power] : votes) power_total += power;
        for (const auto& [key, power] : votes) {
            const auto named = load<Named>(chain_.state, key_of(kByConsensusAddress, consensus_address(key)));
            if (!named) continue;
            const auto record = load<Validator>(chain_.state, key_of(kValidators, named->address));
            const StakingParams& params = chain_.params.staking;
            const Real shared = fees * (kPpm - params.community_tax_ppm) / kPpm * power / power_total;
            const Real commission = shared * record->commission_ppm / kPpm;
            commission_[named->address] += commission;
            rewards[named->address] += shared - commission;
        }
        scan_prefix(chain_.state, ModuleId::staking, key_of(kDelegations), [&](ByteView key, ByteView value) {
            const Pair pair{address_at(key, nth_address(0)), address_at(key, nth_address(1))};
            if (!rewards.contains(pair.second)) return true;
            const auto record = load<Validator>(chain_.state, key_of(kValidators, pair.second));
            if (record->tokens.is_zero()) return true;
            owed_[pair] += rewards[pair.second] * real(decode_record<Delegation>(value).shares) / real(record->shares);
            return true;
        });
        chain_.begin_block();
        settle();
    }

    /// Compares what was paid with what was owed: never more, and less by one unit at most.
    void settle() {
        for (const Event& event : chain_.events) {
            if (event.type == "staking.slashed") ++slashes_;
            if (event.type == "staking.commission_paid") {
                commission_[address_in(event, 0)] -= Real(event.attributes[1].second);
            }
            if (event.type != "staking.rewards_paid") continue;
            const Pair pair{address_in(event, 0), address_in(event, 1)};
            const Real paid(event.attributes[2].second);
            ++payments_;
            owed_[pair] -= paid;
        }
        chain_.events.clear();
        for (auto& [validator, earned] : commission_) {
            const auto rewards = load<Rewards>(chain_.state, key_of(kRewards, validator));
            const Real kept = rewards ? real(rewards->commission_e18) / real(Amount(kE18)) : Real(0);
            if (!rewards) earned = 0; // the validator is gone, and has been paid
            EXPECT_GE(earned - kept, -1e-60);
            EXPECT_LT(earned - kept, 1e-12);
        }
        for (auto& [pair, owed] : owed_) {
            EXPECT_GE(owed, -1e-60) << "paid more than was earned";
            const auto delegation = load<Delegation>(chain_.state, key_of(kDelegations, pair.first, pair.second));
            const bool settled = !delegation || delegation->height == chain_.block.height;
            if (!settled) continue;
            EXPECT_LT(owed, Real(1) + 1e-4) << "paid less than was earned";
            owed = 0;
        }
    }
    static Address address_in(const Event& event, std::size_t index) {
        return *crypto::parse_address(event.attributes[index].second);
    }

    void operate() {
        const Address who = any_delegator();
        const Address validator = any_validator();
        Result<void> done = fail(ErrorCode::cancelled, "");
        switch (random_() % 9) {
            case 0:
            case 1: done = chain_.run(who, Delegate{validator, amount(20 * kCoin)}); break;
            case 2: done = chain_.run(who, Undelegate{validator, amount(20 * kCoin)}); break;
            case 3: {
                const Amount all =
                    chain_.validator(validator.bytes[0]) ? chain_.delegated(who, validator.bytes[0]) : Amount();
                done = chain_.run(who, Undelegate{validator, all});
                break;
            }
            case 4:
            case 5: done = chain_.run(who, Redelegate{validator, any_validator(), amount(20 * kCoin)}); break;
            case 6: done = chain_.run(who, WithdrawRewards{validator}); break;
            case 7: done = chain_.run(validator, WithdrawCommission{validator}); break;
            default: done = chain_.run(validator, Unjail{validator}); break;
        }
        done_ += done ? 1 : 0;
        settle();
    }

    void move_pins() {
        Context context = chain_.context();
        const std::uint64_t now = chain_.block.height;
        if (random_() % 10 == 0) {
            const std::uint64_t height = now - std::min(random_() % 3, now - 1);
            if (height < now) {
                chain_.staking.pin_history(context, height);
                pins_.insert(height);
            }
        }
        if (!pins_.empty() && random_() % 15 == 0) {
            auto pin = pins_.begin();
            std::advance(pin, static_cast<std::ptrdiff_t>(random_() % pins_.size()));
            chain_.staking.unpin_history(context, *pin);
            pins_.erase(pin);
        }
    }

    void note() {
        Snapshot& now = snapshots_[chain_.block.height];
        scan_prefix(chain_.state, ModuleId::staking, key_of(kValidators), [&](ByteView key, ByteView value) {
            const auto record = decode_record<Validator>(value);
            if (record.is(Status::bonded)) now.validators[address_at(key, 1)] = record.tokens;
            return true;
        });
        scan_prefix(chain_.state, ModuleId::staking, key_of(kDelegations), [&](ByteView key, ByteView value) {
            const Pair pair{address_at(key, nth_address(0)), address_at(key, nth_address(1))};
            if (!now.validators.contains(pair.second)) return true;
            const auto record = load<Validator>(chain_.state, key_of(kValidators, pair.second));
            now.delegations[pair] = tokens_of(*record, decode_record<Delegation>(value).shares);
            return true;
        });
    }

    void check_history() {
        std::set<std::uint64_t> heights(pins_.begin(), pins_.end());
        for (std::uint64_t back = 0; back <= kHistoryTailBlocks && back < chain_.block.height; ++back) {
            heights.insert(chain_.block.height - back);
        }
        for (const std::uint64_t height : heights) {
            std::map<Address, Amount> validators;
            for (const auto& share : chain_.staking.validators_at(chain_.state, height)) {
                validators[share.validator] = share.tokens;
            }
            std::map<Pair, Amount> delegations;
            for (std::uint8_t n = 0; n < kDelegatorCount + kValidatorCount; ++n) {
                const Address who =
                    n < kDelegatorCount ? delegator(n) : account(static_cast<std::uint8_t>(n - kDelegatorCount + 1));
                for (const auto& share : chain_.staking.delegations_at(chain_.state, who, height)) {
                    delegations[{who, share.validator}] = share.tokens;
                }
            }
            ASSERT_EQ(validators, snapshots_[height].validators) << height << " seen from " << chain_.block.height;
            ASSERT_EQ(delegations, snapshots_[height].delegations) << height << " seen from " << chain_.block.height;
        }
    }

    void withdraw_all() {
        chain_.begin_block();
        settle();
        for (const Bytes& key : keys_with_prefix(chain_.state, key_of(kDelegations))) {
            ASSERT_TRUE(chain_.run(address_at(key, nth_address(0)), WithdrawRewards{address_at(key, nth_address(1))}));
            settle();
        }
        chain_.end_block();
    }

    std::mt19937_64 random_;
    TestChain chain_;
    std::uint8_t absent_ = 1;
    std::map<Pair, Real> owed_;
    std::map<Address, Real> commission_;
    std::multiset<std::uint64_t> pins_;
    std::map<std::uint64_t, Snapshot> snapshots_;
    std::size_t done_ = 0;
    std::size_t slashes_ = 0;
    std::size_t payments_ = 0;
};

TEST(StakingProperty, PaysWhatAPerBlockModelPaysAndRemembersEveryPinnedHeight) {
    std::size_t done = 0;
    std::size_t slashes = 0;
    std::size_t payments = 0;
    for (std::uint64_t seed = 1; seed <= 12; ++seed) {
        SCOPED_TRACE("seed " + std::to_string(seed));
        RandomChain random(seed);
        random.run();
        done += random.done();
        slashes += random.slashes();
        payments += random.payments();
        if (HasFailure()) return;
    }
    // The chains have done what they are to be checked for.
    EXPECT_GT(done, 1'000U);
    EXPECT_GT(slashes, 50U);
    EXPECT_GT(payments, 500U);
}

TEST(StakingProperty, ExportsAndImportsToTheSameState) {
    for (std::uint64_t seed = 21; seed <= 24; ++seed) {
        RandomChain random(seed);
        random.run();
        const TestChain& chain = random.chain();
        const codec::Value bank = chain.bank.export_genesis(chain.state, chain.walk_all());
        const codec::Value staking = chain.staking.export_genesis(chain.state, chain.walk_all());
        TestChain copy(chain.params.staking);
        copy.block = chain.block;
        Context context = copy.context();
        ASSERT_TRUE(copy.bank.init_genesis(context, bank));
        const auto imported = copy.staking.init_genesis(context, staking);
        ASSERT_TRUE(imported) << imported.error().message;
        EXPECT_EQ(copy.state.entries(ModuleId::staking), chain.state.entries(ModuleId::staking));
        EXPECT_EQ(copy.state.entries(ModuleId::bank), chain.state.entries(ModuleId::bank));
        EXPECT_EQ(copy.staking.export_genesis(copy.state, copy.walk_all()), staking);
        EXPECT_EQ(copy.staking.validator_set(copy.state), chain.staking.validator_set(chain.state));
    }
}

TEST(StakingProperty, TwoRunsAreEqual) {
    RandomChain first(31);
    RandomChain second(31);
    first.run();
    second.run();
    EXPECT_EQ(first.chain().state.entries(ModuleId::staking), second.chain().state.entries(ModuleId::staking));
}

TEST(StakingGenesis, StartsWithValidatorsAndDelegations) {
    TestChain chain;
    chain.fund(account(1), Amount(10 * kCoin));
    chain.fund(account(9), Amount(5 * kCoin));
    codec::Value::Map validator{{"operator", crypto::to_string(account(1))},
                                {"consensus_key", Bytes(32, 1)},
                                {"moniker", "one"},
                                {"stake", "10000000000"}};
    codec::Value::Map delegation{{"delegator", crypto::to_string(account(9))},
                                 {"validator", crypto::to_string(account(1))},
                                 {"amount", "5000000000"}};
    const codec::Value genesis(codec::Value::Map{{"validators", codec::Value::List{validator}},
                                                 {"delegations", codec::Value::List{delegation}}});
    Context context = chain.context();
    const auto done = chain.staking.init_genesis(context, genesis);
    ASSERT_TRUE(done) << done.error().message;
    const auto set = chain.staking.validator_set(chain.state);
    ASSERT_EQ(set.size(), 1U);
    EXPECT_EQ(set[0].power, 15U);
    EXPECT_TRUE(chain.staking.check_invariants(chain.state, {}));
    chain.set[key_number(1)] = 15;
    chain.skip_blocks(3);
}

TEST(StakingGenesis, RefusesDamageByName) {
    RandomChain random(41);
    random.run();
    const TestChain& chain = random.chain();
    const codec::Value bank = chain.bank.export_genesis(chain.state, chain.walk_all());
    const codec::Value whole = chain.staking.export_genesis(chain.state, chain.walk_all());
    const auto expect_refused = [&](auto&& damage, std::string_view word) {
        codec::Value::Map state = *whole.find("state")->map();
        damage(state);
        TestChain copy(chain.params.staking);
        copy.block = chain.block;
        Context context = copy.context();
        ASSERT_TRUE(copy.bank.init_genesis(context, bank));
        const auto done =
            copy.staking.init_genesis(context, codec::Value(codec::Value::Map{{"state", codec::Value(state)}}));
        ASSERT_FALSE(done) << word;
        EXPECT_EQ(done.error().code, ErrorCode::malformed);
        EXPECT_NE(done.error().message.find(word), std::string::npos) << done.error().message;
    };
    const auto drop_last = [](codec::Value::Map& state, const std::string& name) {
        codec::Value::List list = *state.at(name).list();
        list.pop_back();
        state.insert_or_assign(name, codec::Value(list));
    };
    expect_refused([&](auto& s) { drop_last(s, "delegations"); }, "shares");
    expect_refused([&](auto& s) { drop_last(s, "periods"); }, "periods");
    expect_refused([&](auto& s) { drop_last(s, "by_stake"); }, "index by stake");
    expect_refused([&](auto& s) { drop_last(s, "bonded"); }, "bonded");
    expect_refused([&](auto& s) { s.erase("rewards"); }, "rewards");
    expect_refused([&](auto& s) { s["nonsense"] = codec::Value(codec::Value::List{}); }, "nonsense");
    expect_refused([&](auto& s) { s["pins"] = codec::Value(codec::Value::List{codec::Value(1)}); }, "pins[0]");
    expect_refused([&](auto& s) { s["by_stake"] = s["delegators"]; }, "another collection");
}

} // namespace
} // namespace assay::chain::staking::test
