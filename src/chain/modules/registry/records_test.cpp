#include "chain/modules/registry/test_registry_chain.h"

#include "codec/dag_cbor.h"

namespace assay::chain::registry {
namespace {

using testing::address_of;

const Address kAlice = address_of(1);
const Address kBob = address_of(2);

TEST(RegistryRecords, IdIsTheHashOfARecordWithLinks) {
    RegistryChain chain;
    RegisterAsset message = RegistryChain::work("weights");
    message.uris = {"ipfs://somewhere"};
    message.metadata = RegistryChain::cid_of("about");
    message.creators = {{kAlice, 600'000}, {kBob, 400'000}};
    const Digest id = chain.add_asset(kAlice, message);
    const auto bytes = chain.state.get(ModuleId::registry, AssetRecord::key_of(id));
    ASSERT_TRUE(bytes);
    EXPECT_EQ(crypto::sha256(*bytes), id);
    const auto value = codec::decode_dag_cbor(*bytes);
    ASSERT_TRUE(value);
    ASSERT_NE(value->find("content"), nullptr);
    ASSERT_NE(value->find("content")->link(), nullptr);
    EXPECT_EQ(value->find("content")->link()->to_string(), message.content);
    EXPECT_TRUE(value->find("previous")->is_null());
    EXPECT_EQ(load_asset_record(chain.state, id)->metadata, message.metadata);
    EXPECT_EQ(chain.check(), "");
    EXPECT_EQ(chain.round_trip(chain.module), "");
}

TEST(RegistryRecords, RefusesWhatIsNotARecord) {
    RegistryChain chain;
    const auto refusal = [&](auto change) {
        RegisterAsset message = RegistryChain::work("x");
        change(message);
        return chain.refusal(kAlice, message);
    };
    EXPECT_EQ(refusal([](auto& m) { m.kind = "song"; }),
              "kind 'song' is none of model, adapter, dataset, agent, output");
    EXPECT_EQ(refusal([](auto& m) { m.content = ""; }), "content: the CID is missing");
    EXPECT_TRUE(refusal([](auto& m) { m.content = "bafybad"; }).starts_with("content: "));
    EXPECT_TRUE(refusal([](auto& m) { m.metadata = "x"; }).starts_with("metadata: "));
    EXPECT_EQ(refusal([](auto& m) { m.creators = {{kAlice, 999'999}}; }),
              "creators: parts come to 999999 ppm, not 1000000");
    EXPECT_TRUE(refusal([](auto& m) { m.creators = {{kAlice, 500'000}, {kAlice, 500'000}}; }).contains("comes twice"));
    EXPECT_TRUE(refusal([](auto& m) { m.uris = {""}; }).starts_with("uris: "));
    EXPECT_TRUE(refusal([](auto& m) { m.terms = {1}; }).starts_with("no licence terms"));
    EXPECT_TRUE(refusal([](auto& m) { m.previous = {1}; }).starts_with("no asset"));
    EXPECT_EQ(refusal([](auto& m) { m.parents = {{{1}, "stolen_from", 0, 0}}; }),
              "parents: unknown relation 'stolen_from'");
    EXPECT_EQ(refusal([](auto& m) { m.parents = {{{1}, "trained_on", 0, 0}}; }),
              "parents: relation 'trained_on' needs a licence token");
    EXPECT_EQ(refusal([](auto& m) { m.parents = {{{1}, "cites", 7, 0}}; }),
              "parents: relation 'cites' takes no licence");
    EXPECT_EQ(refusal([](auto& m) { m.parents.assign(17, {{1}, "cites", 0, 0}); }),
              "parents: 17, above the limit of 16");
    EXPECT_EQ(refusal([](auto& m) { m.parents = {{{1}, "cites", 0, 600'000}, {{2}, "cites", 0, 600'000}}; }),
              "parents: weights come to 1200000 ppm");
    EXPECT_TRUE(chain.state.entries(ModuleId::registry).empty());

    chain.add_asset(kAlice, RegistryChain::work("x"));
    EXPECT_TRUE(chain.refusal(kAlice, RegistryChain::work("x")).ends_with("is registered already"));
    EXPECT_EQ(chain.refusal(kBob, RegistryChain::work("x")), "accepted"); // another creator, another record
    EXPECT_EQ(chain.check(), "");
}

TEST(RegistryRecords, VersionsFollowEachOther) {
    RegistryChain chain;
    const Digest first = chain.add_asset(kAlice, RegistryChain::work("v1"));
    RegisterAsset next = RegistryChain::work("v2");
    next.previous = first;
    EXPECT_TRUE(chain.refusal(kBob, next).contains("belongs to"));
    const Digest second = chain.add_asset(kAlice, next);
    EXPECT_EQ(load_asset_record(chain.state, second)->version, 2u);
    EXPECT_EQ(load_asset_record(chain.state, second)->previous, first);
    RegisterAsset other = RegistryChain::work("v3");
    other.previous = second;
    other.kind = "dataset";
    EXPECT_EQ(chain.refusal(kAlice, other), "kind: the version before is of kind 'model'");
    EXPECT_EQ(chain.check(), "");
    EXPECT_EQ(chain.round_trip(chain.module), "");
}

TEST(RegistryRecords, OwnersStatusAndAttestations) {
    RegistryChain chain;
    const Digest asset = chain.add_asset(kAlice, RegistryChain::work("w"));
    EXPECT_TRUE(chain.refusal(kBob, TransferAsset{asset, kBob, false}).contains("belongs to"));
    chain.accept(kAlice, TransferAsset{asset, kBob, true});
    EXPECT_EQ(load<Holding>(chain.state, asset, kBob)->units, kWhole);
    EXPECT_FALSE(load<Holding>(chain.state, asset, kAlice));

    EXPECT_TRUE(chain.refusal(kAlice, SetAssetStatus{asset, "deprecated", ""}).contains("belongs to"));
    chain.accept(kBob, SetAssetStatus{asset, "deprecated", "superseded"});
    EXPECT_EQ(chain.refusal(kBob, SetAssetStatus{asset, "expired", ""}),
              "status 'expired' is none of active, deprecated, disputed");
    EXPECT_EQ(chain.refusal(kBob, SetAssetStatus{asset, "disputed", ""}), "only the arbiter decides on disputes");
    chain.accept(kDisputesArbiter, SetAssetStatus{asset, "disputed", "copied"});
    EXPECT_EQ(chain.refusal(kBob, SetAssetStatus{asset, "active", ""}), "only the arbiter decides on disputes");
    chain.accept(kDisputesArbiter, SetAssetStatus{asset, "active", "cleared"});

    chain.accept(kAlice, Attest{asset, "evaluation", {7}, "https://example.org"});
    chain.accept(kAlice, Attest{asset, "evaluation", {8}, ""}); // the last one counts
    chain.accept(kBob, Attest{asset, "evaluation", {9}, ""});
    EXPECT_EQ(load<Attestation>(chain.state, asset, kAlice, "evaluation")->hash, Digest{8});
    const auto page = chain.query(chain.module, "attestations", {{"asset", codec::Value("0x" + to_hex(asset))}});
    ASSERT_NE(page.find("items"), nullptr);
    EXPECT_EQ(page.find("items")->list()->size(), 2u);
    chain.accept(kAlice, RevokeAttestation{asset, "evaluation"});
    EXPECT_TRUE(chain.refusal(kAlice, RevokeAttestation{asset, "evaluation"}).starts_with("no attestation"));
    EXPECT_EQ(chain.check(), "");
    EXPECT_EQ(chain.round_trip(chain.module), "");
}

TEST(RegistryRecords, QueriesPage) {
    RegistryChain chain;
    std::vector<Digest> made;
    for (int i = 0; i < 7; ++i) made.push_back(chain.add_asset(kAlice, RegistryChain::work(std::to_string(i))));
    std::vector<std::string> seen;
    codec::Value::Map arguments{{"limit", codec::Value(3)}};
    for (int pages = 0; pages < 4; ++pages) {
        const auto answer = chain.query(chain.module, "assets", arguments);
        for (const auto& item : *answer.find("items")->list()) seen.push_back(*item.find("asset")->text());
        const auto* next = answer.find("next");
        if (next == nullptr) break;
        arguments.insert_or_assign("after", *next);
    }
    ASSERT_EQ(seen.size(), made.size());
    for (std::size_t i = 0; i < made.size(); ++i) EXPECT_EQ(seen[i], "0x" + to_hex(made[i]));
    const auto owned = chain.query(chain.module, "assets",
                                   {{"owner", codec::Value(crypto::to_string(kAlice))}, {"limit", codec::Value(7)}});
    EXPECT_EQ(owned.find("items")->list()->size(), 7u);
    EXPECT_EQ(owned.find("next"), nullptr);
    const auto same = chain.query(chain.module, "assets", {{"content", codec::Value(RegistryChain::cid_of("3"))}});
    EXPECT_EQ(same.find("items")->list()->size(), 1u);
    EXPECT_EQ(*chain.query(chain.module, "nothing").text(), "error: registry has no query 'nothing'");
}

} // namespace
} // namespace assay::chain::registry
