// Hashes and sign bytes against a real engine's headers.
#include "consensus/light/light_block.h"

#include "consensus/light/testing/golden_blocks.h"
#include "crypto/ed25519.h"

#include <algorithm>
#include <gtest/gtest.h>
#include <set>

namespace assay::consensus {
namespace {

TEST(LightBlock, HashesAreTheEngines) {
    std::set<Bytes> sets;
    for (const GoldenBlock& golden : golden_blocks()) {
        const Header& header = golden.block.header;
        EXPECT_EQ(hash_of(header), golden.hash) << header.height;
        EXPECT_TRUE(std::ranges::equal(hash_of(golden.block.validators), header.validators_hash)) << header.height;
        sets.insert(header.validators_hash);
    }
    EXPECT_EQ(sets.size(), 2U) << "the golden data has a change of validators";
}

TEST(LightBlock, CommitsHashAsTheNextHeaderSays) {
    const auto golden = golden_blocks();
    std::size_t same = 0;
    for (std::size_t i = 0; i + 1 < golden.size(); ++i) {
        // The commit that an engine shows of a block may have votes that came too late for the next one's header.
        same += std::ranges::equal(hash_of(golden[i].block.commit), golden[i + 1].block.header.last_commit_hash);
    }
    EXPECT_GE(same, golden.size() - 2);
}

TEST(LightBlock, WhatIsWrittenReadsAsTheSame) {
    for (const GoldenBlock& golden : golden_blocks()) {
        const std::string text = to_json(golden.block);
        const auto again = parse_light_block(codec::parse_json(text).value());
        ASSERT_TRUE(again) << again.error().message;
        EXPECT_EQ(to_json(*again), text);
        EXPECT_EQ(hash_of(again->header), golden.hash);
        EXPECT_EQ(hash_of(again->commit), hash_of(golden.block.commit));
        EXPECT_EQ(hash_of(again->validators), hash_of(golden.block.validators));
    }
}

TEST(LightBlock, EverySignatureIsOverOurSignBytes) {
    std::size_t checked = 0;
    for (const GoldenBlock& golden : golden_blocks()) {
        for (std::size_t i = 0; i < golden.block.validators.size(); ++i) {
            const CommitSignature& signature = golden.block.commit.signatures[i];
            if (signature.flag == VoteFlag::absent) continue;
            const Bytes message = vote_sign_bytes(golden.block.header.chain_id, golden.block.commit, i);
            EXPECT_TRUE(crypto::ed25519_verify(golden.block.validators[i].public_key, message, signature.signature));
            EXPECT_FALSE(crypto::ed25519_verify(golden.block.validators[i].public_key,
                                                vote_sign_bytes("other-chain", golden.block.commit, i),
                                                signature.signature));
            ++checked;
        }
    }
    EXPECT_GE(checked, 40U);
}

TEST(LightBlock, EveryFieldOfAHeaderChangesItsHash) {
    const Header header = golden_blocks().back().block.header;
    const std::vector<void (*)(Header&)> changes = {[](Header& h) { ++h.block_version; },
                                                    [](Header& h) { ++h.app_version; },
                                                    [](Header& h) { h.chain_id += 'x'; },
                                                    [](Header& h) { ++h.height; },
                                                    [](Header& h) { ++h.time.seconds; },
                                                    [](Header& h) { ++h.time.nanos; },
                                                    [](Header& h) { h.last_block_id.hash[0] ^= 1; },
                                                    [](Header& h) { ++h.last_block_id.parts; },
                                                    [](Header& h) { h.last_block_id.parts_hash[0] ^= 1; },
                                                    [](Header& h) { h.last_commit_hash[0] ^= 1; },
                                                    [](Header& h) { h.data_hash[0] ^= 1; },
                                                    [](Header& h) { h.validators_hash[0] ^= 1; },
                                                    [](Header& h) { h.next_validators_hash[0] ^= 1; },
                                                    [](Header& h) { h.consensus_hash[0] ^= 1; },
                                                    [](Header& h) { h.app_hash[0] ^= 1; },
                                                    [](Header& h) { h.last_results_hash[0] ^= 1; },
                                                    [](Header& h) { h.evidence_hash[0] ^= 1; },
                                                    [](Header& h) { h.proposer_address[0] ^= 1; }};
    std::set<crypto::Digest> hashes{hash_of(header)};
    for (const auto change : changes) {
        Header other = header;
        change(other);
        EXPECT_TRUE(hashes.insert(hash_of(other)).second);
    }
}

TEST(LightBlock, MalformedJsonIsNamed) {
    const auto text =
        read_file(std::string(ASSAY_SOURCE_DIR) + "/tests/golden/consensus/light_blocks.json", 1 << 24).value();
    const std::vector<std::array<std::string, 3>> cases = {
        {"\"time\": \"20", "\"time\": \"XX", "header: 'time' is not a time"},
        {"\"height\": \"1\"", "\"height\": \"-1\"", "header: 'height' is out of range"},
        {"\"block_id_flag\": 2", "\"block_id_flag\": 9", "commit: 'block_id_flag' is not 1, 2 or 3"},
        {"PubKeyEd25519", "PubKeySecp256k1", "validator: 'pub_key.type' is not Ed25519, the only kind supported"},
        {"\"app_hash\": \"", "\"app_hash\": \"00", "header: 'app_hash' has another length"},
        {"\"next_validators_hash\"", "\"nobody\"", "header: 'next_validators_hash' is missing"},
        {"\"voting_power\": \"1\"", "\"voting_power\": \"x\"", "validator: 'voting_power' is not an integer"}};
    for (const auto& [from, to, message] : cases) {
        std::string changed = text;
        const auto at = changed.find(from);
        ASSERT_NE(at, std::string::npos) << from;
        changed.replace(at, from.size(), to);
        const auto json = codec::parse_json(changed);
        ASSERT_TRUE(json.has_value()) << json.error().message;
        const auto block = parse_light_block(json->list()->front());
        ASSERT_FALSE(block.has_value()) << from;
        EXPECT_EQ(block.error().message, message);
    }
}

} // namespace
} // namespace assay::consensus
