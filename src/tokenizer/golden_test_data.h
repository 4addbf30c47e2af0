#pragma once
/// Reads tests/golden/tokenizer/ (written by tools/make_tokenizer_golden.py). For tests.
#include "tokenizer/tokenizer.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <cstring>
#include <fstream>
#include <sstream>

namespace assay::tokenizer::golden {

inline std::string read(const std::string& name) {
    std::ifstream file(std::string(ASSAY_SOURCE_DIR) + "/tests/golden/tokenizer/" + name, std::ios::binary);
    EXPECT_TRUE(file.is_open()) << name;
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
}

/// Numbers and byte runs out of a golden file.
class Cursor {
public:
    explicit Cursor(std::string_view bytes) : rest_(bytes) {}
    bool empty() const { return rest_.empty(); }
    std::string_view take(std::size_t size) {
        const std::string_view taken = rest_.substr(0, size);
        rest_.remove_prefix(size);
        return taken;
    }
    std::size_t leb128() {
        std::size_t value = 0;
        for (int shift = 0;; shift += 7) {
            const auto byte = static_cast<unsigned char>(take(1)[0]);
            value |= static_cast<std::size_t>(byte & 0x7F) << shift;
            if (byte < 0x80) return value;
        }
    }
    template <class T>
    T number() {
        T value;
        std::memcpy(&value, take(sizeof value).data(), sizeof value);
        return value;
    }

private:
    std::string_view rest_;
};

inline const std::vector<std::string>& corpus() {
    static const auto lines = [] {
        const std::string bytes = read("corpus.bin");
        std::vector<std::string> out;
        for (Cursor cursor(bytes); !cursor.empty();) {
            const std::size_t size = cursor.leb128();
            out.emplace_back(cursor.take(size));
        }
        return out;
    }();
    return lines;
}

inline std::uint64_t fnv(std::string_view bytes, std::uint64_t state = 0xCBF29CE484222325) {
    for (const char c : bytes) state = (state ^ static_cast<unsigned char>(c)) * 0x100000001B3;
    return state;
}

inline std::string_view bytes_of(const std::vector<TokenId>& ids) {
    return {reinterpret_cast<const char*>(ids.data()), ids.size() * sizeof(TokenId)};
}

inline std::unique_ptr<Tokenizer> from_json(const std::string& name) {
    auto tokenizer = Tokenizer::from_hugging_face(read(name + ".json"), "");
    EXPECT_TRUE(tokenizer) << name << ": " << (tokenizer ? "" : tokenizer.error().message);
    return tokenizer ? std::move(*tokenizer) : nullptr;
}

inline GgufVocabulary gguf_vocabulary(const std::string& name) {
    const auto json = nlohmann::json::parse(read(name + ".gguf.json"));
    GgufVocabulary vocabulary;
    vocabulary.model = json["model"];
    vocabulary.pre = json["pre"];
    vocabulary.tokens = json["tokens"].get<std::vector<std::string>>();
    vocabulary.scores = json["scores"].get<std::vector<float>>();
    vocabulary.types = json["types"].get<std::vector<std::int32_t>>();
    const auto id = [&](const char* key) {
        return json.contains(key) ? std::optional<TokenId>(json[key].get<TokenId>()) : std::nullopt;
    };
    vocabulary.bos = id("bos");
    vocabulary.eos = id("eos");
    vocabulary.unknown = id("unknown");
    vocabulary.padding = id("padding");
    return vocabulary;
}

/// The default model's vocabulary, whose entries follow from its merges.
inline GgufVocabulary default_vocabulary() {
    std::istringstream lines(read("smollm.merges"));
    std::string specials, alphabet;
    std::getline(lines, specials);
    std::getline(lines, alphabet);
    GgufVocabulary vocabulary;
    vocabulary.model = "gpt2";
    vocabulary.pre = "smollm";
    std::istringstream words(specials);
    for (std::string word; words >> word;) {
        vocabulary.tokens.push_back(word);
        vocabulary.types.push_back(3);
    }
    for (std::size_t at = 0; at < alphabet.size();) {
        const std::size_t size = static_cast<unsigned char>(alphabet[at]) < 0x80 ? 1 : 2;
        vocabulary.tokens.push_back(alphabet.substr(at, size));
        at += size;
    }
    for (std::string merge; std::getline(lines, merge);) {
        vocabulary.merges.push_back(merge);
        vocabulary.tokens.push_back(std::string(merge).erase(merge.find(' '), 1));
    }
    vocabulary.types.resize(vocabulary.tokens.size(), 1);
    vocabulary.bos = 1;
    vocabulary.eos = 2;
    vocabulary.add_bos = false;
    return vocabulary;
}

inline std::unique_ptr<Tokenizer> from_vocabulary(GgufVocabulary vocabulary) {
    auto tokenizer = Tokenizer::from_gguf(std::move(vocabulary));
    EXPECT_TRUE(tokenizer) << (tokenizer ? "" : tokenizer.error().message);
    return tokenizer ? std::move(*tokenizer) : nullptr;
}

} // namespace assay::tokenizer::golden
