// Characters one by one against Hugging Face's normalisers, and UTF-8 repair.
#include "tokenizer/golden_test_data.h"
#include "tokenizer/normalizer.h"
#include "tokenizer/unicode.h"

namespace assay::tokenizer {
namespace {

TEST(Characters, EveryCodePointNormalisesAsInHuggingFace) {
    std::vector<std::unique_ptr<Normalizer>> normalizers;
    for (const NormalForm form : {NormalForm::nfc, NormalForm::nfd, NormalForm::nfkc, NormalForm::nfkd}) {
        normalizers.push_back(make_normal_form(form));
    }
    normalizers.push_back(make_lowercase());
    normalizers.push_back(make_strip_accents());
    normalizers.push_back(make_bert_normalizer({}));
    const std::string bytes = golden::read("characters.bin");
    golden::Cursor cursor(bytes);
    for (std::size_t i = 0; i < normalizers.size(); ++i) {
        for (char32_t block = 0; block < 0x110000; block += 256) {
            std::string text;
            for (char32_t c = block; c < block + 256; ++c) {
                if (c >= 0xD800 && c < 0xE000) continue;
                text += 'a';
                append_utf8(text, c);
                text += "\u0301\u0323\u3099";
                append_utf8(text, c);
                text += 'b';
            }
            normalizers[i]->apply(text);
            EXPECT_EQ(golden::fnv(text), cursor.number<std::uint64_t>())
                << "normalizer " << i << ", block " << std::hex << static_cast<std::uint32_t>(block);
        }
    }
    EXPECT_TRUE(cursor.empty());
}

TEST(Utf8, ReplacesMaximalSubparts) {
    const std::string mark = "\uFFFD";
    const std::vector<std::pair<std::string, std::string>> cases = {
        {"plain", "plain"},
        {"\xff", mark},
        {"\xe2\x82", mark},
        {"\xe2\x82\xac", "€"},
        {"\xf0\x9f\x98", mark},
        {"\xed\xa0\x80", mark + mark + mark},
        {"\xc0\xaf", mark + mark},
        {"\xf4\x90\x80\x80", mark + mark + mark + mark},
        {"a\xe1\x80\xe2\xf0\x91\x92\xf1\xbf"
         "b",
         "a" + mark + mark + mark + mark + "b"},
    };
    for (const auto& [bytes, wanted] : cases) {
        std::string storage;
        EXPECT_EQ(replace_invalid(bytes, storage), wanted);
    }
}

TEST(Utf8, KnowsWhatMoreBytesCanComplete) {
    EXPECT_TRUE(is_incomplete_sequence("\xe2\x82"));
    EXPECT_TRUE(is_incomplete_sequence("\xf0"));
    EXPECT_FALSE(is_incomplete_sequence("\xe2\x28"));
    EXPECT_FALSE(is_incomplete_sequence("\xed\xa0"));
    EXPECT_FALSE(is_incomplete_sequence("a"));
    EXPECT_FALSE(is_incomplete_sequence(""));
}

} // namespace
} // namespace assay::tokenizer
