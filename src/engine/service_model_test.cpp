// The service over real graphs: small golden models of several families, and every token the best that evaluate() knows.
#include "engine/test_golden.h"
#include "engine/test_service.h"

#include "crypto/sha256.h"

namespace assay::engine {
namespace {

using namespace testing_service;

struct Expected {
    std::vector<TokenId> ids;
    std::string hash;
};

/// Greedy decoding by evaluating the whole text again for every token.
Expected by_evaluation(const Model& model, std::vector<TokenId> tokens, std::size_t count) {
    Expected expected;
    crypto::Sha256 hash;
    for (std::size_t i = 0; i < count; ++i) {
        std::vector<float> last;
        EXPECT_TRUE(model.evaluate(
            tokens, 0, [&](std::size_t, std::span<const float> row) { last.assign(row.begin(), row.end()); }));
        hash.update(ByteView(reinterpret_cast<const std::uint8_t*>(last.data()), last.size() * sizeof(float)));
        tokens.push_back(static_cast<TokenId>(golden::first_choice(last)));
        expected.ids.push_back(tokens.back());
    }
    expected.hash = to_hex(hash.finish());
    return expected;
}

class ServedModel : public testing::TestWithParam<const char*> {};

TEST_P(ServedModel, AnswersAsEvaluationDoesInEveryBatchAndChunk) {
    const auto path = golden::folder("models") / GetParam();
    auto loaded = golden::load(path, {}, 2);
    ASSERT_TRUE(loaded.has_value()) << loaded.error().message;
    const std::shared_ptr<const Model> model = *loaded;
    const auto golden_tokens = golden::read_ids(path / "golden_tokens.txt").at(0);
    std::vector<GenerationRequest> requests;
    std::vector<Expected> expected;
    for (const std::size_t size : {1U, 5U, 33U, 40U}) {
        const std::size_t prompt_size =
            std::min({size, golden_tokens.size(), std::size_t{model->config().context_max} - 20});
        auto request =
            greedy({golden_tokens.begin(), golden_tokens.begin() + static_cast<std::ptrdiff_t>(prompt_size)}, 16);
        request.ignore_end = true;
        request.hash_logits = true;
        expected.push_back(by_evaluation(*model, request.prompt, 16));
        requests.push_back(std::move(request));
    }
    for (const std::uint32_t chunk : {1U, 7U, 256U}) {
        for (const bool extras : {true, false}) {
            ServiceOptions options;
            options.prefill_chunk = chunk;
            options.prefix_cache = options.speculation = extras;
            auto service = make_service(model, std::make_shared<ByteTokenizer>(), options);
            ASSERT_TRUE(service.has_value()) << service.error().message;
            for (int round = 0; round < 2; ++round) { // the second finds cached pages
                std::vector<std::shared_ptr<Collector>> sinks;
                for (const auto& request : requests) {
                    sinks.push_back(std::make_shared<Collector>());
                    ASSERT_TRUE((*service)->submit(request, sinks.back()).has_value());
                }
                for (std::size_t i = 0; i < sinks.size(); ++i) {
                    EXPECT_EQ(sinks[i]->ids(), expected[i].ids) << "chunk " << chunk << ", request " << i;
                    EXPECT_EQ(sinks[i]->finish().logits_sha256, expected[i].hash);
                }
            }
        }
    }
}

INSTANTIATE_TEST_SUITE_P(Families, ServedModel,
                         testing::Values("llama_tied", "mistral_window", "qwen3_wide_heads", "gpt2", "gguf_q4_1",
                                         "gguf_bf16"),
                         [](const auto& test) { return std::string(test.param); });

} // namespace
} // namespace assay::engine
