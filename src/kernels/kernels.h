#pragma once
/// The arithmetic, version 1 (docs/spec/arithmetic.md): one table of functions for each instruction set.
/// Every table computes the same bits; kernels/reference is the specification in plain C++.
/// Functions work on the calling thread and touch only what they are given; they are thread-safe on disjoint outputs.
/// Committed class. Lengths are elements, strides are elements of the array's type.
#include "base/result.h"
#include "tensor/view.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

namespace assay::kernels {

inline constexpr std::size_t kLanes = 16;      ///< virtual lanes of reductions, and outputs a weight group
inline constexpr std::size_t kBlock = 32;      ///< inputs that share an activation scale
inline constexpr std::size_t kTileRows = 8;    ///< activation rows stored together
inline constexpr float kStoreMinimum = 0x1p-40f; ///< the store rule: smaller magnitudes become +0

/// 64-byte aligned memory, zeroed, that never runs constructors. Move-only.
class AlignedBytes {
public:
    AlignedBytes() = default;
    explicit AlignedBytes(std::size_t size);
    AlignedBytes(AlignedBytes&& other) noexcept;
    AlignedBytes& operator=(AlignedBytes&& other) noexcept;
    ~AlignedBytes();
    std::uint8_t* data() { return data_; }
    const std::uint8_t* data() const { return data_; }
    std::size_t size() const { return size_; }

private:
    std::uint8_t* data_ = nullptr;
    std::size_t size_ = 0;
};

/// How a packed weight is laid out; block-quantised kinds first.
enum class WeightKind : std::uint8_t { q4_d, q4_dm, q5_d, q5_dm, q8_d, q4_dm32, q5_dm32, q6_dd32, f32, bf16 };

/// A linear layer's weights, interleaved by 16 outputs (see pack.cpp for the layouts). Outputs are padded with zeros to 16.
struct PackedWeights {
    WeightKind kind = WeightKind::f32;
    std::size_t outputs = 0;
    std::size_t inputs = 0;
    std::size_t group_bytes = 0; ///< bytes of one group of 16 outputs
    AlignedBytes bytes;

    std::size_t groups() const { return (outputs + kLanes - 1) / kLanes; }
    const std::uint8_t* group(std::size_t g) const { return bytes.data() + g * group_bytes; }
};

/// Repacks a matrix {outputs, inputs}; `transposed` says that it lies as {inputs, outputs} (float types only).
/// Groups [group_begin, group_end) only, so that threads share the work; `packed` comes from prepare_pack.
/// Errors: malformed (a scale or weight that is not finite), unsupported (inputs not a multiple of the block).
Result<PackedWeights> prepare_pack(const tensor::TensorView& matrix, bool transposed);
Result<void> pack_groups(const tensor::TensorView& matrix, bool transposed, std::size_t group_begin,
                         std::size_t group_end, PackedWeights& packed);
/// Row `row` of a matrix, dequantised to binary32 and stored by the rule (embedding look-up). out[columns].
void dequantize_row(const tensor::TensorView& matrix, std::size_t row, float* out);

/// Eight rows of quantised activations for 32 inputs: q = round_even(x * (127 / amax)), d = amax / 127, s = d * sum(q).
struct ActivationBlock {
    std::int8_t q[8][kTileRows][4]; ///< [quad][row][input]
    float d[kTileRows];
    float s[kTileRows];
    std::int32_t half_sum[2][kTileRows]; ///< sums of q over inputs 0-15 and 16-31
};

/// Attention of `rows` query rows against one sequence's cache. Pages hold kPagePositions positions of one layer and one kv head:
/// keys as [position group][head element][16 positions] f16, values as [position][head element] f16.
inline constexpr std::size_t kPagePositions = 32;
struct AttentionTask {
    const float* const* queries = nullptr; ///< rows pointers, head_size elements each, scaled and rotated
    float* const* outputs = nullptr;
    const std::uint32_t* lengths = nullptr; ///< attended positions of each row: [starts[r], lengths[r])
    const std::uint32_t* starts = nullptr;
    std::size_t rows = 0;
    std::size_t head_size = 0;
    const std::uint16_t* const* key_pages = nullptr;
    const std::uint16_t* const* value_pages = nullptr;
    float* scores = nullptr; ///< scratch, rows * score_stride
    std::size_t score_stride = 0; ///< at least the longest length rounded up to 64
};

struct KernelSet {
    const char* isa;

    /// rows[count] of n elements at `x_stride` become activation tiles; tile t holds rows 8t..8t+7 (missing rows zero).
    void (*quantize)(const float* x, std::size_t x_stride, std::size_t count, std::size_t n, ActivationBlock* tiles);
    /// In two terms, for layers whose inputs deserve 16 bits: row r of x[count] becomes row r of the tiles, and what that leaves,
    /// x - d * q, row count + r. Rows [row_begin, row_end) only; `x` is row 0.
    void (*quantize_twice)(const float* x, std::size_t x_stride, std::size_t row_begin, std::size_t row_end,
                           std::size_t count, std::size_t n, ActivationBlock* tiles);
    /// y[row][output] for block-quantised kinds: groups [group_begin, group_end), rows [0, rows) of `tiles` (inputs/32 blocks a tile).
    void (*linear_quantized)(const PackedWeights& weights, const ActivationBlock* tiles, std::size_t rows,
                             std::size_t group_begin, std::size_t group_end, float* y, std::size_t y_stride);
    /// f32 weights: y = chain of fma over ascending inputs.
    void (*linear_f32)(const PackedWeights& weights, const float* x, std::size_t x_stride, std::size_t rows,
                       std::size_t group_begin, std::size_t group_end, float* y, std::size_t y_stride);
    /// bf16 weights, activations rounded to bf16: even/odd-32 order.
    void (*linear_bf16)(const PackedWeights& weights, const float* x, std::size_t x_stride, std::size_t rows,
                        std::size_t group_begin, std::size_t group_end, float* y, std::size_t y_stride);

    void (*rms_norm)(const float* x, const float* weight, std::size_t n, float epsilon, float* y);
    void (*layer_norm)(const float* x, const float* weight, const float* bias, std::size_t n, float epsilon, float* y);
    void (*add)(const float* a, const float* b, std::size_t n, float* y);
    void (*silu_mul)(const float* gate, const float* up, std::size_t n, float* y);
    void (*gelu)(const float* x, std::size_t n, bool tanh_form, float* y);
    /// Rotates one head in place; tables hold size/2 values; then every element is multiplied by `scale`.
    void (*rope)(float* x, std::size_t size, std::size_t head_size, const float* cosines, const float* sines,
                 bool interleaved, float scale);
    /// Appends one position of one kv head to its page.
    void (*store_key)(const float* k, std::size_t head_size, std::size_t position_in_page, std::uint16_t* page);
    void (*store_value)(const float* v, std::size_t head_size, std::size_t position_in_page, std::uint16_t* page);
    void (*attention)(const AttentionTask& task);

    /// Largest of n values; false when one of them is not finite (then the maximum means nothing).
    bool (*row_maximum)(const float* x, std::size_t n, float* maximum);
    /// y = exp((x - maximum) * scale), scale > 0; +0 below the store minimum.
    void (*exponentials)(const float* x, std::size_t n, float maximum, float scale, float* y);
};

/// Names of the sets this CPU can run, best first; "scalar" is always last.
std::vector<std::string_view> available_isas();
/// `name` empty: ASSAY_ISA, else the best. Errors: unsupported (unknown, or the CPU lacks it), naming what there is.
Result<const KernelSet*> select_kernels(std::string_view name);

/// cos and sin of position * frequency_i, computed in binary64 by own polynomials and stored as binary32.
/// frequencies from rope_frequencies().
void rope_tables(std::uint32_t position, std::span<const double> frequencies, float* cosines, float* sines);
std::vector<double> rope_frequencies(double base, std::size_t rope_size);

} // namespace assay::kernels
