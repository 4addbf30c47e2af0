#include "chain/modules/registry/test_registry_chain.h"

namespace assay::chain::registry {
namespace {

using testing::address_of;

const Address kAnn = address_of(1); ///< base model
const Address kBen = address_of(2); ///< works made from it
const Address kPayer = address_of(4);

LicenceTerms capped(std::uint64_t commercial, std::uint64_t derivative = 0) {
    LicenceTerms terms = RegistryChain::commercial(kPolicyAbsolute, 5'000'000);
    terms.commercial_rev_ceiling = Amount(commercial);
    terms.derivative_rev_ceiling = Amount(derivative);
    return terms;
}

struct Ceilings : ::testing::Test {
    Ceilings() { chain.fund(kPayer, 1'000'000); }
    ~Ceilings() override {
        EXPECT_EQ(chain.check(), "");
        EXPECT_EQ(chain.round_trip(chain.module), "");
    }
    /// A work of Ben's made with a new licence of the base under these terms.
    Digest made(std::string_view name, const LicenceTerms& terms) {
        RegisterAsset message = RegistryChain::work(name);
        message.parents = {chain.link(kAnn, base, terms, kBen)};
        licence = message.parents[0].licence;
        return chain.add_asset(kBen, message);
    }
    std::string pay(const Digest& asset, std::uint64_t amount, const Address& token = kNativeToken) {
        return chain.refusal(kPayer, PayRoyalty{asset, token, Amount(amount), {}});
    }
    /// How the refusal of a payment ends.
    static std::string passed(std::string_view field, std::uint64_t most, std::uint64_t earned, std::uint64_t amount) {
        return ": " + std::string(field) + " " + std::to_string(most) + " would be passed, " + std::to_string(earned) +
               " is earned and this is " + std::to_string(amount) + "; one more licence raises it";
    }
    std::uint64_t earned(std::uint64_t ceiling) const {
        return static_cast<std::uint64_t>(load<RevenueCeiling>(chain.state, ceiling)->earned.units());
    }

    RegistryChain chain;
    Digest base = chain.add_asset(kAnn, RegistryChain::work("base"));
    std::uint64_t licence = 0;
};

TEST_F(Ceilings, RevenueStopsAtTheLowerOne) {
    const Digest both = made("both", capped(1'000, 800));
    EXPECT_EQ(pay(both, 800), "accepted");
    EXPECT_EQ(pay(both, 1), "licence " + std::to_string(licence) + " of asset 0x" + to_hex(base) +
                                passed("derivativeRevCeiling", 800, 800, 1));
    const Digest first = made("first", capped(500));
    EXPECT_TRUE(pay(first, 501).ends_with(passed("commercialRevCeiling", 500, 0, 501)));
    EXPECT_EQ(pay(first, 500), "accepted"); // a refused payment counted nothing
    const Digest second = made("second", capped(0, 70));
    EXPECT_TRUE(pay(second, 71).ends_with(passed("derivativeRevCeiling", 70, 0, 71)));
    const Digest free = made("free", capped(0));
    EXPECT_EQ(pay(free, 900'000), "accepted");
    EXPECT_EQ(pay(base, 10), "accepted"); // the licensor's own revenue is his own affair
    const auto answer = chain.query(chain.module, "ceilings", {{"asset", codec::Value("0x" + to_hex(second))}});
    ASSERT_EQ(answer.find("items")->list()->size(), 1u);
    EXPECT_EQ(*answer.find("items")->list()->front().find("left")->text(), "70");
}

TEST_F(Ceilings, HoldForVersionsAndForWhatIsDerivedFurther) {
    const Digest work = made("work", capped(1'000));
    const std::uint64_t ceiling = licence;
    RegisterAsset version = RegistryChain::work("version");
    version.previous = work;
    const Digest later = chain.add_asset(kBen, version);
    RegisterAsset child = RegistryChain::work("child");
    child.parents = {chain.link(kBen, work, RegistryChain::commercial(kPolicyRelative, 100), kBen)};
    const Digest below = chain.add_asset(kBen, child);
    EXPECT_EQ(load<AssetState>(chain.state, below)->ceilings, std::vector{ceiling});
    EXPECT_EQ(pay(work, 400), "accepted");
    EXPECT_EQ(pay(later, 300), "accepted");
    EXPECT_EQ(pay(below, 200), "accepted");
    EXPECT_EQ(earned(ceiling), 900u);
    for (const Digest& asset : {work, later, below})
        EXPECT_TRUE(pay(asset, 101).ends_with(passed("commercialRevCeiling", 1'000, 900, 101)));
    chain.accept(kPayer, CollectRoyalty{below, base, kNativeToken}); // was counted when it was paid
    EXPECT_EQ(earned(ceiling), 900u);
    EXPECT_EQ(pay(below, 100), "accepted");
}

TEST_F(Ceilings, OneMoreLicenceRaisesIt) {
    const LicenceTerms terms = capped(1'000, 3'000);
    const Digest work = made("work", terms);
    const std::uint64_t ceiling = licence;
    EXPECT_EQ(pay(work, 1'000), "accepted");
    const std::uint64_t more = chain.add_licence(kAnn, base, terms_id(terms), kPayer);
    EXPECT_TRUE(chain.refusal(kBen, RaiseCeiling{ceiling, more}).contains("is held by"));
    EXPECT_EQ(chain.refusal(kPayer, RaiseCeiling{ceiling + 99, more}),
              "no revenue ceiling " + std::to_string(ceiling + 99));
    chain.accept(kAnn, AttachTerms{base, chain.add_terms(capped(9'000))});
    const std::uint64_t other = chain.add_licence(kAnn, base, terms_id(capped(9'000)), kPayer);
    EXPECT_TRUE(chain.refusal(kPayer, RaiseCeiling{ceiling, other}).contains("under other terms"));
    chain.accept(kPayer, RaiseCeiling{ceiling, more});
    EXPECT_FALSE(load<Licence>(chain.state, more));
    EXPECT_EQ(pay(work, 1'000), "accepted");
    EXPECT_TRUE(pay(work, 1).ends_with(passed("commercialRevCeiling", 2'000, 2'000, 1)));
}

TEST_F(Ceilings, CountOneTokenOnly) {
    chain.run(
        [&](Context& context) { ASSERT_TRUE(chain.bank.transfer(context, kPayer, kAnn, kNativeToken, Amount(1))); });
    chain.accept(kPayer, bank::IssueToken{"Coin", "COIN", 6, Amount(1'000'000), kPayer, ""});
    const Address coin = *crypto::parse_address(chain.last("bank.issue_token", "token"));
    const Digest work = made("work", capped(1'000));
    EXPECT_TRUE(chain.refusal(kBen, OpenToken{work, coin}).ends_with("it cannot earn in another"));
    LicenceTerms foreign = capped(0);
    foreign.currency = coin;
    EXPECT_TRUE(
        chain.refusal(kBen, AttachTerms{work, chain.add_terms(foreign)}).ends_with("it cannot earn in another"));
    LicenceTerms foreign_ceiling = capped(50);
    foreign_ceiling.currency = coin;
    const Digest second = made("second", foreign_ceiling); // its vault opens for the token that counts
    EXPECT_EQ(pay(second, 50, coin), "accepted");
    EXPECT_TRUE(pay(second, 1).ends_with("it cannot earn in another"));
    RegisterAsset mixed = RegistryChain::work("mixed");
    mixed.parents = {chain.link(kAnn, base, capped(1'000), kBen),
                     chain.link(kAnn, chain.add_asset(kAnn, RegistryChain::work("third")), foreign_ceiling, kBen)};
    EXPECT_TRUE(chain.refusal(kBen, mixed).ends_with("have revenue ceilings in different tokens"));
}

TEST_F(Ceilings, EndMintingFeesAndSales) {
    const Digest work = made("work", capped(1'000));
    LicenceTerms own = RegistryChain::commercial(kPolicyAbsolute, 0);
    own.default_minting_fee = Amount(600);
    const Digest id = chain.add_terms(own);
    chain.accept(kBen, AttachTerms{work, id});
    chain.accept(kPayer, MintLicence{work, id, kPayer, 1, Amount(600)});
    EXPECT_TRUE(chain.refusal(kPayer, MintLicence{work, id, kPayer, 1, Amount(600)})
                    .ends_with(passed("commercialRevCeiling", 1'000, 600, 600)));
    chain.accept(kBen, CreateListing{work, id, kNativeToken, Amount(500), 1, chain.block.height + 20, 5, 10, kAnn});
    chain.accept(kPayer, RequestQuote{chain.last_number("registry.listed", "listing"), 1});
    chain.accept(kPayer, AcceptQuote{chain.last_number("registry.quoted", "quote"), {1}});
    const std::uint64_t order = chain.last_number("registry.order_placed", "order");
    chain.accept(kBen, DeliverOrder{order, {2}});
    EXPECT_TRUE(chain.refusal(kPayer, ConfirmOrder{order}).ends_with(passed("commercialRevCeiling", 1'000, 600, 500)));
    for (int i = 0; i < 20; ++i) chain.next();
    EXPECT_EQ(load<Order>(chain.state, order)->state, kOrderRefunded);
}

TEST_F(Ceilings, AreSixteenAtMost) {
    std::vector<Digest> works;
    for (int i = 0; i < 17; ++i) works.push_back(made("work " + std::to_string(i), capped(1'000)));
    const auto join = [&](std::size_t first, std::size_t last, std::string_view name) {
        RegisterAsset message = RegistryChain::work(name);
        for (std::size_t i = first; i < last; ++i)
            message.parents.push_back(chain.link(kBen, works[i], RegistryChain::commercial(kPolicyAbsolute, 0), kBen));
        return message;
    };
    const Digest sixteen = chain.add_asset(kBen, join(0, 16, "sixteen"));
    EXPECT_EQ(load<AssetState>(chain.state, sixteen)->ceilings.size(), 16u);
    works.push_back(sixteen);
    EXPECT_EQ(chain.refusal(kBen, join(16, 18, "seventeen")),
              "the asset would be under 17 revenue ceilings, above the limit of 16");
}

TEST_F(Ceilings, LicencesOnlyGoToThoseWhoMayTakeThem) {
    LicenceTerms listed = capped(0);
    listed.commercializer_checker = kCheckerAllowList;
    listed.commercializer_checker_data.assign(kAnn.bytes.begin(), kAnn.bytes.end());
    listed.commercializer_checker_data.push_back('l');
    const Digest id = chain.add_terms(listed);
    chain.accept(kAnn, AttachTerms{base, id});
    chain.accept(kAnn, SetAllowList{"l", {kBen}, true});
    const std::uint64_t held = chain.add_licence(kAnn, base, id, kBen);
    EXPECT_TRUE(chain.refusal(kBen, TransferLicence{held, kPayer}).ends_with("is not on the allow list 'l'"));
    chain.accept(kAnn, SetAllowList{"l", {kPayer}, true});
    chain.accept(kBen, TransferLicence{held, kPayer});
}

/// The audit would notice a payment that went uncounted.
TEST(CeilingAudit, NoticesWhatWasNotCounted) {
    RegistryChain chain;
    chain.fund(kPayer, 1'000);
    const Digest base = chain.add_asset(kAnn, RegistryChain::work("base"));
    RegisterAsset message = RegistryChain::work("work");
    message.parents = {chain.link(kAnn, base, capped(1'000), kBen)};
    const Digest work = chain.add_asset(kBen, message);
    chain.accept(kPayer, PayRoyalty{work, kNativeToken, Amount(10), {}});
    RevenueCeiling ceiling = *load<RevenueCeiling>(chain.state, message.parents[0].licence);
    ceiling.earned = Amount(9);
    store(chain.state, ceiling);
    EXPECT_TRUE(chain.violation(chain.module).ends_with("counted 9, its works received 10"));
    ceiling.earned = Amount(10);
    ceiling.commercial = Amount(2'000);
    store(chain.state, ceiling);
    EXPECT_TRUE(chain.violation(chain.module).ends_with("is not that of its terms, 1 times"));
}

} // namespace
} // namespace assay::chain::registry
