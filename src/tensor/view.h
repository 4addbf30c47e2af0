#pragma once
/// A tensor as it lies in a file: type, shape, bytes. Borrows its bytes; cheap to copy.
#include "base/bytes.h"
#include "tensor/dtype.h"

#include <cstdint>
#include <vector>

namespace assay::tensor {

struct TensorView {
    DType dtype = DType::f32;
    /// Row-major, outermost dimension first (GGUF stores the reverse); a linear weight is {outputs, inputs}.
    std::vector<std::uint64_t> shape;
    ByteView bytes; ///< little-endian; exactly bytes_of(dtype, elements())

    std::uint64_t elements() const {
        std::uint64_t count = 1;
        for (const std::uint64_t extent : shape) count *= extent;
        return count;
    }
    std::uint64_t columns() const { return shape.empty() ? 1 : shape.back(); }
    std::uint64_t rows() const { return columns() == 0 ? 0 : elements() / columns(); }
};

} // namespace assay::tensor
