#pragma once
/// The arithmetic as plain C++: one loop an output, one statement an operation (docs/spec/arithmetic.md). It shares no code with
/// kernels/simd and is the judge of every back end. Slow; for tests and for readers. Committed class; thread-safe as KernelSet.
#include "kernels/kernels.h"

namespace assay::kernels {

/// The whole table; `isa` is "reference". Not among available_isas().
const KernelSet& reference_kernels();

namespace reference {

/// Activations of one row quantised to int8 per 32 inputs.
struct QuantizedBlock {
    int q[kBlock];
    float d;
    float s; ///< d * sum(q)
};
QuantizedBlock quantize_block(const float* x);

/// y[row][output] straight from the published blocks of a block-quantised {outputs, inputs} matrix, without any packing.
void linear_from_blocks(const tensor::TensorView& matrix, const float* x, std::size_t x_stride, std::size_t rows,
                        float* y, std::size_t y_stride);

/// exp(x) for x <= 0.
float exp_nonpositive(float x);
/// sum over 16 virtual lanes: lane l has added up elements l, l+16, ...; lanes are combined 8, 4, 2, 1 apart.
float combine_lanes(const float* lanes);
/// Keys and values before they are rounded to binary16.
float to_cache_range(float x);

} // namespace reference
} // namespace assay::kernels
