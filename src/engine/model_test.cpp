// A model as loaded: what the forward pass does with batches and pages, and how files that do not fit are refused.
#include "engine/test_gguf.h"
#include "engine/test_golden.h"

#include <gtest/gtest.h>

#include <cstdio>
#include <unistd.h>

namespace assay::engine {
namespace {

constexpr const char* kModels[] = {"gguf_q4_1",      "gguf_q6_k", "gguf_gpt2_q8_0", "gguf_qwen3_q4_0",
                                   "mistral_window", "gpt2",      "llama_bf16"};

std::shared_ptr<const Model> load_golden(const std::string& name, std::uint32_t threads) {
    auto model = golden::load(golden::folder("models") / name, "", threads);
    EXPECT_TRUE(model.has_value()) << name << ": " << (model ? "" : model.error().message);
    return model ? *model : nullptr;
}

/// One sequence that grows step by step in pages of its own.
struct Sequence {
    std::vector<TokenId> tokens;
    std::vector<PageId> pages;
    std::uint32_t past = 0;
    std::vector<float> logits; ///< of every token, row after row
};

class Batches : public testing::TestWithParam<const char*> {};

// Sequences of different ages in one pass, chunks of different sizes, pages in disorder: each row as if it were alone.
TEST_P(Batches, GiveEveryRowTheBitsThatItHasAlone) {
    for (const std::uint32_t threads : {1U, 3U}) {
        const auto model = load_golden(GetParam(), threads);
        ASSERT_NE(model, nullptr);
        const std::size_t vocabulary = model->config().vocabulary;
        const auto tokens = golden::read_ids(golden::folder("models") / GetParam() / "golden_tokens.txt").at(0);
        auto cache = KvPages::create(model->config(), 16);
        ASSERT_TRUE(cache.has_value());
        std::vector<Sequence> sequences(5);
        for (std::uint32_t s = 0; s < sequences.size(); ++s) {
            for (std::size_t i = 0; i < tokens.size(); ++i)
                sequences[s].tokens.push_back(tokens[(i * (s + 1) + s) % tokens.size()]);
            sequences[s].pages = {15 - 3 * s, 15 - 3 * s - 1};
        }
        for (std::uint32_t round = 0;
             std::ranges::any_of(sequences, [](const Sequence& s) { return s.past < s.tokens.size(); }); ++round) {
            std::vector<SequenceStep> steps;
            std::vector<Sequence*> movers;
            for (std::uint32_t s = 0; s < sequences.size(); ++s) {
                Sequence& sequence = sequences[s];
                const std::size_t left = sequence.tokens.size() - sequence.past;
                const std::size_t count = std::min<std::size_t>(left, 1 + (round * 5 + s * 3) % 7);
                if (count == 0 || (round + s) % 4 == 3) continue;
                steps.push_back({std::span(sequence.tokens).subspan(sequence.past, count), sequence.past,
                                 sequence.pages, static_cast<std::uint32_t>(count)});
                movers.push_back(&sequence);
            }
            if (steps.empty()) continue;
            std::vector<float> logits(64 * vocabulary);
            model->forward(steps, **cache, logits, {});
            auto from = logits.begin();
            for (std::size_t i = 0; i < steps.size(); ++i) {
                const auto size = static_cast<std::ptrdiff_t>(steps[i].tokens.size() * vocabulary);
                movers[i]->logits.insert(movers[i]->logits.end(), from, from + size);
                movers[i]->past += static_cast<std::uint32_t>(steps[i].tokens.size());
                from += size;
            }
        }
        for (const Sequence& sequence : sequences) {
            const auto alone = golden::logits_of(*model, sequence.tokens, 1);
            ASSERT_TRUE(alone.has_value()) << alone.error().message;
            ASSERT_EQ(alone->size(), sequence.logits.size());
            EXPECT_EQ(std::memcmp(alone->data(), sequence.logits.data(), alone->size() * sizeof(float)), 0)
                << threads << " threads";
        }
    }
}

// Rows whose logits nobody asks for leave the last layer early; the others must not notice.
TEST_P(Batches, AnswerOnlyTheRowsAskedFor) {
    const auto model = load_golden(GetParam(), 2);
    ASSERT_NE(model, nullptr);
    const std::size_t vocabulary = model->config().vocabulary;
    const auto tokens = golden::read_ids(golden::folder("models") / GetParam() / "golden_tokens.txt").at(0);
    const auto all = golden::logits_of(*model, tokens, 0);
    ASSERT_TRUE(all.has_value());
    auto cache = KvPages::create(model->config(), 2);
    ASSERT_TRUE(cache.has_value());
    const std::vector<PageId> first = {0}, second = {1};
    const std::span<const TokenId> ids(tokens);
    std::vector<float> logits(8 * vocabulary);
    model->forward(std::vector<SequenceStep>{{ids.first(20), 0, first, 0}, {ids.first(9), 0, second, 2}}, **cache,
                   logits, {});
    EXPECT_EQ(std::memcmp(logits.data(), all->data() + 7 * vocabulary, 2 * vocabulary * sizeof(float)), 0);
    model->forward(std::vector<SequenceStep>{{ids.subspan(20, 5), 20, first, 3}, {ids.subspan(9, 3), 9, second, 0}},
                   **cache, logits, {});
    EXPECT_EQ(std::memcmp(logits.data(), all->data() + 22 * vocabulary, 3 * vocabulary * sizeof(float)), 0);
}

INSTANTIATE_TEST_SUITE_P(Families, Batches, testing::ValuesIn(kModels),
                         [](const auto& test) { return std::string(test.param); });

class ModelFiles : public testing::Test {
protected:
    Result<std::shared_ptr<const Model>> load(const TestGguf& gguf, ModelOptions options = {}) {
        std::ofstream(path_, std::ios::binary) << gguf.file();
        return Model::load(TRY(formats::ModelFile::open(path_)), std::move(options));
    }
    std::string error_of(const TestGguf& gguf) {
        const auto model = load(gguf);
        return model ? "no error" : model.error().message;
    }
    static TestGguf::Tensor& tensor(TestGguf& gguf, std::string_view name) {
        return *std::ranges::find(gguf.tensors, name, &TestGguf::Tensor::name);
    }
    ~ModelFiles() override { std::filesystem::remove(path_); }

    std::filesystem::path path_ =
        std::filesystem::temp_directory_path() / ("assay_model_test_" + std::to_string(getpid()) + ".gguf");
};

TEST_F(ModelFiles, LoadAndReportProgressToTheEnd) {
    std::uint64_t last = 0, all = 1;
    ModelOptions options;
    options.threads = 2;
    options.progress = [&](std::uint64_t done, std::uint64_t of) {
        EXPECT_GE(done, last);
        last = done;
        all = of;
    };
    const auto model = load(tiny_llama(), options);
    ASSERT_TRUE(model.has_value()) << model.error().message;
    EXPECT_EQ(last, all);
    EXPECT_EQ((*model)->threads(), 2U);
}

TEST_F(ModelFiles, WithAMissingTensorAreRefusedByItsName) {
    for (const char* name : {"token_embd.weight", "output_norm.weight", "blk.0.attn_k.weight", "blk.0.ffn_down.weight",
                             "blk.0.ffn_norm.weight"}) {
        TestGguf gguf = tiny_llama();
        std::erase_if(gguf.tensors, [&](const auto& t) { return t.name == name; });
        EXPECT_NE(error_of(gguf).find(name), std::string::npos) << error_of(gguf);
    }
}

TEST_F(ModelFiles, WithAMisshapenTensorAreRefusedByItsName) {
    for (const char* name :
         {"blk.0.attn_q.weight", "blk.0.attn_v.weight", "blk.0.ffn_gate.weight", "blk.0.attn_norm.weight"}) {
        TestGguf gguf = tiny_llama();
        TestGguf::Tensor& broken = tensor(gguf, name);
        broken.shape.front() /= 2;
        broken.values.resize(broken.values.size() / 2);
        EXPECT_NE(error_of(gguf).find(name), std::string::npos) << error_of(gguf);
    }
}

TEST_F(ModelFiles, WithAWeightThatIsNotFiniteAreRefusedByItsName) {
    for (const char* name : {"blk.0.attn_output.weight", "blk.0.ffn_norm.weight", "output.weight"}) {
        TestGguf gguf = tiny_llama();
        tensor(gguf, name).values[7] = INFINITY;
        EXPECT_NE(error_of(gguf).find(name), std::string::npos) << error_of(gguf);
    }
}

TEST_F(ModelFiles, OnAnUnknownInstructionSetAreRefused) {
    ModelOptions options;
    options.isa = "vax";
    const auto model = load(tiny_llama(), options);
    ASSERT_FALSE(model.has_value());
    EXPECT_EQ(model.error().code, ErrorCode::unsupported);
}

TEST_F(ModelFiles, EvaluateChecksItsTokens) {
    const auto model = load(tiny_llama());
    ASSERT_TRUE(model.has_value());
    const auto ignore = [](std::size_t, std::span<const float>) {};
    const auto evaluate = [&](std::vector<TokenId> tokens) { return (*model)->evaluate(tokens, 0, ignore); };
    EXPECT_FALSE(evaluate({}).has_value());
    EXPECT_FALSE(evaluate({1, -1}).has_value());
    EXPECT_FALSE(evaluate({1, 272}).has_value());
    EXPECT_FALSE(evaluate(std::vector<TokenId>(65, 1)).has_value());
    EXPECT_TRUE(evaluate(std::vector<TokenId>(64, 1)).has_value());
    EXPECT_FALSE((*model)->embed(std::vector<TokenId>{1}).has_value());
}

// A weight so large that products overflow: the request ends with an error, never with a hash of NaNs.
TEST_F(ModelFiles, LogitsThatAreNotFiniteAreAnError) {
    TestGguf gguf = tiny_llama();
    for (float& value : tensor(gguf, "output.weight").values) value = 3e38F;
    const auto model = load(gguf);
    ASSERT_TRUE(model.has_value()) << model.error().message;
    const auto done = (*model)->evaluate(std::vector<TokenId>{1, 2}, 0, [](std::size_t, std::span<const float>) {});
    ASSERT_FALSE(done.has_value());
    EXPECT_EQ(done.error().code, ErrorCode::internal);
}

TEST_F(ModelFiles, OneWeightBitChangesTheLogits) {
    const auto logits = [&](const TestGguf& gguf) {
        const auto model = load(gguf);
        return model ? golden::logits_of(**model, std::vector<TokenId>{5, 6, 7}).value() : std::vector<float>();
    };
    TestGguf gguf = tiny_llama();
    const auto before = logits(gguf);
    ASSERT_FALSE(before.empty());
    for (const char* name : {"blk.0.attn_q.weight", "blk.0.ffn_up.weight", "blk.0.attn_norm.weight"}) {
        TestGguf changed = gguf;
        float& value = tensor(changed, name).values[11];
        value = std::bit_cast<float>(std::bit_cast<std::uint32_t>(value) ^ 0x4000U);
        const auto after = logits(changed);
        ASSERT_EQ(after.size(), before.size());
        EXPECT_NE(std::memcmp(after.data(), before.data(), before.size() * sizeof(float)), 0) << name;
    }
}

} // namespace
} // namespace assay::engine
