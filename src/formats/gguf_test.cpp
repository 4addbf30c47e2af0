#include "formats/gguf.h"

#include "formats/gguf_model.h"
#include "formats/test_files.h"

#include <gtest/gtest.h>

#include <limits>

namespace assay::formats {
namespace {

using namespace testing_files;

/// The message of the error, or "" when the file is taken.
std::string parse_error(const RawGguf& file) {
    const std::string bytes = file.bytes();
    const auto parsed = GgufFile::parse(as_byte_view(bytes));
    return parsed ? "" : parsed.error().message;
}

std::string open_error(const std::string& bytes) {
    const TemporaryFolder folder;
    const auto path = folder.write("model.gguf", bytes);
    const auto opened = ModelFile::open(path);
    if (opened) return "";
    EXPECT_TRUE(opened.error().message.starts_with(path.string() + ": ")) << opened.error().message;
    EXPECT_EQ(opened.error().message.find('\n'), std::string::npos);
    return opened.error().message.substr(path.string().size() + 2);
}
std::string open_error(const RawGguf& file) { return open_error(file.bytes()); }

/// tiny_gguf() with one thing changed, opened: the message, or "" when it is taken.
template <class Change>
std::string open_error_after(Change change) {
    RawGguf file = tiny_gguf();
    change(file);
    return open_error(file);
}

TEST(Gguf, ReadsVersions2And3) {
    for (const std::uint32_t version : {2U, 3U}) {
        RawGguf file = tiny_gguf();
        file.version = version;
        const std::string bytes = file.bytes();
        const auto parsed = GgufFile::parse(as_byte_view(bytes));
        ASSERT_TRUE(parsed.has_value()) << parsed.error().message;
        EXPECT_EQ(parsed->version(), version);
        EXPECT_EQ(parsed->tensors().size(), file.tensors.size());
        EXPECT_EQ(parsed->tensors()[0].view.shape, (std::vector<std::uint64_t>{12, 8}));
        EXPECT_EQ(parsed->text("general.name").value(), "tiny");
    }
}

TEST(Gguf, RefusesOtherVersions) {
    RawGguf file = tiny_gguf();
    file.version = 1;
    EXPECT_EQ(parse_error(file), "GGUF version 1: only versions 2 and 3 are supported");
    file.version = 0x03000000;
    EXPECT_EQ(parse_error(file), "GGUF version: file is big-endian; only little-endian is supported");
    file.magic = "GGML";
    EXPECT_EQ(parse_error(file), "GGUF magic: file does not start with 'GGUF'");
}

// A file cut anywhere is an error: whatever the cut, something announced is missing.
TEST(Gguf, RefusesEveryTruncation) {
    const std::string whole = tiny_gguf().bytes();
    ASSERT_TRUE(GgufFile::parse(as_byte_view(whole)).has_value());
    for (std::size_t size = 0; size < whole.size(); ++size) {
        const auto parsed = GgufFile::parse(as_byte_view(std::string_view(whole).substr(0, size)));
        ASSERT_FALSE(parsed.has_value()) << size;
        EXPECT_EQ(parsed.error().code, ErrorCode::malformed) << size;
    }
    EXPECT_EQ(open_error(""), "file is empty");
}

TEST(Gguf, NamesTheFieldWhereTheFileEnds) {
    const std::string whole = tiny_gguf().bytes();
    EXPECT_EQ(open_error(whole.substr(0, 6)), "GGUF version: file ends at byte 6");
    EXPECT_EQ(open_error(whole.substr(0, 20)), "GGUF metadata count: file ends at byte 20");
    EXPECT_NE(open_error(whole.substr(0, whole.size() - 1)).find("'blk.0.ffn_down.weight'"), std::string::npos);
}

TEST(Gguf, RefusesCountsThatTheFileCannotHold) {
    RawGguf file = tiny_gguf();
    file.tensors_more = 60000;
    EXPECT_NE(parse_error(file).find("GGUF tensor count: 60012 do not fit in the "), std::string::npos);
    file.tensors_more = std::int64_t{1} << 62;
    EXPECT_NE(parse_error(file).find("GGUF tensor count: "), std::string::npos);
    EXPECT_NE(parse_error(file).find("exceeds the limit of 65536"), std::string::npos);
    file.tensors_more = 0;
    file.pairs_more = -100; // wraps round to almost 2^64
    EXPECT_NE(parse_error(file).find("GGUF metadata count: 18446744073709551"), std::string::npos);
}

TEST(Gguf, RefusesLengthsThatTheFileCannotHold) {
    RawGguf file = tiny_gguf();
    file.at("general.name") = raw<std::uint32_t>(8) + raw<std::uint64_t>(~0ULL) + "tiny";
    EXPECT_NE(parse_error(file).find("GGUF metadata 'general.name': length 18446744073709551615"), std::string::npos);
    file = tiny_gguf();
    file.at("tokenizer.ggml.tokens") = gguf_array(8, std::uint64_t{1} << 60, "");
    EXPECT_NE(parse_error(file).find("GGUF metadata 'tokenizer.ggml.tokens': 1152921504606846976 values do not fit"),
              std::string::npos);
    file.at("tokenizer.ggml.tokens") = gguf_array(12, (std::uint64_t{1} << 61) + 1, ""); // × 8 wraps to 8
    EXPECT_NE(parse_error(file).find("do not fit"), std::string::npos);
}

TEST(Gguf, RefusesOddMetadata) {
    RawGguf file = tiny_gguf();
    file.pairs.emplace_back("general.name", gguf_text("again"));
    EXPECT_EQ(parse_error(file), "GGUF metadata 'general.name': key occurs twice");
    file = tiny_gguf();
    file.at("x") = raw<std::uint32_t>(13) + "xxxx";
    EXPECT_EQ(parse_error(file), "GGUF metadata 'x': unknown value type 13");
    file.at("x") = gguf_array(9, 1, gguf_array(4, 1, "xxxx"));
    EXPECT_EQ(parse_error(file), "GGUF metadata 'x': array of arrays");
    file.at("x") = raw<std::uint32_t>(7) + "\2";
    EXPECT_EQ(parse_error(file), "GGUF metadata 'x': boolean is neither 0 nor 1");
    file = tiny_gguf();
    file.at("") = gguf_u32(1);
    EXPECT_NE(parse_error(file).find("is empty"), std::string::npos);
}

TEST(Gguf, ShowsHostileNamesSafely) {
    RawGguf file = tiny_gguf();
    file.at("a\nb\x1b[2J\xff") = raw<std::uint32_t>(99);
    EXPECT_EQ(parse_error(file), "GGUF metadata 'a?b?[2J?': unknown value type 99");
    file = tiny_gguf();
    file.at(std::string(60000, 'k')) = raw<std::uint32_t>(99);
    EXPECT_LT(parse_error(file).size(), 200U);
}

TEST(Gguf, RefusesOddAlignment) {
    for (const std::uint32_t alignment : {0U, 4U, 24U, 1U << 21}) {
        RawGguf file = tiny_gguf();
        file.at("general.alignment") = gguf_u32(alignment);
        EXPECT_NE(parse_error(file).find("GGUF metadata 'general.alignment': " + std::to_string(alignment)),
                  std::string::npos);
    }
    RawGguf file = tiny_gguf();
    file.at("general.alignment") = gguf_text("32");
    EXPECT_EQ(parse_error(file), "GGUF metadata 'general.alignment': is string, not an integer of at least 0");
    file = RawGguf();
    file.alignment = 64;
    file.at("general.alignment") = gguf_u32(64);
    file.add("a", {2});
    file.add("b", {2});
    EXPECT_EQ(parse_error(file), "");
}

TEST(Gguf, RefusesTensorsThatDoNotFit) {
    const auto after = [](auto change) {
        RawGguf file = tiny_gguf();
        change(file.tensor("blk.0.attn_q.weight"));
        return parse_error(file);
    };
    using Tensor = RawGguf::Tensor;
    EXPECT_NE(after([](Tensor& t) { t.offset += 4; }).find("GGUF tensor 'blk.0.attn_q.weight': offset"),
              std::string::npos);
    EXPECT_NE(after([](Tensor& t) { t.offset += 4; }).find("is not a multiple of the alignment 32"), std::string::npos);
    EXPECT_NE(after([](Tensor& t) { t.offset = 0; }).find("its data overlaps that of tensor"), std::string::npos);
    EXPECT_NE(after([](Tensor& t) { t.offset = 1 << 20; }).find("exceed the"), std::string::npos);
    EXPECT_NE(after([](Tensor& t) { t.offset = ~31ULL; }).find("exceed the"), std::string::npos);
    EXPECT_NE(after([](Tensor& t) { t.extents = {8, 1 << 20}; }).find("exceed the"), std::string::npos);
    EXPECT_NE(after([](Tensor& t) { t.extents = {1ULL << 33, 1ULL << 33}; }).find("too many elements"),
              std::string::npos);
    EXPECT_NE(after([](Tensor& t) { t.extents = {1ULL << 63, 2, 8}; }).find("too many elements"), std::string::npos);
    EXPECT_NE(after([](Tensor& t) { t.extents = {8, 0}; }).find("dimension 1 is 0"), std::string::npos);
    EXPECT_NE(after([](Tensor& t) { t.extents = {}; }).find("0 dimensions, not 1 to 4"), std::string::npos);
    EXPECT_NE(after([](Tensor& t) { t.extents.assign(5, 1); }).find("5 dimensions, not 1 to 4"), std::string::npos);
    EXPECT_NE(
        after([](Tensor& t) { t.type = 2; }).find("row of 8 elements is not a multiple of the 32 of a Q4_0 block"),
        std::string::npos);
    EXPECT_NE(after([](Tensor& t) { t.type = 10; }).find("type Q2_K; supported are F32, F16"), std::string::npos);
    EXPECT_NE(after([](Tensor& t) { t.type = 4; }).find("type number 4; supported"), std::string::npos);
    EXPECT_NE(after([](Tensor& t) { t.name = "output.weight"; }).find("GGUF tensor 'output.weight': name occurs twice"),
              std::string::npos);
    EXPECT_NE(after([](Tensor& t) { t.name = std::string(200, 'n'); }).find("length 200 exceeds the limit of 128"),
              std::string::npos);
    EXPECT_NE(after([](Tensor& t) { t.name = ""; }).find("is empty"), std::string::npos);
}

TEST(Gguf, LooksUpByType) {
    RawGguf file = tiny_gguf();
    file.at("i") = gguf_i32(-1);
    file.at("u") = gguf_u32(4000000000U);
    file.at("us") = gguf_array(4, 1, raw(4000000000U));
    file.at("bytes") = gguf_array(0, 3, "abc");
    file.at("half") = raw<std::uint32_t>(12) + raw(0.5);
    const std::string bytes = file.bytes();
    const auto parsed = GgufFile::parse(as_byte_view(bytes));
    ASSERT_TRUE(parsed.has_value()) << parsed.error().message;
    EXPECT_EQ(parsed->natural("i").error().message, "GGUF metadata 'i': is i32, not an integer of at least 0");
    EXPECT_EQ(parsed->natural("u").value(), 4000000000U);
    EXPECT_EQ(parsed->natural("absent").value(), std::nullopt);
    EXPECT_EQ(parsed->real("half").value(), 0.5);
    EXPECT_EQ(parsed->octets("bytes").value(), "abc");
    EXPECT_EQ(parsed->integers("us", 10).error().message, "GGUF metadata 'us': element 0 is out of range");
    EXPECT_EQ(parsed->texts("bytes", 10).error().message,
              "GGUF metadata 'bytes': is array of u8, not an array of strings");
    EXPECT_EQ(parsed->texts("tokenizer.ggml.tokens", 11).error().code, ErrorCode::resource_exhausted);
    EXPECT_EQ(parsed->texts("tokenizer.ggml.tokens", 12).value().size(), 12U);
    EXPECT_EQ(parsed->floats("general.name", 10).error().message,
              "GGUF metadata 'general.name': is string, not an array");
}

// --- as a model ------------------------------------------------------------------------------------------------------

TEST(GgufModel, FillsInDefaults) {
    RawGguf file = tiny_gguf();
    file.erase("llama.attention.head_count_kv");
    const TemporaryFolder folder;
    const auto opened = ModelFile::open(folder.write("some-model.gguf", file.bytes()));
    ASSERT_TRUE(opened.has_value()) << opened.error().message;
    const ModelConfig& config = (*opened)->config();
    EXPECT_EQ(config.kv_heads, 2U);
    EXPECT_EQ(config.head_size, 4U);
    EXPECT_EQ(config.rope_size, 4U);
    EXPECT_EQ(config.rope_base, 10000.0);
    EXPECT_EQ(config.rope_scaling, RopeScaling::none);
    EXPECT_TRUE(config.rope_interleaved);
    EXPECT_FALSE(config.tied_embeddings);
    EXPECT_EQ((*opened)->chat_template(), "{{ messages }}");
    EXPECT_EQ((*opened)->find("nothing"), nullptr);
}

TEST(GgufModel, TakesItsNameFromTheFileWhereTheMetadataHasNone) {
    const TemporaryFolder folder;
    for (const std::string& name : {std::string(), std::string("\xff\xfe"), std::string(300, 'n')}) {
        RawGguf file = tiny_gguf();
        file.at("general.name") = gguf_text(name);
        const auto opened = ModelFile::open(folder.write("some-model.gguf", file.bytes()));
        ASSERT_TRUE(opened.has_value()) << opened.error().message;
        EXPECT_EQ((*opened)->name(), "some-model");
    }
}

TEST(GgufModel, ReadsRopeScaling) {
    const auto config_after = [](auto change) {
        RawGguf file = tiny_gguf();
        change(file);
        const std::string bytes = file.bytes();
        const auto parsed = GgufFile::parse(as_byte_view(bytes));
        return read_gguf_config(parsed.value()).value();
    };
    const ModelConfig linear = config_after([](RawGguf& file) {
        file.at("llama.rope.scaling.type") = gguf_text("linear");
        file.at("llama.rope.scaling.factor") = gguf_f32(4);
    });
    EXPECT_EQ(linear.rope_scaling, RopeScaling::linear);
    EXPECT_EQ(linear.rope_factor, 4.0);
    const ModelConfig old = config_after([](RawGguf& file) { file.at("llama.rope.scale_linear") = gguf_f32(2); });
    EXPECT_EQ(old.rope_scaling, RopeScaling::linear);
    EXPECT_EQ(old.rope_factor, 2.0);
    const ModelConfig none = config_after([](RawGguf& file) {
        file.at("llama.rope.scaling.type") = gguf_text("none");
        file.at("llama.rope.scaling.factor") = gguf_f32(4);
    });
    EXPECT_EQ(none.rope_scaling, RopeScaling::none);
    EXPECT_EQ(open_error_after([](RawGguf& file) { file.at("llama.rope.scaling.type") = gguf_text("yarn"); }),
              "GGUF metadata 'llama.rope.scaling.type': 'yarn' is not supported; none, linear and a tensor "
              "'rope_freqs.weight' are");
}

TEST(GgufModel, ReadsASlidingWindow) {
    RawGguf file = tiny_gguf();
    const TemporaryFolder folder;
    for (const auto& [window, wanted] : {std::pair(16U, 16U), {63U, 63U}, {64U, 0U}, {100U, 0U}}) {
        file.at("llama.attention.sliding_window") = gguf_u32(window);
        const auto opened = ModelFile::open(folder.write("model.gguf", file.bytes()));
        ASSERT_TRUE(opened.has_value()) << opened.error().message;
        EXPECT_EQ((*opened)->config().sliding_window, wanted);
    }
}

TEST(GgufModel, RefusesOtherArchitectures) {
    EXPECT_EQ(open_error_after([](RawGguf& file) { file.at("general.architecture") = gguf_text("gemma3"); }),
              "architecture 'gemma3' is not supported; llama (with Mistral), qwen2, qwen3, gpt2 and bert are");
    EXPECT_EQ(open_error_after([](RawGguf& file) { file.erase("general.architecture"); }),
              "GGUF metadata 'general.architecture': is missing");
    EXPECT_EQ(open_error_after([](RawGguf& file) { file.at("llama.expert_count") = gguf_u32(8); }),
              "GGUF metadata 'llama.expert_count': mixtures of experts are not supported");
    EXPECT_EQ(open_error_after([](RawGguf& file) { file.at("general.type") = gguf_text("adapter"); }),
              "GGUF metadata 'general.type': 'adapter' is not 'model'");
    EXPECT_EQ(open_error_after([](RawGguf& file) { file.at("split.count") = gguf_u32(3); }),
              "GGUF metadata 'split.count': one of 3 parts; merge them into one file first");
}

TEST(GgufModel, RefusesMissingAndMistypedKeys) {
    for (const char* name : {"block_count", "context_length", "embedding_length", "feed_forward_length",
                             "attention.head_count", "attention.layer_norm_rms_epsilon"}) {
        const std::string key = std::string("llama.") + name;
        EXPECT_EQ(open_error_after([&](RawGguf& file) { file.erase(key); }), "GGUF metadata '" + key + "': is missing");
        EXPECT_NE(open_error_after([&](RawGguf& file) {
                      file.at(key) = gguf_text("1");
                  }).find("GGUF metadata '" + key + "': is string"),
                  std::string::npos);
    }
    EXPECT_EQ(open_error_after([](RawGguf& file) {
                  file.at("llama.block_count") = raw<std::uint32_t>(10) + raw(std::uint64_t{1} << 32);
              }),
              "GGUF metadata 'llama.block_count': 4294967296 is too large");
    EXPECT_EQ(open_error_after([](RawGguf& file) { file.at("tokenizer.ggml.eos_token_id") = gguf_u32(~0U); }),
              "GGUF metadata 'tokenizer.ggml.eos_token_id': 4294967295 is out of range");
    EXPECT_EQ(open_error_after([](RawGguf& file) { file.at("tokenizer.chat_template") = gguf_text("\xff"); }),
              "chat template: is not UTF-8");
}

TEST(GgufModel, RefusesNumbersOutsideTheirRange) {
    const auto with = [](const char* key, const std::string& value) {
        return open_error_after([&](RawGguf& file) { file.at(std::string("llama.") + key) = value; });
    };
    EXPECT_EQ(with("block_count", gguf_u32(0)), "configuration 'layers': 0 is not from 1 to 4096");
    EXPECT_EQ(with("block_count", gguf_u32(1U << 31)), "configuration 'layers': 2147483648 is not from 1 to 4096");
    EXPECT_EQ(with("context_length", gguf_u32(0)), "configuration 'context_max': 0 is not from 1 to 16777216");
    EXPECT_EQ(with("attention.head_count", gguf_u32(0)),
              "GGUF metadata 'llama.attention.head_count': 0 does not divide the embedding length 8");
    EXPECT_EQ(with("attention.head_count", gguf_u32(3)),
              "GGUF metadata 'llama.attention.head_count': 3 does not divide the embedding length 8");
    EXPECT_EQ(with("attention.head_count_kv", gguf_u32(0)), "configuration 'kv_heads': 0 is not from 1 to 4096");
    EXPECT_EQ(with("attention.head_count_kv", gguf_u32(3)), "configuration 'kv_heads': 3 does not divide the 2 heads");
    EXPECT_EQ(with("attention.key_length", gguf_u32(0)).substr(0, 46),
              "configuration 'head_size': 0 is not from 1 to ");
    EXPECT_EQ(with("attention.value_length", gguf_u32(6)),
              "GGUF metadata 'llama.attention.value_length': 6 differs from the key length 4");
    EXPECT_EQ(with("rope.dimension_count", gguf_u32(6)), "configuration 'rope_size': 6 is not from 2 to 4");
    EXPECT_EQ(with("rope.dimension_count", gguf_u32(3)), "configuration 'rope_size': 3 is odd");
    EXPECT_NE(with("rope.freq_base", gguf_f32(0)).find("configuration 'rope_base': 0 is not from 1 to "),
              std::string::npos);
    EXPECT_NE(
        with("rope.freq_base", gguf_f32(std::numeric_limits<float>::quiet_NaN())).find("configuration 'rope_base'"),
        std::string::npos);
    EXPECT_NE(with("attention.layer_norm_rms_epsilon", gguf_f32(-1)).find("configuration 'norm_epsilon': -1 is not"),
              std::string::npos);
    EXPECT_NE(with("rope.scaling.factor", gguf_f32(-2)).find("configuration 'rope_factor': -2 is not"),
              std::string::npos);
}

TEST(GgufModel, RefusesTensorsThatHaveNoPlace) {
    EXPECT_EQ(open_error_after([](RawGguf& file) { file.tensor("blk.0.ffn_up.weight").name = "blk.1.ffn_up.weight"; }),
              "GGUF tensor 'blk.1.ffn_up.weight': has no place in a llama model of 1 layers");
    EXPECT_EQ(open_error_after([](RawGguf& file) { file.tensor("blk.0.ffn_up.weight").name = "blk.00.ffn_up.weight"; }),
              "GGUF tensor 'blk.00.ffn_up.weight': has no place in a llama model of 1 layers");
    EXPECT_NE(open_error_after([](RawGguf& file) { file.add("blk.0.attn_q_norm.weight", {4}); }), "");
    EXPECT_EQ(open_error_after([](RawGguf& file) { file.add("blk.0.attn_q.bias", {8}); }), "");
    EXPECT_EQ(open_error_after([](RawGguf& file) { file.add("rope_freqs.weight", {2}); }), "");
    EXPECT_EQ(open_error_after([](RawGguf& file) { file.tensor("token_embd.weight").name = "output.bias"; }),
              "GGUF tensor 'token_embd.weight': is missing");
    EXPECT_EQ(open_error_after([](RawGguf& file) { file.tensor("token_embd.weight").extents = {96}; }),
              "GGUF tensor 'token_embd.weight': 1 dimensions, not 2");
    EXPECT_EQ(open_error_after([](RawGguf& file) { file.tensor("token_embd.weight").extents = {8, 11}; }),
              "GGUF metadata 'tokenizer.ggml.tokens': 12 tokens for the 11 rows of 'token_embd.weight'");
}

} // namespace
} // namespace assay::formats
