// How requests come, wait, stop and go: stop texts, cancellation, the queue, draining, grammars, fairness.
#include "engine/test_service.h"

#include <chrono>
#include <thread>

namespace assay::engine {
namespace {

using namespace testing_service;

/// Says a given text whatever it is asked: makes stop texts and characters come where a test wants them.
class ScriptGrammar final : public Grammar {
public:
    /// Each step allows the ids of one set; after the last, the end only.
    explicit ScriptGrammar(std::vector<std::vector<TokenId>> steps) : steps_(std::move(steps)) {}

    static std::shared_ptr<const Grammar> saying(std::string_view text) {
        std::vector<std::vector<TokenId>> steps;
        for (const char c : text) steps.push_back({static_cast<unsigned char>(c)});
        return std::make_shared<ScriptGrammar>(std::move(steps));
    }

    class At final : public State {
    public:
        explicit At(const ScriptGrammar& grammar) : grammar_(grammar) {}
        std::unique_ptr<State> clone() const override { return std::make_unique<At>(*this); }
        void allowed(std::span<std::uint64_t> mask) const override {
            const std::vector<TokenId> end = {kEnd};
            for (const TokenId id : finished() ? end : grammar_.steps_[at_])
                mask[id / 64] |= std::uint64_t{1} << (id % 64);
        }
        void accept(TokenId id) override {
            EXPECT_NE(std::ranges::find(grammar_.steps_[at_], id), grammar_.steps_[at_].end());
            ++at_;
        }
        bool finished() const override { return at_ == grammar_.steps_.size(); }

    private:
        const ScriptGrammar& grammar_;
        std::size_t at_ = 0;
    };
    std::unique_ptr<State> start() const override { return std::make_unique<At>(*this); }

private:
    const std::vector<std::vector<TokenId>> steps_;
};

GenerationRequest saying(std::string_view text, std::vector<std::string> stop = {}) {
    auto request = greedy({1, 2, 3}, 500);
    request.grammar = ScriptGrammar::saying(text);
    request.stop = std::move(stop);
    return request;
}

GenerationRequest endless(std::uint32_t tokens_max = 400) {
    auto request = greedy({9, 8, 7}, tokens_max);
    request.ignore_end = true;
    return request;
}

std::shared_ptr<Collector> submit(GenerationService& service, GenerationRequest request,
                                  std::function<void(std::size_t)> on_each = {}) {
    auto sink = std::make_shared<Collector>(std::move(on_each));
    const auto id = service.submit(std::move(request), sink);
    EXPECT_TRUE(id.has_value()) << (id ? "" : id.error().message);
    return sink;
}

TEST(ServiceFlow, StopTextsEndAnAnswerAcrossTokens) {
    const auto service = start(std::make_shared<PageModel>());
    const auto sink = submit(*service, saying("one STO STOP two", {"STOP", "xyz"}));
    EXPECT_EQ(sink->text(), "one STO ");
    EXPECT_EQ(sink->finish().reason, FinishReason::stop);
    EXPECT_EQ(sink->finish().generated_tokens, 12U);
    std::string seen; // what was shown can never be taken back
    for (const auto& event : sink->events()) {
        seen += event.text;
        EXPECT_TRUE(std::string_view("one STO ").starts_with(seen));
    }
}

TEST(ServiceFlow, HeldBackTextComesWithTheEnd) {
    const auto service = start(std::make_shared<PageModel>());
    const auto sink = submit(*service, saying("a STO", {"STOP"}));
    EXPECT_EQ(sink->finish().text, "STO");
    EXPECT_EQ(sink->text(), "a STO");
}

TEST(ServiceFlow, TextsAreWholeCharacters) {
    const auto service = start(std::make_shared<PageModel>());
    const auto sink = submit(*service, saying("a\xE2\x82\xAC\xF0\x9F\x98\x80z\xE2\x82"));
    EXPECT_EQ(sink->text(), "a\xE2\x82\xAC\xF0\x9F\x98\x80z\xEF\xBF\xBD");
    std::vector<std::string> texts;
    for (const auto& event : sink->events()) texts.push_back(event.text);
    EXPECT_EQ(texts[3], "\xE2\x82\xAC");
    EXPECT_EQ(texts[7], "\xF0\x9F\x98\x80");
    EXPECT_EQ(texts[1] + texts[2] + texts[4] + texts[5] + texts[6], "");
}

TEST(ServiceFlow, GrammarsHoldWithEveryOptionAndWithDrafts) {
    std::vector<std::vector<TokenId>> steps;
    for (int i = 0; i < 200; ++i) steps.push_back(i % 3 == 2 ? std::vector<TokenId>{44} : std::vector<TokenId>{48, 49});
    std::vector<std::vector<TokenId>> answers;
    for (const bool speculation : {true, false}) {
        ServiceOptions options;
        options.speculation = speculation;
        const auto service = start(std::make_shared<PageModel>(1), options);
        for (const double temperature : {0.0, 0.8}) {
            auto request = greedy({48, 49, 44, 48, 49, 44}, 500);
            request.sampling.temperature = temperature;
            request.grammar = std::make_shared<ScriptGrammar>(steps);
            const auto sink = submit(*service, request);
            answers.push_back(sink->ids());
            EXPECT_EQ(sink->finish().reason, FinishReason::stop);
            EXPECT_EQ(sink->finish().accepted_tokens > 0, speculation);
            EXPECT_EQ(answers.back().size(), 200U);
        }
    }
    EXPECT_EQ(answers[0], answers[2]);
    EXPECT_EQ(answers[1], answers[3]);
}

TEST(ServiceFlow, CancelEndsOnlyThatRequest) {
    const auto service = start(std::make_shared<PageModel>());
    std::atomic<RequestId> id{0};
    const auto cancelled = std::make_shared<Collector>([&](std::size_t count) {
        if (count == 5) service->cancel(id);
    });
    const auto other = submit(*service, endless(100));
    id = service->submit(endless(), cancelled).value_or(0);
    // The callback may have come before `id` was known.
    service->cancel(id);
    EXPECT_EQ(cancelled->finish().reason, FinishReason::cancelled);
    EXPECT_LT(cancelled->events().size(), 400U);
    EXPECT_EQ(other->finish().generated_tokens, 100U);
    service->cancel(id); // over already: ignored
    service->cancel(12345);
    EXPECT_EQ(submit(*service, endless(3))->finish().reason, FinishReason::length);
}

TEST(ServiceFlow, FullQueuesRefuseAndWaitingRequestsCanBeCancelled) {
    ServiceOptions options;
    options.batch_max = 1;
    options.queue_max = 2;
    const auto service = start(std::make_shared<PageModel>(), options);
    std::mutex gate; // holds the engine's thread inside the first token
    std::unique_lock closed(gate);
    const auto first = submit(*service, endless(5), [&](std::size_t) { const std::lock_guard wait(gate); });
    const auto second = std::make_shared<Collector>();
    const auto second_id = service->submit(endless(5), second);
    ASSERT_TRUE(second_id.has_value());
    const auto third = submit(*service, endless(5));
    const auto refused = service->submit(endless(5), std::make_shared<Collector>());
    ASSERT_FALSE(refused.has_value());
    EXPECT_EQ(refused.error().code, ErrorCode::resource_exhausted);
    EXPECT_EQ(refused.error().message, "the queue is full: 3 requests");
    service->cancel(*second_id);
    closed.unlock();
    EXPECT_EQ(second->finish().reason, FinishReason::cancelled);
    EXPECT_EQ(second->finish().generated_tokens, 0U);
    EXPECT_EQ(first->finish().reason, FinishReason::length);
    EXPECT_EQ(third->finish().reason, FinishReason::length);
    EXPECT_EQ(submit(*service, endless(5))->finish().reason, FinishReason::length);
}

TEST(ServiceFlow, DrainFinishesWhatRunsAndRefusesWhatComes) {
    const auto service = start(std::make_shared<PageModel>());
    std::vector<std::shared_ptr<Collector>> sinks;
    for (int i = 0; i < 5; ++i) sinks.push_back(submit(*service, endless(50)));
    service->drain(60000);
    for (const auto& sink : sinks) EXPECT_TRUE(sink->finished());
    const auto refused = service->submit(endless(5), std::make_shared<Collector>());
    ASSERT_FALSE(refused.has_value());
    EXPECT_EQ(refused.error().code, ErrorCode::cancelled);
}

TEST(ServiceFlow, DrainGivesUpAfterItsTime) {
    const auto service = start(std::make_shared<PageModel>());
    std::mutex gate;
    std::unique_lock closed(gate);
    const auto sink = submit(*service, endless(5), [&](std::size_t) { const std::lock_guard wait(gate); });
    service->drain(20);
    EXPECT_FALSE(sink->finished());
    closed.unlock();
    sink->finish();
}

TEST(ServiceFlow, TheEndOfTheServiceCancelsEverything) {
    auto service = start(std::make_shared<PageModel>(UINT32_MAX, 512), {.batch_max = 2});
    std::vector<std::shared_ptr<Collector>> sinks;
    for (int i = 0; i < 6; ++i) {
        sinks.push_back(submit(*service, endless(500),
                               [](std::size_t) { std::this_thread::sleep_for(std::chrono::milliseconds(1)); }));
    }
    service.reset();
    for (const auto& sink : sinks) {
        ASSERT_TRUE(sink->finished());
        EXPECT_EQ(sink->finish().reason, FinishReason::cancelled);
    }
}

TEST(ServiceFlow, PromptsDoNotHoldUpAnswers) {
    ServiceOptions options;
    options.prefill_chunk = 8;
    options.prefix_cache = false;
    const auto model = std::make_shared<PageModel>();
    const auto service = start(model, options);
    std::shared_ptr<Collector> long_prompt;
    std::size_t tokens_before = 0;
    std::shared_ptr<Collector> decoding = submit(*service, endless(100), [&](std::size_t count) {
        if (count == 3) long_prompt = submit(*service, greedy(std::vector<TokenId>(400, 5), 1));
        if (long_prompt && !long_prompt->finished()) tokens_before = count;
    });
    decoding->finish();
    long_prompt->finish();
    EXPECT_GE(tokens_before, 40U); // 50 chunks, each beside a token
    EXPECT_LE(model->rows_max, 9U);
    EXPECT_EQ(model->sequences_max, 2U);
}

TEST(ServiceFlow, ManyThreadsSubmitAndCancelAtOnce) {
    ServiceOptions options;
    options.batch_max = 4;
    options.queue_max = 1000;
    options.kv_bytes_max = 20 * KvPages::page_bytes(PageModel().config());
    const auto service = start(std::make_shared<PageModel>(2), options);
    std::atomic<int> answered{0};
    {
        std::vector<std::jthread> threads;
        for (int thread = 0; thread < 4; ++thread) {
            threads.emplace_back([&, thread] {
                for (int i = 0; i < 25; ++i) {
                    auto sink = std::make_shared<Collector>();
                    auto request = endless(static_cast<std::uint32_t>(20 + i));
                    request.hash_logits = i % 4 == 0;
                    request.prompt.push_back(thread * 10 + i);
                    const auto id = service->submit(std::move(request), sink);
                    if (!id) continue;
                    if (i % 3 == 0) service->cancel(*id);
                    (void)service->statistics();
                    const auto reason = sink->finish().reason;
                    answered += reason == FinishReason::length || (reason == FinishReason::cancelled && i % 3 == 0);
                }
            });
        }
    }
    EXPECT_EQ(answered, 100);
    EXPECT_EQ(service->statistics().kv_pages_used, 0U);
}

} // namespace
} // namespace assay::engine
