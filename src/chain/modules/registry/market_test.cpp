#include "chain/modules/registry/test_registry_chain.h"

namespace assay::chain::registry {
namespace {

using testing::address_of;

const Address kSeller = address_of(1);
const Address kBuyer = address_of(2);
const Address kArbiter = address_of(3);

struct Market : ::testing::Test {
    Market() {
        chain.fund(kBuyer, 1'000'000);
        chain.accept(kSeller, AttachTerms{asset, terms});
        chain.accept(kSeller, CreateListing{asset, terms, kNativeToken, Amount(1'000), 5, chain.block.height + 50, 10,
                                            20, kArbiter});
        listing = chain.last_number("registry.listed", "listing");
    }
    std::uint64_t quote(std::uint32_t quantity) {
        chain.accept(kBuyer, RequestQuote{listing, quantity});
        return chain.last_number("registry.quoted", "quote");
    }
    std::uint64_t order(std::uint32_t quantity = 2) {
        chain.accept(kBuyer, AcceptQuote{quote(quantity), {1, 2, 3}});
        return chain.last_number("registry.order_placed", "order");
    }
    Order now(std::uint64_t id) const { return *load<Order>(chain.state, id); }
    void pass(int blocks) {
        for (int i = 0; i < blocks; ++i) chain.next();
    }
    RegistryChain chain;
    Digest asset = chain.add_asset(kSeller, RegistryChain::work("model"));
    Digest terms = chain.add_terms(RegistryChain::commercial(kPolicyAbsolute, 5'000'000));
    std::uint64_t listing = 0;
};

TEST_F(Market, SaleFromListingToRelease) {
    const std::uint64_t id = order();
    EXPECT_EQ(chain.balance(kBuyer), 998'000u);
    EXPECT_EQ(load<Listing>(chain.state, listing)->quantity, 3u);
    EXPECT_EQ(chain.refusal(kBuyer, ConfirmOrder{id}), "order 1 is escrowed, not delivered");
    EXPECT_TRUE(chain.refusal(kBuyer, DeliverOrder{id, {}}).contains("the seller of order 1 is"));
    chain.accept(kSeller, DeliverOrder{id, {9, 9}});
    ASSERT_EQ(now(id).licences.size(), 2u);
    const std::uint64_t licence = now(id).licences[0];
    EXPECT_TRUE(chain.refusal(kBuyer, TransferLicence{licence, kArbiter}).contains("is locked by order 1"));
    chain.accept(kSeller, CommitUsage{id, {4}, 10});
    EXPECT_EQ(chain.refusal(kSeller, CommitUsage{id, {5}, 9}), "receipts: 10 are committed already");
    EXPECT_EQ(chain.check(), "");
    EXPECT_EQ(chain.round_trip(chain.module), "");
    chain.accept(kBuyer, ConfirmOrder{id});
    EXPECT_EQ(now(id).state, kOrderReleased);
    EXPECT_EQ(chain.vault_in(asset), 1'980u);
    chain.accept(kBuyer, TransferLicence{licence, kArbiter}); // free now
    chain.accept(kSeller, ClaimRevenue{asset, kNativeToken});
    EXPECT_EQ(chain.balance(kSeller), 1'980u);
    chain.accept(kSeller, CommitUsage{id, {5}, 11}); // use goes on after the sale
    EXPECT_EQ(chain.check(), "");
    EXPECT_EQ(chain.round_trip(chain.module), "");
}

TEST_F(Market, SilentSellerLoses) {
    const std::uint64_t id = order();
    pass(10);
    EXPECT_EQ(now(id).state, kOrderEscrowed);
    chain.next(); // the block of its deadline ends
    EXPECT_EQ(now(id).state, kOrderRefunded);
    EXPECT_EQ(chain.balance(kBuyer), 1'000'000u);
    EXPECT_EQ(load<Listing>(chain.state, listing)->quantity, 5u);
    EXPECT_EQ(chain.refusal(kSeller, DeliverOrder{id, {}}), "order 1 is refunded, not escrowed");
    EXPECT_EQ(chain.check(), "");
}

TEST_F(Market, SilentBuyerPays) {
    const std::uint64_t id = order();
    chain.accept(kSeller, DeliverOrder{id, {9}});
    pass(21);
    EXPECT_EQ(now(id).state, kOrderReleased);
    EXPECT_EQ(chain.vault_in(asset), 1'980u);
    EXPECT_EQ(load<Licence>(chain.state, now(id).licences[0])->order, 0u);
    EXPECT_EQ(chain.check(), "");
}

TEST_F(Market, ArbiterSplits) {
    const std::uint64_t id = order();
    chain.accept(kSeller, DeliverOrder{id, {9}});
    EXPECT_TRUE(chain.refusal(kSeller, DisputeOrder{id, "no"}).contains("the buyer of order"));
    chain.accept(kBuyer, DisputeOrder{id, "wrong key"});
    EXPECT_TRUE(chain.refusal(kBuyer, ResolveOrder{id, kWhole}).contains("the arbiter of order"));
    chain.accept(kArbiter, ResolveOrder{id, 25'000'000});
    EXPECT_EQ(now(id).state, kOrderReleased);
    EXPECT_EQ(now(id).refunded, Amount(500));
    EXPECT_EQ(chain.balance(kBuyer), 998'500u);
    EXPECT_EQ(chain.vault_in(asset), 1'485u);
    EXPECT_EQ(chain.check(), "");
}

TEST_F(Market, FullRefundTakesLicencesBack) {
    const std::uint64_t id = order();
    chain.accept(kSeller, DeliverOrder{id, {9}});
    const std::uint64_t licence = now(id).licences[0];
    chain.accept(kBuyer, DisputeOrder{id, ""});
    chain.accept(kArbiter, ResolveOrder{id, kWhole});
    EXPECT_EQ(now(id).state, kOrderRefunded);
    EXPECT_FALSE(load<Licence>(chain.state, licence));
    EXPECT_EQ(chain.balance(kBuyer), 1'000'000u);
    EXPECT_EQ(chain.check(), "");
    EXPECT_EQ(chain.round_trip(chain.module), "");
}

TEST_F(Market, SilentArbiterRefunds) {
    chain.params.registry.arbitration_blocks = 5;
    const std::uint64_t id = order();
    chain.accept(kSeller, DeliverOrder{id, {9}});
    chain.accept(kBuyer, DisputeOrder{id, ""});
    pass(6);
    EXPECT_EQ(now(id).state, kOrderRefunded);
    EXPECT_EQ(chain.balance(kBuyer), 1'000'000u);
    EXPECT_EQ(chain.check(), "");
}

TEST_F(Market, DisputedAssetIsRefundedInsteadOfReleased) {
    const std::uint64_t id = order();
    chain.accept(kSeller, DeliverOrder{id, {9}});
    chain.accept(kDisputesArbiter, SetAssetStatus{asset, "disputed", ""});
    EXPECT_TRUE(chain.refusal(kBuyer, ConfirmOrder{id}).ends_with("cannot receive"));
    pass(21);
    EXPECT_EQ(now(id).state, kOrderRefunded);
    EXPECT_EQ(chain.check(), "");
}

TEST_F(Market, QuotesHoldTheirPriceForAWhile) {
    chain.params.registry.quote_blocks = 3;
    const std::uint64_t early = quote(1);
    pass(4);
    EXPECT_EQ(chain.refusal(kBuyer, AcceptQuote{early, {}}), "no quote " + std::to_string(early));
    EXPECT_TRUE(chain.refusal(kBuyer, OfferQuote{listing, kBuyer, 1, Amount(1), chain.block.height})
                    .contains("the listing belongs to"));
    chain.accept(kSeller, OfferQuote{listing, kBuyer, 5, Amount(4'000), chain.block.height + 1});
    const std::uint64_t own = chain.last_number("registry.quoted", "quote");
    EXPECT_TRUE(chain.refusal(kArbiter, AcceptQuote{own, {}}).contains("the quote is for"));
    chain.accept(kBuyer, AcceptQuote{own, {}});
    EXPECT_EQ(chain.balance(kBuyer), 996'000u);
    EXPECT_EQ(chain.refusal(kBuyer, RequestQuote{listing, 1}), "quantity: 0 left in listing 1");
    EXPECT_EQ(chain.check(), "");
}

TEST_F(Market, ListingsEnd) {
    EXPECT_TRUE(chain.refusal(kBuyer, CloseListing{listing}).contains("the listing belongs to"));
    const std::uint64_t open = quote(1);
    chain.accept(kSeller, CloseListing{listing});
    EXPECT_EQ(chain.refusal(kBuyer, AcceptQuote{open, {}}), "listing 1 is closed");
    chain.accept(kSeller,
                 CreateListing{asset, terms, kNativeToken, Amount(7), 1, chain.block.height + 2, 10, 20, kArbiter});
    const std::uint64_t second = chain.last_number("registry.listed", "listing");
    pass(3);
    EXPECT_FALSE(load<Listing>(chain.state, second)->open);
    EXPECT_EQ(chain.check(), "");
    EXPECT_EQ(chain.round_trip(chain.module), "");
}

TEST_F(Market, WorkOfABlockIsBounded) {
    chain.params.registry.quote_blocks = 1;
    chain.params.registry.deadlines_per_block_max = 4;
    for (int i = 0; i < 10; ++i) quote(1);
    const auto left = [&] { return chain.query(chain.module, "quotes").find("items")->list()->size(); };
    chain.next();
    EXPECT_EQ(left(), 10u);
    chain.next();
    EXPECT_EQ(left(), 6u);
    chain.next();
    EXPECT_EQ(left(), 2u);
    chain.next();
    EXPECT_EQ(left(), 0u);
    EXPECT_EQ(chain.check(), "");
}

TEST_F(Market, RefusesBadListings) {
    const auto refusal = [&](auto change) {
        CreateListing message{asset, terms, kNativeToken, Amount(1), 1, chain.block.height + 5, 10, 20, kArbiter};
        change(message);
        return chain.refusal(kSeller, message);
    };
    EXPECT_TRUE(refusal([&](auto& m) { m.expiry = chain.block.height; }).ends_with("has passed"));
    EXPECT_EQ(refusal([](auto& m) { m.delivery_blocks = 0; }), "delivery_blocks: outside 1 … 100000");
    EXPECT_EQ(refusal([](auto& m) { m.dispute_blocks = 9; }), "dispute_blocks: outside 10 … 1000000");
    EXPECT_EQ(refusal([](auto& m) { m.arbiter = kSeller; }), "arbiter: zero or the seller");
    EXPECT_EQ(refusal([](auto& m) { m.quantity = 0; }), "quantity: zero");
    EXPECT_TRUE(refusal([](auto& m) { m.price = {}; }).starts_with("price: outside 1"));
    EXPECT_TRUE(refusal([](auto& m) { m.token = address_of(99); }).contains("is not open for token"));
    EXPECT_TRUE(refusal([](auto& m) { m.terms = {3}; }).contains("offers no licences"));
}

} // namespace
} // namespace assay::chain::registry
