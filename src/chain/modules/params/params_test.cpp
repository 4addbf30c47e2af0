#include "chain/modules/params/params_module.h"

#include "chain/chain_params.h"
#include "chain/modules/governance/governance_params.h"
#include "chain/modules/testing/module_fixture.h"
#include "codec/dag_cbor.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

namespace assay::chain {
namespace {

using codec::Value;

struct Inner {
    static constexpr std::string_view kStruct = "Inner";
    std::uint32_t low = 1;
    std::uint32_t high = 9;
    static void fields(auto&& self, auto&& visit) {
        visit("low", self.low);
        visit("high", self.high);
    }
};

struct NestedParams {
    static constexpr std::string_view kModule = "nested";
    static constexpr std::string_view kStruct = "NestedParams";
    std::string text = "x";
    Inner range;
    static void fields(auto&& self, auto&& visit) {
        visit("text", self.text);
        visit("range", self.range);
    }
    Result<void> validate() const {
        if (range.low > range.high) return fail(ErrorCode::invalid_argument, "range.low: above range.high");
        return {};
    }
};

class Params : public ::testing::Test, protected testing::Bench {
protected:
    Params() {
        params.add<GovernanceParams>();
        params.add<NestedParams>();
    }
    ~Params() override { EXPECT_EQ(violation(params), ""); }

    static ParamChange change(std::string module, std::string path, const Value& value) {
        return {std::move(module), std::move(path), *codec::encode_dag_cbor(value)};
    }
    std::string apply(const std::vector<ParamChange>& changes, std::uint64_t proposal = 1) {
        const auto checked = params.check_changes(state, changes);
        const auto done = attempt([&](Context& context) { return params.apply_changes(context, changes, proposal); });
        EXPECT_EQ(checked.has_value(), done.has_value());
        return done ? "accepted" : done.error().message;
    }

    ParamsModule params;
};

TEST_F(Params, DefaultsHoldUntilChanged) {
    EXPECT_EQ(params.get<ChainParams>(state).block_gas_max, ChainParams{}.block_gas_max);
    EXPECT_FALSE(params.stored(state, "chain"));
    EXPECT_EQ(apply({change("chain", "block_gas_max", 20'000'000)}), "accepted");
    EXPECT_EQ(params.get<ChainParams>(state).block_gas_max, 20'000'000U);
    EXPECT_EQ(params.get<ChainParams>(state).block_bytes_max, ChainParams{}.block_bytes_max);
}

TEST_F(Params, NestedFieldsAndChangesThatNeedEachOther) {
    EXPECT_EQ(apply({change("nested", "range.low", 20)}), "nested: range.low: above range.high");
    EXPECT_EQ(apply({change("nested", "range.low", 20), change("nested", "range.high", 30)}), "accepted");
    EXPECT_EQ(params.get<NestedParams>(state).range.low, 20U);
    EXPECT_EQ(apply({change("nested", "range", Value::Map{{"low", 5}, {"high", 6}})}), "accepted");
    EXPECT_EQ(params.get<NestedParams>(state).range.high, 6U);
}

TEST_F(Params, RefusalsNameThePlace) {
    EXPECT_EQ(apply({}), "no parameter changes");
    EXPECT_EQ(apply({change("nowhere", "x", 1)}), "module 'nowhere' has no parameters");
    EXPECT_EQ(apply({change("nested", "range.middle", 1)}), "nested.range.middle is no parameter");
    EXPECT_EQ(apply({change("nested", "text.a", 1)}), "nested.text.a is no parameter");
    EXPECT_EQ(apply({change("nested", "", 1)}), "nested. is no parameter");
    EXPECT_EQ(apply({change("nested", "text", "x")}), "nested.text has that value already");
    EXPECT_EQ(apply({change("nested", "text", 7)}), "nested: text: not text");
    EXPECT_EQ(apply({change("chain", "evm_chain_id", 7)}), "chain: evm_chain_id: cannot change, signatures name it");
    EXPECT_TRUE(apply({{"nested", "text", Bytes{0xff}}}).starts_with("nested.text: "));
    EXPECT_EQ(apply({change("chain", "gas_price_min", "5")}), "chain: a value is not in the form that messages have");
    EXPECT_EQ(apply({change("governance", "threshold_ppm", 1)}),
              "governance: threshold_ppm: outside 500000 … expedited_threshold_ppm");
}

TEST_F(Params, AllOrNothing) {
    EXPECT_NE(apply({change("nested", "text", "y"), change("nested", "range.low", 10)}), "accepted");
    EXPECT_TRUE(state.entries(ModuleId::params).empty());
}

TEST_F(Params, HistoryTellsWhatWasAndWho) {
    EXPECT_EQ(apply({change("nested", "text", "y"), change("nested", "text", "z")}, 4), "accepted");
    block.height = 9;
    EXPECT_EQ(apply({change("nested", "range.low", 2)}, 5), "accepted");
    const Value history = *query(params, "history", {{"module", "nested"}}).find("history");
    ASSERT_EQ(history.list()->size(), 3U);
    const Value& second = (*history.list())[1];
    EXPECT_EQ(*second.find("before"), Value("0x6179")); // "y" in DAG-CBOR
    EXPECT_EQ(*second.find("after"), Value("0x617a"));
    EXPECT_EQ(*second.find("proposal"), Value(4));
    EXPECT_EQ(query(params, "history", {{"module", "nested"}, {"from", 2}}).find("history")->list()->size(), 1U);
    EXPECT_EQ(query(params, "history", {{"module", "chain"}}).find("history")->list()->size(), 0U);
    EXPECT_EQ(round_trip(params), "");
}

TEST_F(Params, QueriesAreReadable) {
    EXPECT_EQ(*query(params, "module", {{"module", "governance"}}).find("deposit_min"), Value("10000000000"));
    EXPECT_EQ(query(params, "all").map()->size(), 3U);
    EXPECT_EQ(query(params, "module", {{"module", "x"}}), Value("error: module 'x' has no parameters"));
    EXPECT_EQ(query(params, "x"), Value("error: params has no query 'x'"));
}

TEST_F(Params, GenesisNamesOnlyWhatDiffers) {
    const auto import = [&](Value genesis) {
        const auto done = attempt([&](Context& context) { return params.init_genesis(context, genesis); });
        return done ? "accepted" : done.error().message;
    };
    EXPECT_EQ(import(Value::Map{{"chain", Value::Map{{"evm_chain_id", 84532}, {"gas_price_min", "3"}}}}), "accepted");
    EXPECT_EQ(params.get<ChainParams>(state).evm_chain_id, 84532U);
    EXPECT_EQ(params.get<ChainParams>(state).gas_price_min, Amount(3));
    EXPECT_EQ(params.get<ChainParams>(state).block_gas_max, ChainParams{}.block_gas_max);
    EXPECT_EQ(import(Value::Map{{"chain", Value::Map{{"gas", 1}}}}), "chain: field 'gas' is unknown");
    EXPECT_EQ(import(Value::Map{{"x", Value::Map{}}}), "module 'x' has no parameters");
    EXPECT_EQ(import(Value::Map{{"nested", Value::Map{{"range", Value::Map{{"low", 5}, {"high", 1}}}}}}),
              "nested: range.low: above range.high");
}

TEST_F(Params, InvariantsSeeDamage) {
    const MemoryState good = state;
    Inner bad{5, 1};
    state.put(ModuleId::params, StateKey(0x01).add(as_byte_view("nested")), encode_record(NestedParams{"x", bad}));
    EXPECT_EQ(violation(params), "params: nested holds what it refuses: range.low: above range.high");
    state = good;
    state.put(ModuleId::params, StateKey(0x01).add(as_byte_view("other")), Bytes{0xa0});
    EXPECT_EQ(violation(params), "params: record of unknown module 'other'");
    state = good;
}

TEST(ParamsProperty, ExportImportsAfterAnyChanges) {
    EXPECT_TRUE(rc::check([] {
        testing::Bench bench;
        ParamsModule params;
        params.add<NestedParams>();
        for (std::uint64_t proposal = 1; proposal < 12; ++proposal) {
            const bool low = *rc::gen::arbitrary<bool>();
            const ParamChange change{"nested", low ? "range.low" : "range.high",
                                     *codec::encode_dag_cbor(Value(*rc::gen::inRange(0, 20)))};
            (void)bench.attempt([&](Context& context) { return params.apply_changes(context, {change}, proposal); });
            RC_ASSERT(bench.violation(params) == "");
            const auto now = params.get<NestedParams>(bench.state).range;
            RC_ASSERT(now.low <= now.high);
            ++bench.block.height;
        }
        if (!bench.state.entries(ModuleId::params).empty()) RC_ASSERT(bench.round_trip(params) == "");
    }));
}

} // namespace
} // namespace assay::chain
