#include "codec/dag_cbor.h"
#include "crypto/content_id.h"
#include "crypto/merkle.h"
#include "crypto/unixfs.h"
#include "engine/manifest.h"
#include "engine/model.h"
#include "engine/test_gguf.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>

#include <unistd.h>

namespace assay::engine {
namespace {

class Commitment : public testing::Test {
protected:
    void SetUp() override {
        folder_ = std::filesystem::temp_directory_path() / ("assay_commitment_test_" + std::to_string(getpid()));
        std::filesystem::create_directories(folder_);
    }
    void TearDown() override { std::filesystem::remove_all(folder_); }

    std::shared_ptr<const formats::ModelFile> open(const std::string& file) {
        const auto path = folder_ / "model.gguf";
        std::ofstream(path, std::ios::binary) << file;
        auto model = formats::ModelFile::open(path);
        EXPECT_TRUE(model.has_value()) << model.error().message;
        return model ? *model : nullptr;
    }

    ModelIdentity identify(const std::string& file) {
        const auto model = open(file);
        if (!model) return {};
        auto identity = engine::identify(*model, {});
        EXPECT_TRUE(identity.has_value()) << identity.error().message;
        return identity ? *identity : ModelIdentity{};
    }

    std::filesystem::path folder_;
};

TEST_F(Commitment, NamesTheFileAndTheManifest) {
    const std::string file = tiny_llama().file();
    const ModelIdentity identity = identify(file);
    EXPECT_EQ(identity.cid, crypto::unixfs_cid(as_byte_view(file)).to_string());
    EXPECT_EQ(identity.commitment, crypto::content_id(codec::kCodecDagCbor, identity.manifest).to_string());
    EXPECT_TRUE(codec::decode_dag_cbor(identity.manifest).has_value());
}

TEST_F(Commitment, IgnoresOrderAlignmentAndTitle) {
    const TestGguf plain = tiny_llama();
    const ModelIdentity identity = identify(plain.file());

    TestGguf reordered = plain;
    std::reverse(reordered.metadata.begin(), reordered.metadata.end());
    std::reverse(reordered.tensors.begin(), reordered.tensors.end());
    TestGguf aligned = plain;
    aligned.alignment = 256;
    TestGguf renamed = plain;
    renamed.set("general.name", TestGguf::text("another title"));
    renamed.set("general.license", TestGguf::text("apache-2.0"));
    for (const TestGguf& other : {reordered, aligned, renamed}) {
        const ModelIdentity same = identify(other.file());
        EXPECT_EQ(same.commitment, identity.commitment);
        EXPECT_EQ(same.manifest, identity.manifest);
        EXPECT_NE(same.cid, identity.cid);
    }
}

TEST_F(Commitment, ChangesWithEveryWeightBit) {
    const TestGguf plain = tiny_llama();
    const std::string commitment = identify(plain.file()).commitment;
    for (std::size_t t = 0; t < plain.tensors.size(); ++t) {
        for (const bool first : {true, false}) {
            TestGguf flipped = plain;
            float& value = first ? flipped.tensors[t].values.front() : flipped.tensors[t].values.back();
            std::uint32_t bits = 0;
            std::memcpy(&bits, &value, sizeof bits);
            bits ^= 1;
            std::memcpy(&value, &bits, sizeof bits);
            EXPECT_NE(identify(flipped.file()).commitment, commitment) << plain.tensors[t].name;
        }
    }
}

TEST_F(Commitment, ChangesWithGraphTokenizerAndTemplate) {
    const TestGguf plain = tiny_llama();
    std::vector<std::string> commitments = {identify(plain.file()).commitment};
    for (const auto& [key, value] : {std::pair<std::string, std::string>("llama.rope.freq_base", TestGguf::f32(500000)),
                                     {"llama.attention.layer_norm_rms_epsilon", TestGguf::f32(1e-6F)},
                                     {"llama.context_length", TestGguf::u32(65)},
                                     {"tokenizer.ggml.pre", TestGguf::text("llama-bpe")},
                                     {"tokenizer.ggml.merges", TestGguf::texts({"t 2", "t 1"})},
                                     {"tokenizer.ggml.eos_token_id", TestGguf::u32(3)},
                                     {"tokenizer.ggml.bos_token_id", TestGguf::u32(1)},
                                     {"tokenizer.chat_template", TestGguf::text("{{ messages[1].content }}")}}) {
        TestGguf changed = plain;
        changed.set(key, value);
        const std::string commitment = identify(changed.file()).commitment;
        EXPECT_EQ(std::count(commitments.begin(), commitments.end(), commitment), 0) << key;
        commitments.push_back(commitment);
    }
}

TEST_F(Commitment, ReportsEveryByteOnce) {
    const std::string file = tiny_llama().file();
    const auto model = open(file);
    ASSERT_NE(model, nullptr);
    std::uint64_t all_expected = file.size();
    for (const auto& [name, view] : model->tensors()) all_expected += view.bytes.size();
    std::uint64_t last = 0;
    ASSERT_TRUE(engine::identify(*model, [&](std::uint64_t done, std::uint64_t all) {
                    EXPECT_EQ(all, all_expected);
                    EXPECT_GE(done, last);
                    last = done;
                }).has_value());
    EXPECT_EQ(last, all_expected);
}

// Section 5 of the specification: from the commitment down to one chunk of one tensor, each step proved by the one before.
TEST_F(Commitment, OpensOneChunk) {
    TestGguf gguf = tiny_llama();
    gguf.tensors[0].shape[0] = gguf.tensors[2].shape[0] = 2000; // 256,000 bytes: several chunks, the last one short
    gguf.tensors[0].values.resize(2000 * 32, 0.25F);
    gguf.tensors[2].values.resize(2000 * 32, 0.5F);
    gguf.set("llama.vocab_size", TestGguf::u32(2000));
    std::vector<std::string> tokens;
    for (int i = 0; i < 2000; ++i) tokens.push_back("t" + std::to_string(i));
    gguf.set("tokenizer.ggml.tokens", TestGguf::texts(tokens));
    gguf.set("tokenizer.ggml.token_type", TestGguf::i32s(std::vector<std::int32_t>(2000, 1)));
    const auto model = open(gguf.file());
    ASSERT_NE(model, nullptr);
    const ModelIdentity identity = *engine::identify(*model, {});

    // The prover's side: all records, and all chunks of the one tensor.
    std::vector<Bytes> records;
    std::vector<crypto::Digest> record_leaves, chunk_leaves;
    std::uint64_t index = 0;
    ByteView data;
    for (const auto& [name, view] : model->tensors()) {
        std::vector<crypto::Digest> leaves(crypto::chunk_count(view.bytes.size(), kTensorChunkBytes));
        crypto::merkle_chunk_leaves(view.bytes, kTensorChunkBytes, leaves);
        records.push_back(*codec::encode_dag_cbor(tensor_record(name, view, false, crypto::merkle_root(leaves))));
        record_leaves.push_back(crypto::merkle_leaf(records.back()));
        if (name != "token_embd.weight") continue;
        index = records.size() - 1;
        chunk_leaves = leaves;
        data = view.bytes;
    }
    ASSERT_EQ(chunk_leaves.size(), 4U);

    // The verifier's side: nothing but the commitment is trusted.
    const auto cid = *codec::Cid::parse(identity.commitment);
    ASSERT_EQ(crypto::content_id(codec::kCodecDagCbor, identity.manifest), cid);
    const auto manifest = *codec::decode_dag_cbor(identity.manifest);
    const codec::Value& tensors = *manifest.find("tensors");
    crypto::Digest root, tensor_root;
    std::ranges::copy(*tensors.find("root")->bytes(), root.begin());
    const std::uint64_t count = *tensors.find("count")->integer()->to_uint64();
    const auto record_proof = crypto::merkle_proof(record_leaves, index);
    ASSERT_TRUE(crypto::merkle_verify(crypto::merkle_leaf(records[index]), index, count, record_proof, root));
    const auto record = *codec::decode_dag_cbor(records[index]);
    EXPECT_EQ(*record.find("name"), codec::Value("token_embd.weight"));
    std::ranges::copy(*record.find("root")->bytes(), tensor_root.begin());
    for (std::size_t c = 0; c < chunk_leaves.size(); ++c) {
        const std::size_t at = c * kTensorChunkBytes;
        Bytes chunk(data.begin() + static_cast<std::ptrdiff_t>(at),
                    data.begin() + static_cast<std::ptrdiff_t>(std::min(at + kTensorChunkBytes, data.size())));
        const auto proof = crypto::merkle_proof(chunk_leaves, c);
        EXPECT_TRUE(crypto::merkle_verify(crypto::merkle_leaf(chunk), c, chunk_leaves.size(), proof, tensor_root));
        chunk[17] ^= 1;
        EXPECT_FALSE(crypto::merkle_verify(crypto::merkle_leaf(chunk), c, chunk_leaves.size(), proof, tensor_root));
    }
}

} // namespace
} // namespace assay::engine
