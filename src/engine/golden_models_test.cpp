// Small random models of every family and tensor type against transformers in float32 (tools/make_model_golden.py).
#include "engine/test_golden.h"
#include "kernels/kernels.h"

namespace assay::engine {
namespace {

struct Case {
    const char* name;
    double error_max; ///< relative root mean square error of the logits
};

// Bounds are a little above what the arithmetic itself costs: keys and values in f16 (8e-4), activations in bf16 (6e-3) or
// in 8 bits (3e-2, as in llama.cpp). A wrong epsilon costs 2e-2 and a wrong RoPE base 1e-1 (tests/golden/README.md).
const Case kCases[] = {
    {"llama_tied", 2e-3},         {"llama_untied_sharded", 2e-3},
    {"llama3_scaled_bias", 2e-3}, {"llama_linear_scaled", 2e-3},
    {"llama_bf16", 1e-2},         {"llama_f16", 2e-3},
    {"mistral_window", 2e-3},     {"qwen2", 2e-3},
    {"qwen3_wide_heads", 2e-3},   {"gpt2", 2e-3},
    {"gguf_f32", 2e-3},           {"gguf_f16", 2e-3},
    {"gguf_bf16", 1e-2},          {"gguf_q8_0", 4e-2},
    {"gguf_q4_0", 4e-2},          {"gguf_q4_1", 4e-2},
    {"gguf_q5_0", 4e-2},          {"gguf_q5_1", 4e-2},
    {"gguf_q4_k", 4e-2},          {"gguf_q5_k", 4e-2},
    {"gguf_q6_k", 4e-2},          {"gguf_qwen2_q8_0", 4e-2},
    {"gguf_qwen3_q4_0", 4e-2},    {"gguf_gpt2_f16", 2e-3},
    {"gguf_gpt2_q8_0", 2e-2},     {"gguf_llama3_rope_freqs", 4e-2},
};

class GoldenModel : public testing::TestWithParam<Case> {
protected:
    std::filesystem::path path() const { return golden::folder("models") / GetParam().name; }
    std::vector<TokenId> tokens() const { return golden::read_ids(path() / "golden_tokens.txt").at(0); }
};

TEST_P(GoldenModel, AnswersAsFloat32Does) {
    const auto model = golden::load(path());
    ASSERT_TRUE(model.has_value()) << model.error().message;
    const auto got = golden::logits_of(**model, tokens());
    ASSERT_TRUE(got.has_value()) << got.error().message;
    const auto want = golden::read_array<float>(path() / "golden_logits.f32");
    ASSERT_EQ(got->size(), want.size());
    const double error = golden::relative_error(*got, want);
    RecordProperty("relative_error", std::to_string(error));
    EXPECT_LE(error, GetParam().error_max);
}

// Types, families and odd sizes that the default model does not have: the same bits from every back end and chunk.
TEST_P(GoldenModel, GivesTheSameBitsOnEveryBackEndAndChunk) {
    std::vector<float> first;
    for (const std::string_view isa : kernels::available_isas()) {
        const auto model = golden::load(path(), std::string(isa), isa == "scalar" ? 1 : 2);
        ASSERT_TRUE(model.has_value()) << isa << ": " << model.error().message;
        for (const std::uint32_t chunk : {0U, 1U, 7U}) {
            const auto got = golden::logits_of(**model, tokens(), chunk);
            ASSERT_TRUE(got.has_value()) << isa << ": " << got.error().message;
            if (first.empty()) first = *got;
            ASSERT_EQ(got->size(), first.size());
            const int order = std::memcmp(got->data(), first.data(), first.size() * sizeof(float));
            EXPECT_EQ(order, 0) << isa << ", chunk " << chunk;
        }
    }
}

INSTANTIATE_TEST_SUITE_P(Families, GoldenModel, testing::ValuesIn(kCases),
                         [](const auto& test) { return std::string(test.param.name); });

// llama.cpp read the same files (tools/compare_logits.py --small): over all of them Assay must be no further from float32.
TEST(GoldenModels, AreAsCloseToFloat32AsLlamaCppTogether) {
    std::ifstream in(golden::folder("models") / "llama_cpp.tsv");
    double ours = 0, theirs = 0;
    std::size_t count = 0;
    for (std::string line; std::getline(in, line); ++count) {
        std::istringstream fields(line);
        std::string name;
        double error = 0;
        fields >> name >> error;
        const auto path = golden::folder("models") / name;
        const auto model = golden::load(path);
        ASSERT_TRUE(model.has_value()) << name << ": " << model.error().message;
        const auto got = golden::logits_of(**model, golden::read_ids(path / "golden_tokens.txt").at(0));
        ASSERT_TRUE(got.has_value()) << name << ": " << got.error().message;
        ours += std::log(golden::relative_error(*got, golden::read_array<float>(path / "golden_logits.f32")));
        theirs += std::log(error);
    }
    ASSERT_GE(count, 16U);
    const auto mean = [&](double logarithms) { return std::exp(logarithms / static_cast<double>(count)); };
    EXPECT_LE(mean(ours), mean(theirs));
}

TEST(GoldenBert, EmbedsAsFloat32Does) {
    const auto path = golden::folder("models") / "bert";
    const auto model = golden::load(path);
    ASSERT_TRUE(model.has_value()) << model.error().message;
    std::vector<float> got;
    for (const auto& tokens : golden::read_ids(path / "golden_tokens.txt")) {
        const auto embedding = (*model)->embed(tokens);
        ASSERT_TRUE(embedding.has_value()) << embedding.error().message;
        got.insert(got.end(), embedding->begin(), embedding->end());
    }
    EXPECT_LE(golden::relative_error(got, golden::read_array<float>(path / "golden_embeddings.f32")), 1e-3);
}

} // namespace
} // namespace assay::engine
