// Any bytes as text, through small tokenizers of each kind: ids in range, byte-level ids that spell the text.
#include "tokenizer/tokenizer.h"
#include "tokenizer/unicode.h"

#include "base/assert.h"

#include <array>

using namespace assay::tokenizer;

namespace {

/// A tokenizer.json around the given parts; every kind has the 256 byte entries it may need.
std::unique_ptr<Tokenizer> make(std::string_view normalizer, std::string_view pre_tokenizer, std::string_view model,
                                std::string_view decoder) {
    std::string json = R"({"added_tokens":[{"content":"<s>","special":true,"normalized":false,"lstrip":true},)"
                       R"({"content":"Ab","normalized":true,"single_word":true,"rstrip":true}],"normalizer":)";
    json.append(normalizer).append(R"(,"pre_tokenizer":)").append(pre_tokenizer).append(R"(,"model":)").append(model);
    json.append(R"(,"decoder":)").append(decoder).append("}");
    auto tokenizer = Tokenizer::from_hugging_face(json, "");
    ASSAY_ASSERT(tokenizer.has_value());
    return std::move(*tokenizer);
}

std::string byte_level_model() {
    std::string entries, merges = R"("a b","Ġ a","Ġa b","' s","a a","aa aa","1 2")";
    int id = 0;
    char32_t next = 0x100;
    for (unsigned byte = 0; byte < 256; ++byte) {
        const bool itself = (byte >= '!' && byte <= '~') || (byte >= 0xA1 && byte <= 0xAC) || byte >= 0xAE;
        entries += '"';
        if (byte == '"' || byte == '\\') entries += '\\';
        append_utf8(entries, itself ? static_cast<char32_t>(byte) : next++);
        entries += "\":" + std::to_string(id++) + ",";
    }
    for (const char* merged : {"ab", "Ġa", "Ġab", "'s", "aa", "aaaa", "12"}) {
        entries += "\"" + std::string(merged) + "\":" + std::to_string(id++) + ",";
    }
    entries.pop_back();
    return R"({"type":"BPE","vocab":{)" + entries + R"(},"merges":[)" + merges + "]}";
}

constexpr std::string_view kGpt2 = R"({"type":"ByteLevel","add_prefix_space":false})";
constexpr std::string_view kLlama3 =
    R"({"type":"Sequence","pretokenizers":[{"type":"Split","behavior":"Isolated","pattern":{"Regex":"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+"}},{"type":"ByteLevel","add_prefix_space":false,"use_regex":false}]})";
constexpr std::string_view kWords =
    R"({"type":"WordPiece","unk_token":"[UNK]","vocab":{"[UNK]":0,"a":1,"##b":2,"'":3,"##a":4,"1":5}})";
constexpr std::string_view kPieces =
    R"({"type":"Unigram","unk_id":0,"vocab":[["<unk>",0],["▁",-2],["a",-3],["b",-3.5],["▁a",-2.5],["ab",-4],["fi",-3]]})";

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const std::array<std::unique_ptr<Tokenizer>, 4> kTokenizers = {
        make("null", kGpt2, byte_level_model(), R"({"type":"ByteLevel"})"),
        make("null", kLlama3, byte_level_model(), R"({"type":"ByteLevel"})"),
        make(R"({"type":"BertNormalizer"})", R"({"type":"BertPreTokenizer"})", kWords, R"({"type":"WordPiece"})"),
        make(R"({"type":"NFKC"})", R"({"type":"Metaspace"})", kPieces, R"({"type":"Metaspace"})"),
    };
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    std::string storage;
    const std::string valid(replace_invalid(text, storage));
    for (std::size_t i = 0; i < kTokenizers.size(); ++i) {
        for (const bool special : {false, true}) {
            const auto ids = kTokenizers[i]->encode(text, true, special);
            for (const TokenId id : ids)
                ASSAY_ASSERT(id >= 0 && static_cast<std::size_t>(id) < kTokenizers[i]->vocabulary_size());
            const std::string back = kTokenizers[i]->decode(ids, false);
            ASSAY_ASSERT(valid_prefix(back) == back.size());
            const bool stripped = valid.find("<s>") != std::string::npos || valid.find("Ab") != std::string::npos;
            if (i < 2 && !stripped) ASSAY_ASSERT(back == valid);
        }
    }
    return 0;
}
