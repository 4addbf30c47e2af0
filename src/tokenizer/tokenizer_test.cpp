#include "tokenizer/golden_test_data.h"
#include "tokenizer/stream_decoder.h"
#include "tokenizer/unicode.h"

#include <rapidcheck.h>

namespace assay::tokenizer {
namespace {

const Tokenizer& default_tokenizer() {
    static const auto instance = golden::from_vocabulary(golden::default_vocabulary());
    return *instance;
}

TEST(Tokenizer, ReadsSpecialTokensOnlyWhenAsked) {
    const Tokenizer& tokenizer = default_tokenizer();
    EXPECT_EQ(tokenizer.encode("<|im_start|>", false, true), std::vector<TokenId>{1});
    const auto plain = tokenizer.encode("<|im_start|>", false, false);
    EXPECT_GT(plain.size(), 1u);
    EXPECT_EQ(tokenizer.decode(plain, true), "<|im_start|>");
    EXPECT_TRUE(tokenizer.is_special(1));
    EXPECT_EQ(tokenizer.decode(std::vector<TokenId>{1}, true), "");
    EXPECT_EQ(tokenizer.decode(std::vector<TokenId>{1}, false), "<|im_start|>");
}

TEST(Tokenizer, KnowsItsVocabulary) {
    const Tokenizer& tokenizer = default_tokenizer();
    const auto the = tokenizer.find("Ġthe");
    ASSERT_TRUE(the);
    EXPECT_EQ(tokenizer.token_text(*the), "Ġthe");
    EXPECT_EQ(tokenizer.token_bytes(*the), " the");
    EXPECT_EQ(tokenizer.token_bytes(1), "");
    EXPECT_FALSE(tokenizer.find("no such entry"));
    EXPECT_EQ(tokenizer.bos(), 1);
    EXPECT_EQ(std::vector<TokenId>(tokenizer.end_ids().begin(), tokenizer.end_ids().end()),
              (std::vector<TokenId>{0, 2}));
    for (const TokenId outside : {-1, 49152, 1 << 30}) {
        EXPECT_EQ(tokenizer.token_text(outside), "");
        EXPECT_EQ(tokenizer.token_bytes(outside), "");
        EXPECT_FALSE(tokenizer.is_special(outside));
        EXPECT_EQ(tokenizer.decode(std::vector<TokenId>{outside}, true), "");
    }
}

TEST(Tokenizer, LongWordsTakeNoQuadraticTime) {
    for (const std::string& unit : {std::string("a"), std::string(" "), std::string("ab"), std::string("漢")}) {
        std::string text;
        while (text.size() < (1u << 20)) text += unit;
        EXPECT_EQ(default_tokenizer().decode(default_tokenizer().encode(text, false, true), true), text);
    }
    for (const char* name : {"llama", "t5", "bert", "qwen2"}) {
        const auto tokenizer = golden::from_json(name);
        ASSERT_TRUE(tokenizer);
        EXPECT_FALSE(tokenizer->encode(std::string(1u << 20, 'a'), false, true).empty());
    }
}

TEST(Tokenizer, CachedAndUncachedWordsAgree) {
    // Long texts keep a cache of words, short ones do not.
    const std::vector<std::pair<const char*, std::string>> cases = {
        {"gpt2", "<|endoftext|>"}, {"clip", "<|endoftext|>"}, {"llama", "</s>"}};
    for (const auto& [name, separator] : cases) {
        const auto tokenizer = golden::from_json(name);
        ASSERT_TRUE(tokenizer);
        const TokenId separator_id = tokenizer->find(separator).value();
        std::string text;
        std::vector<TokenId> wanted;
        for (std::size_t i = 0; text.size() < 200000; ++i) {
            const std::string& line = golden::corpus()[i % 1000];
            text += line + separator;
            const auto ids = tokenizer->encode(line, false, true);
            wanted.insert(wanted.end(), ids.begin(), ids.end());
            wanted.push_back(separator_id);
        }
        EXPECT_EQ(tokenizer->encode(text, false, true), wanted) << name;
    }
}

TEST(StreamDecoder, GivesWholeCharacters) {
    const Tokenizer& tokenizer = default_tokenizer();
    const std::string text = "naïve 漢字 👨‍👩‍👧 end";
    StreamDecoder stream(tokenizer, true);
    std::string joined;
    for (const TokenId id : tokenizer.encode(text, false, true)) {
        const std::string piece = stream.push(id);
        EXPECT_EQ(valid_prefix(piece), piece.size());
        joined += piece;
    }
    EXPECT_EQ(joined + stream.finish(), text);
}

TEST(StreamDecoder, EqualsDecodeForAnyIds) {
    std::vector<std::unique_ptr<Tokenizer>> tokenizers;
    for (const char* name : {"gpt2", "llama", "mistral", "t5", "bert", "clip"})
        tokenizers.push_back(golden::from_json(name));
    rc::check("streams", [&] {
        const auto& tokenizer = *tokenizers[*rc::gen::inRange<std::size_t>(0, tokenizers.size())];
        const auto ids = *rc::gen::container<std::vector<TokenId>>(rc::gen::inRange<TokenId>(0, 600));
        const bool skip = *rc::gen::arbitrary<bool>();
        StreamDecoder stream(tokenizer, skip);
        std::string text;
        for (const TokenId id : ids) text += stream.push(id);
        RC_ASSERT(text + stream.finish() == tokenizer.decode(ids, skip));
    });
}

/// Message of a tokenizer.json that must be refused.
std::string refusal(const nlohmann::json& json) {
    const auto tokenizer = Tokenizer::from_hugging_face(json.dump(), "");
    return tokenizer ? "accepted" : tokenizer.error().message;
}

TEST(HuggingFace, NamesWhatItCannotRead) {
    nlohmann::json good = nlohmann::json::parse(golden::read("gpt2.json"));
    EXPECT_EQ(refusal(good), "accepted");
    const auto with = [&](const char* pointer, const nlohmann::json& value) {
        nlohmann::json changed = good;
        changed[nlohmann::json::json_pointer(pointer)] = value;
        return refusal(changed);
    };
    EXPECT_NE(with("/model/type", "WordLevel").find("model.type: 'WordLevel'"), std::string::npos);
    EXPECT_NE(with("/model/merges/0", "one").find("model.merges[0]"), std::string::npos);
    EXPECT_NE(with("/model/merges/0", "zz qq").find("merges[0]: 'zz' is not in the vocabulary"), std::string::npos);
    EXPECT_NE(with("/model/vocab/a", -1).find("model.vocab: entry 'a'"), std::string::npos);
    EXPECT_NE(with("/model/vocab/a", 4000000000u).find("model.vocab: entry 'a'"), std::string::npos);
    EXPECT_NE(with("/model/dropout", 0.1).find("model.dropout"), std::string::npos);
    EXPECT_NE(with("/pre_tokenizer/type", "Odd").find("the pre-tokenizer 'Odd'"), std::string::npos);
    EXPECT_NE(with("/normalizer", {{"type", "Odd"}}).find("the normalizer 'Odd'"), std::string::npos);
    EXPECT_NE(with("/decoder/type", "Odd").find("the decoder 'Odd'"), std::string::npos);
    EXPECT_NE(with("/post_processor", {{"type", "Odd"}}).find("the post-processor 'Odd'"), std::string::npos);
    EXPECT_NE(with("/added_tokens/0/content", 7).find("added_tokens[0].content"), std::string::npos);
    const nlohmann::json split = {
        {"type", "Split"}, {"pattern", {{"Regex", "x+?"}}}, {"behavior", "Isolated"}, {"invert", false}};
    EXPECT_NE(with("/pre_tokenizer", split).find("the regular expression 'x+?'"), std::string::npos);
    EXPECT_EQ(refusal(nlohmann::json::array()), "tokenizer.json: expected an object");
    EXPECT_FALSE(Tokenizer::from_hugging_face(std::string(100000, '['), ""));
    EXPECT_FALSE(Tokenizer::from_hugging_face("{", ""));
}

TEST(HuggingFace, RefusesNormalizersThatExplode) {
    nlohmann::json json = nlohmann::json::parse(golden::read("gpt2.json"));
    const nlohmann::json replace = {
        {"type", "Replace"}, {"pattern", {{"String", "a"}}}, {"content", std::string(100, 'a')}};
    json["normalizer"] = {{"type", "Sequence"}, {"normalizers", {replace, replace, replace}}};
    EXPECT_NE(refusal(json).find("too long"), std::string::npos);
}

TEST(HuggingFace, TakesNamesFromTheConfiguration) {
    const std::string config =
        R"({"tokenizer_class":"LlamaTokenizerFast","bos_token":{"content":"<s>"},"eos_token":"</s>",
                                   "add_bos_token":false,"add_eos_token":true})";
    const auto tokenizer = Tokenizer::from_hugging_face(golden::read("llama.json"), config);
    ASSERT_TRUE(tokenizer);
    EXPECT_EQ((*tokenizer)->bos(), 1);
    EXPECT_EQ(std::vector<TokenId>((*tokenizer)->end_ids().begin(), (*tokenizer)->end_ids().end()),
              std::vector<TokenId>{2});
    EXPECT_EQ((*tokenizer)->encode("", true, true), std::vector<TokenId>{2});
}

TEST(Gguf, NamesTheFieldAtFault) {
    const auto message = [](auto change) {
        GgufVocabulary vocabulary = golden::gguf_vocabulary("llama");
        change(vocabulary);
        const auto tokenizer = Tokenizer::from_gguf(std::move(vocabulary));
        return tokenizer ? "accepted" : tokenizer.error().message;
    };
    EXPECT_EQ(message([](GgufVocabulary&) {}), "accepted");
    EXPECT_NE(message([](GgufVocabulary& v) { v.model = "rwkv"; }).find("tokenizer.ggml.model: 'rwkv'"),
              std::string::npos);
    EXPECT_NE(message([](GgufVocabulary& v) { v.tokens.clear(); }).find("tokenizer.ggml.tokens"), std::string::npos);
    EXPECT_NE(message([](GgufVocabulary& v) { v.types.pop_back(); }).find("tokenizer.ggml.token_type"),
              std::string::npos);
    EXPECT_NE(message([](GgufVocabulary& v) { v.scores.pop_back(); }).find("tokenizer.ggml.scores"), std::string::npos);
    EXPECT_NE(message([](GgufVocabulary& v) { v.bos = 1 << 30; }).find("tokenizer.ggml.bos_token_id"),
              std::string::npos);
    EXPECT_NE(message([](GgufVocabulary& v) { v.merges = {"x"}; }).find("tokenizer.ggml.merges[0]"), std::string::npos);
    EXPECT_NE(message([](GgufVocabulary& v) { v.model = "gpt2", v.pre = "odd"; }).find("tokenizer.ggml.pre: 'odd'"),
              std::string::npos);
}

} // namespace
} // namespace assay::tokenizer
