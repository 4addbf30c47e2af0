#pragma once
/// Element types of stored tensors and their block geometry. Values are ours; formats map their own numbers to these.
/// Source of block layouts: ggml (gguf specification), safetensors.
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace assay::tensor {

enum class DType : std::uint8_t { f32, f16, bf16, q8_0, q4_0, q4_1, q5_0, q5_1, q4_k, q5_k, q6_k };
inline constexpr int kDTypeCount = 11;

struct DTypeTraits {
    std::string_view name;   ///< as GGUF tools print it: "Q4_1"
    std::uint32_t block_elements; ///< consecutive elements along a row that share scales; 1 for floats
    std::uint32_t block_bytes;
};

/// Traits by type; total.
const DTypeTraits& traits(DType type);

inline bool is_quantized(DType type) { return traits(type).block_elements != 1; }

/// Bytes of `elements` consecutive elements; `elements` must be a multiple of the block.
std::size_t bytes_of(DType type, std::size_t elements);

} // namespace assay::tensor
