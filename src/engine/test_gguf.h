#pragma once
/// Writes small GGUF files, so that tests can vary one thing at a time. For tests only.
#include "base/bytes.h"

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace assay::engine {

class TestGguf {
public:
    struct Tensor {
        std::string name;
        std::vector<std::uint64_t> shape; ///< outermost first
        std::vector<float> values;
    };

    std::vector<std::pair<std::string, std::string>> metadata; ///< key and encoded typed value
    std::vector<Tensor> tensors;
    std::uint32_t alignment = 32;

    void set(const std::string& key, std::string value) {
        for (auto& [name, old] : metadata) {
            if (name == key) {
                old = std::move(value);
                return;
            }
        }
        metadata.emplace_back(key, std::move(value));
    }

    static std::string u32(std::uint32_t value) { return raw<std::uint32_t>(4) + raw(value); }
    static std::string f32(float value) { return raw<std::uint32_t>(6) + raw(value); }
    static std::string text(std::string_view value) { return raw<std::uint32_t>(8) + string(value); }
    static std::string texts(const std::vector<std::string>& values) {
        std::string out = raw<std::uint32_t>(9) + raw<std::uint32_t>(8) + raw<std::uint64_t>(values.size());
        for (const std::string& value : values) out += string(value);
        return out;
    }
    static std::string i32s(const std::vector<std::int32_t>& values) {
        std::string out = raw<std::uint32_t>(9) + raw<std::uint32_t>(5) + raw<std::uint64_t>(values.size());
        for (const std::int32_t value : values) out += raw(value);
        return out;
    }

    std::string file() const {
        std::string header = "GGUF" + raw<std::uint32_t>(3) + raw<std::uint64_t>(tensors.size()) +
                             raw<std::uint64_t>(metadata.size() + 1);
        header += string("general.alignment") + u32(alignment);
        for (const auto& [key, value] : metadata) header += string(key) + value;
        std::string data;
        for (const Tensor& tensor : tensors) {
            data.resize((data.size() + alignment - 1) / alignment * alignment);
            header += string(tensor.name) + raw<std::uint32_t>(static_cast<std::uint32_t>(tensor.shape.size()));
            for (auto extent = tensor.shape.rbegin(); extent != tensor.shape.rend(); ++extent) header += raw(*extent);
            header += raw<std::uint32_t>(0) + raw<std::uint64_t>(data.size());
            for (const float value : tensor.values) data += raw(value);
        }
        data.resize((data.size() + alignment - 1) / alignment * alignment);
        header.resize((header.size() + alignment - 1) / alignment * alignment);
        return header + data;
    }

private:
    template <class T>
    static std::string raw(T value) { // GGUF is little-endian, as every target of ours
        std::string out(sizeof value, '\0');
        std::memcpy(out.data(), &value, sizeof value);
        return out;
    }
    static std::string string(std::string_view value) { return raw<std::uint64_t>(value.size()) + std::string(value); }
};

/// One layer of llama, 32 wide, 272 tokens (one a byte and some more), all weights F32.
inline TestGguf tiny_llama() {
    constexpr std::uint32_t kWidth = 32, kInner = 96, kTokens = 272;
    TestGguf gguf;
    gguf.set("general.architecture", TestGguf::text("llama"));
    gguf.set("general.name", TestGguf::text("tiny"));
    for (const auto& [key, value] : {std::pair("block_count", 1U),
                                     {"context_length", 64U},
                                     {"embedding_length", kWidth},
                                     {"feed_forward_length", kInner},
                                     {"attention.head_count", 2U},
                                     {"attention.head_count_kv", 1U},
                                     {"rope.dimension_count", kWidth / 2},
                                     {"vocab_size", kTokens}}) {
        gguf.set(std::string("llama.") + key, TestGguf::u32(value));
    }
    gguf.set("llama.attention.layer_norm_rms_epsilon", TestGguf::f32(1e-5F));
    gguf.set("llama.rope.freq_base", TestGguf::f32(10000));
    std::vector<std::string> tokens;
    for (std::uint32_t i = 0; i < kTokens; ++i) tokens.push_back("t" + std::to_string(i));
    gguf.set("tokenizer.ggml.model", TestGguf::text("gpt2"));
    gguf.set("tokenizer.ggml.pre", TestGguf::text("smollm"));
    gguf.set("tokenizer.ggml.tokens", TestGguf::texts(tokens));
    gguf.set("tokenizer.ggml.token_type", TestGguf::i32s(std::vector<std::int32_t>(kTokens, 1)));
    gguf.set("tokenizer.ggml.merges", TestGguf::texts({"t 1", "t 2"}));
    gguf.set("tokenizer.ggml.eos_token_id", TestGguf::u32(2));
    gguf.set("tokenizer.chat_template", TestGguf::text("{{ messages[0].content }}"));
    const auto add = [&](const std::string& name, std::vector<std::uint64_t> shape) {
        std::uint64_t count = 1;
        for (const std::uint64_t extent : shape) count *= extent;
        std::vector<float> values(count);
        for (std::uint64_t i = 0; i < count; ++i)
            values[i] = static_cast<float>((i * 37 + name.size() * 11) % 101) / 101 - 0.5F;
        gguf.tensors.push_back({name, std::move(shape), std::move(values)});
    };
    add("token_embd.weight", {kTokens, kWidth});
    add("output_norm.weight", {kWidth});
    add("output.weight", {kTokens, kWidth});
    add("blk.0.attn_norm.weight", {kWidth});
    add("blk.0.attn_q.weight", {kWidth, kWidth});
    add("blk.0.attn_k.weight", {kWidth / 2, kWidth});
    add("blk.0.attn_v.weight", {kWidth / 2, kWidth});
    add("blk.0.attn_output.weight", {kWidth, kWidth});
    add("blk.0.ffn_norm.weight", {kWidth});
    add("blk.0.ffn_gate.weight", {kInner, kWidth});
    add("blk.0.ffn_up.weight", {kInner, kWidth});
    add("blk.0.ffn_down.weight", {kWidth, kInner});
    return gguf;
}

} // namespace assay::engine
