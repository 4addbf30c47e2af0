#pragma once
/// One 32-input block of a block-quantised row, whatever its published type: unsigned quants, offset, scales.
/// Source of the byte layouts: ggml (Q8_0 … Q6_K).
#include "kernels/half.h"
#include "tensor/dtype.h"

#include <cstdint>

namespace assay::kernels {

struct UnpackedBlock {
    std::uint8_t q[32]; ///< weight = (q - offset) * d + m, offset by type
    float d[2];         ///< inputs 0-15 and 16-31 (equal except for Q6_K)
    float m;            ///< 0 where the type has no minimum
};

/// Offset of the type's unsigned quants: 8 (Q4_0), 16 (Q5_0), 128 (Q8_0), 32 (Q6_K), otherwise 0.
int quant_offset(tensor::DType type);

/// Block `block` (of 32) of a row that starts at `row`.
void unpack_block(tensor::DType type, const std::uint8_t* row, std::size_t block, UnpackedBlock& out);

} // namespace assay::kernels
