// The service over a model that reads back its pages: what is asked for comes out, whatever happens around it.
#include "engine/test_service.h"

#include "crypto/sha256.h"

namespace assay::engine {
namespace {

using namespace testing_service;

std::vector<TokenId> prompt_of(std::size_t size, std::uint64_t seed) {
    std::vector<TokenId> prompt(size);
    for (std::size_t i = 0; i < size; ++i) prompt[i] = static_cast<TokenId>(mix(seed, i) % 250);
    return prompt;
}

Answer run_alone(GenerationService& service, GenerationRequest request) {
    auto sink = std::make_shared<Collector>();
    EXPECT_TRUE(service.submit(std::move(request), sink).has_value());
    return answer_of(*sink);
}

std::string refusal(GenerationService& service, GenerationRequest request,
                    ErrorCode code = ErrorCode::invalid_argument) {
    auto result = service.submit(std::move(request), std::make_shared<Collector>());
    if (result) return "accepted";
    EXPECT_EQ(result.error().code, code);
    return result.error().message;
}

TEST(Service, GeneratesTheLargestLogitOfItsOwnPrefix) {
    const auto model = std::make_shared<PageModel>();
    const auto service = start(model);
    auto request = greedy(prompt_of(70, 1), 40);
    request.hash_logits = true;
    request.ignore_end = true;
    const auto answer = run_alone(*service, request);
    std::vector<TokenId> tokens = request.prompt;
    std::vector<float> row(kVocabulary);
    crypto::Sha256 hash;
    for (int i = 0; i < 40; ++i) {
        model->expected(tokens, row);
        hash.update(ByteView(reinterpret_cast<const std::uint8_t*>(row.data()), row.size() * sizeof(float)));
        tokens.push_back(static_cast<TokenId>(std::ranges::max_element(row) - row.begin()));
    }
    EXPECT_EQ(answer.ids, std::vector<TokenId>(tokens.begin() + 70, tokens.end()));
    EXPECT_EQ(answer.hash, to_hex(hash.finish()));
    EXPECT_EQ(answer.reason, FinishReason::length);
}

TEST(Service, EndsAtAnEndIdUnlessToldOtherwise) {
    const auto service = start(std::make_shared<PageModel>());
    auto request = greedy(prompt_of(5, 2), 30);
    request.sampling.logit_bias = {{kEnd, 100.0f}};
    auto sink = std::make_shared<Collector>();
    ASSERT_TRUE(service->submit(request, sink).has_value());
    EXPECT_EQ(sink->ids(), std::vector<TokenId>{kEnd});
    EXPECT_EQ(sink->text(), "");
    EXPECT_EQ(sink->finish().reason, FinishReason::stop);
    EXPECT_EQ(sink->finish().generated_tokens, 1U);
    request.ignore_end = true;
    const auto answer = run_alone(*service, request);
    EXPECT_EQ(answer.ids, std::vector<TokenId>(30, kEnd));
    EXPECT_EQ(answer.reason, FinishReason::length);
}

TEST(Service, StopsAtTheContext) {
    const auto service = start(std::make_shared<PageModel>(UINT32_MAX, 64));
    auto request = greedy(prompt_of(60, 3), 1000);
    request.ignore_end = true;
    const auto answer = run_alone(*service, request);
    EXPECT_EQ(answer.ids.size(), 4U);
    EXPECT_EQ(answer.reason, FinishReason::length);
}

TEST(Service, RefusesWhatCannotBeAnswered) {
    ServiceOptions options;
    options.kv_bytes_max = 4 * KvPages::page_bytes(PageModel().config());
    const auto service = start(std::make_shared<PageModel>(), options);
    EXPECT_EQ(refusal(*service, greedy({}, 5)), "the prompt is empty");
    EXPECT_EQ(refusal(*service, greedy(prompt_of(512, 1), 5)),
              "the prompt has 512 tokens; the context of 512 leaves no room for an answer");
    EXPECT_EQ(refusal(*service, greedy({1, 300}, 5)), "prompt token 300 is outside the vocabulary of 300");
    EXPECT_EQ(refusal(*service, greedy({1, -1}, 5)), "prompt token -1 is outside the vocabulary of 300");
    EXPECT_EQ(refusal(*service, greedy({1}, 0)), "tokens_max is 0");
    EXPECT_EQ(refusal(*service, greedy(prompt_of(100, 1), 30)),
              "prompt and answer of 129 tokens do not fit in the key-value cache of 128");
    EXPECT_EQ(run_alone(*service, greedy(prompt_of(100, 1), 29)).reason, FinishReason::length);
    auto request = greedy({1}, 5);
    request.sampling.temperature = -0.5;
    EXPECT_TRUE(refusal(*service, request).starts_with("temperature is outside its range"));
    request.sampling.temperature = std::numeric_limits<double>::quiet_NaN();
    EXPECT_TRUE(refusal(*service, request).starts_with("temperature is outside its range"));
    request = greedy({1}, 5);
    request.sampling.logit_bias = {{300, 1.0f}};
    EXPECT_EQ(refusal(*service, request), "logit_bias names token 300, which is outside the vocabulary of 300");
    request = greedy({1}, 5);
    request.stop = {""};
    EXPECT_EQ(refusal(*service, request), "a stop text is empty");
    request.stop = {"\xff"};
    EXPECT_EQ(refusal(*service, request), "a stop text is not UTF-8 of at most 4096 bytes");
}

TEST(Service, NamesOptionsThatItCannotStartWith) {
    const auto message = [](ServiceOptions options) {
        auto service = make_service(std::make_shared<PageModel>(), std::make_shared<ByteTokenizer>(), options);
        return service ? "started" : service.error().message;
    };
    EXPECT_EQ(message({.batch_max = 0}), "batch_max is 0");
    EXPECT_EQ(message({.prefill_chunk = 0}), "prefill_chunk is 0");
    EXPECT_EQ(message({.context_max = 513}), "context_max 513 is more than the model's 512");
    EXPECT_TRUE(message({.kv_bytes_max = 100}).starts_with("the key-value cache would have 0 pages"));
}

/// Requests of many kinds, all different.
std::vector<GenerationRequest> many_requests(std::size_t count) {
    std::vector<GenerationRequest> requests;
    for (std::size_t i = 0; i < count; ++i) {
        auto request = greedy(prompt_of(1 + mix(5, i) % 90, i % 7), static_cast<std::uint32_t>(1 + mix(6, i) % 60));
        request.hash_logits = i % 2 == 0;
        request.ignore_end = i % 3 == 0;
        request.sampling.seed = i;
        if (i % 3 != 0) request.sampling.temperature = 0.3 * static_cast<double>(i % 5);
        if (i % 4 == 1) request.sampling.top_p = 0.8;
        if (i % 5 == 2) request.sampling.top_k = 20;
        if (i % 6 == 3) request.sampling.min_p = 0.05;
        if (i % 7 == 4) request.sampling.repetition_penalty = 1.3;
        if (i % 7 == 5) request.sampling.frequency_penalty = 0.7;
        if (i % 4 == 2) request.sampling.top_logprobs = 3;
        if (i % 5 == 4) request.stop = {"a", "zq"};
        if (i % 8 == 6) request.echo_prompt_logprobs = true;
        requests.push_back(std::move(request));
    }
    return requests;
}

struct Surroundings {
    const char* name;
    ServiceOptions options;
    std::uint32_t pages; ///< 0 = plenty
    bool together;
};

std::vector<Answer> run_all(const std::vector<GenerationRequest>& requests, std::uint32_t memory,
                            const Surroundings& around) {
    ServiceOptions options = around.options;
    if (around.pages != 0) options.kv_bytes_max = around.pages * KvPages::page_bytes(PageModel().config());
    const auto service = start(std::make_shared<PageModel>(memory), options);
    std::vector<std::shared_ptr<Collector>> sinks;
    for (const auto& request : requests) {
        sinks.push_back(std::make_shared<Collector>());
        EXPECT_TRUE(service->submit(request, sinks.back()).has_value());
        if (!around.together) sinks.back()->finish();
    }
    std::vector<Answer> answers;
    for (const auto& sink : sinks) answers.push_back(answer_of(*sink));
    const auto statistics = service->statistics();
    EXPECT_EQ(statistics.running, 0U);
    EXPECT_EQ(statistics.waiting, 0U);
    EXPECT_EQ(statistics.kv_pages_used, 0U);
    EXPECT_EQ(statistics.requests_total, requests.size());
    return answers;
}

const Surroundings kSurroundings[] = {
    {"batch", {}, 0, true},
    {"batch_of_two", {.batch_max = 2}, 0, true},
    {"chunk_of_one", {.prefill_chunk = 1}, 0, true},
    {"chunk_of_seven", {.prefill_chunk = 7, .prefix_cache = false}, 0, true},
    {"chunk_of_33", {.prefill_chunk = 33}, 0, true},
    {"no_speculation", {.speculation = false}, 0, true},
    {"no_prefix_cache", {.prefix_cache = false}, 0, false},
    {"few_pages", {}, 7, true},
    {"few_pages_and_no_cache", {.prefix_cache = false, .speculation = false}, 6, true},
    {"barely_enough_pages", {.prefill_chunk = 16}, 5, true},
};

class Sameness : public testing::TestWithParam<Surroundings> {};

// Short memories make repeating texts, so that guesses are accepted; long ones show every wrong page.
TEST_P(Sameness, OfEveryAnswerInAllSurroundings) {
    const auto requests = many_requests(60);
    for (const std::uint32_t memory : {UINT32_MAX, 2U, 1U}) {
        const auto alone =
            run_all(requests, memory, {"alone", {.prefix_cache = false, .speculation = false}, 0, false});
        const auto answers = run_all(requests, memory, GetParam());
        for (std::size_t i = 0; i < requests.size(); ++i) EXPECT_EQ(answers[i], alone[i]) << "request " << i;
    }
}

INSTANTIATE_TEST_SUITE_P(Surroundings, Sameness, testing::ValuesIn(kSurroundings),
                         [](const auto& test) { return std::string(test.param.name); });

TEST(Service, FindsKnownPrefixesAndComputesTheLastTokenAgain) {
    const auto model = std::make_shared<PageModel>();
    const auto service = start(model);
    const auto cached = [&](std::vector<TokenId> prompt) {
        auto sink = std::make_shared<Collector>();
        EXPECT_TRUE(service->submit(greedy(std::move(prompt), 1), sink).has_value());
        return sink->finish().cached_tokens;
    };
    const auto prompt = prompt_of(96, 4);
    EXPECT_EQ(cached(prompt), 0U);
    EXPECT_EQ(cached(prompt), 64U);
    auto longer = prompt;
    longer.push_back(1);
    EXPECT_EQ(cached(longer), 96U);
    auto other = longer;
    other[40] ^= 1;
    EXPECT_EQ(cached(other), 32U);
    EXPECT_EQ(service->statistics().cached_tokens_total, 192U);
}

TEST(Service, KeepsAnswersForTheNextTurn) {
    const auto service = start(std::make_shared<PageModel>());
    auto request = greedy(prompt_of(20, 5), 60);
    request.ignore_end = true;
    auto turn = request.prompt;
    for (const TokenId id : run_alone(*service, request).ids) turn.push_back(id);
    auto sink = std::make_shared<Collector>();
    ASSERT_TRUE(service->submit(greedy(turn, 1), sink).has_value());
    EXPECT_EQ(sink->finish().cached_tokens, 64U); // 79 positions were computed: two whole pages
}

TEST(Service, DraftsPayWhereTextsRepeat) {
    const auto model = std::make_shared<PageModel>(1);
    auto request = greedy({1, 2, 3}, 400);
    request.ignore_end = true;
    const auto service = start(model);
    auto sink = std::make_shared<Collector>();
    ASSERT_TRUE(service->submit(request, sink).has_value());
    const auto& finish = sink->finish();
    EXPECT_GT(finish.accepted_tokens, 200U);
    EXPECT_LE(finish.accepted_tokens, finish.drafted_tokens);
    EXPECT_LT(model->passes, 200U);
    EXPECT_EQ(service->statistics().accepted_tokens_total, finish.accepted_tokens);
}

TEST(Service, DraftsCostLittleWhereTextsDoNotRepeat) {
    const auto model = std::make_shared<PageModel>();
    auto request = greedy(prompt_of(100, 9), 400);
    for (std::size_t i = 0; i < request.prompt.size(); ++i)
        request.prompt[i] = static_cast<TokenId>(i % 2); // pairs match often
    request.ignore_end = true;
    request.sampling.logit_bias = {{0, 14.0f}, {1, 14.0f}, {2, 14.0f}};
    const auto service = start(model);
    auto sink = std::make_shared<Collector>();
    ASSERT_TRUE(service->submit(request, sink).has_value());
    const auto& finish = sink->finish();
    EXPECT_LT(static_cast<double>(model->passes) + 0.12 * (finish.drafted_tokens - finish.accepted_tokens), 408.0);
}

TEST(Service, EndsOnlyTheRequestWhoseLogitsAreNotFinite) {
    const auto service = start(std::make_shared<PageModel>());
    const auto bad = std::make_shared<Collector>();
    const auto good = std::make_shared<Collector>();
    auto request = greedy(prompt_of(40, 6), 30);
    request.ignore_end = true;
    ASSERT_TRUE(service->submit(request, good).has_value());
    request.prompt.push_back(kPoison);
    ASSERT_TRUE(service->submit(request, bad).has_value());
    EXPECT_EQ(bad->finish().reason, FinishReason::error);
    ASSERT_TRUE(bad->finish().error.has_value());
    EXPECT_EQ(bad->finish().error->code, ErrorCode::internal);
    EXPECT_EQ(bad->finish().error->message, "the model's logits are not finite");
    EXPECT_EQ(good->finish().reason, FinishReason::length);
    EXPECT_EQ(good->finish().generated_tokens, 30U);
}

TEST(Service, TokensBeyondTheTokenizerHaveNoText) {
    const auto service = start(std::make_shared<PageModel>());
    auto request = greedy({1}, 3);
    request.sampling.logit_bias = {{295, 100.0f}};
    const auto answer = run_alone(*service, request);
    EXPECT_EQ(answer.ids, std::vector<TokenId>(3, 295));
    EXPECT_EQ(answer.text, "");
}

} // namespace
} // namespace assay::engine
