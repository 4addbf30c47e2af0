#include "node/grammar_cache.h"

#include "base/mapped_file.h"

#include <gtest/gtest.h>

#include <filesystem>

namespace assay::node {
namespace {

std::shared_ptr<const tokenizer::Tokenizer> golden_tokenizer() {
    const auto path = std::filesystem::path(ASSAY_SOURCE_DIR) / "tests/golden/tokenizer/gpt2.json";
    const auto text = read_file(path, std::size_t{64} << 20);
    if (!text) return nullptr;
    auto tokenizer = tokenizer::Tokenizer::from_hugging_face(*text, "");
    return tokenizer ? std::shared_ptr<const tokenizer::Tokenizer>(std::move(*tokenizer)) : nullptr;
}

api::ConstraintText choice(std::vector<std::string> texts) {
    return {.kind = api::ConstraintText::Kind::choice, .schema_json = "", .choices = std::move(texts)};
}

TEST(GrammarCache, CompilesTheSameTextOnce) {
    GrammarCache cache(golden_tokenizer());
    const auto first = cache.get(choice({"yes", "no"}));
    ASSERT_TRUE(first.has_value()) << first.error().message;
    const auto other = cache.get(choice({"yes"}));
    const auto object = cache.get({.kind = api::ConstraintText::Kind::json_object});
    ASSERT_TRUE(other.has_value() && object.has_value());
    EXPECT_EQ(*cache.get(choice({"yes", "no"})), *first);
    EXPECT_NE(*other, *first);
    EXPECT_EQ(cache.size(), 3U);
}

TEST(GrammarCache, ForgetsTheOneUsedLongestAgo) {
    GrammarCache cache(golden_tokenizer());
    const auto first = cache.get(choice({"0"}));
    const auto second = cache.get(choice({"1"}));
    ASSERT_TRUE(first.has_value() && second.has_value());
    for (std::size_t i = 2; i <= GrammarCache::kGrammarsMax; ++i) {
        ASSERT_EQ(*cache.get(choice({"0"})), *first);
        ASSERT_TRUE(cache.get(choice({std::to_string(i)})).has_value());
    }
    EXPECT_EQ(cache.size(), GrammarCache::kGrammarsMax);
    EXPECT_EQ(*cache.get(choice({"0"})), *first);
    EXPECT_NE(*cache.get(choice({"1"})), *second);
}

TEST(GrammarCache, KeepsNothingThatDoesNotCompile) {
    GrammarCache cache(golden_tokenizer());
    EXPECT_FALSE(
        cache.get({.kind = api::ConstraintText::Kind::json_schema, .schema_json = "{\"not\":{}}"}).has_value());
    EXPECT_EQ(cache.size(), 0U);
}

} // namespace
} // namespace assay::node
