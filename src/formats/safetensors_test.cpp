#include "formats/safetensors.h"

#include "formats/hf_folder.h"
#include "formats/json_text.h"
#include "formats/test_files.h"

#include <gtest/gtest.h>

namespace assay::formats {
namespace {

using namespace testing_files;

std::string error_of(const std::string& bytes) {
    const auto parsed = SafetensorsFile::parse(as_byte_view(bytes));
    if (parsed) return "";
    EXPECT_EQ(parsed.error().message.find('\n'), std::string::npos);
    return parsed.error().message;
}

std::string one_tensor(std::string_view dtype, std::string_view shape, std::string_view offsets,
                       std::size_t data_size = 64) {
    const std::string header = R"({"a":{"dtype":)" + std::string(dtype) + R"(,"shape":)" + std::string(shape) +
                               R"(,"data_offsets":)" + std::string(offsets) + "}}";
    return safetensors(header, std::string(data_size, '\1'));
}

constexpr std::string_view kTwo =
    R"({"__metadata__":{"format":"pt"},"b":{"dtype":"F32","shape":[2,3],"data_offsets":[8,32]},)"
    R"("a":{"dtype":"BF16","shape":[4],"data_offsets":[0,8]}}  )";

TEST(Safetensors, ReadsTensorsInOrderOfName) {
    std::string data;
    for (int i = 0; i < 32; ++i) data += static_cast<char>(i);
    const std::string bytes = safetensors(kTwo, data);
    const auto parsed = SafetensorsFile::parse(as_byte_view(bytes));
    ASSERT_TRUE(parsed.has_value()) << parsed.error().message;
    ASSERT_EQ(parsed->tensors().size(), 2U);
    EXPECT_EQ(parsed->tensors()[0].name, "a");
    EXPECT_EQ(parsed->tensors()[0].dtype, tensor::DType::bf16);
    EXPECT_EQ(parsed->tensors()[1].shape, (std::vector<std::uint64_t>{2, 3}));
    EXPECT_EQ(as_string_view(parsed->tensors()[1].bytes), std::string_view(data).substr(8));
}

TEST(Safetensors, RefusesEveryTruncation) {
    const std::string whole = safetensors(kTwo, std::string(32, '\1'));
    for (std::size_t size = 0; size < whole.size(); ++size) EXPECT_NE(error_of(whole.substr(0, size)), "") << size;
    EXPECT_EQ(error_of(whole.substr(0, 5)), "safetensors header length: file ends at byte 5");
    EXPECT_NE(error_of(whole.substr(0, 40)).find("safetensors header length: "), std::string::npos);
    EXPECT_NE(error_of(whole.substr(0, whole.size() - 1))
                  .find("tensor 'b': data_offsets [8, 32] exceed the 31 bytes of data"),
              std::string::npos);
}

TEST(Safetensors, RefusesLyingHeaderLengths) {
    EXPECT_EQ(error_of(raw(~std::uint64_t{0}) + "{}"),
              "safetensors header length: 18446744073709551615 bytes announced, 2 left in the file");
    EXPECT_NE(error_of(raw(std::uint64_t{0}) + "{}").find("safetensors header: not JSON"), std::string::npos);
    const std::string large(SafetensorsFile::kHeaderBytesMax + 1, ' ');
    EXPECT_NE(error_of(safetensors(large, "")).find("bytes exceed the limit of"), std::string::npos);
}

TEST(Safetensors, RefusesHeadersOfAnotherShape) {
    EXPECT_EQ(error_of(safetensors("[]", "")), "safetensors header: expected an object, found array");
    EXPECT_EQ(error_of(safetensors(R"({"a":1})", "")), "safetensors tensor 'a': expected an object, found number");
    EXPECT_EQ(error_of(safetensors(R"({"a":{}})", "")), "safetensors tensor 'a': dtype: is missing; expected a string");
    EXPECT_EQ(error_of(safetensors(R"({"a":{"dtype":"F32"}} x)", "")), "safetensors header: not JSON at byte 23");
    EXPECT_EQ(error_of(safetensors(R"({"a":{"dtype":"F32","dtype":"F16"}})", "")),
              "safetensors header: key 'dtype' occurs twice");
    EXPECT_EQ(error_of(safetensors(R"({"a":{},"a":{}})", "")), "safetensors header: key 'a' occurs twice");
    EXPECT_EQ(error_of(safetensors("{\"a\xff\":1}", "")).substr(0, 28), "safetensors header: not JSON");
    EXPECT_EQ(error_of(safetensors(std::string(100000, '['), "")), "safetensors header: nested more than 4 deep");
    EXPECT_NE(error_of(safetensors(R"({"":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}})", "xxxx"))
                  .find("name of 0 bytes"),
              std::string::npos);
}

TEST(Safetensors, RefusesMoreValuesThanAnyModelHas) {
    std::string header = R"({"a":{"shape":[0)";
    for (int i = 0; i < 1 << 20; ++i) header += ",0";
    EXPECT_EQ(error_of(safetensors(header + "]}}", "")), "safetensors header: more than 1048576 values");
}

TEST(Safetensors, RefusesTensorsThatDoNotFit) {
    EXPECT_EQ(error_of(one_tensor(R"("F32")", "[16]", "[0,64]")), "");
    EXPECT_EQ(error_of(one_tensor(R"("F32")", "[]", "[0,4]")), "");
    EXPECT_EQ(error_of(one_tensor(R"("F32")", "[0]", "[4,4]")), "");
    EXPECT_EQ(error_of(one_tensor(R"("F32")", "[16]", "[0,60]")),
              "safetensors tensor 'a': data_offsets [0, 60] are not the 64 bytes of its dtype and shape");
    EXPECT_EQ(error_of(one_tensor(R"("F32")", "[16]", "[4,68]")),
              "safetensors tensor 'a': data_offsets [4, 68] exceed the 64 bytes of data in the file");
    EXPECT_NE(error_of(one_tensor(R"("F32")", "[16]", "[64,0]")).find("data_offsets [64, 0] exceed"),
              std::string::npos);
    EXPECT_NE(
        error_of(one_tensor(R"("F32")", "[0]", "[18446744073709551615,18446744073709551615]")).find("exceed the 64"),
        std::string::npos);
    EXPECT_EQ(error_of(one_tensor(R"("F32")", "[4294967296,4294967296,4294967296]", "[0,64]")),
              "safetensors tensor 'a'.shape: too many elements");
    EXPECT_EQ(error_of(one_tensor(R"("F4")", "[3]", "[0,1]")),
              "safetensors tensor 'a'.shape: not a whole number of bytes");
    EXPECT_EQ(error_of(one_tensor(R"("F33")", "[1]", "[0,4]")), "safetensors tensor 'a': dtype 'F33' is unknown");
}

TEST(Safetensors, RefusesFieldsOfAnotherType) {
    EXPECT_EQ(error_of(one_tensor("3", "[16]", "[0,64]")),
              "safetensors tensor 'a': dtype: expected a string, found number");
    EXPECT_EQ(error_of(one_tensor(R"("F32")", "16", "[0,64]")),
              "safetensors tensor 'a': shape: expected an array of at most 8 whole numbers, found number");
    EXPECT_EQ(error_of(one_tensor(R"("F32")", "[-16]", "[0,64]")),
              "safetensors tensor 'a': shape[0]: expected a whole number, found number");
    EXPECT_EQ(error_of(one_tensor(R"("F32")", "[16.0]", "[0,64]")),
              "safetensors tensor 'a': shape[0]: expected a whole number, found number");
    EXPECT_NE(error_of(one_tensor(R"("F32")", "[1,1,1,1,1,1,1,1,16]", "[0,64]")).find("at most 8"), std::string::npos);
    EXPECT_EQ(error_of(one_tensor(R"("F32")", "[16]", "[0]")),
              "safetensors tensor 'a': data_offsets: expected two offsets, found array");
    EXPECT_NE(error_of(one_tensor(R"("F32")", "[16]", "[0,64,64]")).find("at most 2"), std::string::npos);
    EXPECT_NE(error_of(one_tensor(R"("F32")", "[16]", R"(["0","64"])"))
                  .find("data_offsets[0]: expected a whole number, found string"),
              std::string::npos);
}

std::string two_at(std::uint64_t first, std::uint64_t second) {
    const auto entry = [](const char* name, std::uint64_t begin) {
        return "\"" + std::string(name) + R"(":{"dtype":"F16","shape":[4],"data_offsets":[)" + std::to_string(begin) +
               "," + std::to_string(begin + 8) + "]}";
    };
    return safetensors("{" + entry("a", first) + "," + entry("b", second) + "}", std::string(24, '\1'));
}

TEST(Safetensors, RefusesOverlapsAndTakesGaps) {
    EXPECT_EQ(error_of(two_at(0, 8)), "");
    EXPECT_EQ(error_of(two_at(16, 0)), "");
    EXPECT_EQ(error_of(two_at(0, 16)), "");
    EXPECT_EQ(error_of(two_at(0, 7)), "safetensors tensor 'b': its data overlaps that of tensor 'a'");
    EXPECT_EQ(error_of(two_at(9, 3)), "safetensors tensor 'a': its data overlaps that of tensor 'b'");
    EXPECT_NE(error_of(two_at(8, 8)), "");
}

TEST(Json, ReportsThePlaceAndTheType) {
    const Json json = parse_json(R"({"a":{"b":[1]},"n":5000000000,"t":"x"})", "file.json").value();
    const JsonField root(json, "file.json");
    EXPECT_EQ(root["a"]["b"].text().error().message, "file.json: a.b: expected a string, found array");
    EXPECT_EQ(root["a"]["c"].natural().error().message,
              "file.json: a.c: is missing; expected a whole number from 0 to 4294967295");
    EXPECT_EQ(root["n"].natural().error().code, ErrorCode::malformed);
    EXPECT_EQ(root["n"].real().value(), 5e9);
    EXPECT_EQ(root["t"]["u"]["v"].natural_or(3).value(), 3U);
    EXPECT_EQ(root.first_of("z", "t").text().value(), "x");
    EXPECT_EQ(root.first_of("z", "y").text().error().message, "file.json: z: is missing; expected a string");
}

// --- the index of shards ---------------------------------------------------------------------------------------------

std::string index_error(std::string_view text) {
    const auto index = read_shard_index(text);
    return index ? "" : index.error().message;
}

TEST(ShardIndex, MapsTensorsToFilesOfTheFolder) {
    const auto index =
        read_shard_index(R"({"metadata":{"total_size":8},"weight_map":{"a":"x.safetensors","b":"y.safetensors"}})");
    ASSERT_TRUE(index.has_value()) << index.error().message;
    EXPECT_EQ(index->at("b"), "y.safetensors");
}

TEST(ShardIndex, RefusesNamesThatLeaveTheFolder) {
    for (const char* name : {"../x.safetensors", "/x.safetensors", "a/b.safetensors", "a\\\\b.safetensors",
                             "..safetensors", ".safetensors", "x.bin", "", "x\\u0000.safetensors", ".."}) {
        const std::string text = R"({"weight_map":{"a":")" + std::string(name) + "\"}}";
        EXPECT_NE(index_error(text).find("model.safetensors.index.json: weight_map.a: "), std::string::npos) << name;
        EXPECT_NE(index_error(text).find("is not the name of a .safetensors file in the folder"), std::string::npos)
            << name;
    }
    EXPECT_NE(index_error(R"({"weight_map":{"a":")" + std::string(300, 'x') + ".safetensors\"}}"), "");
}

TEST(ShardIndex, RefusesOtherTypes) {
    EXPECT_EQ(index_error("{}"), "model.safetensors.index.json: weight_map: is missing; expected an object");
    EXPECT_EQ(index_error("[]"), "model.safetensors.index.json: weight_map: is missing; expected an object");
    EXPECT_EQ(index_error(R"({"weight_map":{}})"),
              "model.safetensors.index.json: weight_map: expected at least one tensor, found object");
    EXPECT_EQ(index_error(R"({"weight_map":{"a":{"b":1}}})"),
              "model.safetensors.index.json: weight_map.a: expected a string, found object");
    EXPECT_EQ(index_error(R"({"weight_map":{"a":"x.safetensors","a":"y.safetensors"}})"),
              "model.safetensors.index.json: key 'a' occurs twice");
    std::string many;
    for (int i = 0; i < 4097; ++i) {
        many += (i > 0 ? ",\"" : "\"") + std::to_string(i) + "\":\"" + std::to_string(i) + ".safetensors\"";
    }
    EXPECT_EQ(index_error(R"({"weight_map":{)" + many + "}}"),
              "model.safetensors.index.json: weight_map: 4097 files exceed the limit of 4096");
}

} // namespace
} // namespace assay::formats
