// The HTTP surface's port over small real models.
#include "node/complete.h"
#include "node/engine_adapter.h"

#include <gtest/gtest.h>

#include <future>

namespace assay::node {
namespace {

std::filesystem::path golden(const char* name) {
    return std::filesystem::path(ASSAY_SOURCE_DIR) / "tests/golden/models" / name;
}

ServedModel serve(const char* name) {
    const auto path = golden(name);
    engine::ServiceOptions options;
    options.batch_max = 4;
    return {
        .path = path, .open = open_model(path, {.threads = 1, .isa = "", .progress = {}}).value(), .service = options};
}

class PortAnswer final : public api::GenerationSink {
public:
    void on_token(const api::TokenEvent& event) override { tokens.push_back(event.id); }
    void on_finish(const api::FinishEvent& event) override { finished.set_value(event); }
    std::vector<api::TokenId> tokens;
    std::promise<api::FinishEvent> finished;
};

class Adapted : public testing::Test {
protected:
    void SetUp() override {
        std::vector<ServedModel> models;
        models.push_back(serve("llama_tied"));
        models.push_back(serve("bert"));
        auto made = EngineAdapter::create(std::move(models));
        ASSERT_TRUE(made.has_value()) << made.error().message;
        engine_ = *made;
    }
    std::shared_ptr<EngineAdapter> engine_;
};

TEST_F(Adapted, DescribesItsModels) {
    const auto models = engine_->models();
    ASSERT_EQ(models.size(), 2U);
    EXPECT_EQ(models[0].id, "llama_tied");
    EXPECT_TRUE(models[0].generates);
    EXPECT_FALSE(models[0].embeds);
    EXPECT_EQ(models[0].arithmetic, engine::kArithmeticVersion);
    EXPECT_TRUE(models[0].commitment.empty());
    EXPECT_TRUE(models[1].embeds);
    EXPECT_FALSE(models[1].generates);
    EXPECT_GT(models[1].embedding_dimensions, 0U);
    engine_->identify();
    for (const auto& model : engine_->models()) {
        EXPECT_TRUE(model.commitment.starts_with("b")) << model.commitment;
        EXPECT_TRUE(model.cid.starts_with("b")) << model.cid;
    }
    EXPECT_EQ(engine_->models()[0].commitment,
              engine::identify(*formats::ModelFile::open(golden("llama_tied")).value(), {})->commitment);
    EXPECT_EQ(engine_->health(), "");
}

TEST_F(Adapted, AnswersAsTheEngineDoes) {
    const std::vector<api::TokenId> prompt = {1, 20, 30, 40};
    api::GenerationRequest request;
    request.prompt = prompt;
    request.tokens_max = 8;
    request.sampling.temperature = 0;
    request.ignore_end = true;
    const auto sink = std::make_shared<PortAnswer>();
    ASSERT_TRUE(engine_->submit("llama_tied", request, sink).has_value());
    const api::FinishEvent finish = sink->finished.get_future().get();
    EXPECT_EQ(finish.reason, api::FinishReason::length);
    EXPECT_EQ(finish.prompt_tokens, 4U);
    ASSERT_EQ(sink->tokens.size(), 8U);
    // The first token is the largest logit after the prompt.
    const auto open = open_model(golden("llama_tied"), {.threads = 1, .isa = "scalar", .progress = {}}).value();
    std::vector<float> last;
    ASSERT_TRUE(open.model->evaluate(
        prompt, 0, [&](std::size_t, std::span<const float> row) { last.assign(row.begin(), row.end()); }));
    EXPECT_EQ(sink->tokens[0], std::max_element(last.begin(), last.end()) - last.begin());
    EXPECT_GE(engine_->statistics().tokens_generated_total, 8U);
}

TEST_F(Adapted, RefusesWhatAModelCannotDo) {
    api::GenerationRequest request;
    request.prompt = {1};
    EXPECT_EQ(engine_->submit("bert", request, std::make_shared<PortAnswer>()).error().code,
              ErrorCode::invalid_argument);
    request.prompt.clear();
    EXPECT_EQ(engine_->submit("llama_tied", request, std::make_shared<PortAnswer>()).error().code,
              ErrorCode::invalid_argument);
    EXPECT_FALSE(engine_->apply_chat_template(
        "llama_tied",
        {.messages_json = "[]", .tools_json = "", .extra_json = "", .add_generation_prompt = true, .suffix = ""}));
}

TEST_F(Adapted, EmbedsTextsAndTokensAlike) {
    const std::vector<std::string> texts = {"hello world", "a cat"};
    const auto by_text = engine_->embed("bert", texts);
    ASSERT_TRUE(by_text.has_value()) << by_text.error().message;
    std::vector<std::vector<api::TokenId>> ids;
    for (const auto& text : texts) ids.push_back(engine_->encode("bert", text).value());
    const auto by_tokens = engine_->embed_tokens("bert", ids);
    ASSERT_TRUE(by_tokens.has_value());
    EXPECT_EQ(by_text->vectors, by_tokens->vectors);
    EXPECT_EQ(by_text->prompt_tokens, ids[0].size() + ids[1].size());
    const std::vector<std::vector<api::TokenId>> too_long = {ids[0], std::vector<api::TokenId>(100000, 5)};
    const auto refused = engine_->embed_tokens("bert", too_long);
    ASSERT_FALSE(refused.has_value());
    EXPECT_EQ(refused.error().code, ErrorCode::invalid_argument);
    EXPECT_NE(refused.error().message.find("input 1"), std::string::npos) << refused.error().message;
}

TEST(EngineAdapter, ServesNoModelOnANodeOfTheChainAlone) {
    const auto engine = EngineAdapter::create({});
    ASSERT_TRUE(engine.has_value());
    EXPECT_TRUE((*engine)->models().empty());
    EXPECT_EQ((*engine)->health(), "");
}

TEST(EngineAdapter, WantsModelsOfDifferentNames) {
    std::vector<ServedModel> twice;
    twice.push_back(serve("bert"));
    twice.push_back(serve("bert"));
    EXPECT_EQ(EngineAdapter::create(std::move(twice)).error().code, ErrorCode::invalid_argument);
}

TEST(Complete, CopiesOfARequestAgree) {
    const auto open = open_model(golden("llama_tied"), {.threads = 1, .isa = "", .progress = {}}).value();
    const auto service = engine::make_service(open.model, open.tokenizer, {}).value();
    engine::GenerationRequest request;
    request.prompt = {1, 2, 3};
    request.tokens_max = 6;
    request.ignore_end = true;
    request.hash_logits = true;
    const auto one = complete(*service, request, 1);
    const auto five = complete(*service, request, 5);
    ASSERT_TRUE(one && five);
    EXPECT_EQ(one->tokens, five->tokens);
    EXPECT_EQ(one->finish.logits_sha256, five->finish.logits_sha256);
    request.prompt.clear();
    EXPECT_EQ(complete(*service, request, 2).error().code, ErrorCode::invalid_argument);
}

} // namespace
} // namespace assay::node
