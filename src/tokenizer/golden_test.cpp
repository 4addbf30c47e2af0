// Equality with Hugging Face `tokenizers`, line by line, on the golden corpus.
#include "tokenizer/base64.h"
#include "tokenizer/golden_test_data.h"
#include "tokenizer/stream_decoder.h"

namespace assay::tokenizer {
namespace {

struct Expected {
    std::uint32_t count;
    std::uint64_t hash;
};

std::string show(const std::vector<TokenId>& ids, const Tokenizer& tokenizer) {
    std::string out;
    for (const TokenId id : ids) out += std::to_string(id) + "'" + std::string(tokenizer.token_text(id)) + "' ";
    return out;
}

void compare(const Tokenizer& tokenizer, const std::string& name) {
    const auto& lines = golden::corpus();
    ASSERT_GE(lines.size(), 10000u);
    const std::string bytes = golden::read(name + ".expected");
    golden::Cursor records(bytes);
    golden::Cursor full(std::string_view(bytes).substr(lines.size() * 12));
    std::size_t wrong = 0;
    for (std::size_t i = 0; i < lines.size() && wrong < 5; ++i) {
        const auto count = records.number<std::uint32_t>();
        const auto hash = records.number<std::uint64_t>();
        const std::vector<TokenId> ids = tokenizer.encode(lines[i], true, true);
        const std::vector<TokenId> plain = tokenizer.encode(lines[i], false, false);
        if (i % 40 == 0) {
            std::vector<TokenId> wanted(full.leb128());
            for (TokenId& id : wanted) id = static_cast<TokenId>(full.leb128());
            EXPECT_EQ(ids, wanted) << name << " line " << i << ": " << lines[i];
        }
        std::uint64_t state = golden::fnv(golden::bytes_of(plain), golden::fnv(golden::bytes_of(ids)));
        state = golden::fnv(tokenizer.decode(ids, false), golden::fnv(tokenizer.decode(ids, true), state));
        if (count == ids.size() + plain.size() && hash == state) continue;
        ++wrong;
        ADD_FAILURE() << name << " line " << i << ": " << testing::PrintToString(lines[i]) << "\nids "
                      << show(ids, tokenizer) << "\nplain " << show(plain, tokenizer) << "\ntext "
                      << tokenizer.decode(ids, true);
    }
}

void compare_stream(const Tokenizer& tokenizer) {
    const auto& lines = golden::corpus();
    for (std::size_t i = 0; i < lines.size(); i += 3) {
        const std::vector<TokenId> ids = tokenizer.encode(lines[i], true, i % 2 == 0);
        StreamDecoder stream(tokenizer, i % 4 < 2);
        std::string text;
        for (const TokenId id : ids) text += stream.push(id);
        text += stream.finish();
        ASSERT_EQ(text, tokenizer.decode(ids, i % 4 < 2)) << lines[i];
    }
}

class GoldenJson : public testing::TestWithParam<const char*> {};

TEST_P(GoldenJson, EqualsHuggingFace) {
    const auto tokenizer = golden::from_json(GetParam());
    ASSERT_TRUE(tokenizer);
    compare(*tokenizer, GetParam());
}

TEST_P(GoldenJson, StreamsTheSameText) {
    const auto tokenizer = golden::from_json(GetParam());
    ASSERT_TRUE(tokenizer);
    compare_stream(*tokenizer);
}

INSTANTIATE_TEST_SUITE_P(Tokenizers, GoldenJson,
                         testing::Values("gpt2", "roberta", "llama3", "qwen2", "llama", "mistral", "t5", "word_piece",
                                         "clip", "bert"),
                         [](const auto& name) { return std::string(name.param); });

TEST(GoldenGguf, DefaultModel) {
    const auto tokenizer = golden::from_vocabulary(golden::default_vocabulary());
    ASSERT_TRUE(tokenizer);
    EXPECT_EQ(tokenizer->vocabulary_size(), 49152u);
    compare(*tokenizer, "smollm");
    compare_stream(*tokenizer);
}

TEST(GoldenGguf, SentencePieceScoresGiveTheSameMerges) {
    const auto tokenizer = golden::from_vocabulary(golden::gguf_vocabulary("llama"));
    ASSERT_TRUE(tokenizer);
    compare(*tokenizer, "llama");
}

TEST(GoldenGguf, Unigram) {
    GgufVocabulary vocabulary = golden::gguf_vocabulary("t5");
    const auto json = nlohmann::json::parse(golden::read("t5.json"));
    vocabulary.precompiled_charsmap = *decode_base64(json["normalizer"]["precompiled_charsmap"].get<std::string>());
    const auto tokenizer = golden::from_vocabulary(std::move(vocabulary));
    ASSERT_TRUE(tokenizer);
    compare(*tokenizer, "t5");
}

TEST(GoldenGguf, ByteLevelPreTokenizers) {
    for (const auto& [name, pre] :
         {std::pair{"gpt2", "gpt-2"}, std::pair{"llama3", "llama-bpe"}, std::pair{"qwen2", "qwen2"}}) {
        const auto json = nlohmann::json::parse(golden::read(std::string(name) + ".json"));
        GgufVocabulary vocabulary;
        vocabulary.model = "gpt2";
        vocabulary.pre = pre;
        vocabulary.bos = 0;
        const auto& entries = json["model"]["vocab"];
        vocabulary.tokens.resize(entries.size());
        for (const auto& [text, id] : entries.items()) vocabulary.tokens[id.get<std::size_t>()] = text;
        for (const auto& merge : json["model"]["merges"]) {
            vocabulary.merges.push_back(merge[0].get<std::string>() + " " + merge[1].get<std::string>());
        }
        vocabulary.types.assign(vocabulary.tokens.size(), 1);
        for (const auto& token : json["added_tokens"]) {
            const auto id = token["id"].get<std::size_t>();
            vocabulary.tokens.resize(std::max(vocabulary.tokens.size(), id + 1));
            vocabulary.types.resize(vocabulary.tokens.size(), 1);
            vocabulary.tokens[id] = token["content"];
            vocabulary.types[id] = token["special"].get<bool>() ? 3 : 4;
        }
        const auto tokenizer = golden::from_vocabulary(std::move(vocabulary));
        ASSERT_TRUE(tokenizer);
        compare(*tokenizer, name);
    }
}

TEST(GoldenGguf, WordPiece) {
    const auto json = nlohmann::json::parse(golden::read("bert.json"));
    GgufVocabulary vocabulary;
    vocabulary.model = "bert";
    const auto& entries = json["model"]["vocab"];
    vocabulary.tokens.resize(entries.size());
    vocabulary.types.assign(entries.size(), 1);
    for (const auto& [text, id] : entries.items()) {
        const bool inner = text.starts_with("##");
        vocabulary.tokens[id.get<std::size_t>()] = inner ? text.substr(2) : "\xE2\x96\x81" + text;
    }
    for (const auto& token : json["added_tokens"]) {
        vocabulary.tokens[token["id"].get<std::size_t>()] = token["content"];
        vocabulary.types[token["id"].get<std::size_t>()] = 3;
    }
    vocabulary.cls = 101;
    vocabulary.separator = 102;
    vocabulary.unknown = 100;
    const auto tokenizer = golden::from_vocabulary(std::move(vocabulary));
    ASSERT_TRUE(tokenizer);
    compare(*tokenizer, "bert");
}

} // namespace
} // namespace assay::tokenizer
