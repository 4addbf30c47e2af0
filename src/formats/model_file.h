#pragma once
/// A language model as published: hyperparameters, tensors by canonical name, raw tokenizer data, chat template.
/// One view over GGUF files and safetensors folders, so that nothing above this room knows which it was.
/// Owns the mappings its views borrow. Thread-safe after creation (const).
#include "base/mapped_file.h"
#include "base/result.h"
#include "tensor/view.h"

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace assay::formats {

enum class Architecture { llama, qwen2, qwen3, gpt2, bert };
std::string_view to_string(Architecture architecture);

/// RoPE frequency adjustment, as in Hugging Face `rope_scaling`.
enum class RopeScaling { none, linear, llama3, yarn };

/// Normalised hyperparameters; every field is validated (positive, consistent, within limits) by the reader.
struct ModelConfig {
    Architecture architecture = Architecture::llama;
    std::uint32_t layers = 0;
    std::uint32_t embedding = 0;    ///< width of the residual stream
    std::uint32_t heads = 0;        ///< query heads
    std::uint32_t kv_heads = 0;     ///< key/value heads; divides heads
    std::uint32_t head_size = 0;    ///< elements a head; need not be embedding / heads (qwen3)
    std::uint32_t feed_forward = 0; ///< inner width of the MLP
    std::uint32_t vocabulary = 0;   ///< rows of the embedding matrix
    std::uint32_t context_max = 0;  ///< trained positions
    double norm_epsilon = 1e-5;
    double rope_base = 10000.0;
    std::uint32_t rope_size = 0;    ///< rotated elements a head (0 = no RoPE: gpt2, bert)
    RopeScaling rope_scaling = RopeScaling::none;
    double rope_factor = 1.0;
    double rope_low_freq_factor = 1.0;   ///< llama3
    double rope_high_freq_factor = 4.0;  ///< llama3
    double rope_original_context = 0.0;  ///< llama3, yarn
    std::uint32_t sliding_window = 0;    ///< Mistral v0.1: attended positions; 0 = all
    bool tied_embeddings = false;        ///< output matrix is the embedding
    std::uint32_t token_types = 0;       ///< bert
    /// RoPE pairs as stored: llama GGUF permutes q/k rows so that pairs are (2i, 2i+1); Hugging Face files pair
    /// (i, i + n/2).
    bool rope_interleaved = false;
};

/// Raw tokenizer material; the tokenizer room interprets it.
struct TokenizerData {
    /// Hugging Face `tokenizer.json` text (safetensors folders), empty for GGUF.
    std::string tokenizer_json;
    std::string tokenizer_config_json; ///< may be empty
    /// GGUF `tokenizer.ggml.*`; empty for safetensors folders.
    std::string model; ///< "gpt2" (byte-level BPE), "llama" (SentencePiece BPE), "t5" (Unigram), "bert" (WordPiece)
    std::string pre;   ///< "smollm", "llama-bpe", "qwen2", "gpt-2", "default", …
    std::vector<std::string> tokens;
    std::vector<float> scores;
    /// ggml token types: 1 normal, 2 unknown, 3 control, 4 user defined, 5 unused, 6 byte
    std::vector<std::int32_t> types;
    std::vector<std::string> merges;
    std::optional<std::int32_t> bos, eos, eot, unknown, separator, padding, mask, cls;
    std::optional<bool> add_bos, add_eos, add_space_prefix, remove_extra_whitespaces;
    std::string precompiled_charsmap; ///< Unigram normaliser (binary), may be empty
};

/// Canonical tensor names are GGUF's. Whole model: "token_embd.weight", "output.weight", "output_norm.weight",
/// "rope_freqs.weight" (divisors of the RoPE frequencies), "position_embd.weight" (gpt2, bert), "token_types.weight",
/// "token_embd_norm.weight" (bert). Layer N, "blk.N." before each: "attn_norm.weight", "attn_q.weight",
/// "attn_k.weight", "attn_v.weight", "attn_qkv.weight" (gpt2), "attn_output.weight", "attn_q_norm.weight",
/// "attn_k_norm.weight" (qwen3), "ffn_norm.weight", "ffn_gate.weight", "ffn_up.weight", "ffn_down.weight",
/// "attn_output_norm.weight", "layer_output_norm.weight" (bert). Biases end in ".bias". Which of them are there, and
/// their shapes, the engine checks; a tensor with another name is an error, save for buffers and heads that inference
/// does without, which are left out. Linear weights are {outputs, inputs}; the reader names gpt2's Conv1D weights of
/// safetensors in `transposed` instead.
///
/// Views borrow the mapped files. In GGUF they start at multiples of `general.alignment` (at least 8); in safetensors
/// at any byte, so elements are read with memcpy.
class ModelFile {
public:
    /// Reports bytes examined of bytes in all; for progress bars. May be empty.
    using Progress = std::function<void(std::uint64_t done, std::uint64_t all)>;

    /// `path`: a .gguf file, a .safetensors file with config.json beside it, or a folder with config.json,
    /// tokenizer.json and model.safetensors (or model.safetensors.index.json and its shards).
    /// Errors begin with the path and name the field, tensor or file at fault: not_found, io, malformed, unsupported
    /// (architecture, tensor type, scaling, …), resource_exhausted.
    static Result<std::shared_ptr<const ModelFile>> open(const std::filesystem::path& path);

    const ModelConfig& config() const { return config_; }
    const TokenizerData& tokenizer() const { return tokenizer_; }
    /// Jinja source, empty when the model has none.
    const std::string& chat_template() const { return chat_template_; }
    /// Human name, from metadata or the file name.
    const std::string& name() const { return name_; }
    /// "gguf" or "safetensors".
    std::string_view format() const { return format_; }
    /// The files that make up the model, in a fixed order (for hashing).
    const std::vector<std::filesystem::path>& paths() const { return paths_; }

    /// nullptr when absent.
    const tensor::TensorView* find(std::string_view canonical_name) const;
    /// All tensors ordered by canonical name.
    const std::map<std::string, tensor::TensorView, std::less<>>& tensors() const { return tensors_; }
    /// True for gpt2 Conv1D weights read from safetensors, stored {inputs, outputs}.
    bool transposed(std::string_view canonical_name) const;
    /// Lets the kernel drop the pages of one tensor (after repacking).
    void release_pages(const tensor::TensorView& view) const;

    ModelFile(ModelFile&&) = default;

private:
    friend class ModelFileBuilder;
    ModelFile() = default;
    ModelConfig config_;
    TokenizerData tokenizer_;
    std::string chat_template_;
    std::string name_;
    std::string_view format_;
    std::vector<std::filesystem::path> paths_;
    std::vector<MappedFile> mappings_;
    std::map<std::string, tensor::TensorView, std::less<>> tensors_;
    std::vector<std::string> transposed_;
};

} // namespace assay::formats
