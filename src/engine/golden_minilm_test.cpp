// all-MiniLM-L6-v2 against sentence embeddings by transformers in float32 (tools/make_minilm_golden.py).
#include "engine/test_golden.h"

#include <cstdlib>

namespace assay::engine {
namespace {

constexpr std::size_t kTokensMax = 256; // sentence-transformers cuts there

TEST(MiniLm, EmbedsAsSentenceTransformersDoes) {
    const char* path = std::getenv("ASSAY_TEST_MINILM");
    ASSERT_NE(path, nullptr) << "ASSAY_TEST_MINILM must name the folder of tools/fetch_minilm.sh; scripts/test sets it";
    const auto file = formats::ModelFile::open(path);
    ASSERT_TRUE(file.has_value()) << file.error().message;
    const auto tokenizer = load_tokenizer(**file);
    ASSERT_TRUE(tokenizer.has_value()) << tokenizer.error().message;
    const auto model = Model::load(*file, ModelOptions{});
    ASSERT_TRUE(model.has_value()) << model.error().message;

    const auto ids = golden::read_ids(golden::folder("minilm/tokens.txt"));
    const auto want = golden::read_array<float>(golden::folder("minilm/embeddings.f32"));
    ASSERT_EQ(want.size() % ids.size(), 0U);
    const std::size_t width = want.size() / ids.size();
    std::ifstream in(golden::folder("minilm/sentences.txt"));
    std::size_t index = 0;
    for (std::string sentence; std::getline(in, sentence); ++index) {
        SCOPED_TRACE(sentence.substr(0, 60));
        ASSERT_LT(index, ids.size());
        const auto encoded = (*tokenizer)->encode(sentence, true, false);
        if (encoded.size() <= kTokensMax) {
            EXPECT_EQ(encoded, ids[index]);
        }
        const auto got = (*model)->embed(ids[index]);
        ASSERT_TRUE(got.has_value()) << got.error().message;
        EXPECT_LE(golden::relative_error(*got, std::span(want).subspan(index * width, width)), 1e-3);
    }
    EXPECT_EQ(index, ids.size());
}

} // namespace
} // namespace assay::engine
