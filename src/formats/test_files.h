#pragma once
/// Writes model files byte by byte, wrong ones too, so that tests can vary one thing at a time. For tests only.
#include "base/bytes.h"

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace assay::formats::testing_files {

/// The bytes of a number, little-endian as both formats and every target of ours.
template <class T>
std::string raw(T value) {
    std::string out(sizeof value, '\0');
    std::memcpy(out.data(), &value, sizeof value);
    return out;
}

inline std::string gguf_string(std::string_view text) { return raw<std::uint64_t>(text.size()) + std::string(text); }
inline std::string gguf_u32(std::uint32_t value) { return raw<std::uint32_t>(4) + raw(value); }
inline std::string gguf_i32(std::int32_t value) { return raw<std::uint32_t>(5) + raw(value); }
inline std::string gguf_f32(float value) { return raw<std::uint32_t>(6) + raw(value); }
inline std::string gguf_text(std::string_view text) { return raw<std::uint32_t>(8) + gguf_string(text); }
inline std::string gguf_array(std::uint32_t element, std::uint64_t count, std::string_view elements) {
    return raw<std::uint32_t>(9) + raw(element) + raw(count) + std::string(elements);
}
inline std::string gguf_texts(const std::vector<std::string>& texts) {
    std::string elements;
    for (const std::string& text : texts) elements += gguf_string(text);
    return gguf_array(8, texts.size(), elements);
}

/// A GGUF file of which any part may be made to lie.
struct RawGguf {
    struct Tensor {
        std::string name;
        std::vector<std::uint64_t> extents; ///< innermost first, as in the file
        std::uint32_t type = 0;
        std::uint64_t offset = 0;
    };

    std::string magic = "GGUF";
    std::uint32_t version = 3;
    std::vector<std::pair<std::string, std::string>> pairs; ///< key and typed value
    std::vector<Tensor> tensors;
    std::string data;
    std::int64_t pairs_more = 0, tensors_more = 0; ///< added to the true counts
    std::uint64_t alignment = 32;

    /// The value of a key, added when it is new.
    std::string& at(const std::string& key) {
        for (auto& [name, value] : pairs) {
            if (name == key) return value;
        }
        return pairs.emplace_back(key, std::string()).second;
    }
    void erase(const std::string& key) {
        std::erase_if(pairs, [&](const auto& pair) { return pair.first == key; });
    }
    Tensor& tensor(const std::string& name) {
        for (Tensor& tensor : tensors) {
            if (tensor.name == name) return tensor;
        }
        std::abort();
    }
    /// An F32 tensor of zeros behind the others.
    void add(const std::string& name, std::vector<std::uint64_t> extents) {
        std::uint64_t size = 4;
        for (const std::uint64_t extent : extents) size *= extent;
        data.resize((data.size() + alignment - 1) / alignment * alignment);
        tensors.push_back({name, std::move(extents), 0, data.size()});
        data.resize(data.size() + size);
    }
    std::string bytes() const {
        std::string out = magic + raw(version) +
                          raw<std::uint64_t>(tensors.size() + static_cast<std::uint64_t>(tensors_more)) +
                          raw<std::uint64_t>(pairs.size() + static_cast<std::uint64_t>(pairs_more));
        for (const auto& [key, value] : pairs) out += gguf_string(key) + value;
        for (const Tensor& tensor : tensors) {
            out += gguf_string(tensor.name) + raw(static_cast<std::uint32_t>(tensor.extents.size()));
            for (const std::uint64_t extent : tensor.extents) out += raw(extent);
            out += raw(tensor.type) + raw(tensor.offset);
        }
        if (!tensors.empty()) out.resize((out.size() + alignment - 1) / alignment * alignment);
        return out + data;
    }
};

/// One layer of llama, 8 wide, 12 tokens.
inline RawGguf tiny_gguf() {
    RawGguf file;
    file.at("general.architecture") = gguf_text("llama");
    file.at("general.name") = gguf_text("tiny");
    for (const auto& [key, value] : {std::pair("block_count", 1U),
                                     {"context_length", 64U},
                                     {"embedding_length", 8U},
                                     {"feed_forward_length", 16U},
                                     {"attention.head_count", 2U},
                                     {"attention.head_count_kv", 1U}}) {
        file.at(std::string("llama.") + key) = gguf_u32(value);
    }
    file.at("llama.attention.layer_norm_rms_epsilon") = gguf_f32(1e-5F);
    std::vector<std::string> tokens;
    for (int i = 0; i < 12; ++i) tokens.push_back("t" + std::to_string(i));
    file.at("tokenizer.ggml.model") = gguf_text("gpt2");
    file.at("tokenizer.ggml.tokens") = gguf_texts(tokens);
    file.at("tokenizer.ggml.merges") = gguf_texts({"t 1"});
    file.at("tokenizer.ggml.eos_token_id") = gguf_u32(2);
    file.at("tokenizer.chat_template") = gguf_text("{{ messages }}");
    for (const char* name : {"token_embd.weight", "output.weight"}) file.add(name, {8, 12});
    for (const char* name : {"output_norm.weight", "blk.0.attn_norm.weight", "blk.0.ffn_norm.weight"}) {
        file.add(name, {8});
    }
    for (const char* name : {"blk.0.attn_q.weight", "blk.0.attn_output.weight"}) file.add(name, {8, 8});
    for (const char* name : {"blk.0.attn_k.weight", "blk.0.attn_v.weight"}) file.add(name, {8, 4});
    for (const char* name : {"blk.0.ffn_gate.weight", "blk.0.ffn_up.weight"}) file.add(name, {8, 16});
    file.add("blk.0.ffn_down.weight", {16, 8});
    return file;
}

inline std::string safetensors(std::string_view header, std::string_view data) {
    return raw<std::uint64_t>(header.size()) + std::string(header) + std::string(data);
}

/// A folder of its own, removed at the end.
class TemporaryFolder {
public:
    TemporaryFolder() {
        std::string name = (std::filesystem::temp_directory_path() / "assay-formats-XXXXXX").string();
        if (::mkdtemp(name.data()) == nullptr) std::abort();
        path_ = name;
    }
    TemporaryFolder(const TemporaryFolder&) = delete;
    TemporaryFolder& operator=(const TemporaryFolder&) = delete;
    ~TemporaryFolder() {
        std::error_code error;
        std::filesystem::remove_all(path_, error);
    }
    const std::filesystem::path& path() const { return path_; }
    std::filesystem::path write(const std::string& name, std::string_view contents) const {
        std::ofstream(path_ / name, std::ios::binary) << contents;
        return path_ / name;
    }

private:
    std::filesystem::path path_;
};

} // namespace assay::formats::testing_files
