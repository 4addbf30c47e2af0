// A state proof at the end of signed headers: the whole of `assay light verify`, off line.
#include "consensus/light/proof_bundle.h"

#include "chain/state/proof.h"
#include "consensus/light/testing/signed_chain.h"
#include "crypto/merkle.h"

#include <functional>
#include <gtest/gtest.h>

namespace assay::consensus {
namespace {

// A state whose registry holds one key, built by the definition of the tree: one leaf is the module's root.
struct OneKeyState {
    OneKeyState() {
        chain::ModuleRoots roots{};
        const auto module = static_cast<std::size_t>(chain::ModuleId::registry);
        roots[module] = chain::tree_leaf(chain::tree_key("registry", key), crypto::sha256(value));
        app_hash = chain::app_hash_of(roots);
        std::vector<crypto::Digest> leaves;
        for (std::size_t i = 0; i < chain::kModuleCount; ++i)
            leaves.push_back(chain::module_leaf(chain::kModuleNames[i], roots[i], chain::kModuleFormat));
        chain::StateProof parts;
        parts.end = chain::StateProof::End::leaf;
        parts.module_count = static_cast<std::uint8_t>(chain::kModuleCount);
        parts.module_index = static_cast<std::uint8_t>(module);
        parts.module_siblings = crypto::merkle_proof(leaves, module);
        proof = chain::encode_state_proof(parts);
    }
    Bytes key = {0x81, 1, 2}, value = {9, 9}, proof;
    crypto::Digest app_hash{};
};

class Bundle : public testing::Test {
protected:
    Bundle() {
        const std::vector<const Signer*> set = {&a, &b, &c};
        bundle.blocks = {signed_block(10, set, set, Bytes(32, 1)), signed_block(15, set, set, Bytes(32, 2)),
                         signed_block(21, set, set, bytes_of(state.app_hash))};
        bundle.module = "registry";
        bundle.key = state.key;
        bundle.value = state.value;
        bundle.height = 20;
        bundle.proof = state.proof;
        root = {10, hash_of(bundle.blocks[0].header)};
    }
    Signer a{1}, b{2}, c{3};
    OneKeyState state;
    ProofBundle bundle;
    TrustRoot root;
    const BlockTime now{1'700'010'000, 0};
};

TEST_F(Bundle, ShowsAValueFromATrustedHeader) {
    const auto answer = verify_proof_bundle(bundle, root, {}, now);
    ASSERT_TRUE(answer.has_value()) << answer.error().message;
    EXPECT_EQ(answer->height, 20U);
    EXPECT_EQ(answer->app_hash, state.app_hash);
    EXPECT_EQ(answer->chain_id, "signed-1");
    EXPECT_EQ(answer->headers, 3U);
}

TEST_F(Bundle, EveryLieIsNamed) {
    const std::vector<std::pair<std::string, std::function<void(ProofBundle&)>>> cases = {
        {"the proof does not show this value under the state's hash", [](auto& x) { x.value = Bytes{1}; }},
        {"the proof does not show that the key is absent under the state's hash", [](auto& x) { x.value.reset(); }},
        {"the proof does not show this value under the state's hash", [](auto& x) { x.key.push_back(0); }},
        {"the proof does not show this value under the state's hash", [](auto& x) { x.module = "bank"; }},
        {"the proof does not show this value under the state's hash", [](auto& x) { x.proof.back() ^= 1; }},
        {"the answer is of height 21, but the last header is 21, not the one after it", [](auto& x) { x.height = 21; }},
        {"header 21: the signatures are for another header", [](auto& x) { x.blocks.back().header.app_hash[0] ^= 1; }},
        {"header 15: the trusted height is 10", [](auto& x) { x.blocks.erase(x.blocks.begin()); }},
        {"header 15: not above the trusted height", [](auto& x) { std::swap(x.blocks[1], x.blocks[2]); }},
        {"there are no headers", [](auto& x) { x.blocks.clear(); }},
    };
    for (const auto& [message, change] : cases) {
        ProofBundle lie = bundle;
        change(lie);
        const auto answer = verify_proof_bundle(lie, root, {}, now);
        ASSERT_FALSE(answer.has_value()) << message;
        EXPECT_EQ(answer.error().message, message);
    }
}

TEST_F(Bundle, OneHeaderAloneExpiresToo) {
    bundle.blocks.erase(bundle.blocks.begin(), bundle.blocks.begin() + 2);
    root = {21, hash_of(bundle.blocks[0].header)};
    EXPECT_TRUE(verify_proof_bundle(bundle, root, {}, now).has_value());
    BlockTime late = now;
    late.seconds += TrustOptions{}.trust_period_s;
    EXPECT_EQ(verify_proof_bundle(bundle, root, {}, late).error().message, "header 21: too old to be trusted");
}

TEST(BundleText, MalformedIsNamed) {
    for (const auto& [text, message] : std::vector<std::pair<std::string, std::string>>{
             {"{}", "'format' is not assay-light-1"},
             {R"({"format":"assay-light-1"})", "'blocks' is missing"},
             {R"({"format":"assay-light-1","blocks":[]})", "'blocks' is empty"},
             {R"({"format":"assay-light-1","blocks":[{}]})", "block 0: 'signed_header.header' is missing"}}) {
        const auto bundle = parse_proof_bundle(text);
        ASSERT_FALSE(bundle.has_value());
        EXPECT_EQ(bundle.error().message, message);
    }
    EXPECT_FALSE(parse_proof_bundle("{").has_value());
}

} // namespace
} // namespace assay::consensus
