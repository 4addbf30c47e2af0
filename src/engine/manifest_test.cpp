#include "engine/manifest.h"

#include "codec/dag_cbor.h"

#include <gtest/gtest.h>

namespace assay::engine {
namespace {

using codec::Value;

TEST(Manifest, RealNumbersOfTheGraphAreAlwaysFloats) {
    const Value graph = graph_record({.rope_base = 10000.0});
    ASSERT_NE(graph.find("rope_base"), nullptr);
    EXPECT_EQ(*graph.find("rope_base"), Value(10000.0));
    EXPECT_NE(*graph.find("rope_base"), Value(10000));
}

/// Every field of the configuration must change the bytes: one that does not is missing from the record.
TEST(Manifest, EveryFieldOfTheGraphCounts) {
    using formats::ModelConfig;
    const std::vector<void (*)(ModelConfig&)> changes = {
        [](ModelConfig& c) { c.architecture = formats::Architecture::qwen3; },
        [](ModelConfig& c) { c.layers = 77; },
        [](ModelConfig& c) { c.embedding = 77; },
        [](ModelConfig& c) { c.heads = 77; },
        [](ModelConfig& c) { c.kv_heads = 77; },
        [](ModelConfig& c) { c.head_size = 77; },
        [](ModelConfig& c) { c.feed_forward = 77; },
        [](ModelConfig& c) { c.vocabulary = 77; },
        [](ModelConfig& c) { c.context_max = 77; },
        [](ModelConfig& c) { c.norm_epsilon = 77; },
        [](ModelConfig& c) { c.rope_base = 77; },
        [](ModelConfig& c) { c.rope_size = 77; },
        [](ModelConfig& c) { c.rope_scaling = formats::RopeScaling::yarn; },
        [](ModelConfig& c) { c.rope_factor = 77; },
        [](ModelConfig& c) { c.rope_low_freq_factor = 77; },
        [](ModelConfig& c) { c.rope_high_freq_factor = 77; },
        [](ModelConfig& c) { c.rope_original_context = 77; },
        [](ModelConfig& c) { c.sliding_window = 77; },
        [](ModelConfig& c) { c.tied_embeddings = true; },
        [](ModelConfig& c) { c.token_types = 77; },
        [](ModelConfig& c) { c.rope_interleaved = true; }};
    std::vector<Bytes> blocks = {*codec::encode_dag_cbor(graph_record({}))};
    for (const auto change : changes) {
        ModelConfig config;
        change(config);
        const Bytes block = *codec::encode_dag_cbor(graph_record(config));
        EXPECT_EQ(std::count(blocks.begin(), blocks.end(), block), 0) << blocks.size();
        blocks.push_back(block);
    }
    EXPECT_EQ(graph_record({}).map()->size(), changes.size());
}

TEST(Manifest, TokenizerTakesAnyBytesAndTellsAbsentFromZero) {
    formats::TokenizerData data;
    data.tokens = {"\xff\xfe", "a"};
    data.scores = {0.1F, -1.0F};
    data.types = {1, 6};
    data.bos = 0;
    const auto block = codec::encode_dag_cbor(tokenizer_record(data));
    ASSERT_TRUE(block.has_value()) << block.error().message;
    const auto record = codec::decode_dag_cbor(*block);
    EXPECT_EQ(*record->find("tokens"), Value(Value::List{Bytes{0xff, 0xfe}, Bytes{'a'}}));
    EXPECT_EQ(*record->find("scores"), Value(Value::List{double{0.1F}, -1.0}));
    EXPECT_EQ(*record->find("bos"), Value(0));
    EXPECT_TRUE(record->find("eos")->is_null());
    EXPECT_TRUE(record->find("add_bos")->is_null());
}

TEST(Manifest, TensorRecordHoldsLayout) {
    const Bytes bytes(48);
    const tensor::TensorView view{tensor::DType::f32, {3, 4}, bytes};
    const crypto::Digest root{};
    const Value plain = tensor_record("w", view, false, root);
    EXPECT_EQ(*plain.find("shape"), Value(Value::List{3, 4}));
    EXPECT_EQ(*plain.find("dtype"), Value("F32"));
    EXPECT_EQ(*plain.find("size"), Value(48));
    EXPECT_NE(plain, tensor_record("w", view, true, root));
}

TEST(Manifest, IsOneSmallBlock) {
    const auto cid = codec::Cid::make_v1(codec::kCodecRaw, Bytes(32));
    const auto block = codec::encode_dag_cbor(manifest_record({graph_record({}), *cid, *cid, 3, {}}));
    ASSERT_TRUE(block.has_value());
    const auto manifest = codec::decode_dag_cbor(*block);
    EXPECT_EQ(*manifest->find("arithmetic"), Value("assay-arith-1"));
    EXPECT_EQ(*manifest->find("tensors")->find("count"), Value(3));
    EXPECT_EQ(*manifest->find("tensors")->find("chunk"), Value(65536));
    EXPECT_LT(block->size(), 1024U);
}

} // namespace
} // namespace assay::engine
