// The default model against transformers in float32, and its distance against llama.cpp's (tests/golden/README.md).
#include "engine/test_golden.h"

#include <nlohmann/json.hpp>

#include <cstdlib>

namespace assay::engine {
namespace {

constexpr std::size_t kTop = 16;

nlohmann::json read_json(const std::filesystem::path& path) {
    std::ifstream in(path);
    return nlohmann::json::parse(in, nullptr, false);
}

std::shared_ptr<const Model> default_model() {
    const char* path = std::getenv("ASSAY_TEST_MODEL");
    if (path == nullptr) {
        ADD_FAILURE() << "ASSAY_TEST_MODEL must name SmolLM2-135M-Instruct.Q4_1.gguf; scripts/test sets it";
        return nullptr;
    }
    auto file = formats::ModelFile::open(path);
    EXPECT_TRUE(file.has_value()) << (file ? "" : file.error().message);
    if (!file) return nullptr;
    auto model = Model::load(*file, ModelOptions{});
    EXPECT_TRUE(model.has_value()) << (model ? "" : model.error().message);
    return model ? *model : nullptr;
}

// Mean distances from the golden distributions; fields as in llama_cpp.json.
struct Distance {
    double top1 = 0, kl = 0, top5 = 0, next = 0;
};

struct Golden {
    std::vector<TokenId> tokens = golden::read_ids(golden::folder("smollm2/tokens.txt")).at(0);
    std::vector<std::int32_t> ids = golden::read_array<std::int32_t>(golden::folder("smollm2/top_ids.i32"));
    std::vector<float> logprobs = golden::read_array<float>(golden::folder("smollm2/top_logprobs.f32"));
    std::vector<float> next = golden::read_array<float>(golden::folder("smollm2/next_logprobs.f32"));
};

void add_position(const Golden& golden, std::size_t position, std::span<const float> logits, Distance& sum) {
    const double normaliser = golden::log_sum_exp(logits);
    double p_rest = 1, q_rest = 1;
    for (std::size_t i = 0; i < kTop; ++i) {
        const double want = golden.logprobs[position * kTop + i];
        const double got = logits[static_cast<std::size_t>(golden.ids[position * kTop + i])] - normaliser;
        sum.kl += std::exp(want) * (want - got);
        if (i < 5) sum.top5 += std::abs(want - got) / 5;
        p_rest -= std::exp(want);
        q_rest -= std::exp(got);
    }
    p_rest = std::max(p_rest, 1e-12);
    sum.kl += p_rest * std::log(p_rest / std::max(q_rest, 1e-12));
    if (golden::first_choice(logits) == static_cast<std::size_t>(golden.ids[position * kTop])) sum.top1 += 1;
    if (position + 1 < golden.tokens.size()) {
        const double got = logits[static_cast<std::size_t>(golden.tokens[position + 1])] - normaliser;
        sum.next += std::abs(got - golden.next[position]);
    }
}

TEST(DefaultModel, IsAtLeastAsCloseToFloat32AsLlamaCpp) {
    const auto model = default_model();
    ASSERT_NE(model, nullptr);
    const Golden golden;
    ASSERT_GE(golden.tokens.size(), 500U);
    ASSERT_EQ(golden.ids.size(), golden.tokens.size() * kTop);
    ASSERT_EQ(golden.logprobs.size(), golden.ids.size());
    ASSERT_EQ(golden.next.size(), golden.tokens.size() - 1);

    Distance ours;
    const auto done = model->evaluate(golden.tokens, 0, [&](std::size_t position, std::span<const float> logits) {
        add_position(golden, position, logits, ours);
    });
    ASSERT_TRUE(done.has_value()) << done.error().message;
    const double count = static_cast<double>(golden.tokens.size());
    const auto llama_cpp = read_json(golden::folder("smollm2/llama_cpp.json"));
    ASSERT_TRUE(llama_cpp.is_object());
    RecordProperty("kl", std::to_string(ours.kl / count));
    EXPECT_GE(ours.top1 / count, llama_cpp.at("top1").get<double>());
    EXPECT_LE(ours.kl / count, llama_cpp.at("kl").get<double>());
    EXPECT_LE(ours.top5 / count, llama_cpp.at("top5").get<double>());
    EXPECT_LE(ours.next / (count - 1), llama_cpp.at("next_logprob_difference").get<double>());
}

// llama-perplexity's method: whole windows, each from an empty cache, the second half scored.
TEST(DefaultModel, HasThePerplexityOfFloat32) {
    const auto model = default_model();
    ASSERT_NE(model, nullptr);
    const auto tokens = golden::read_ids(golden::folder("smollm2/perplexity_tokens.txt")).at(0);
    const auto want = read_json(golden::folder("smollm2/float32.json")).at("perplexity");
    const std::size_t window = want.at("context").get<std::size_t>();
    double loss = 0;
    std::size_t scored = 0;
    for (std::size_t begin = 0; begin + window <= tokens.size(); begin += window) {
        const auto part = std::span(tokens).subspan(begin, window);
        const auto done = model->evaluate(part, 0, [&](std::size_t position, std::span<const float> logits) {
            if (position < window / 2 || position + 1 >= window) return;
            loss += golden::log_sum_exp(logits) - logits[static_cast<std::size_t>(part[position + 1])];
            ++scored;
        });
        ASSERT_TRUE(done.has_value()) << done.error().message;
    }
    ASSERT_EQ(scored, want.at("tokens").get<std::size_t>());
    const double ratio = std::exp(loss / static_cast<double>(scored)) / want.at("perplexity").get<double>();
    EXPECT_NEAR(ratio, 1.0, 0.005);
}

} // namespace
} // namespace assay::engine
