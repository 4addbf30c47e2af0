#include "tensor/dtype.h"

#include "base/assert.h"

#include <array>

namespace assay::tensor {

const DTypeTraits& traits(DType type) {
    static constexpr std::array<DTypeTraits, kDTypeCount> kTraits{{
        {"F32", 1, 4},
        {"F16", 1, 2},
        {"BF16", 1, 2},
        {"Q8_0", 32, 34},
        {"Q4_0", 32, 18},
        {"Q4_1", 32, 20},
        {"Q5_0", 32, 22},
        {"Q5_1", 32, 24},
        {"Q4_K", 256, 144},
        {"Q5_K", 256, 176},
        {"Q6_K", 256, 210},
    }};
    const auto index = static_cast<std::size_t>(type);
    ASSAY_ASSERT(index < kTraits.size());
    return kTraits[index];
}

std::size_t bytes_of(DType type, std::size_t elements) {
    const DTypeTraits& t = traits(type);
    ASSAY_ASSERT(elements % t.block_elements == 0);
    return elements / t.block_elements * t.block_bytes;
}

} // namespace assay::tensor
