#include "formats/hf_folder.h"

#include "formats/test_files.h"

#include <gtest/gtest.h>

namespace assay::formats {
namespace {

using namespace testing_files;

constexpr std::string_view kConfig =
    R"({"architectures":["LlamaForCausalLM"],"vocab_size":3,"num_hidden_layers":1,"hidden_size":4,
        "num_attention_heads":1,"intermediate_size":4,"max_position_embeddings":8,"tie_word_embeddings":true})";

/// A header of F32 tensors [2, 2], one behind the other, and their data.
std::string weights(const std::vector<std::string>& names) {
    std::string header = "{", data;
    for (const std::string& name : names) {
        header += (header.size() > 1 ? ",\"" : "\"") + name + R"(":{"dtype":"F32","shape":[2,2],"data_offsets":[)" +
                  std::to_string(data.size()) + "," + std::to_string(data.size() + 16) + "]}";
        data += std::string(16, static_cast<char>('A' + names.size()));
    }
    return safetensors(header + "}", data);
}

std::string error_of(const std::filesystem::path& path) {
    const auto opened = ModelFile::open(path);
    return opened ? "" : opened.error().message;
}

TEST(HfFolder, OpensAFolderOrItsWeights) {
    const TemporaryFolder folder;
    folder.write("config.json", kConfig);
    const auto file = folder.write("model.safetensors", weights({"model.embed_tokens.weight", "model.norm.weight"}));
    for (const auto& path : {folder.path(), file}) {
        const auto opened = ModelFile::open(path);
        ASSERT_TRUE(opened.has_value()) << opened.error().message;
        EXPECT_EQ((*opened)->tensors().size(), 2U);
        EXPECT_NE((*opened)->find("token_embd.weight"), nullptr);
        EXPECT_EQ((*opened)->name(), folder.path().filename());
    }
}

TEST(HfFolder, SaysWhichFileIsMissing) {
    const TemporaryFolder folder;
    const std::string where = folder.path().string();
    EXPECT_EQ(error_of(folder.path()), where + "/config.json: cannot open: No such file or directory");
    folder.write("config.json", kConfig);
    EXPECT_EQ(error_of(folder.path()), where + ": has neither model.safetensors nor model.safetensors.index.json");
    EXPECT_EQ(error_of(folder.path() / "x.safetensors"), where + "/x.safetensors: No such file");
    EXPECT_EQ(ModelFile::open(folder.path()).error().code, ErrorCode::not_found);
    folder.write("model.safetensors", "");
    EXPECT_EQ(error_of(folder.path()), where + "/model.safetensors: file is empty");
}

TEST(HfFolder, PutsTheFileInFrontOfAnError) {
    const TemporaryFolder folder;
    const std::string where = folder.path().string();
    folder.write("config.json", "{");
    EXPECT_EQ(error_of(folder.path()).find(where + ": config.json: not JSON at byte "), 0U);
    folder.write("config.json", kConfig);
    folder.write("model.safetensors", "12345678");
    EXPECT_EQ(error_of(folder.path()).find(where + "/model.safetensors: safetensors header length: "), 0U);
}

TEST(HfFolder, ChecksTheConfigurationBeforeAnyTensor) {
    const TemporaryFolder folder;
    std::string config(kConfig);
    config.replace(config.find("\"num_hidden_layers\":1"), 21, "\"num_hidden_layers\":4000000000");
    folder.write("config.json", config);
    EXPECT_EQ(error_of(folder.path()),
              folder.path().string() + ": configuration 'layers': 4000000000 is not from 1 to 4096");
}

TEST(HfFolder, RefusesTensorsThatItCannotPlace) {
    const TemporaryFolder folder;
    folder.write("config.json", kConfig);
    const auto error_with = [&](const std::string& bytes) {
        const auto path = folder.write("model.safetensors", bytes);
        const std::string message = error_of(folder.path());
        return message.empty() ? message : message.substr(path.string().size() + 2);
    };
    EXPECT_EQ(error_with(weights({"model.layers.0.mlp.experts.weight"})),
              "safetensors tensor 'model.layers.0.mlp.experts.weight': has no place in a llama model of 1 layers");
    EXPECT_EQ(error_with(weights({"model.norm.weight", "norm.weight"})), "tensor 'output_norm.weight': occurs twice");
    EXPECT_EQ(
        error_with(safetensors(R"({"norm.weight":{"dtype":"I64","shape":[1],"data_offsets":[0,8]}})", "12345678")),
        "safetensors tensor 'norm.weight': dtype I64 is not supported; F32, F16 and BF16 are");
    EXPECT_EQ(error_with(safetensors(R"({"rotary_emb.inv_freq":{"dtype":"I64","shape":[1],"data_offsets":[0,8]}})",
                                     "12345678")),
              "");
    EXPECT_EQ(error_with(safetensors(R"({"norm.weight":{"dtype":"F32","shape":[],"data_offsets":[0,4]}})", "1234")),
              "safetensors tensor 'norm.weight': shape holds no row of elements");
    EXPECT_EQ(error_with(safetensors(R"({"norm.weight":{"dtype":"F32","shape":[0],"data_offsets":[0,0]}})", "")),
              "safetensors tensor 'norm.weight': shape holds no row of elements");
}

TEST(HfFolder, IgnoresAnOutputMatrixThatIsTheEmbedding) {
    const TemporaryFolder folder;
    folder.write("model.safetensors", weights({"model.embed_tokens.weight", "lm_head.weight"}));
    folder.write("config.json", kConfig);
    EXPECT_EQ(ModelFile::open(folder.path()).value()->find("output.weight"), nullptr);
    std::string config(kConfig);
    config.replace(config.find("true"), 4, "false");
    folder.write("config.json", config);
    EXPECT_NE(ModelFile::open(folder.path()).value()->find("output.weight"), nullptr);
}

TEST(HfFolder, KeepsMisalignedTensorsAsTheyAre) {
    const TemporaryFolder folder;
    folder.write("config.json", kConfig);
    std::string header = R"({"norm.weight":{"dtype":"F32","shape":[1],"data_offsets":[1,5]}})";
    header.resize((header.size() + 7) / 8 * 8, ' ');
    folder.write("model.safetensors", safetensors(header, "-\x01\x02\x03\x04"));
    const auto opened = ModelFile::open(folder.path());
    ASSERT_TRUE(opened.has_value()) << opened.error().message;
    EXPECT_EQ(as_string_view((*opened)->find("output_norm.weight")->bytes), "\x01\x02\x03\x04");
}

TEST(HfFolder, ReadsShardsThatMatchTheirIndex) {
    const TemporaryFolder folder;
    folder.write("config.json", kConfig);
    folder.write("a.safetensors", weights({"model.embed_tokens.weight"}));
    folder.write("b.safetensors", weights({"model.norm.weight"}));
    const auto error_with = [&](const char* map) {
        folder.write("model.safetensors.index.json", R"({"weight_map":{)" + std::string(map) + "}}");
        const std::string message = error_of(folder.path());
        return message.empty() ? message : message.substr(folder.path().string().size());
    };
    EXPECT_EQ(error_with(R"("model.embed_tokens.weight":"a.safetensors","model.norm.weight":"b.safetensors")"), "");
    EXPECT_EQ(error_with(R"("model.embed_tokens.weight":"a.safetensors","lm_head.weight":"b.safetensors")"),
              "/b.safetensors: safetensors tensor 'model.norm.weight': is not in the index");
    EXPECT_EQ(error_with(R"("model.embed_tokens.weight":"a.safetensors","model.norm.weight":"a.safetensors")"),
              "/a.safetensors: safetensors tensor 'model.norm.weight': the index says it is here, and it is not");
    EXPECT_EQ(error_with(R"("model.embed_tokens.weight":"c.safetensors")"),
              "/c.safetensors: cannot open: No such file or directory");
    EXPECT_EQ(error_with(R"("model.embed_tokens.weight":"../a.safetensors")")
                  .find(": model.safetensors.index.json: weight_map."),
              0U);
}

// --- tokenizer files -------------------------------------------------------------------------------------------------

TEST(HfFolder, TakesTheChatTemplateFromWhereItIs) {
    const TemporaryFolder folder;
    folder.write("config.json", kConfig);
    folder.write("model.safetensors", weights({"model.norm.weight"}));
    EXPECT_EQ(ModelFile::open(folder.path()).value()->chat_template(), "");
    folder.write("tokenizer.json", R"({"model":{}})");
    folder.write("tokenizer_config.json", R"({"chat_template":"inner"})");
    EXPECT_EQ(ModelFile::open(folder.path()).value()->chat_template(), "inner");
    EXPECT_EQ(ModelFile::open(folder.path()).value()->tokenizer().tokenizer_json, R"({"model":{}})");
    EXPECT_EQ(ModelFile::open(folder.path()).value()->tokenizer().tokenizer_config_json,
              R"({"chat_template":"inner"})");
    folder.write("chat_template.jinja", "own file");
    EXPECT_EQ(ModelFile::open(folder.path()).value()->chat_template(), "own file");
    EXPECT_EQ(ModelFile::open(folder.path()).value()->paths().size(), 5U);
    folder.write("chat_template.jinja", "\xc3");
    EXPECT_EQ(error_of(folder.path()), folder.path().string() + ": chat template: is not UTF-8");
}

TEST(Pooling, IsTheMeanOverTokens) {
    EXPECT_TRUE(check_pooling(
        R"({"pooling_mode_cls_token":false,"pooling_mode_mean_tokens":true,"word_embedding_dimension":384})"));
    const auto error = [](std::string_view text) { return check_pooling(text).error().message; };
    EXPECT_EQ(error(R"({"pooling_mode_cls_token":true,"pooling_mode_mean_tokens":false})"),
              "1_Pooling/config.json: pooling_mode_cls_token: only the mean over tokens is supported");
    EXPECT_EQ(error(R"({"pooling_mode_mean_tokens":1})"),
              "1_Pooling/config.json: pooling_mode_mean_tokens: expected true or false, found number");
    const TemporaryFolder folder;
    std::filesystem::create_directory(folder.path() / "1_Pooling");
    folder.write("1_Pooling/config.json", R"({"pooling_mode_mean_tokens":false})");
    folder.write("config.json",
                 R"({"architectures":["BertModel"],"vocab_size":3,"num_hidden_layers":1,"hidden_size":4,)"
                 R"("num_attention_heads":1,"intermediate_size":4})");
    EXPECT_EQ(error_of(folder.path()),
              folder.path().string() +
                  ": 1_Pooling/config.json: pooling_mode_mean_tokens: only the mean over tokens is supported");
}

TEST(ChatTemplate, MayBeOneOfSeveral) {
    EXPECT_EQ(
        read_chat_template(R"({"chat_template":[{"name":"rag","template":"r"},{"name":"default","template":"d"}]})")
            .value(),
        "d");
    EXPECT_EQ(read_chat_template(R"({"chat_template":[{"name":"rag","template":"r"}]})").value(), "");
    EXPECT_EQ(read_chat_template(R"({"chat_template":null})").value(), "");
    EXPECT_EQ(read_chat_template(R"({"chat_template":[1]})").error().message,
              "tokenizer_config.json: chat_template[0].name: is missing; expected a string");
    EXPECT_EQ(read_chat_template(R"({"chat_template":1})").error().message,
              "tokenizer_config.json: chat_template: expected a string, found number");
    EXPECT_EQ(read_chat_template("[]").error().message, "tokenizer_config.json: expected an object, found array");
}

} // namespace
} // namespace assay::formats
