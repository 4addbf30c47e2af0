// Blocks of one node against those that CometBFT's own types make (tools/make_embedded_golden), and what tampering does.
#include "consensus/embedded/block.h"

#include "base/mapped_file.h"
#include "chain/core/cbor.h"
#include "codec/dag_cbor.h"
#include "consensus/cometbft/json_read.h"
#include "consensus/light/verifier.h"
#include "crypto/merkle.h"

#include <functional>
#include <gtest/gtest.h>

namespace assay::consensus {
namespace {

struct Golden {
    EmbeddedBlock block; ///< signed here, from content and seed
    std::string hash, commit_hash, sign_bytes;
    codec::Json light_block; ///< as CometBFT writes it
};

crypto::Digest digest_of(const Bytes& bytes) {
    crypto::Digest digest{};
    EXPECT_EQ(bytes.size(), digest.size());
    std::ranges::copy(bytes, digest.begin());
    return digest;
}

std::vector<Golden> golden_blocks() {
    const auto text =
        read_file(std::string(ASSAY_SOURCE_DIR) + "/tests/golden/consensus/embedded_blocks.json", 1 << 24);
    const auto json = codec::parse_json(text.value()).value();
    std::vector<Golden> out;
    for (const codec::Json& entry : *json.list()) {
        Golden golden;
        EmbeddedBlock& block = golden.block;
        block.chain_id = "assay-local";
        block.app_version = static_cast<std::uint64_t>(json_integer(entry, "app_version").value());
        block.height = static_cast<std::uint64_t>(json_integer(entry, "height").value());
        block.time_ms = json_integer(entry, "time_ms").value();
        block.parent_commit = out.empty() ? crypto::merkle_root({}) : commit_hash_of(out.back().block);
        if (!out.empty()) block.parent = out.back().block.hash;
        block.limits = hash_of_limits(json_integer(entry, "block_bytes_max").value(), -1);
        block.app_hash = digest_of(json_hex(entry, "app_hash").value());
        if (!entry.find("transactions")->is_null()) {
            for (const codec::Json& transaction : *json_list(entry, "transactions").value())
                block.transactions.push_back(json_hex(transaction, "").value());
        }
        sign_block(block, crypto::Ed25519SecretKey::from_seed(json_hex(entry, "seed").value()).value());
        golden.hash = json_text(entry, "hash").value();
        golden.commit_hash = json_text(entry, "commit_hash").value();
        golden.sign_bytes = json_text(entry, "sign_bytes").value();
        golden.light_block = *entry.find("light_block");
        out.push_back(std::move(golden));
    }
    return out;
}

TEST(EmbeddedBlock, IsWhatCometBftMakes) {
    const auto golden = golden_blocks();
    ASSERT_EQ(golden.size(), 4U);
    for (const Golden& one : golden) {
        EXPECT_EQ(to_hex(one.block.hash), one.hash) << one.block.height;
        EXPECT_EQ(to_hex(commit_hash_of(one.block)), one.commit_hash) << one.block.height;
        const LightBlock ours = light_block_of(one.block);
        EXPECT_EQ(to_hex(vote_sign_bytes("assay-local", ours.commit, 0)), one.sign_bytes) << one.block.height;
        const LightBlock theirs = parse_light_block(one.light_block).value();
        EXPECT_EQ(to_json(ours), to_json(theirs)) << one.block.height;
        EXPECT_EQ(hash_of(theirs.header), one.block.hash) << one.block.height;
    }
}

TEST(EmbeddedBlock, FollowsByTheLightClientsRules) {
    const auto golden = golden_blocks();
    const BlockTime now{golden.back().block.time_ms / 1000 + 60, 0};
    for (std::size_t from = 0; from < golden.size(); ++from) {
        EXPECT_TRUE(check_signature(golden[from].block));
        for (std::size_t to = from + 1; to < golden.size(); ++to) {
            const auto verdict =
                verify_next(light_block_of(golden[from].block), light_block_of(golden[to].block), {}, now);
            EXPECT_TRUE(verdict) << verdict.error().message;
        }
        if (from > 0) {
            const auto follows = check_follows(golden[from - 1].block, golden[from].block);
            EXPECT_TRUE(follows) << follows.error().message;
        }
    }
    EXPECT_FALSE(check_follows(golden[0].block, golden[2].block));
    EXPECT_FALSE(check_follows(golden[1].block, golden[0].block));
}

TEST(EmbeddedBlock, AnyChangeWithoutTheKeyIsSeen) {
    const std::vector<std::function<void(EmbeddedBlock&)>> changes = {
        [](auto& b) { b.chain_id += 'x'; },
        [](auto& b) { ++b.app_version; },
        [](auto& b) { ++b.height; },
        [](auto& b) { ++b.time_ms; },
        [](auto& b) { b.parent[0] ^= 1; },
        [](auto& b) { b.parent_commit[0] ^= 1; },
        [](auto& b) { b.limits[0] ^= 1; },
        [](auto& b) { b.app_hash[31] ^= 1; },
        [](auto& b) { b.transactions[1][0] ^= 1; },
        [](auto& b) { b.transactions.pop_back(); },
        [](auto& b) { std::swap(b.transactions[1], b.transactions[2]); },
        [](auto& b) { b.signer[0] ^= 1; },
        [](auto& b) { b.signature[63] ^= 1; },
    };
    const EmbeddedBlock good = golden_blocks()[2].block;
    for (std::size_t i = 0; i < changes.size(); ++i) {
        EmbeddedBlock block = good;
        changes[i](block);
        const auto again = decode_block(encode_block(block));
        EXPECT_TRUE(!again || !check_signature(*again)) << "change " << i;
    }
}

TEST(EmbeddedBlock, RecordsKeepEveryBit) {
    const EmbeddedBlock block = golden_blocks()[2].block;
    const Bytes bytes = encode_block(block);
    const auto again = decode_block(bytes);
    ASSERT_TRUE(again) << again.error().message;
    EXPECT_EQ(again->hash, block.hash);
    EXPECT_EQ(again->transactions, block.transactions);
    EXPECT_EQ(again->transaction_hashes, block.transaction_hashes);
    EXPECT_TRUE(check_signature(*again));
    EXPECT_EQ(encode_block(*again), bytes);
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        Bytes changed = bytes;
        changed[i] ^= 0x01;
        const auto result = decode_block(changed);
        EXPECT_TRUE(!result || !check_signature(*result)) << "byte " << i;
    }
    for (std::size_t size = 0; size < bytes.size(); ++size) EXPECT_FALSE(decode_block(ByteView(bytes).first(size)));
}

TEST(EmbeddedBlock, TimesBefore1970) {
    EmbeddedBlock block;
    for (const std::int64_t time_ms :
         {std::int64_t{-5}, std::int64_t{-1000}, std::numeric_limits<std::int64_t>::min()}) {
        block.time_ms = time_ms;
        const BlockTime time = light_block_of(block).header.time;
        EXPECT_GE(time.nanos, 0);
        EXPECT_LT(time.nanos, 1'000'000'000);
        EXPECT_LT(time.seconds, 0);
    }
}

TEST(EmbeddedBlock, RecordsFromBeforeSignaturesAreNamed) {
    using codec::Value;
    const Value::Map header{{"app", Bytes(32)},    {"chain", "assay-local"}, {"height", std::uint64_t{1}},
                            {"parent", Bytes(32)}, {"proposer", Bytes(20)},  {"time", std::uint64_t{1}},
                            {"txs", Bytes(32)}};
    const auto old = codec::encode_dag_cbor(Value(Value::List{Value(header), Value(Value::List{})})).value();
    const auto refused = decode_block(old);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::unsupported);
    EXPECT_NE(refused.error().message.find("assay chain export"), std::string::npos);
}

} // namespace
} // namespace assay::consensus
