#include "chain/modules/registry/test_registry_chain.h"

namespace assay::chain::registry {
namespace {

using testing::address_of;

const Address kAnn = address_of(1); ///< base model
const Address kBen = address_of(2); ///< fine-tune of it
const Address kCid = address_of(3); ///< adapter on that
const Address kPayer = address_of(4);

/// README.md's example: Ann's terms 5 % LAP, Ben's 20 % LRP.
struct Example : ::testing::Test {
    Example() {
        chain.fund(kPayer, 10'000'000);
        RegisterAsset tune = RegistryChain::work("tune");
        tune.parents = {chain.link(kAnn, base, RegistryChain::commercial(kPolicyAbsolute, 5'000'000), kBen)};
        tuned = chain.add_asset(kBen, tune);
        RegisterAsset adapt = RegistryChain::work("adapter");
        adapt.parents = {chain.link(kBen, tuned, RegistryChain::commercial(kPolicyRelative, 20'000'000), kCid)};
        adapter = chain.add_asset(kCid, adapt);
    }
    std::string pay(const Digest& asset, std::uint64_t amount) {
        return chain.refusal(kPayer, PayRoyalty{asset, kNativeToken, Amount(amount), {}});
    }
    RegistryChain chain;
    Digest base = chain.add_asset(kAnn, RegistryChain::work("base"));
    Digest tuned{};
    Digest adapter{};
};

TEST_F(Example, SplitsAndPaysOut) {
    EXPECT_EQ(pay(adapter, 1'000'000), "accepted");
    EXPECT_EQ(chain.last("registry.royalty_paid", "fee"), "10000");
    EXPECT_EQ(chain.last("registry.royalty_paid", "lap"), "49500");
    EXPECT_EQ(chain.last("registry.royalty_paid", "lrp"), "198000");
    EXPECT_EQ(chain.last("registry.royalty_paid", "vault"), "742500");
    chain.accept(kPayer, CollectRoyalty{adapter, base, kNativeToken}); // anybody may
    chain.accept(kPayer, CollectRoyalty{adapter, tuned, kNativeToken});
    EXPECT_EQ(chain.refusal(kPayer, CollectRoyalty{adapter, base, kNativeToken}), "nothing to collect");
    chain.accept(kAnn, ClaimRevenue{base, kNativeToken});
    chain.accept(kBen, ClaimRevenue{tuned, kNativeToken});
    chain.accept(kCid, ClaimRevenue{adapter, kNativeToken});
    EXPECT_EQ(chain.refusal(kCid, ClaimRevenue{adapter, kNativeToken}), "nothing to claim");
    EXPECT_EQ(chain.balance(kAnn), 49'500u);
    EXPECT_EQ(chain.balance(kBen), 198'000u);
    EXPECT_EQ(chain.balance(kCid), 742'500u);
    EXPECT_EQ(chain.balance(module_account("fees")), 10'000u);
    EXPECT_EQ(chain.balance(registry_account()), 0u);
    EXPECT_EQ(chain.check(), "");
    EXPECT_EQ(chain.round_trip(chain.module), "");
}

TEST_F(Example, RefusesWhoHasNoShareAndWhatCannotReceive) {
    EXPECT_EQ(pay(adapter, 0), "amount: zero");
    EXPECT_EQ(pay(adapter, 1'000), "accepted");
    EXPECT_TRUE(chain.refusal(kBen, CollectRoyalty{base, tuned, kNativeToken}).contains("is no ancestor of"));
    EXPECT_TRUE(
        chain.refusal(kPayer, PayRoyalty{adapter, address_of(50), Amount(1), {}}).contains("is not open for token"));
    EXPECT_TRUE(pay(adapter, 100'000'000).contains("insufficient")) << pay(adapter, 100'000'000);
    chain.accept(kDisputesArbiter, SetAssetStatus{base, "disputed", ""});
    EXPECT_TRUE(pay(base, 1).ends_with("is disputed and cannot receive"));
    EXPECT_TRUE(
        chain.refusal(kAnn, CollectRoyalty{adapter, base, kNativeToken}).ends_with("is disputed and cannot receive"));
    chain.accept(kDisputesArbiter, SetAssetStatus{base, "active", ""});
    EXPECT_EQ(chain.refusal(kAnn, CollectRoyalty{adapter, base, kNativeToken}), "accepted"); // it waited
    EXPECT_EQ(chain.check(), "");
}

TEST_F(Example, PartsOfAUnitAreNotLost) {
    for (int i = 0; i < 50; ++i) EXPECT_EQ(pay(adapter, 7), "accepted"); // lap 0, lrp 1, vault 6 each
    EXPECT_EQ(load<RevenueAccount>(chain.state, adapter, kNativeToken)->lrp_in, Amount(50));
    EXPECT_EQ(chain.vault_in(adapter), 300u);
    EXPECT_EQ(chain.check(), "");
    for (int i = 0; i < 50; ++i) EXPECT_EQ(pay(adapter, 29), "accepted"); // lap 1, lrp 5, vault 23
    EXPECT_EQ(load<RevenueAccount>(chain.state, adapter, kNativeToken)->lap_in, Amount(50));
    EXPECT_EQ(chain.check(), "");
}

TEST_F(Example, UnitsEarnWhileTheyAreHeld) {
    const Address dan = address_of(5);
    EXPECT_EQ(pay(base, 1'000'000), "accepted"); // 990,000 for Ann alone
    chain.accept(kAnn, TransferUnits{base, dan, kWhole / 3});
    EXPECT_EQ(pay(base, 100), "accepted"); // 99 for both
    chain.accept(dan, TransferUnits{base, kAnn, kWhole / 3});
    EXPECT_EQ(pay(base, 100), "accepted"); // 99 for Ann
    EXPECT_EQ(chain.check(), "");
    EXPECT_TRUE(chain.refusal(dan, TransferUnits{base, kAnn, 1}).contains("where 0 are held"));
    chain.accept(dan, ClaimRevenue{base, kNativeToken});
    EXPECT_EQ(chain.balance(dan), 32u); // floor(99/3 − …)
    chain.accept(kAnn, ClaimRevenue{base, kNativeToken});
    EXPECT_EQ(chain.balance(kAnn), 990'000u + 99u + 66u);
    EXPECT_EQ(chain.balance(registry_account()), 1u); // two fractions that are still owed
    EXPECT_EQ(chain.check(), "");
    EXPECT_EQ(chain.round_trip(chain.module), "");
}

TEST_F(Example, OtherTokensOnlyWhereTheVaultIsOpen) {
    chain.accept(kPayer, bank::IssueToken{"Dollar", "USD", 6, Amount(1'000'000), {}, ""});
    Address token;
    const auto listed = chain.query(chain.bank, "tokens");
    token = *crypto::parse_address(*listed.find("tokens")->list()->front().find("address")->text());
    EXPECT_TRUE(chain.refusal(kBen, OpenToken{adapter, token}).contains("belongs to"));
    chain.accept(kCid, OpenToken{adapter, token});
    chain.accept(kPayer, PayRoyalty{adapter, token, Amount(1'000), {}});
    EXPECT_EQ(chain.balance(module_account("treasury"), token), 10u);
    EXPECT_TRUE(chain.refusal(kBen, CollectRoyalty{adapter, tuned, token}).contains("is not open for token"));
    chain.accept(kBen, OpenToken{tuned, token});
    chain.accept(kBen, CollectRoyalty{adapter, tuned, token});
    EXPECT_EQ(chain.vault_in(tuned, token), 198u);
    EXPECT_TRUE(chain.refusal(kCid, OpenToken{adapter, address_of(61)}).starts_with("token: no token"));
    EXPECT_EQ(chain.check(), "");
    EXPECT_EQ(chain.round_trip(chain.module), "");
}

TEST_F(Example, BrokenStateIsNamed) {
    EXPECT_EQ(pay(adapter, 1'000), "accepted");
    const MemoryState good = chain.state;
    const auto found_after = [&](auto damage) {
        chain.state = good;
        damage();
        return chain.violation(chain.module);
    };
    EXPECT_TRUE(found_after([&] {
                    auto asset = *load<AssetState>(chain.state, adapter);
                    ++asset.lap_stack;
                    store(chain.state, asset);
                }).contains("by its graph"));
    EXPECT_TRUE(found_after([&] {
                    auto account = *load<RevenueAccount>(chain.state, adapter, kNativeToken);
                    account.vault_in = Amount(account.vault_in.units() + 1);
                    store(chain.state, account);
                }).contains("received 1000, spread 1001"));
    EXPECT_TRUE(found_after([&] {
                    store(chain.state, Holding{adapter, kCid, kWhole - 1});
                }).contains("99999999 royalty units"));
    EXPECT_TRUE(found_after([&] {
                    auto lineage = *load<Lineage>(chain.state, adapter);
                    lineage.shares.back() ^= 1;
                    store(chain.state, lineage);
                }).contains("differ from those of its graph"));
    EXPECT_TRUE(
        found_after([&] { chain.state.erase(ModuleId::registry, owner_key(kCid, adapter)); }).contains("is missing"));
    EXPECT_TRUE(found_after([&] {
                    chain.run([&](Context& context) {
                        EXPECT_TRUE(chain.bank.transfer(context, registry_account(), kAnn, kNativeToken, Amount(1)));
                    });
                }).contains("the registry's account holds"));
    EXPECT_TRUE(found_after([&] {
                    auto offer = *load<Offer>(chain.state, base,
                                              terms_id(RegistryChain::commercial(kPolicyAbsolute, 5'000'000)));
                    offer.burned = 0;
                    store(chain.state, offer);
                }).contains("burned 0, there are 0"));
    EXPECT_EQ(found_after([] {}), "");
}

} // namespace
} // namespace assay::chain::registry
