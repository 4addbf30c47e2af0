// Every model under tests/golden, read here and by the formats' own Python packages (tools/make_formats_golden.py): the
// same hyperparameters, tokenizer and tensors, to the last byte.
#include "formats/model_file.h"

#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <sstream>

namespace assay::formats {
namespace {

using Row = std::vector<std::string>;

std::filesystem::path golden() { return std::filesystem::path(ASSAY_SOURCE_DIR) / "tests" / "golden"; }

std::map<std::string, std::vector<Row>> rows_by_model() {
    std::map<std::string, std::vector<Row>> models;
    std::ifstream in(golden() / "formats" / "models.tsv");
    for (std::string line; std::getline(in, line);) {
        Row row;
        std::istringstream fields(line);
        for (std::string field; std::getline(fields, field, '\t');) row.push_back(field);
        const std::string model = row.at(0);
        row.erase(row.begin());
        models[model].push_back(std::move(row));
    }
    return models;
}

/// CRC-32 as zlib computes it.
std::string crc32(ByteView bytes) {
    std::uint32_t crc = ~0U;
    for (const std::uint8_t byte : bytes) {
        crc ^= byte;
        for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ (0xEDB88320U & (0U - (crc & 1U)));
    }
    return std::to_string(~crc);
}

std::string crc32_of_lines(const std::vector<std::string>& texts) {
    std::string all;
    for (const std::string& text : texts) all += text + "\n";
    return crc32(as_byte_view(all));
}

template <class T>
std::string crc32_of_numbers(const std::vector<T>& numbers) {
    return crc32({reinterpret_cast<const std::uint8_t*>(numbers.data()), numbers.size() * sizeof(T)});
}

std::string_view name_of(RopeScaling scaling) {
    switch (scaling) {
        case RopeScaling::none: return "none";
        case RopeScaling::linear: return "linear";
        case RopeScaling::llama3: return "llama3";
        case RopeScaling::yarn: return "yarn";
    }
    return "";
}

std::map<std::string, double> numbers_of(const ModelConfig& config) {
    return {{"layers", config.layers},
            {"embedding", config.embedding},
            {"heads", config.heads},
            {"kv_heads", config.kv_heads},
            {"head_size", config.head_size},
            {"feed_forward", config.feed_forward},
            {"vocabulary", config.vocabulary},
            {"context_max", config.context_max},
            {"tied_embeddings", config.tied_embeddings},
            {"sliding_window", config.sliding_window},
            {"token_types", config.token_types},
            {"rope_interleaved", config.rope_interleaved},
            {"rope_size", config.rope_size},
            {"rope_base", config.rope_base},
            {"rope_factor", config.rope_factor},
            {"rope_low_freq_factor", config.rope_low_freq_factor},
            {"rope_high_freq_factor", config.rope_high_freq_factor},
            {"rope_original_context", config.rope_original_context},
            {"norm_epsilon", config.norm_epsilon}};
}

/// Every field of the tokenizer that is there, as the golden file writes it.
std::map<std::string, std::string> texts_of(const ModelFile& file) {
    const TokenizerData& data = file.tokenizer();
    std::map<std::string, std::string> found;
    const auto add = [&](const char* field, const auto& value) {
        if (value) found[field] = std::to_string(static_cast<int>(*value));
    };
    if (!data.model.empty()) found["model"] = data.model;
    if (!data.pre.empty()) found["pre"] = data.pre;
    add("bos", data.bos);
    add("eos", data.eos);
    add("eot", data.eot);
    add("unknown", data.unknown);
    add("separator", data.separator);
    add("padding", data.padding);
    add("mask", data.mask);
    add("cls", data.cls);
    add("add_bos", data.add_bos);
    add("add_eos", data.add_eos);
    add("add_space_prefix", data.add_space_prefix);
    add("remove_extra_whitespaces", data.remove_extra_whitespaces);
    if (!data.tokens.empty()) found["tokens"] = crc32_of_lines(data.tokens);
    if (!data.merges.empty()) found["merges"] = crc32_of_lines(data.merges);
    if (!data.scores.empty()) found["scores"] = crc32_of_numbers(data.scores);
    if (!data.types.empty()) found["types"] = crc32_of_numbers(data.types);
    if (!data.precompiled_charsmap.empty()) {
        found["precompiled_charsmap"] = crc32(as_byte_view(data.precompiled_charsmap));
    }
    if (!data.tokenizer_json.empty()) found["tokenizer_json"] = crc32(as_byte_view(data.tokenizer_json));
    if (!file.chat_template().empty()) found["chat_template"] = crc32(as_byte_view(file.chat_template()));
    return found;
}

void compare_config(const ModelConfig& config, const Row& row) {
    if (row.at(1) == "architecture") {
        EXPECT_EQ(to_string(config.architecture), row.at(2));
    } else if (row.at(1) == "rope_scaling") {
        EXPECT_EQ(name_of(config.rope_scaling), row.at(2));
    } else {
        EXPECT_EQ(numbers_of(config).at(row.at(1)), std::stod(row.at(2))) << row.at(1);
    }
}

void compare_tensor(const ModelFile& file, const Row& row) {
    const tensor::TensorView* view = file.find(row.at(1));
    ASSERT_NE(view, nullptr) << row.at(1);
    EXPECT_EQ(tensor::traits(view->dtype).name, row.at(2)) << row.at(1);
    std::string shape;
    for (const std::uint64_t extent : view->shape) shape += (shape.empty() ? "" : ",") + std::to_string(extent);
    EXPECT_EQ(shape, row.at(3)) << row.at(1);
    EXPECT_EQ(file.transposed(row.at(1)), row.at(4) == "1") << row.at(1);
    EXPECT_EQ(view->bytes.size(), tensor::bytes_of(view->dtype, view->elements()));
    EXPECT_EQ(crc32(view->bytes), row.at(5)) << row.at(1);
}

class GoldenFile : public testing::TestWithParam<std::string> {};

TEST_P(GoldenFile, SaysWhatThePythonPackagesSay) {
    const auto opened = ModelFile::open(golden() / GetParam());
    ASSERT_TRUE(opened.has_value()) << opened.error().message;
    const ModelFile& file = **opened;
    std::map<std::string, std::string> texts = texts_of(file);
    std::size_t tensors = 0;
    const auto golden_rows = rows_by_model();
    for (const Row& row : golden_rows.at(GetParam())) {
        if (row.at(0) == "config") compare_config(file.config(), row);
        if (row.at(0) == "tokenizer") {
            EXPECT_EQ(texts[row.at(1)], row.at(2)) << row.at(1);
            texts.erase(row.at(1));
        }
        if (row.at(0) != "tensor") continue;
        compare_tensor(file, row);
        ++tensors;
    }
    EXPECT_EQ(file.tensors().size(), tensors);
    EXPECT_TRUE(texts.empty()) << "unexpected " << texts.begin()->first;
    EXPECT_EQ(file.format(), GetParam().ends_with(".gguf") ? "gguf" : "safetensors");
    for (const auto& path : file.paths()) EXPECT_TRUE(std::filesystem::exists(path)) << path;
}

TEST_P(GoldenFile, IsUnchangedWhenItsPagesWereReleased) {
    const auto file = ModelFile::open(golden() / GetParam());
    ASSERT_TRUE(file.has_value()) << file.error().message;
    for (const auto& [name, view] : (*file)->tensors()) {
        const std::string before = crc32(view.bytes);
        (*file)->release_pages(view);
        EXPECT_EQ(crc32(view.bytes), before) << name;
    }
}

std::vector<std::string> models() {
    std::vector<std::string> names;
    for (const auto& [name, rows] : rows_by_model()) names.push_back(name);
    return names;
}

std::string test_name(const testing::TestParamInfo<std::string>& info) {
    std::string name = info.param;
    for (char& c : name) c = std::isalnum(static_cast<unsigned char>(c)) != 0 ? c : '_';
    return name;
}

INSTANTIATE_TEST_SUITE_P(Models, GoldenFile, testing::ValuesIn(models()), test_name);

TEST(GoldenFiles, AreAllThere) { EXPECT_EQ(models().size(), 28U); }

TEST(GoldenFiles, HaveNames) {
    const auto name = [](const char* path) {
        const auto file = ModelFile::open(golden() / path);
        return file ? (*file)->name() : file.error().message;
    };
    EXPECT_EQ(name("formats/bert.gguf"), "bert \u2013 every tokenizer key");
    EXPECT_EQ(name("models/llama_tied"), "llama_tied");
    EXPECT_EQ(name("models/llama_tied/"), "llama_tied");
    EXPECT_EQ(name("models/llama_tied/model.safetensors"), "llama_tied");
    EXPECT_EQ(name("models/llama_untied_sharded/model-00001-of-00004.safetensors"), "model-00001-of-00004");
}

TEST(GoldenFiles, ListTheFilesOfAModelByName) {
    const auto file = ModelFile::open(golden() / "models" / "llama_untied_sharded");
    ASSERT_TRUE(file.has_value()) << file.error().message;
    std::vector<std::string> names;
    for (const auto& path : (*file)->paths()) names.push_back(path.filename().string());
    const std::vector<std::string> wanted = {"config.json",
                                             "model-00001-of-00004.safetensors",
                                             "model-00002-of-00004.safetensors",
                                             "model-00003-of-00004.safetensors",
                                             "model-00004-of-00004.safetensors",
                                             "model.safetensors.index.json",
                                             "tokenizer.json"};
    EXPECT_EQ(names, wanted);
}

} // namespace
} // namespace assay::formats
