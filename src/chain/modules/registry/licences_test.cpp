#include "chain/modules/registry/test_registry_chain.h"

#include <limits>

namespace assay::chain::registry {
namespace {

using testing::address_of;

const Address kAlice = address_of(1);
const Address kBob = address_of(2);
const Address kCarol = address_of(3);

std::string terms_refusal(auto change) {
    LicenceTerms terms = RegistryChain::commercial(kPolicyAbsolute, 5'000'000);
    change(terms);
    const auto checked = check_terms(terms);
    return checked ? "accepted" : checked.error().message;
}

TEST(RegistryTerms, FieldsMustAgree) {
    EXPECT_EQ(terms_refusal([](auto&) {}), "accepted");
    EXPECT_EQ(terms_refusal([](auto& t) { t = LicenceTerms{}; }), "accepted");
    EXPECT_EQ(terms_refusal([](auto& t) { t.royalty_policy = ""; }),
              "currency: a royalty policy needs one, and nothing else does");
    EXPECT_EQ(terms_refusal([](auto& t) { t.royalty_policy = "", t.currency = {}; }),
              "royaltyPolicy: commercial use needs one");
    EXPECT_EQ(terms_refusal([](auto& t) { t.currency = {}; }),
              "currency: a royalty policy needs one, and nothing else does");
    EXPECT_EQ(terms_refusal([](auto& t) { t.royalty_policy = "lap"; }), "royaltyPolicy 'lap' is none of LAP, LRP");
    EXPECT_EQ(terms_refusal([](auto& t) { t.commercial_rev_share = kWhole + 1; }), "commercialRevShare: above 100 %");
    const auto non_commercial = [](auto change) {
        return terms_refusal([&](auto& t) {
            t = LicenceTerms{};
            t.derivatives_allowed = true;
            change(t);
        });
    };
    const std::string tail = ": set although commercialUse is off";
    EXPECT_EQ(non_commercial([](auto& t) { t.royalty_policy = "LAP", t.currency = kNativeToken; }),
              "royaltyPolicy" + tail);
    EXPECT_EQ(non_commercial([](auto& t) { t.default_minting_fee = Amount(1); }), "defaultMintingFee" + tail);
    EXPECT_EQ(non_commercial([](auto& t) { t.commercial_attribution = true; }), "commercialAttribution" + tail);
    EXPECT_EQ(non_commercial([](auto& t) { t.commercializer_checker = "allow_list"; }), "commercializerChecker" + tail);
    EXPECT_EQ(non_commercial([](auto& t) { t.commercial_rev_share = 1; }), "commercialRevShare" + tail);
    EXPECT_EQ(non_commercial([](auto& t) { t.commercial_rev_ceiling = Amount(1); }), "commercialRevCeiling" + tail);
    const auto closed = [](auto change) {
        return terms_refusal([&](auto& t) {
            t.derivatives_allowed = false;
            change(t);
        });
    };
    const std::string off = ": set although derivativesAllowed is off";
    EXPECT_EQ(closed([](auto&) {}), "accepted");
    EXPECT_EQ(closed([](auto& t) { t.derivatives_attribution = true; }), "derivativesAttribution" + off);
    EXPECT_EQ(closed([](auto& t) { t.derivatives_approval = true; }), "derivativesApproval" + off);
    EXPECT_EQ(closed([](auto& t) { t.derivatives_reciprocal = true; }), "derivativesReciprocal" + off);
    EXPECT_EQ(closed([](auto& t) { t.derivative_rev_ceiling = Amount(1); }), "derivativeRevCeiling" + off);
    EXPECT_EQ(terms_refusal([](auto& t) { t.commercializer_checker_data = {1}; }),
              "commercializerCheckerData: given without a checker");
    EXPECT_EQ(terms_refusal([](auto& t) { t.commercializer_checker = "vote"; }),
              "commercializerChecker 'vote' is none of allow_list, token_holder");
}

TEST(RegistryTerms, AreStoredOnceByHash) {
    RegistryChain chain;
    const LicenceTerms terms = RegistryChain::commercial(kPolicyRelative, 1);
    const Digest id = chain.add_terms(terms);
    const auto before = chain.state.entries(ModuleId::registry);
    EXPECT_EQ(chain.add_terms(terms), id);
    EXPECT_EQ(chain.state.entries(ModuleId::registry), before);
    EXPECT_EQ(crypto::sha256(*chain.state.get(ModuleId::registry, terms_key(id))), id);
    LicenceTerms unknown = terms;
    unknown.currency = address_of(77);
    EXPECT_TRUE(chain.refusal(kAlice, RegisterTerms{unknown}).starts_with("currency: no token"));
}

struct Licences : ::testing::Test {
    RegistryChain chain;
    Digest asset = chain.add_asset(kAlice, RegistryChain::work("base"));
    Digest offer(const LicenceTerms& terms) {
        const Digest id = chain.add_terms(terms);
        chain.accept(kAlice, AttachTerms{asset, id});
        return id;
    }
    RegisterAsset child(std::string_view name, std::uint64_t licence) const {
        RegisterAsset message = RegistryChain::work(name);
        message.parents = {{asset, "finetuned_from", licence, 1'000'000}};
        return message;
    }
};

TEST_F(Licences, MintingPaysTheAsset) {
    LicenceTerms terms = RegistryChain::commercial(kPolicyAbsolute, 5'000'000);
    terms.default_minting_fee = Amount(1'000);
    const Digest id = offer(terms);
    chain.fund(kBob, 10'000);
    EXPECT_EQ(chain.refusal(kBob, MintLicence{asset, id, kBob, 3, Amount(2'999)}),
              "the minting fee is 3000, above fee_max 2999");
    chain.accept(kBob, MintLicence{asset, id, kCarol, 3, Amount(3'000)});
    EXPECT_EQ(chain.balance(kBob), 7'000u);
    EXPECT_EQ(chain.balance(module_account("fees")), 30u);
    EXPECT_EQ(chain.vault_in(asset), 2'970u);
    EXPECT_EQ(load<Offer>(chain.state, asset, id)->minted, 3u);
    const auto held = chain.query(chain.module, "licences", {{"holder", codec::Value(crypto::to_string(kCarol))}});
    EXPECT_EQ(held.find("items")->list()->size(), 3u);
    EXPECT_TRUE(chain.refusal(kBob, MintLicence{asset, {5}, kBob, 1, {}}).contains("offers no licences"));
    chain.accept(kAlice, DetachTerms{asset, id});
    EXPECT_TRUE(chain.refusal(kBob, MintLicence{asset, id, kBob, 1, Amount(1'000)}).contains("offers no licences"));
    EXPECT_EQ(chain.check(), "");
    EXPECT_EQ(chain.round_trip(chain.module), "");
}

TEST_F(Licences, SoulboundStaysWithItsHolder) {
    LicenceTerms terms = RegistryChain::commercial(kPolicyAbsolute, 0);
    terms.transferable = false;
    const std::uint64_t bound = chain.add_licence(kAlice, asset, offer(terms), kBob);
    EXPECT_TRUE(chain.refusal(kBob, TransferLicence{bound, kCarol}).contains("bound to its holder"));
    terms.transferable = true;
    const std::uint64_t free = chain.add_licence(kAlice, asset, offer(terms), kBob);
    EXPECT_TRUE(chain.refusal(kCarol, TransferLicence{free, kCarol}).contains("is held by"));
    chain.accept(kBob, TransferLicence{free, kCarol});
    EXPECT_EQ(load<Licence>(chain.state, free)->holder, kCarol);
    chain.accept(kCarol, BurnLicence{free});
    EXPECT_EQ(chain.refusal(kCarol, BurnLicence{free}), "no licence " + std::to_string(free));
    EXPECT_EQ(chain.check(), "");
    EXPECT_EQ(chain.round_trip(chain.module), "");
}

TEST_F(Licences, DerivativesUseTheirLicenceUp) {
    const Digest id = offer(RegistryChain::commercial(kPolicyAbsolute, 5'000'000));
    const std::uint64_t licence = chain.add_licence(kAlice, asset, id, kBob);
    EXPECT_TRUE(chain.refusal(kCarol, child("c", licence)).contains("is held by"));
    const Digest made = chain.add_asset(kBob, child("c", licence));
    EXPECT_FALSE(load<Licence>(chain.state, licence));
    EXPECT_EQ(load<AssetState>(chain.state, made)->lap_stack, 5'000'000u);
    EXPECT_EQ(load<AssetState>(chain.state, made)->bound, kBoundCommercial);
    EXPECT_EQ(chain.refusal(kBob, child("d", licence)), "no licence " + std::to_string(licence));
    RegisterAsset wrong = child("e", chain.add_licence(kAlice, asset, id, kBob));
    wrong.parents[0].asset = made;
    EXPECT_TRUE(chain.refusal(kBob, wrong).contains("is not for asset"));
    EXPECT_EQ(chain.check(), "");
    EXPECT_EQ(chain.round_trip(chain.module), "");
}

TEST_F(Licences, ClosedTermsAndApproval) {
    LicenceTerms closed = RegistryChain::commercial(kPolicyAbsolute, 0);
    closed.derivatives_allowed = false;
    const std::uint64_t licence = chain.add_licence(kAlice, asset, offer(closed), kBob);
    EXPECT_TRUE(chain.refusal(kBob, child("c", licence)).contains("allows no derivatives"));

    LicenceTerms asked = RegistryChain::commercial(kPolicyAbsolute, 0);
    asked.derivatives_approval = true;
    const RegisterAsset message = child("d", chain.add_licence(kAlice, asset, offer(asked), kBob));
    const std::string refused = chain.refusal(kBob, message);
    EXPECT_TRUE(refused.contains("has not approved 0x")) << refused;
    Digest wanted{};
    std::ranges::copy(*from_hex(refused.substr(refused.size() - 64)), wanted.begin());
    EXPECT_TRUE(chain.refusal(kBob, ApproveDerivative{asset, wanted, true}).contains("belongs to"));
    chain.accept(kAlice, ApproveDerivative{asset, wanted, true});
    EXPECT_EQ(chain.add_asset(kBob, message), wanted);
    EXPECT_FALSE(load<Approval>(chain.state, asset, wanted)); // spent
    EXPECT_EQ(chain.check(), "");
}

TEST_F(Licences, CheckersDecideWhoMayTakeOne) {
    LicenceTerms listed = RegistryChain::commercial(kPolicyAbsolute, 0);
    listed.commercializer_checker = kCheckerAllowList;
    listed.commercializer_checker_data.assign(kAlice.bytes.begin(), kAlice.bytes.end());
    for (const char c : std::string_view("partners"))
        listed.commercializer_checker_data.push_back(static_cast<std::uint8_t>(c));
    const Digest id = offer(listed);
    EXPECT_TRUE(
        chain.refusal(kBob, MintLicence{asset, id, kBob, 1, {}}).ends_with("is not on the allow list 'partners'"));
    chain.accept(kAlice, SetAllowList{"partners", {kBob, kCarol}, true});
    EXPECT_EQ(chain.refusal(kBob, MintLicence{asset, id, kBob, 1, {}}), "accepted");
    chain.accept(kAlice, SetAllowList{"partners", {kBob}, false});
    const std::uint64_t held = chain.last_number("registry.licence_minted", "licence");
    EXPECT_TRUE(chain.refusal(kBob, child("c", held)).ends_with("is not on the allow list 'partners'"));

    LicenceTerms holders = RegistryChain::commercial(kPolicyAbsolute, 0);
    holders.commercializer_checker = kCheckerTokenHolder;
    holders.commercializer_checker_data.assign(kNativeToken.bytes.begin(), kNativeToken.bytes.end());
    holders.commercializer_checker_data.resize(36);
    holders.commercializer_checker_data[35] = 100;
    const Digest second = offer(holders);
    chain.fund(kBob, 99);
    EXPECT_TRUE(chain.refusal(kBob, MintLicence{asset, second, kBob, 1, {}}).ends_with("less than 100"));
    chain.fund(kBob, 1);
    EXPECT_EQ(chain.refusal(kBob, MintLicence{asset, second, kBob, 1, {}}), "accepted");
    EXPECT_EQ(chain.check(), "");
    EXPECT_EQ(chain.round_trip(chain.module), "");
}

/// A name is part of a key of the state, whose length is limited: a longer one once stopped the node.
TEST_F(Licences, QuestionsAboutAllowListsNameOne) {
    const auto ask = [&](const std::string& list) {
        return chain.query(chain.module, "allowed",
                           {{"manager", codec::Value(crypto::to_string(kAlice))},
                            {"list", codec::Value(list)},
                            {"member", codec::Value(crypto::to_string(kBob))}});
    };
    EXPECT_EQ(ask("partners"), codec::Value(codec::Value::Map{{"allowed", codec::Value(false)}}));
    for (const std::size_t size : {std::size_t{0}, std::size_t{65}, std::size_t{5'000}})
        EXPECT_EQ(ask(std::string(size, 'x')), codec::Value("error: argument 'list' has not 1 … 64 bytes"));
}

TEST_F(Licences, GenesisRefusesNamesThatAreNoKeys) {
    const codec::Value member(codec::Value::Map{{"manager", codec::Value(crypto::to_string(kAlice))},
                                                {"list", codec::Value(std::string(300, 'x'))},
                                                {"member", codec::Value(crypto::to_string(kBob))}});
    const codec::Value genesis(codec::Value::Map{{"allow_lists", codec::Value(codec::Value::List{member})}});
    testing::Bench other;
    const auto done = other.attempt([&](Context& context) { return chain.module.init_genesis(context, genesis); });
    ASSERT_FALSE(done);
    EXPECT_EQ(done.error().message, "allow_lists[0]: its name is too long");
}

TEST_F(Licences, ExpiryReachesDerivatives) {
    LicenceTerms terms = RegistryChain::commercial(kPolicyAbsolute, 0);
    terms.expiration_s = 60;
    const Digest id = offer(terms);
    const std::uint64_t used = chain.add_licence(kAlice, asset, id, kBob);
    const std::uint64_t late = chain.add_licence(kAlice, asset, id, kBob);
    const Digest made = chain.add_asset(kBob, child("c", used));
    chain.fund(kCarol, 1'000);
    EXPECT_EQ(chain.refusal(kCarol, PayRoyalty{made, kNativeToken, Amount(10), {}}), "accepted");
    chain.block.time_ms += 60'000;
    EXPECT_TRUE(chain.refusal(kCarol, PayRoyalty{made, kNativeToken, Amount(10), {}})
                    .ends_with("is expired and cannot receive"));
    EXPECT_TRUE(chain.refusal(kBob, child("d", late)).ends_with("has expired"));
    const auto answer = chain.query(chain.module, "asset", {{"asset", codec::Value("0x" + to_hex(made))}});
    EXPECT_EQ(*answer.find("status_now")->text(), "expired");
}

TEST_F(Licences, ParentsAgreeOnUseAndReciprocity) {
    LicenceTerms open = RegistryChain::commercial(kPolicyAbsolute, 1);
    LicenceTerms reciprocal = open;
    reciprocal.derivatives_reciprocal = true;
    LicenceTerms other_reciprocal = reciprocal;
    other_reciprocal.commercial_rev_share = 2;
    LicenceTerms private_use;
    private_use.derivatives_allowed = true;

    const auto made_with = [&](const LicenceTerms& a, const LicenceTerms& b, std::string_view name) {
        const Digest second = chain.add_asset(kAlice, RegistryChain::work("second for " + std::string(name)));
        RegisterAsset message = RegistryChain::work(name);
        message.parents = {chain.link(kAlice, asset, a, kBob), chain.link(kAlice, second, b, kBob)};
        return chain.refusal(kBob, message);
    };
    EXPECT_EQ(made_with(open, private_use, "1"), "parents: licences disagree on commercial use");
    EXPECT_EQ(made_with(open, reciprocal, "2"),
              "parents: licences disagree on reciprocity, or are reciprocal under different terms");
    EXPECT_EQ(made_with(reciprocal, other_reciprocal, "3"),
              "parents: licences disagree on reciprocity, or are reciprocal under different terms");
    EXPECT_EQ(made_with(open, open, "4"), "accepted");
    EXPECT_EQ(made_with(reciprocal, reciprocal, "5"), "accepted");
    const Digest child_id = chain.last_digest("registry.asset_registered", "asset");
    EXPECT_TRUE(load<Offer>(chain.state, child_id, terms_id(reciprocal))->attached); // came along
    EXPECT_TRUE(chain.refusal(kBob, AttachTerms{child_id, chain.add_terms(open)}).contains("may only offer these"));
    EXPECT_EQ(made_with(private_use, private_use, "6"), "accepted");
    const Digest bound = chain.last_digest("registry.asset_registered", "asset");
    EXPECT_EQ(chain.refusal(kBob, AttachTerms{bound, terms_id(open)}),
              "terms allow commercial use, but the asset was made under a non-commercial licence");
    chain.fund(kCarol, 1'000);
    EXPECT_TRUE(chain.refusal(kCarol, PayRoyalty{bound, kNativeToken, Amount(1), {}})
                    .ends_with("under a non-commercial licence"));
    RegisterAsset version = RegistryChain::work("7"); // a version cannot shake its parents off
    version.previous = child_id;
    const Digest seventh = chain.add_asset(kBob, version);
    EXPECT_EQ(load<AssetState>(chain.state, seventh)->lap_stack, 2u);
    EXPECT_EQ(load<AssetState>(chain.state, seventh)->bound_terms, terms_id(reciprocal));
    EXPECT_EQ(chain.check(), "");
    EXPECT_EQ(chain.round_trip(chain.module), "");
}

TEST_F(Licences, DisputedParentsCannotBeUsed) {
    const std::uint64_t licence =
        chain.add_licence(kAlice, asset, offer(RegistryChain::commercial(kPolicyAbsolute, 0)), kBob);
    chain.accept(kDisputesArbiter, SetAssetStatus{asset, "disputed", ""});
    EXPECT_TRUE(chain.refusal(kBob, child("c", licence)).ends_with("is disputed"));
}

} // namespace
} // namespace assay::chain::registry
